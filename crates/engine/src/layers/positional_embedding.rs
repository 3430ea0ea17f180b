//! Adds a learnt vector per position: `y_t = x_t + P_t`. Attention alone does not know the order of the steps. Sequence to sequence.

use super::{
    Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, SEQUENCE_OUTPUT, Sample,
    as_sequence, only, sequence,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{
    initializers::Initializer,
    ops,
    specs::{Regulariser, Start},
};

mtl_base::settings! {
    /// Settings of a positional embedding.
    pub struct PositionalEmbedding {
        /// Initialiser of the table.
        initializer: Initializer = Initializer::Uniform, Choice { options: Initializer::OPTIONS },
            ["Initializer", "初始化"], ["Initial values of the table.", "位置表的初始值。"];
    }
}

impl LayerKind for PositionalEmbedding {
    const KEY: &'static str = "positional_embedding";
    const NAME: Text = Text::new("Positional embedding", "位置嵌入");
    const ABOUT: Text = Text::new(
        "Adds a learnt vector for each position, so that attention knows the order of the steps: y_t = x_t + P_t.",
        "为每个位置加上一个可学习的向量，使注意力知道步的先后：y_t = x_t + P_t。",
    );
    const CATEGORY: Category = Category::Attention;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = SEQUENCE_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let (length, width) = as_sequence(&input)?;
        let x = lowering.value_of(0, &input)?;
        let start = Start::Initializer(self.initializer);
        let table = lowering.parameter("embeddings", &[length, width], start, Regulariser::NONE);
        let y = lowering.activation(length.saturating_mul(width))?;
        lowering.push(ops::AddPosition { x, table, y });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self::default(), [sequence(4, 3)])]
    }
}
