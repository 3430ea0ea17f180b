//! WebGPU kernels of the scalar product: a team per row, and a thread per number for the gradients.

use super::Dot;
use crate::operation::gpu::{
    ALONE, Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, each_step, gpu_record,
    rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// One vector.
        a: Address,
        /// The other.
        b: Address,
        /// Output; backward: its gradient.
        y: Address,
        /// Rows per row of the batch; backward: threads per row.
        steps: usize,
        /// Numbers per vector.
        width: usize,
        /// Gradient of a; nowhere: not wanted.
        da: Address,
        /// Whether to add to it.
        accumulate_a: bool,
        /// Gradient of b; nowhere: not wanted.
        db: Address,
        /// Whether to add to it.
        accumulate_b: bool,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), each_step("backward")],
    ..Shader::by_rows(wgsl!("dot"), Record::FIELDS)
};

impl GpuOperation for Dot {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [a, b, y] = gpu.values_of([self.a, self.b, self.y]);
        let record = Record {
            a: a.at(),
            b: b.at(),
            y: y.at(),
            steps: 1,
            width: self.width,
            ..Record::default()
        };
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", 1, gpu.lanes(self.width));
        gpu.push(kernel, &record, groups, vec![a, b], vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let ([a, b], dy) = (gpu.values_of([self.a, self.b]), gpu.gradient(self.y));
        let mut writes = Vec::new();
        let (da, accumulate_a) = gpu.claim_wanted(self.a, &mut writes);
        let (db, accumulate_b) = gpu.claim_wanted(self.b, &mut writes);
        let record = Record {
            a: a.at(),
            b: b.at(),
            y: dy.at(),
            steps: self.width,
            width: self.width,
            da,
            accumulate_a,
            db,
            accumulate_b,
        };
        let groups = gpu.threads(gpu.max_rows * self.width);
        gpu.push(
            Kernel::sized(&SHADER, "backward", ALONE),
            &record,
            groups,
            vec![a, b, dy],
            writes,
        );
        Ok(())
    }
}
