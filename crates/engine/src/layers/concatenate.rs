//! Inputs side by side, in the order of the wires: widths add up. Vectors, or sequences of equal length.

use super::{Category, InputPort, LayerKind, OutputPort, ANY_INPUTS, ANY_OUTPUT};
use crate::text::Text;

crate::settings! {
    /// Nothing to set.
    pub struct Concatenate {
    }
}

impl LayerKind for Concatenate {
    const KEY: &'static str = "concatenate";
    const NAME: Text = Text::new("Concatenate", "拼接");
    const ABOUT: Text = Text::new(
        "Puts its inputs side by side; their widths add up.",
        "将各输入并排放置；宽度相加。",
    );
    const CATEGORY: Category = Category::Merge;

    fn inputs(&self) -> &'static [InputPort] {
        ANY_INPUTS
    }

    fn outputs(&self) -> &'static [OutputPort] {
        ANY_OUTPUT
    }
}
