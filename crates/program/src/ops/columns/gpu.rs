//! WebGPU kernels of the column copy: a thread per number.

use super::Columns;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input; backward: its gradient.
        x: Address,
        /// Its width.
        x_width: usize,
        /// First column that is read.
        x_start: usize,
        /// Output; backward: its gradient.
        y: Address,
        /// Its width.
        y_width: usize,
        /// First column that is written.
        y_start: usize,
        /// Number of columns.
        width: usize,
        /// Whether to add to the gradient of x.
        accumulate: bool,
        /// Numbers per row of the batch that threads write.
        per_row: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("columns"), Record::FIELDS);

impl Columns {
    fn record(&self, x: &Place, y: &Place) -> Record {
        Record {
            x: x.at(),
            x_width: self.x_width,
            x_start: self.x_start,
            y: y.at(),
            y_width: self.y_width,
            y_start: self.y_start,
            width: self.width,
            ..Record::default()
        }
    }
}

impl GpuOperation for Columns {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, mut y] = gpu.values_of([self.x, self.y]);
        y.columns = Some(self.y_start..self.y_start + self.width);
        let record = Record {
            per_row: self.steps * self.width,
            ..self.record(&x, &y)
        };
        let groups = gpu.threads(gpu.max_rows * record.per_row);
        gpu.push(Kernel::new(&SHADER, "forward"), &record, groups, vec![x], vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.wants(self.x) {
            return Ok(());
        }
        let dy = gpu.gradient(self.y);
        let (dx, accumulate) = gpu.claim(self.x);
        let record = Record {
            accumulate,
            per_row: self.steps * self.x_width,
            ..self.record(&dx, &dy)
        };
        let groups = gpu.threads(dx.len());
        gpu.push(
            Kernel::new(&SHADER, "backward"),
            &record,
            groups,
            vec![dy, dx.clone()],
            vec![dx],
        );
        Ok(())
    }
}
