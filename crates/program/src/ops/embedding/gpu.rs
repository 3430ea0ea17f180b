//! WebGPU kernels of the embedding: gather, and a scatter that adds row by row of the table, in the order of the batch.

use super::EmbeddingLookup;
use crate::operation::gpu::{
    ALONE, Address, Entry, GpuCompiler, GpuError, GpuOperation, GpuRecord, Shader, each, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Word of the step that says where the ids start.
        ids: u32,
        /// E; backward: its gradient.
        table: Address,
        /// The rows; backward: their gradient.
        y: Address,
        /// Ids per example.
        steps: usize,
        /// Numbers per row.
        width: usize,
        /// Rows of the table.
        cardinality: usize,
        /// Where the lists are, among those of the step.
        list: usize,
        /// Most places of a list.
        capacity: usize,
    }
}

static SHADER: Shader = Shader {
    entries: &[
        Entry {
            count: "n_rows() * record.steps * runs(record)",
            ..each("forward")
        },
        Entry {
            count: "index[lists() + record.list] * runs(record)",
            ..each("backward")
        },
    ],
    sizes: &[ALONE, 64],
    ..Shader::plain(wgsl!("embedding"), Record::FIELDS)
};

impl EmbeddingLookup {
    fn record(&self) -> Record {
        Record {
            steps: self.steps,
            width: self.width,
            cardinality: self.cardinality,
            ..Record::default()
        }
    }

    /// A thread that works alone takes a row of the table, others a number.
    fn groups(&self, gpu: &GpuCompiler<'_>) -> [u32; 2] {
        gpu.threads(gpu.max_rows * self.steps * if gpu.alone { 1 } else { self.width })
    }
}

impl GpuOperation for EmbeddingLookup {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let (table, y) = (gpu.parameter(self.table), gpu.value(self.y));
        let ids = gpu.words.slot(self.slot.0);
        let record = Record {
            ids,
            table: table.at(),
            y: y.at(),
            ..self.record()
        };
        let (kernel, groups) = (gpu.team(&SHADER, "forward", 64), self.groups(gpu));
        gpu.push(kernel, &record, groups, vec![table], vec![y]);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if !gpu.trains(self.table) {
            return Ok(());
        }
        let lookup = gpu.lookup(self.slot.0, self.steps, self.cardinality);
        let dy = gpu.gradient(self.y);
        // Rows that are not touched stay 0, so it always adds.
        let (table, _) = gpu.claim_parameter(self.table);
        let record = Record {
            table: table.at(),
            y: dy.at(),
            list: lookup.list,
            capacity: lookup.capacity,
            ..self.record()
        };
        let (kernel, groups) = (gpu.team(&SHADER, "backward", 64), self.groups(gpu));
        gpu.push(kernel, &record, groups, vec![dy, table.clone()], vec![table]);
        Ok(())
    }
}
