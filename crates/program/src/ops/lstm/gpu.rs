//! WebGPU kernels of the LSTM: see `recurrence`.

use super::LstmCells;
use crate::{
    operation::{
        Operation,
        gpu::{GpuCompiler, GpuError, GpuOperation, Shader, wgsl},
    },
    ops::recurrence::{self, Recurrent},
};

static SHADER: Shader = recurrence::shader(wgsl!("lstm"));

impl LstmCells {
    fn recurrent(&self) -> Recurrent<'_> {
        Recurrent {
            key: Self::KEY,
            shader: &SHADER,
            op: &self.recurrence,
            two_sided: false,
        }
    }
}

impl GpuOperation for LstmCells {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        self.recurrent().forward(gpu)
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        self.recurrent().backward(gpu);
        Ok(())
    }
}
