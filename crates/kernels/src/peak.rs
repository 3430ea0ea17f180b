//! The peak rate of multiply-adds on registers alone: the upper bound with which
//! the matrix product is compared, in the same run and with the same instructions; and the rate of the products themselves.
#![allow(
    unsafe_code,
    reason = "vector instructions, as in the product that is measured"
)]

#[cfg(target_arch = "x86_64")]
use super::gemm::lanes::Avx2;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::gemm::lanes::Fused4;
use super::gemm::lanes::{Lanes, Lanes4};

use super::fused::{self, Rounding};
use super::gemm::{Operand, Output, Size, gemm, gemm_scratch_len};

/// Chains of dependent operations: enough to hide the latency, few enough for sixteen registers.
const CHAINS: usize = 12;

/// Floating-point operations per second on registers alone. `clock_ms` tells the time in milliseconds.
pub fn peak_flops_per_s(clock_ms: &dyn Fn() -> f64, rounding: Rounding) -> f64 {
    flops_per_s(clock_ms, 200.0, |rounds| multiply_add(rounds, rounding))
}

/// The same of one product of a Dense layer with these `[rows, units, inputs]`, on numbers that stay where they are.
pub fn product_flops_per_s(
    clock_ms: &dyn Fn() -> f64,
    product: LayerProduct,
    size: [usize; 3],
    rounding: Rounding,
) -> f64 {
    flops_per_s(clock_ms, 50.0, |rounds| {
        layer_product(product, size, rounds, rounding)
    })
}

/// The best rate of several short loops, since an interruption only makes one slower. `run` does so many rounds, and returns the number of
/// operations and a number that depends on all of them, so that the compiler cannot eliminate them. The set-up cost before
/// its rounds (allocation) is in both calls of a pair, and cancels. A browser recompiles a function that is called often
/// with its optimising compiler, which must have happened after `warm_ms`.
fn flops_per_s(clock_ms: &dyn Fn() -> f64, warm_ms: f64, run: impl Fn(u32) -> (f64, f32)) -> f64 {
    const ENOUGH_MS: f64 = 10.0;
    const N_PAIRS: usize = 9;
    let timed = |rounds| {
        let start = clock_ms();
        let (flops, sum) = run(std::hint::black_box(rounds));
        std::hint::black_box(sum);
        (flops, clock_ms() - start)
    };
    let begun = clock_ms();
    let mut rounds = 1;
    loop {
        let (_, ms) = timed(rounds);
        if ms < ENOUGH_MS && rounds < 1 << 30 {
            rounds *= 2;
        } else if clock_ms() - begun >= warm_ms {
            break;
        }
    }
    let pairs = (0..N_PAIRS).map(|_| {
        let ((few_flops, few_ms), (flops, ms)) = (timed(1), timed(1 + rounds));
        (flops - few_flops) / (ms - few_ms).max(f64::MIN_POSITIVE) * 1e3
    });
    pairs.fold(0.0, f64::max)
}

/// Runs `rounds` rounds of independent `x = x + a * b` on registers. A separate function, so that the next call runs the optimised
/// code: a browser does not replace a loop while it runs.
#[inline(never)]
fn multiply_add(rounds: u32, rounding: Rounding) -> (f64, f32) {
    let is_fused = rounding == Rounding::Fused && fused::is_available();
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
        // SAFETY: AVX2 has just been found, and FMA where products are fused.
        return unsafe { if is_fused { avx2_fma(rounds) } else { avx2(rounds) } };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    if is_fused {
        // SAFETY: these lanes need nothing that the target does not have.
        return unsafe { chains::<Fused4>(rounds) };
    }
    debug_assert!(!is_fused, "fused chains were run above");
    // SAFETY: these lanes need nothing that the target does not have.
    unsafe { chains::<Lanes4>(rounds) }
}

/// The products of a training step of a Dense layer with `batch` rows, `inputs` columns and `units` outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerProduct {
    /// `Y = X W + b`.
    Forward,
    /// `dX = dY W'`.
    InputGradient,
    /// `dW += X' dY`.
    WeightGradient,
}

impl LayerProduct {
    /// All products, in the order of a training step.
    pub const ALL: [Self; 3] = [Self::Forward, Self::InputGradient, Self::WeightGradient];
}

/// Computes a product of a Dense layer `rounds` times; returns the number of operations, and the sum of the results.
#[inline(never)]
pub fn layer_product(
    product: LayerProduct,
    [batch, units, inputs]: [usize; 3],
    rounds: u32,
    rounding: Rounding,
) -> (f64, f32) {
    let numbers = |len: usize| {
        (0..len)
            .map(|at| (at % 61) as f32 / 64.0 - 0.5)
            .collect::<Vec<f32>>()
    };
    let (x, w, dy, bias) = (
        numbers(batch * inputs),
        numbers(inputs * units),
        numbers(batch * units),
        numbers(units),
    );
    let (x, w, dy) = (&x[..], &w[..], &dy[..]);
    let size = |m, n, k| Size { m, n, k };
    let (size, a, b) = match product {
        LayerProduct::Forward => (
            size(batch, units, inputs),
            Operand::rows(x, inputs),
            Operand::rows(w, units),
        ),
        LayerProduct::InputGradient => (
            size(batch, inputs, units),
            Operand::rows(dy, units),
            Operand::transposed(w, units),
        ),
        LayerProduct::WeightGradient => (
            size(inputs, units, batch),
            Operand::transposed(x, inputs),
            Operand::rows(dy, units),
        ),
    };
    let mut c = vec![0.0; size.m * size.n];
    let mut scratch = vec![0.0; gemm_scratch_len(size.m, size.n, size.k)];
    for _ in 0..rounds {
        let output = Output::to(&mut c, size.n);
        let output = match product {
            LayerProduct::Forward => output.bias(&bias),
            LayerProduct::InputGradient => output,
            LayerProduct::WeightGradient => output.accumulate(),
        };
        gemm(size, a, b, output, rounding, &mut scratch);
    }
    let flops = 2.0 * (size.m * size.n * size.k) as f64 * f64::from(rounds);
    (flops, c.iter().sum())
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
