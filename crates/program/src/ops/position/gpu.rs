//! WebGPU kernel of the positions: a thread per number. The gradient of the table is that of a bias.

use super::AddPosition;
use crate::{
    operation::gpu::{
        Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, each, gpu_record, wgsl,
    },
    ops::{linear::gpu::Product, sum},
};

gpu_record! {
    /// Constants of the kernel.
    struct Record {
        /// Input.
        x: Address,
        /// Output.
        y: Address,
        /// Numbers per row.
        per_row: usize,
        /// P.
        table: Address,
    }
}

static SHADER: Shader = Shader {
    entries: &[each("forward")],
    ..Shader::plain(wgsl!("position"), Record::FIELDS)
};

impl GpuOperation for AddPosition {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let ([x, y], table) = (gpu.values_of([self.x, self.y]), gpu.parameter(self.table));
        let record = Record {
            x: x.at(),
            y: y.at(),
            per_row: gpu.per_row(self.y),
            table: table.at(),
        };
        let groups = gpu.threads(y.len());
        gpu.push(
            Kernel::new(&SHADER, "forward"),
            &record,
            groups,
            vec![x, table],
            vec![y],
        );
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if gpu.trains(self.table) {
            // A product without inputs.
            let [x, y] = gpu.values_of([self.x, self.y]);
            let product = Product {
                dy: Some(gpu.gradient(self.y)),
                ..Product::plain(x, gpu.parameter(self.table), y, [1, 0, gpu.per_row(self.y)])
            };
            let (gradient, accumulate) = gpu.claim_parameter(self.table);
            product.to_weight(gpu, &gradient, Some(&gradient), accumulate);
        }
        sum::gpu::backward(gpu, self.y, &[(self.x, 1.0)]);
        Ok(())
    }
}
