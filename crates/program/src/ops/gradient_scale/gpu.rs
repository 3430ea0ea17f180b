//! The tasks of the scaled gradient are those of a `sum` of one term.

use super::GradientScale;
use crate::{
    operation::gpu::{GpuCompiler, GpuError, GpuOperation},
    ops::sum,
};

impl GpuOperation for GradientScale {
    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        sum::gpu::forward(gpu, self.y, &[(self.x, 1.0)]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if self.factor != 0.0 {
            sum::gpu::backward(gpu, self.y, &[(self.x, self.factor)]);
        }
        Ok(())
    }
}
