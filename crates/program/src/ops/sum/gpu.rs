//! WebGPU kernels of the sum: a thread per number.

use super::Sum;
use crate::{
    ids::ValueId,
    operation::gpu::{
        Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Shader, gpu_record, wgsl,
    },
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Output; backward: its gradient.
        y: Address,
        /// Numbers per row.
        per_row: usize,
        /// List of terms: place, factor, whether to add.
        terms: Address,
        /// Number of terms.
        n_terms: usize,
    }
}

static SHADER: Shader = Shader::by_numbers(wgsl!("sum"), Record::FIELDS);

/// Adds the task of `y = Σ factor x`.
pub(crate) fn forward(gpu: &mut GpuCompiler<'_>, y: ValueId, terms: &[(ValueId, f32)]) {
    let reads: Vec<_> = terms.iter().map(|(x, _)| gpu.value(*x)).collect();
    let factors = terms.iter().map(|(_, factor)| factor.to_bits());
    let entries: Vec<_> = reads
        .iter()
        .zip(factors)
        .map(|(x, factor)| [x.at().0, factor, 0, 0])
        .collect();
    let (per_row, place) = (gpu.per_row(y), gpu.value(y));
    let record = Record {
        y: place.at(),
        per_row,
        terms: gpu.list(&entries),
        n_terms: entries.len(),
    };
    let groups = gpu.threads(place.len());
    gpu.push(
        Kernel::new(&SHADER, "forward"),
        &record,
        groups,
        reads,
        vec![place],
    );
}

/// Adds the task that adds `factor dy` to the gradient of each term.
pub(crate) fn backward(gpu: &mut GpuCompiler<'_>, y: ValueId, terms: &[(ValueId, f32)]) {
    let (per_row, dy) = (gpu.per_row(y), gpu.gradient(y));
    let (mut entries, mut writes) = (Vec::new(), Vec::new());
    for (x, factor) in terms {
        if gpu.wants(*x) {
            let (dx, accumulate) = gpu.claim(*x);
            entries.push([dx.at().0, factor.to_bits(), u32::from(accumulate), 0]);
            writes.push(dx);
        }
    }
    if !entries.is_empty() {
        let record = Record {
            y: dy.at(),
            per_row,
            terms: gpu.list(&entries),
            n_terms: entries.len(),
        };
        let groups = gpu.threads(dy.len());
        gpu.push(
            Kernel::new(&SHADER, "backward"),
            &record,
            groups,
            vec![dy],
            writes,
        );
    }
}

impl GpuOperation for Sum {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        forward(gpu, self.y, &self.terms);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        backward(gpu, self.y, &self.terms);
        Ok(())
    }
}
