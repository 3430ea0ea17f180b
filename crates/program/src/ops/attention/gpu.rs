//! WebGPU kernels of attention: a team per query of a head, and a thread per number for the gradients of keys and values.

use super::Attention;
use crate::operation::gpu::{
    ALONE, Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, each, gpu_record,
    rows, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// q.
        queries: Address,
        /// k.
        keys: Address,
        /// v.
        values: Address,
        /// Which steps count; nowhere: all.
        mask: Address,
        /// Output.
        y: Address,
        /// P.
        weights: Address,
        /// Steps.
        length: usize,
        /// Heads.
        heads: usize,
        /// Numbers per head.
        depth: usize,
        /// Queries of a row of the batch, of all heads.
        steps: usize,
        /// 1 / √depth.
        scale: f32,
        /// Gradient of y.
        dy: Address,
        /// dS, as the weights.
        d_scores: Address,
        /// Gradient of q; nowhere: not wanted.
        d_queries: Address,
        /// Whether to add to it.
        accumulate_queries: bool,
        /// Gradient of k; nowhere: not wanted.
        d_keys: Address,
        /// Whether to add to it.
        accumulate_keys: bool,
        /// Gradient of v; nowhere: not wanted.
        d_values: Address,
        /// Whether to add to it.
        accumulate_values: bool,
        /// Numbers of y per row of the batch.
        per_row: usize,
    }
}

static SHADER: Shader = Shader {
    entries: &[rows("forward"), rows("to_queries"), each("to_keys")],
    ..Shader::by_rows(wgsl!("attention"), Record::FIELDS)
};

impl Attention {
    fn record(&self, gpu: &mut GpuCompiler<'_>, reads: &mut Vec<Place>) -> Record {
        let places = gpu.values_of([self.queries, self.keys, self.values]);
        let [queries, keys, values] = [0, 1, 2].map(|index: usize| places[index].at());
        let mask = gpu.mask(self.mask, reads);
        let [y, weights] = gpu.values_of([self.y, self.weights]).map(|place| place.at());
        reads.extend(places);
        Record {
            queries,
            keys,
            values,
            mask,
            y,
            weights,
            length: self.length,
            heads: self.heads,
            depth: self.depth,
            steps: self.heads * self.length,
            scale: 1.0 / (self.depth as f32).sqrt(),
            per_row: gpu.per_row(self.y),
            ..Record::default()
        }
    }
}

impl GpuOperation for Attention {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let mut reads = Vec::new();
        let record = self.record(gpu, &mut reads);
        let writes = Vec::from(gpu.values_of([self.y, self.weights]));
        let (kernel, groups) = gpu.by_rows(&SHADER, "forward", record.steps, gpu.lanes(self.length));
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        if ![self.queries, self.keys, self.values]
            .map(|value| gpu.wants(value))
            .contains(&true)
        {
            return Ok(());
        }
        let dy = gpu.gradient(self.y);
        let mut reads = vec![dy.clone(), gpu.value(self.weights)];
        let mut record = self.record(gpu, &mut reads);
        let d_scores = gpu.scratch(gpu.max_rows * self.heads * self.length * self.length);
        let (mut to_queries, mut to_keys) = (vec![d_scores.clone()], Vec::new());
        (record.dy, record.d_scores) = (dy.at(), d_scores.at());
        (record.d_queries, record.accumulate_queries) = gpu.claim_wanted(self.queries, &mut to_queries);
        (record.d_keys, record.accumulate_keys) = gpu.claim_wanted(self.keys, &mut to_keys);
        (record.d_values, record.accumulate_values) = gpu.claim_wanted(self.values, &mut to_keys);
        let (kernel, groups) = gpu.by_rows(&SHADER, "to_queries", record.steps, gpu.lanes(self.length));
        gpu.push(kernel, &record, groups, reads.clone(), to_queries);
        if !to_keys.is_empty() {
            reads.push(d_scores);
            let groups = gpu.threads(gpu.max_rows * record.per_row);
            gpu.push(
                Kernel::sized(&SHADER, "to_keys", ALONE),
                &record,
                groups,
                reads,
                to_keys,
            );
        }
        Ok(())
    }
}
