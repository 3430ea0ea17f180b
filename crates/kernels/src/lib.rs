//! The arithmetic that every op is built from: elementary functions, slice helpers and the matrix product.
//!
//! Three rules hold for everything in here, and each is a test:
//!
//! 1. **Same bits everywhere.** Only `+ - * /`, `sqrt`, comparisons and integer operations are used, in a fixed
//!    order and never fused, so that a native run and a run in WebAssembly agree bit for bit (a NaN's payload
//!    excepted, which no standard fixes). The one exception is a product with [`fused::Rounding::Fused`].
//! 2. **No allocation.** Scratch space is passed in by the caller ([`peak`], which measures, excepted).
//! 3. **Vectors do not change results.** A function over a slice gives what its scalar gives element by element;
//!    a reduction uses the eight lanes described in [`vector`]; a product accumulates in the order described in
//!    [`gemm`].

#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        clippy::disallowed_types,
        reason = "tests compare with the platform's functions"
    )
)]

mod double;
pub mod elementary;
pub mod fused;
pub mod gemm;
pub mod peak;
pub mod random;
pub mod vector;

/// Compiles a function for AVX2 and for the baseline, and takes the better one at run time.
///
/// The body is written once, as plain loops that the compiler turns into vectors. On x86-64 it is compiled twice;
/// on every other target (wasm with `simd128` included) once. AVX2 without FMA does the same IEEE operations on
/// twice as many lanes, so both versions give the same bits.
///
/// ```ignore
/// multiversion! {
///     /// Doubles every element.
///     pub fn double(x: &mut [f32]) { for v in x { *v *= 2.0; } }
/// }
/// ```
#[macro_export]
macro_rules! multiversion {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block)*) => {$(
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn portable($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $ty),*) $(-> $ret)? {
                    portable($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the line above has found the only feature that `avx2` requires.
                    #[allow(unsafe_code)]
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    )*};
}
