//! Some columns of its input: `y = x[start .. start + width]` of each step.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of a slice.
    pub struct Slice {
        /// First column.
        start: usize = 0, Int { min: 0, max: 65535, step: 1 },
            ["First column", "起始列"], ["The first column that is taken; columns are counted from 0.", "所取的第一列；列从 0 开始计数。"];
        /// Number of columns.
        width: usize = 1, Int { min: 1, max: 65535, step: 1 },
            ["Columns", "列数"], ["Number of columns.", "所取的列数。"];
    }
}

impl LayerKind for Slice {
    const KEY: &'static str = "slice";
    const NAME: Text = Text::new("Slice", "切片");
    const ABOUT: Text = Text::new("Takes a range of columns of its input.", "取输入的一段连续列。");
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let x_width = input.shape.width();
        if self.start.saturating_add(self.width) > x_width {
            return Err(LowerError::Columns {
                key: if self.start < x_width { "width" } else { "start" },
                last: x_width.saturating_sub(1),
                start: self.start,
                end: self.start.saturating_add(self.width).saturating_sub(1),
            });
        }
        let (steps, width) = (input.shape.steps(), self.width);
        let y = lowering.activation(steps.saturating_mul(width))?;
        lowering.push(ops::Columns {
            x,
            x_width,
            x_start: self.start,
            y,
            y_width: width,
            y_start: 0,
            width,
            steps,
        });
        Ok(vec![
            Signal::new(input.shape.with_width(width), y).masked(input.mask),
        ])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { start: 1, width: 2 }, [vector(4)]),
            Sample::new(Self { start: 0, width: 1 }, [sequence(3, 2)]),
        ]
    }

    fn summary(&self) -> String {
        format!("{} … {}", self.start, self.start + self.width - 1)
    }
}
