//! One id per example: a user, an item, a category.

use super::{Category, InputPort, LayerKind, LowerError, NO_INPUTS, OutputPort, PortKind, Sample, Shape};
use crate::lowering::{Lowering, Signal, Source};
use mtl_base::{schema::FeatureKind, text::Text};

mtl_base::settings! {
    /// Settings of an id input.
    pub struct IdInput {
        /// Key of an id feature.
        feature: String = "user".to_owned(), Feature,
            ["Feature", "特征"], ["The ID to read: an ID feature of the data set.", "要读取的 ID：数据集中的 ID 特征。"];
    }
}

impl LayerKind for IdInput {
    const KEY: &'static str = "id_input";
    const NAME: Text = Text::new("ID input", "ID 输入");
    const ABOUT: Text = Text::new(
        "Reads one ID per example, such as a user or an item; an embedding turns it into a vector.",
        "每个样本读取一个 ID，例如用户或物品；由嵌入层转换为向量。",
    );
    const CATEGORY: Category = Category::Input;
    const INPUTS: &'static [InputPort] = NO_INPUTS;
    const OUTPUTS: &'static [OutputPort] = &[OutputPort::new("ID", "ID", PortKind::Id)];

    fn lower(&self, lowering: &mut Lowering<'_>, _inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.feature(&self.feature, |kind| matches!(kind, FeatureKind::Id { .. }))?;
        let FeatureKind::Id { cardinality } = kind else {
            return Err(LowerError::FeatureKind {
                key: self.feature.clone(),
                got: kind,
            });
        };
        let slot = lowering.id_slot(&self.feature, kind);
        Ok(vec![Signal {
            shape: Shape::Id { cardinality },
            source: Source::Ids(slot),
            mask: None,
        }])
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
