//! Whether products are rounded before they are added.
//!
//! A multiply-add in one instruction rounds once instead of twice, and takes the place of two instructions: W1 to W6 train
//! up to 1.25 times as fast (`docs/benchmarks.md`). The result has other bits than `+` and `*` give. Processors that have the
//! instruction agree about its bits, but not all have it, and wasm's `relaxed-simd` leaves open which of the two is done.
//! So it is a choice: [`choose`] says for the calling thread whether [`gemm`](super::gemm) may fuse, and without a word it
//! does not. A model chooses for each of its passes.
//!
//! What is not a product never fuses.
//!
//! ```
//! use mtl_kernels::fused;
//! assert!(!fused::is_chosen());
//! fused::choose(true);
//! // Only where the processor, or the build of the page, can.
//! assert_eq!(fused::is_chosen(), fused::is_available());
//! # fused::choose(false);
//! ```

use std::cell::Cell;

thread_local! {
    static MAY_FUSE: Cell<bool> = const { Cell::new(false) };
}

/// Whether products may be fused from now on in this thread, where that [is available](is_available).
pub fn choose(fused: bool) {
    MAY_FUSE.set(fused);
}

/// Whether products are fused in this thread.
pub fn is_chosen() -> bool {
    MAY_FUSE.get() && is_available()
}

/// Whether there is an instruction for it: in wasm the build decides, natively the processor.
pub fn is_available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(all(target_arch = "wasm32", target_feature = "relaxed-simd"));
}
