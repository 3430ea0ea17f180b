//! Dropout: draws by position, so that a shader draws the same.

use crate::multiversion;

/// 32 bits for a position: two rounds of a 32-bit finaliser, cheap in vectors and in shaders.
#[inline(always)]
pub fn hash(position: u32, key: [u32; 2]) -> u32 {
    let round = |value: u32| {
        let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
        let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
        value ^ (value >> 16)
    };
    round(round(position ^ key[0]).wrapping_add(key[1]))
}

multiversion! {
    /// `kept` is 0 with probability `rate` and `1 / (1 - rate)` otherwise; `y = kept x`.
    pub fn draw(x: &[f32], y: &mut [f32], kept: &mut [f32], rate: f32, key: [u32; 2]) {
        // 24 bits against the rate: exact in f32.
        let threshold = (rate * 16_777_216.0) as u32;
        let scale = 1.0 / (1.0 - rate);
        for (position, ((y, kept), x)) in y.iter_mut().zip(kept.iter_mut()).zip(x).enumerate() {
            let keep = hash(position as u32, key) >> 8 >= threshold;
            *kept = if keep { scale } else { 0.0 };
            *y = x * *kept;
        }
    }

    /// `dx (+)= kept dy`.
    pub fn multiply(dx: &mut [f32], dy: &[f32], kept: &[f32], accumulate: bool) {
        for ((dx, dy), kept) in dx.iter_mut().zip(dy).zip(kept) {
            *dx = if accumulate { *dx + dy * kept } else { dy * kept };
        }
    }
}
