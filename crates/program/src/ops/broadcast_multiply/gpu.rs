//! WebGPU kernels of the product that is broadcast over steps: a thread per number of the output, or of a gradient.

use super::BroadcastMultiply;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// The vector that every step is multiplied by.
        gate: Address,
        /// Output; backward: its gradient.
        y: Address,
        /// Steps per row of the batch.
        steps: usize,
        /// Numbers per step.
        width: usize,
        /// Gradient of the input; nowhere: not wanted.
        dx: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// Gradient of the vector; nowhere: not wanted.
        d_gate: Address,
        /// Whether to add to it.
        accumulate_gate: bool,
        /// Threads per row of the batch.
        per_row: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("broadcast_multiply"), Record::FIELDS);

impl BroadcastMultiply {
    fn record(&self, gpu: &mut GpuCompiler<'_>) -> Record {
        let [x, gate] = gpu.values_of([self.x, self.gate]).map(|place| place.at());
        Record {
            x,
            gate,
            steps: self.steps,
            width: self.width,
            per_row: self.steps * self.width,
            ..Record::default()
        }
    }
}

impl GpuOperation for BroadcastMultiply {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let [x, gate, y] = gpu.values_of([self.x, self.gate, self.y]);
        let record = Record {
            y: y.at(),
            ..self.record(gpu)
        };
        let groups = gpu.threads(y.len());
        gpu.push(
            Kernel::new(&SHADER, "forward"),
            &record,
            groups,
            vec![x, gate],
            vec![y],
        );
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let ([x, gate], dy) = (gpu.values_of([self.x, self.gate]), gpu.gradient(self.y));
        let mut writes = Vec::new();
        let (dx, accumulate) = gpu.claim_wanted(self.x, &mut writes);
        let (d_gate, accumulate_gate) = gpu.claim_wanted(self.gate, &mut writes);
        let record = Record {
            y: dy.at(),
            dx,
            accumulate,
            d_gate,
            accumulate_gate,
            // The numbers of the gate come after those of the input.
            per_row: self.steps * self.width + if d_gate == Address::NOWHERE { 0 } else { self.width },
            ..self.record(gpu)
        };
        let groups = gpu.threads(gpu.max_rows * record.per_row);
        gpu.push(
            Kernel::new(&SHADER, "backward"),
            &record,
            groups,
            vec![x, gate, dy],
            writes,
        );
        Ok(())
    }
}
