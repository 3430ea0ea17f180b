//! The matrix product in the three forms that training needs, over whole row-major matrices.

use mtl_kernels::{
    fused::Rounding,
    gemm::{self, Operand, Output, Size, gemm_scratch_len},
};

/// Working space of the products of a pass, and how they round.
#[derive(Clone, Debug)]
pub struct Packing {
    scratch: Vec<f32>,
    /// Of every product of the pass.
    pub rounding: Rounding,
}

impl Packing {
    /// Enough for every product.
    pub fn new() -> Self {
        Self {
            scratch: vec![0.0; gemm_scratch_len(usize::MAX / 4, usize::MAX / 4, usize::MAX / 4)],
            rounding: Rounding::default(),
        }
    }

    /// Bytes of the working space.
    pub fn bytes(&self) -> usize {
        4 * self.scratch.len()
    }
}

impl Default for Packing {
    fn default() -> Self {
        Self::new()
    }
}

/// `c = a b` or `c += a b`, as [`mtl_kernels::gemm::gemm`].
pub fn gemm(size: Size, a: Operand<'_>, b: Operand<'_>, c: Output<'_>, packing: &mut Packing) {
    gemm::gemm(size, a, b, c, packing.rounding, &mut packing.scratch);
}

/// Epilogue of a product, applied when a sum is finished.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish<'a> {
    /// Bias, added to each row.
    pub bias: Option<&'a [f32]>,
    /// Whether ReLU is applied.
    pub relu: bool,
}

/// `c = f(a b + bias)` with a: m × k, b: k × n.
#[allow(clippy::too_many_arguments, reason = "the sizes and operands of a product")]
pub fn linear(
    m: usize,
    k: usize,
    n: usize,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    finish: Finish<'_>,
    packing: &mut Packing,
) {
    let mut output = Output::to(c, n);
    if let Some(bias) = finish.bias {
        output = output.bias(bias);
    }
    if finish.relu {
        output = output.relu();
    }
    gemm(
        Size { m, n, k },
        Operand::rows(a, k),
        Operand::rows(b, n),
        output,
        packing,
    );
}

fn output(c: &mut [f32], n: usize, accumulate: bool) -> Output<'_> {
    let output = Output::to(c, n);
    if accumulate { output.accumulate() } else { output }
}

macro_rules! products {
    ($( $(#[$doc:meta])* $name:ident($m:ident, $k:ident, $n:ident, $a:ident, $b:ident) = $left:expr, $right:expr; )+) => {
        $( $(#[$doc])*
        #[allow(clippy::too_many_arguments, reason = "the sizes and operands of a product")]
        pub fn $name(
            $m: usize,
            $k: usize,
            $n: usize,
            $a: &[f32],
            $b: &[f32],
            c: &mut [f32],
            accumulate: bool,
            packing: &mut Packing,
        ) {
            let size = Size { m: $m, n: $n, k: $k };
            gemm(size, $left, $right, output(c, $n, accumulate), packing);
        } )+
    };
}

products! {
    /// `c (+)= a b` with a: m × k, b: k × n.
    nn(m, k, n, a, b) = Operand::rows(a, k), Operand::rows(b, n);
    /// `c (+)= a bᵀ` with a: m × k, b: n × k.
    nt(m, k, n, a, b) = Operand::rows(a, k), Operand::transposed(b, k);
    /// `c (+)= aᵀ b` with a: k × m, b: k × n.
    tn(m, k, n, a, b) = Operand::transposed(a, m), Operand::rows(b, n);
}
