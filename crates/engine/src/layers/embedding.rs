//! A row of a table for each id: `y = E[id]`.
//!
//! | input | output |
//! |---|---|
//! | tokens, `length` ids | sequence `length × width`, masked where the id is 0 |
//! | one id | vector of `width` |

use super::{
    ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape, only,
};
use crate::lowering::{Lowering, Signal, Source};
use mtl_base::text::Text;
use mtl_program::{
    initializers::Initializer,
    ops::{self, MaskRule},
    specs::{Regulariser, Start},
};

mtl_base::settings! {
    /// Settings of an embedding.
    pub struct Embedding {
        /// Width of the vectors.
        width: usize = 32, Int { min: 1, max: 1024, step: 8 },
            ["Width", "宽度"], ["Length of the vector of an ID.", "每个 ID 的向量长度。"];
        /// Whether tokens with id 0 are masked.
        mask_zero: bool = true, Flag,
            ["Mask padding", "屏蔽填充"],
            ["Later layers ignore the steps whose token is padding (ID 0).", "后续层忽略填充词元（ID 0）所在的步。"];
        /// Initialiser of the table.
        initializer: Initializer = Initializer::Uniform, Choice { options: Initializer::OPTIONS },
            ["Initializer", "初始化"], ["Initial values of the table.", "嵌入表的初始值。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² to the loss.", "在损失中加入 l2 · Σ w²。"];
    }
}

impl LayerKind for Embedding {
    const KEY: &'static str = "embedding";
    const NAME: Text = Text::new("Embedding", "嵌入");
    const ABOUT: Text = Text::new(
        "Looks up a learnt vector for each ID: y = E[id]. The gradient affects only the rows that were looked up.",
        "为每个 ID 查找一个可学习的向量：y = E[id]。梯度只涉及被查到的行。",
    );
    const CATEGORY: Category = Category::Embedding;
    const INPUTS: &'static [InputPort] = &[InputPort::one("IDs", "ID", PortKind::Ids)];
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let (slot, steps, cardinality) = match (input.source, input.shape) {
            (Source::Ids(slot), Shape::Tokens { length, cardinality }) => (slot, length, cardinality),
            (Source::Ids(slot), Shape::Id { cardinality }) => (slot, 1, cardinality),
            _ => {
                return Err(LowerError::Kind {
                    handle: 0,
                    expected: PortKind::Ids,
                    got: input.shape,
                });
            }
        };
        let cardinality = cardinality.max(1);
        let start = Start::Initializer(self.initializer);
        let table = lowering.parameter(
            "embeddings",
            &[cardinality, self.width],
            start,
            Regulariser::l2(self.l2),
        );
        lowering.mark_sparse(table);
        let y = lowering.activation(steps.saturating_mul(self.width))?;
        lowering.keep_gradient(y);
        let is_text = matches!(input.shape, Shape::Tokens { .. });
        let mask = if is_text && self.mask_zero {
            let mask = lowering.activation(steps)?;
            lowering.push(ops::Mask {
                rule: MaskRule::KnownIds(slot),
                y: mask,
                length: steps,
            });
            Some(mask)
        } else {
            None
        };
        lowering.push(ops::EmbeddingLookup {
            slot,
            table,
            y,
            steps,
            cardinality,
            width: self.width,
        });
        Ok(vec![
            Signal::new(input.shape.with_width(self.width), y).masked(mask),
        ])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(
                Self {
                    width: 3,
                    ..Self::default()
                },
                [Shape::Tokens {
                    length: 4,
                    cardinality: 6,
                }],
            ),
            Sample::new(
                Self {
                    width: 2,
                    mask_zero: false,
                    l2: 0.01,
                    ..Self::default()
                },
                [Shape::Tokens {
                    length: 3,
                    cardinality: 5,
                }],
            ),
            Sample::new(
                Self {
                    width: 4,
                    ..Self::default()
                },
                [Shape::Id { cardinality: 7 }],
            ),
        ]
    }

    fn summary(&self) -> String {
        self.width.to_string()
    }
}
