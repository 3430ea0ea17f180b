//! How a design becomes a plan; the [plan](Plan) itself is data of `mtl_compute`.

mod lowering;

pub use lowering::{LinearSpec, Lowering, Signal, Source};
pub use mtl_compute::plan::*;
