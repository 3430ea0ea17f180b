//! Live charts: plotters on a canvas, redrawn on animation frames only, never through yew.

mod backend;
mod line;
mod view;

pub use line::{ChartData, Series, format_value, format_x, nearest, smooth, thin};
pub use view::{ChartSource, LineChart};
