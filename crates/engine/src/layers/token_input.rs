//! Token ids of a text, `length` per example, 0 where the text has ended.

use super::{Category, InputPort, LayerKind, LowerError, NO_INPUTS, OutputPort, PortKind, Sample, Shape};
use crate::lowering::{Lowering, Signal, Source};
use mtl_base::{schema::FeatureKind, text::Text};

mtl_base::settings! {
    /// Settings of a token input.
    pub struct TokenInput {
        /// Key of a token feature.
        feature: String = "text".to_owned(), Feature,
            ["Feature", "特征"], ["The text to read: a token feature of the data set.", "要读取的文本：数据集中的词元特征。"];
    }
}

impl LayerKind for TokenInput {
    const KEY: &'static str = "token_input";
    const NAME: Text = Text::new("Text input", "文本输入");
    const ABOUT: Text = Text::new(
        "Reads a text as a fixed number of token IDs; 0 is padding, 1 is an unknown token.",
        "将文本读取为固定数量的词元 ID；0 为填充，1 为未知词元。",
    );
    const CATEGORY: Category = Category::Input;
    const INPUTS: &'static [InputPort] = NO_INPUTS;
    const OUTPUTS: &'static [OutputPort] = &[OutputPort::new("tokens", "词元", PortKind::Tokens)];

    fn lower(&self, lowering: &mut Lowering<'_>, _inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let kind = lowering.feature(&self.feature, |kind| matches!(kind, FeatureKind::Tokens { .. }))?;
        let FeatureKind::Tokens { length, cardinality } = kind else {
            return Err(LowerError::FeatureKind {
                key: self.feature.clone(),
                got: kind,
            });
        };
        let slot = lowering.id_slot(&self.feature, kind);
        Ok(vec![Signal {
            shape: Shape::Tokens { length, cardinality },
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
