//! One-dimensional convolution over a sequence: `y_t = f(Σ_k x_{t s + k - p} W_k + b)`. Masked steps are read as 0.
//!
//! | input | W | output |
//! |---|---|---|
//! | sequence `length × n` | window × n × filters | sequence of filters, as long as there are windows |

use super::{
    Activation, Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, SEQUENCE_OUTPUT,
    Sample, Shape, as_sequence, only, sequence,
};
use crate::lowering::{LinearSpec, Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{
    initializers::Initializer,
    ops::{self, MaskRule},
    specs::Regulariser,
};

mtl_base::choice! {
    /// Padding of a convolution.
    pub enum ConvolutionPadding {
        /// `same`: the output is as long as the input; windows extend beyond both ends.
        Same = "same", ["Same length", "等长"];
        /// `valid`: windows stay inside the sequence.
        Valid = "valid", ["No padding", "不填充"];
        /// `causal`: a window ends at its step and reads earlier steps only.
        Causal = "causal", ["Causal", "因果"];
    }
}

mtl_base::settings! {
    /// Settings of the convolution.
    pub struct Conv1d {
        /// Number of filters.
        filters: usize = 32, Int { min: 1, max: 1024, step: 8 },
            ["Filters", "滤波器数"], ["Number of outputs per step.", "每一步的输出个数。"];
        /// Kernel size: steps per window.
        kernel_size: usize = 3, Int { min: 1, max: 63, step: 1 },
            ["Window", "窗口"], ["Number of steps in a window.", "窗口覆盖的步数。"];
        /// Stride: steps between windows.
        strides: usize = 1, Int { min: 1, max: 63, step: 1 },
            ["Stride", "步幅"], ["Distance between windows, in steps.", "相邻窗口之间的步数。"];
        /// Padding.
        padding: ConvolutionPadding = ConvolutionPadding::Same, Choice { options: ConvolutionPadding::OPTIONS },
            ["Padding", "填充"], ["Whether windows may extend beyond the ends of the sequence.", "窗口是否可以超出序列两端。"];
        /// Activation function f.
        activation: Activation = Activation::Relu, Choice { options: Activation::OPTIONS },
            ["Activation", "激活函数"], ["f in y = f(window W + b).", "y = f(窗口 W + b) 中的 f。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for Conv1d {
    const KEY: &'static str = "conv1d";
    const NAME: Text = Text::new("1D convolution", "一维卷积");
    const ABOUT: Text = Text::new(
        "Slides a window over a sequence and takes weighted sums of its content: y = f(window W + b). Padding is read as 0.",
        "在序列上滑动窗口并对窗口内容加权求和：y = f(窗口 W + b)。填充步按 0 读取。",
    );
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = SEQUENCE_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let (length, width) = as_sequence(&input)?;
        let x = lowering.value_of(0, &input)?;
        let (window, stride) = (self.kernel_size, self.strides);
        let (out_length, before) = match self.padding {
            ConvolutionPadding::Same => {
                let out_length = length.div_ceil(stride);
                let total = ((out_length - 1) * stride + window).saturating_sub(length);
                (out_length, total / 2)
            }
            ConvolutionPadding::Causal => (length.div_ceil(stride), window - 1),
            ConvolutionPadding::Valid if length < window => {
                return Err(LowerError::KernelSize { length, got: window });
            }
            ConvolutionPadding::Valid => ((length - window) / stride + 1, 0),
        };
        let windows = lowering.activation(out_length.saturating_mul(window).saturating_mul(width))?;
        let mask = input.mask;
        lowering.push(ops::Unfold {
            x,
            mask,
            y: windows,
            length,
            width,
            window,
            stride,
            before,
            out_length,
        });
        // A window is masked where the step of the input at its position (t s) is.
        let mask = match mask {
            Some(mask) if stride > 1 || out_length != length => {
                let every = lowering.activation(out_length)?;
                let rule = MaskRule::Every { mask, stride, length };
                lowering.push(ops::Mask {
                    rule,
                    y: every,
                    length: out_length,
                });
                Some(every)
            }
            mask => mask,
        };
        let windows = Signal::new(
            Shape::Sequence {
                length: out_length,
                width: window * width,
            },
            windows,
        )
        .masked(mask);
        let spec = LinearSpec {
            units: self.filters,
            activation: self.activation,
            use_bias: true,
            initializer: Initializer::GlorotUniform,
            bias_start: 0.0,
            regulariser: Regulariser::l2(self.l2),
        };
        Ok(vec![lowering.convolution(&windows, &spec, window)?])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    filters: 3,
                    activation: Activation::Tanh,
                    ..Self::default()
                },
                [sequence(5, 2)],
            ),
            Sample::new(
                Self {
                    filters: 2,
                    padding: ConvolutionPadding::Causal,
                    l2: 0.01,
                    ..Self::default()
                },
                [sequence(4, 2)],
            ),
            Sample::new(
                Self {
                    filters: 2,
                    kernel_size: 2,
                    strides: 2,
                    padding: ConvolutionPadding::Valid,
                    activation: Activation::Gelu,
                    ..Self::default()
                },
                [sequence(7, 2)],
            ),
        ]
    }

    fn summary(&self) -> String {
        format!(
            "{} × {} · {}",
            self.filters,
            self.kernel_size,
            self.activation.key()
        )
    }
}
