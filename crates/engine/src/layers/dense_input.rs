//! Real numbers of an example.

use super::{Category, InputPort, LayerKind, NO_INPUTS, OutputPort, VECTOR_OUTPUT};
use crate::text::Text;

crate::settings! {
    /// Which numbers to read.
    pub struct DenseInput {
        /// Key of a dense feature.
        feature: String = "dense".to_owned(), Feature,
            ["Feature", "特征"], ["The numbers to read: a dense feature of the data set.", "要读取的数值：数据集中的稠密特征。"];
    }
}

impl LayerKind for DenseInput {
    const KEY: &'static str = "dense_input";
    const NAME: Text = Text::new("Numeric input", "数值输入");
    const ABOUT: Text = Text::new("Reads real numbers as a vector.", "将数值读取为向量。");
    const CATEGORY: Category = Category::Input;

    fn inputs(&self) -> &'static [InputPort] {
        NO_INPUTS
    }

    fn outputs(&self) -> &'static [OutputPort] {
        VECTOR_OUTPUT
    }

    fn summary(&self) -> String {
        self.feature.clone()
    }

    fn feature(&self) -> Option<&str> {
        Some(&self.feature)
    }
}
