//! The few vector instructions that the matrix product names itself.
//!
//! Loops over slices are left to the compiler; the inner loop of [`super`] is not, because its speed is
//! decided by which values stay in registers. [`Lanes`] is what it needs, for wasm's `simd128`, SSE2, AVX2 and, for
//! every other target, an array. All of them do the same IEEE operations per lane, so they give the same bits; those with
//! `FUSED` do too, among themselves ([`crate::fused`]).
#![allow(
    unsafe_code,
    reason = "vector loads, stores and AVX2 instructions are unsafe by their definition"
)]

use super::{Panel, run_panel};

/// A register of `N` numbers.
///
/// # Safety
/// `load` and `store` access `N` numbers from the pointer; every method of [`Avx2`] needs a processor with AVX2, and with
/// FMA if it is fused.
pub(crate) trait Lanes: Copy {
    const N: usize;
    /// All lanes `x`.
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    /// `self + a * b`, rounded twice; once where the lanes are fused.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// `if self < 0 { 0 } else { self }`: keeps NaN.
    unsafe fn relu(self) -> Self;
    /// [`run_panel`], compiled for the instructions of these lanes. Each variant stays a function of its own: V8
    /// allocates registers with care only in functions of moderate size.
    #[inline(never)]
    unsafe fn run<const MR: usize, const NV: usize, const ROWS: bool>(panel: &Panel) {
        // SAFETY: the caller's promise is that of `run_panel`.
        unsafe { run_panel::<Self, MR, NV, ROWS>(panel) }
    }
}

/// Four lanes, on every target.
#[cfg(target_arch = "x86_64")]
pub(crate) type Lanes4 = x86::Sse;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) type Lanes4 = wasm::Simd128<false>;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub(crate) type Lanes4 = portable::Array4;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub(crate) type Fused4 = wasm::Simd128<true>;

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Avx2;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Lanes, Panel, run_panel};
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Sse(__m128);

    impl Lanes for Sse {
        const N: usize = 4;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm_set1_ps(x) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(unsafe { _mm_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn add_product(self, a: Self, b: Self) -> Self {
            Self(unsafe { _mm_add_ps(self.0, _mm_mul_ps(a.0, b.0)) })
        }
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            // `max(0, x)` is `if 0 > x { 0 } else { x }` on x86.
            Self(unsafe { _mm_max_ps(_mm_setzero_ps(), self.0) })
        }
    }

    impl Sse {
        /// Four rows of four become four columns of four.
        #[inline(always)]
        pub(crate) unsafe fn transpose(rows: [Self; 4]) -> [Self; 4] {
            let [mut a, mut b, mut c, mut d] = rows.map(|r| r.0);
            unsafe { _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d) };
            [Self(a), Self(b), Self(c), Self(d)]
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2<const FUSED: bool>(__m256);

    impl<const FUSED: bool> Lanes for Avx2<FUSED> {
        const N: usize = 8;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(x) })
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm256_loadu_ps(from) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(unsafe { _mm256_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn add_product(self, a: Self, b: Self) -> Self {
            if FUSED {
                return Self(unsafe { _mm256_fmadd_ps(a.0, b.0, self.0) });
            }
            Self(unsafe { _mm256_add_ps(self.0, _mm256_mul_ps(a.0, b.0)) })
        }
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            Self(unsafe { _mm256_max_ps(_mm256_setzero_ps(), self.0) })
        }
        #[inline(never)]
        unsafe fn run<const MR: usize, const NV: usize, const ROWS: bool>(panel: &Panel) {
            #[target_feature(enable = "avx2")]
            unsafe fn avx2<const MR: usize, const NV: usize, const ROWS: bool>(panel: &Panel) {
                // SAFETY: as promised to `run`.
                unsafe { run_panel::<Avx2<false>, MR, NV, ROWS>(panel) }
            }
            #[target_feature(enable = "avx2,fma")]
            unsafe fn fused<const MR: usize, const NV: usize, const ROWS: bool>(panel: &Panel) {
                // SAFETY: as promised to `run`.
                unsafe { run_panel::<Avx2<true>, MR, NV, ROWS>(panel) }
            }
            // SAFETY: the caller has found AVX2, and FMA where the lanes are fused.
            unsafe {
                if FUSED {
                    fused::<MR, NV, ROWS>(panel)
                } else {
                    avx2::<MR, NV, ROWS>(panel)
                }
            }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::Lanes;
    use std::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Simd128<const FUSED: bool>(v128);

    impl<const FUSED: bool> Lanes for Simd128<FUSED> {
        const N: usize = 4;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(f32x4_splat(x))
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { v128_load(from.cast()) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { v128_store(to.cast(), self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(f32x4_add(self.0, other.0))
        }
        #[inline(always)]
        unsafe fn add_product(self, a: Self, b: Self) -> Self {
            #[cfg(target_feature = "relaxed-simd")]
            if FUSED {
                return Self(f32x4_relaxed_madd(a.0, b.0, self.0));
            }
            Self(f32x4_add(self.0, f32x4_mul(a.0, b.0)))
        }
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            Self(v128_andnot(self.0, f32x4_lt(self.0, f32x4_splat(0.0))))
        }
    }

    impl<const FUSED: bool> Simd128<FUSED> {
        /// Four rows of four become four columns of four.
        #[inline(always)]
        pub(crate) unsafe fn transpose(rows: [Self; 4]) -> [Self; 4] {
            let [a, b, c, d] = rows.map(|r| r.0);
            let ab_low = i32x4_shuffle::<0, 4, 1, 5>(a, b);
            let ab_high = i32x4_shuffle::<2, 6, 3, 7>(a, b);
            let cd_low = i32x4_shuffle::<0, 4, 1, 5>(c, d);
            let cd_high = i32x4_shuffle::<2, 6, 3, 7>(c, d);
            [
                Self(i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low)),
                Self(i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low)),
                Self(i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high)),
                Self(i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high)),
            ]
        }
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
mod portable {
    use super::Lanes;
    use std::array::from_fn;

    #[derive(Clone, Copy)]
    pub(crate) struct Array4([f32; 4]);

    impl Lanes for Array4 {
        const N: usize = 4;
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self([x; 4])
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            Self(from_fn(|i| self.0[i] + other.0[i]))
        }
        #[inline(always)]
        unsafe fn add_product(self, a: Self, b: Self) -> Self {
            Self(from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
        }
        #[inline(always)]
        unsafe fn relu(self) -> Self {
            Self(self.0.map(|x| if x < 0.0 { 0.0 } else { x }))
        }
    }

    impl Array4 {
        /// Four rows of four become four columns of four.
        #[inline(always)]
        pub(crate) unsafe fn transpose(rows: [Self; 4]) -> [Self; 4] {
            from_fn(|i| Self(from_fn(|j| rows[j].0[i])))
        }
    }
}
