//! Whether products are rounded before they are added.
//!
//! A multiply-add in one instruction rounds once instead of twice, and takes the place of two instructions: W1 to W6 train
//! up to 1.25 times as fast (`docs/benchmarks.md`). The result has other bits than `+` and `*` give. Processors that have the
//! instruction agree about its bits, but not all have it, and wasm's `relaxed-simd` leaves open which of the two is done.
//! So it is a choice, and an argument of [`gemm`](super::gemm::gemm): a model chooses for each of its passes.
//!
//! What is not a product never fuses.
//!
//! ```
//! use mtl_kernels::fused::{self, Rounding};
//! assert_eq!(Rounding::default(), Rounding::Separate);
//! // Only where the processor, or the build of the page, can.
//! assert_eq!(Rounding::fused_if(true) == Rounding::Fused, fused::is_available());
//! ```

/// How a product and the sum that it is added to are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// The product first, then the sum: the same bits on every machine.
    #[default]
    Separate,
    /// Once, in one instruction, where that [is available](is_available); elsewhere as [`Rounding::Separate`].
    Fused,
}

impl Rounding {
    /// Fused if that is asked for and available.
    pub fn fused_if(asked: bool) -> Self {
        if asked && is_available() {
            Self::Fused
        } else {
            Self::Separate
        }
    }
}

/// Whether there is an instruction for it: in wasm the build decides, natively the processor.
pub fn is_available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd"));
}
