//! Measures the matrix product and the elementary functions, natively and in WebAssembly.
//!
//! Natively: `cargo run --release -p mtl-compute --example kernels`.
//!
//! In wasm, under node (V8), the baseline build and the one with fused products:
//! ```text
//! cargo build --release -p mtl-compute --example kernels --target wasm32-unknown-unknown
//! node crates/kernels/examples/kernels.mjs target/wasm32-unknown-unknown/release/examples/kernels.wasm
//! ```
//! and again with `RUSTFLAGS="-Ctarget-feature=+simd128,+bulk-memory,+relaxed-simd"`.
//!
//! Every figure is the best of several short blocks; the peak is measured between them. The check sums are those
//! of all results' bits: they must be the same in a native run and in the baseline wasm build.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it measures time and prints"
)]
#![allow(
    unsafe_code,
    reason = "a wasm program gets its clock and its output from its host"
)]

use mtl_kernels::elementary as own;
use mtl_kernels::fused::Rounding;
use mtl_kernels::peak::{self, LayerProduct};
use std::hint::black_box;

#[cfg(target_arch = "wasm32")]
mod host {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn now_ms() -> f64;
        fn print(text: *const u8, len: usize);
    }

    pub fn seconds() -> f64 {
        // SAFETY: the host provides it.
        unsafe { now_ms() / 1.0e3 }
    }

    pub fn line(text: &str) {
        // SAFETY: the host reads `len` bytes of this module's memory.
        unsafe { print(text.as_ptr(), text.len()) }
    }

    /// What the host calls.
    #[unsafe(no_mangle)]
    pub extern "C" fn run() {
        super::measure();
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub fn seconds() -> f64 {
        use std::sync::LazyLock;
        use std::time::Instant;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed().as_secs_f64()
    }

    pub fn line(text: &str) {
        println!("{text}");
    }
}

/// Seconds that one call takes: the best of 8 blocks of some 10 ms, as a browser's clock is coarse.
fn time(mut call: impl FnMut()) -> f64 {
    let mut calls = 1u32;
    let mut block = |calls: u32| {
        let start = host::seconds();
        for _ in 0..calls {
            call();
        }
        host::seconds() - start
    };
    // Long enough for V8 to have compiled the fast version.
    while block(calls) < 0.08 {
        calls *= 2;
    }
    calls = calls.div_ceil(8);
    (0..8).map(|_| block(calls)).fold(f64::INFINITY, f64::min) / f64::from(calls)
}

fn fnv(hash: u64, bits: u32) -> u64 {
    (hash ^ u64::from(bits)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Zeros whose first is at the start of a cache line, as in the engine's arena.
fn zeros(len: usize) -> &'static mut [f32] {
    let space = vec![0.0f32; len + 16].leak();
    let skip = space.as_ptr().align_offset(64);
    &mut space[skip..skip + len]
}

fn numbers(len: usize) -> &'static mut [f32] {
    let mut state = 1u32;
    let numbers = zeros(len);
    for number in numbers.iter_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *number = (state >> 8) as f32 / 8_388_608.0 - 1.0;
    }
    numbers
}

/// Milliseconds.
fn clock() -> f64 {
    host::seconds() * 1.0e3
}

fn peak_rate(rounding: Rounding) -> f64 {
    peak::peak_flops_per_s(&clock, rounding) / 1.0e9
}

fn products(rounding: Rounding) {
    let sizes = [
        [64, 32, 64],
        [64, 64, 64],
        [64, 128, 32],
        [256, 64, 32],
        [256, 32, 64],
        [256, 16, 32],
        [256, 16, 100],
        [256, 1, 16],
        [256, 8, 16],
        [64, 4, 64],
        [64, 1700, 64],
        [64, 1024, 64],
        [64, 64, 1700],
        [256, 128, 128],
        [256, 512, 512],
        [256, 10, 512],
        [256, 1, 512],
    ];
    host::line(
        " batch x units x inputs |  forward      |  dX = dY W'   |  dW += X' dY  | GFLOP/s and share of the peak",
    );
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for size in sizes {
        let before = peak_rate(rounding);
        let rates = LayerProduct::ALL.map(|product| {
            let (_, sum) = peak::layer_product(product, size, 3, rounding);
            hash = fnv(hash, sum.to_bits());
            peak::product_flops_per_s(&clock, product, size, rounding) / 1.0e9
        });
        let peak = before.max(peak_rate(rounding));
        let [batch, units, inputs] = size;
        let cells = rates.map(|rate| format!("{rate:6.1} {:5.0} %", 100.0 * rate / peak));
        host::line(&format!(
            "{batch:6} x {units:5} x {inputs:6} | {} | peak {peak:.1}",
            cells.join(" | ")
        ));
    }
    host::line(&format!("check sum of all products: {hash:016x}"));
}

fn functions() {
    type Function = (&'static str, fn(&mut [f32], &[f32]));
    let all: [Function; 11] = [
        ("relu", own::relu_slice),
        ("exp", own::exp_slice),
        ("expm1", own::expm1_slice),
        ("log", own::log_slice),
        ("log1p", own::log1p_slice),
        ("softplus", own::softplus_slice),
        ("sigmoid", own::sigmoid_slice),
        ("tanh", own::tanh_slice),
        ("erf", own::erf_slice),
        ("gelu", own::gelu_slice),
        ("gelu'", own::gelu_derivative_slice),
    ];
    let x = numbers(4096);
    let y = zeros(x.len());
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for (name, function) in all {
        let seconds = time(|| function(black_box(&mut *y), black_box(x)));
        host::line(&format!(
            "{name:9} {:.2} ns per element",
            seconds * 1.0e9 / x.len() as f64
        ));
        let all_inputs: Vec<f32> = (0..=u32::MAX).step_by(9_973).map(f32::from_bits).collect();
        let mut results = vec![0.0; all_inputs.len()];
        function(&mut results, &all_inputs);
        let bits = results
            .iter()
            .map(|v| if v.is_nan() { 0x7fc0_0000 } else { v.to_bits() });
        hash = bits.fold(hash, fnv);
    }
    for bits in (0..=u32::MAX).step_by(99_991) {
        let x = f32::from_bits(bits);
        for v in [own::sin(x), own::cos(x), own::pow(x.abs(), 0.37)] {
            hash = fnv(hash, if v.is_nan() { 0x7fc0_0000 } else { v.to_bits() });
        }
    }
    host::line(&format!("check sum of all elementary functions: {hash:016x}"));
}

fn measure() {
    for (rounding, how) in [
        (Rounding::Separate, "rounded twice"),
        (Rounding::Fused, "rounded once"),
    ] {
        if rounding == Rounding::fused_if(rounding == Rounding::Fused) {
            host::line(&format!(
                "multiply-adds {how}; registers only: {:.1} GFLOP/s",
                peak_rate(rounding)
            ));
            products(rounding);
        }
    }
    functions();
}

fn main() {
    measure();
}
