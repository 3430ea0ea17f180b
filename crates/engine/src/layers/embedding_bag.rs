//! The mean or sum of the vectors of several ids, such as the tags of an item: `y = Σ_t E[id_t] (/ n)`, over the ids that are not 0; 0 where there
//! is none. Tokens to vector of `width`.

use super::{
    Category, Embedding, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape,
    VECTOR_OUTPUT, only, pool::pool,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::{initializers::Initializer, ops::PoolRule};

mtl_base::choice! {
    /// How the vectors are combined.
    pub enum BagRule {
        /// Their mean.
        Mean = "mean", ["Mean", "平均"];
        /// Their sum.
        Sum = "sum", ["Sum", "求和"];
    }
}

mtl_base::settings! {
    /// Settings of an embedding bag.
    pub struct EmbeddingBag {
        /// Width of the vectors.
        width: usize = 32, Int { min: 1, max: 1024, step: 8 },
            ["Width", "宽度"], ["Length of the vector of an ID.", "每个 ID 的向量长度。"];
        /// Mean or sum.
        combine: BagRule = BagRule::Mean, Choice { options: BagRule::OPTIONS },
            ["Combine", "合并方式"], ["How the vectors are combined.", "多个向量如何合并。"];
        /// Initialiser of the table.
        initializer: Initializer = Initializer::Uniform, Choice { options: Initializer::OPTIONS },
            ["Initializer", "初始化"], ["Initial values of the table.", "嵌入表的初始值。"];
        /// Factor of Σ w² in the loss.
        l2: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.0001 },
            ["L2", "L2"], ["Adds l2 · Σ w² over the kernels to the loss.", "在损失中加入核权重的 l2 · Σ w²。"];
    }
}

impl LayerKind for EmbeddingBag {
    const KEY: &'static str = "embedding_bag";
    const NAME: Text = Text::new("Embedding bag", "EmbeddingBag（多值嵌入）");
    const ABOUT: Text = Text::new(
        "One vector for several IDs, such as the tags of an item: the mean or the sum of their learnt vectors. ID 0 does not count.",
        "为多个 ID（例如物品的标签）给出一个向量：其可学习向量的平均或求和。ID 0 不计入。",
    );
    const CATEGORY: Category = Category::Embedding;
    const INPUTS: &'static [InputPort] = &[InputPort::one("IDs", "ID", PortKind::Tokens)];
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let embedding = Embedding {
            width: self.width,
            mask_zero: true,
            initializer: self.initializer,
            l2: self.l2,
        };
        let rows = only(&embedding.lower(lowering, inputs)?)?;
        let rule = match self.combine {
            BagRule::Mean => PoolRule::Mean,
            BagRule::Sum => PoolRule::Sum,
        };
        Ok(vec![pool(lowering, &rows, rule)?])
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
                    combine: BagRule::Sum,
                    l2: 0.01,
                    ..Self::default()
                },
                [Shape::Tokens {
                    length: 3,
                    cardinality: 5,
                }],
            ),
        ]
    }

    fn summary(&self) -> String {
        format!("{} · {}", self.width, self.combine.key())
    }
}
