//! How fast this machine multiplies and adds when nothing but registers is involved: the ceiling against which
//! the matrix product is measured, in the same run and with the same instructions.
#![allow(
    unsafe_code,
    reason = "vector instructions, as in the product that is measured"
)]

#[cfg(target_arch = "x86_64")]
use super::lanes::Avx2;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::lanes::Fused4;
use super::lanes::{Lanes, Lanes4};

/// Chains of dependent operations: enough to hide the latency, few enough for sixteen registers.
const CHAINS: usize = 12;

/// Runs `rounds` rounds of independent `x = x + a * b` on registers. Returns how many floating-point operations
/// that was and a number that depends on all of them (so that no compiler leaves them out); the caller holds
/// the clock. Fused where [`fused`](super::fused) is chosen.
pub fn multiply_add(rounds: u32) -> (f64, f32) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn avx2(rounds: u32) -> (f64, f32) {
            // SAFETY: this function has AVX2.
            unsafe { chains::<Avx2<false>>(rounds) }
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2_fma(rounds: u32) -> (f64, f32) {
            // SAFETY: this function has AVX2 and FMA.
            unsafe { chains::<Avx2<true>>(rounds) }
        }
        // SAFETY: AVX2 has just been found, and FMA where fused products are chosen.
        return unsafe {
            if super::fused::is_chosen() {
                avx2_fma(rounds)
            } else {
                avx2(rounds)
            }
        };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    if super::fused::is_chosen() {
        // SAFETY: these lanes need nothing that the target does not have.
        return unsafe { chains::<Fused4>(rounds) };
    }
    // SAFETY: these lanes need nothing that the target does not have.
    unsafe { chains::<Lanes4>(rounds) }
}

/// The same with registers of four lanes even where wider ones exist.
pub fn multiply_add_128(rounds: u32) -> (f64, f32) {
    // SAFETY: these lanes need nothing that the target does not have.
    unsafe { chains::<Lanes4>(rounds) }
}

/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
unsafe fn chains<V: Lanes>(rounds: u32) -> (f64, f32) {
    // SAFETY: `out` has room for the eight lanes of the widest register.
    unsafe {
        // x <- shift + factor * x, towards a fixed point: no overflow, no subnormal numbers.
        let factor = V::splat(std::hint::black_box(0.75));
        let shift = V::splat(std::hint::black_box(0.25));
        let mut x = [V::splat(0.0); CHAINS];
        for (i, chain) in x.iter_mut().enumerate() {
            *chain = V::splat(std::hint::black_box(i as f32));
        }
        for _ in 0..rounds {
            for chain in &mut x {
                *chain = shift.add_product(factor, *chain);
            }
        }
        let mut out = [0.0; 8];
        let sum = x.into_iter().fold(V::splat(0.0), |sum, chain| sum.add(chain));
        sum.store(out.as_mut_ptr());
        let flops = f64::from(rounds) * (CHAINS * V::N * 2) as f64;
        (flops, out.iter().sum())
    }
}
