//! WebGPU kernels of the windows: a thread per number of what is written.

use super::Unfold;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input; backward: its gradient.
        x: Address,
        /// Which steps count; nowhere: all.
        mask: Address,
        /// Output; backward: its gradient.
        y: Address,
        /// Steps of the input.
        length: usize,
        /// Numbers per step.
        width: usize,
        /// Steps per window.
        window: usize,
        /// Steps between the starts of windows.
        stride: usize,
        /// Steps of padding before the first.
        before: usize,
        /// Number of windows.
        out_length: usize,
        /// Whether to add to the gradient of x.
        accumulate: bool,
        /// Numbers per row that are written.
        per_row: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("unfold"), Record::FIELDS);

impl Unfold {
    fn record(&self, x: &Place, mask: Address, y: &Place) -> Record {
        Record {
            x: x.at(),
            mask,
            y: y.at(),
            length: self.length,
            width: self.width,
            window: self.window,
            stride: self.stride,
            before: self.before,
            out_length: self.out_length,
            ..Record::default()
        }
    }
}

impl GpuOperation for Unfold {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, y] = gpu.values_of([self.x, self.y]);
        let mut reads = vec![x.clone()];
        let mask = gpu.mask(self.mask, &mut reads);
        let record = Record {
            per_row: self.out_length * self.window * self.width,
            ..self.record(&x, mask, &y)
        };
        let groups = gpu.threads(y.len());
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, reads, vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let dy = gpu.gradient(self.y);
        let (dx, accumulate) = gpu.claim(self.x);
        let mut reads = vec![dy.clone(), dx.clone()];
        let mask = gpu.mask(self.mask, &mut reads);
        let record = Record {
            accumulate,
            per_row: self.length * self.width,
            ..self.record(&dx, mask, &dy)
        };
        let groups = gpu.threads(dx.len());
        gpu.push(Kernel::new(&SHADER, "backward"), &record, groups, reads, vec![dx]);
        Ok(())
    }
}
