//! Sum of equal shapes: `y = x_1 + x_2 + …`.

use super::{Category, InputPort, LayerKind, OutputPort, ANY_INPUTS, ANY_OUTPUT};
use crate::text::Text;

crate::settings! {
    /// Nothing to set.
    pub struct Add {
    }
}

impl LayerKind for Add {
    const KEY: &'static str = "add";
    const NAME: Text = Text::new("Add", "相加");
    const ABOUT: Text = Text::new(
        "The sum of inputs of equal shape: y = x₁ + x₂ + …, as in a residual connection.",
        "形状相同的输入求和：y = x₁ + x₂ + …，例如残差连接。",
    );
    const CATEGORY: Category = Category::Merge;

    fn inputs(&self) -> &'static [InputPort] {
        ANY_INPUTS
    }

    fn outputs(&self) -> &'static [OutputPort] {
        ANY_OUTPUT
    }
}
