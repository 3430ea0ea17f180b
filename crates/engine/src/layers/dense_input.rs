//! Real numbers of an example.

use super::{
    Category, InputPort, LayerKind, LowerError, NO_INPUTS, OutputPort, Sample, Shape, VECTOR_OUTPUT,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{schema::FeatureKind, text::Text};

mtl_base::settings! {
    /// Settings of a numeric input.
    pub struct DenseInput {
        /// Key of a dense feature.
        feature: String = "dense".to_owned(), Feature,
            ["Feature", "特征"], ["The numbers to read: a numeric feature of the data set.", "要读取的数值：数据集中的数值特征。"];
    }
}

impl LayerKind for DenseInput {
    const KEY: &'static str = "dense_input";
    const NAME: Text = Text::new("Numeric input", "数值输入");
    const ABOUT: Text = Text::new("Reads real numbers as a vector.", "将数值读取为向量。");
    const CATEGORY: Category = Category::Input;
    const INPUTS: &'static [InputPort] = NO_INPUTS;
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, _inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.feature(&self.feature, |kind| matches!(kind, FeatureKind::Dense { .. }))?;
        let FeatureKind::Dense { width } = kind else {
            return Err(LowerError::FeatureKind {
                key: self.feature.clone(),
                got: kind,
            });
        };
        let value = lowering.dense_slot(&self.feature, width)?;
        Ok(vec![Signal::new(Shape::Vector { width }, value)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self::default(), [])]
    }

    fn summary(&self) -> String {
        self.feature.clone()
    }

    fn feature(&self) -> Option<&str> {
        Some(&self.feature)
    }
}
