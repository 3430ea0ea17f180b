//! WebGPU kernels of batch normalisation: a team per 16 columns.

use super::BatchNorm;
use crate::operation::gpu::{
    Address, GpuCompiler, GpuError, GpuOperation, GpuRecord, Place, Shader, by_columns, gpu_record, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// Which steps count; nowhere: all.
        mask: Address,
        /// Output.
        y: Address,
        /// Steps per row of the batch.
        steps: usize,
        /// Numbers per step.
        width: usize,
        /// γ.
        gamma: Address,
        /// β.
        beta: Address,
        /// Running mean.
        moving_mean: Address,
        /// Running variance.
        moving_variance: Address,
        /// n.
        normalized: Address,
        /// Per column the inverse of the deviation; then 1 over the steps that count, 0 unless it is from them.
        statistics: Address,
        /// Share of the running statistics that is kept.
        momentum: f32,
        /// ε.
        epsilon: f32,
        /// Rows of a full batch.
        max_rows: usize,
        /// Whether the running statistics are used while training too, and stay.
        frozen: bool,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x; nowhere: not wanted.
        dx: Address,
        /// Whether to add to it.
        accumulate: bool,
        /// Gradient of γ; nowhere: not wanted.
        d_gamma: Address,
        /// Gradient of β.
        d_beta: Address,
        /// Whether to add to these.
        accumulate_gamma: bool,
    }
}

static SHADER: Shader = Shader {
    entries: &[by_columns("forward"), by_columns("backward")],
    ..Shader::by_teams(wgsl!("batch_norm"), Record::FIELDS)
};

impl BatchNorm {
    fn record(&self, gpu: &mut GpuCompiler<'_>, reads: &mut Vec<Place>) -> Record {
        let mask = gpu.mask(self.mask, reads);
        let [x, y, normalized, statistics] = gpu
            .values_of([self.x, self.y, self.normalized, self.statistics])
            .map(|place| place.at());
        let [gamma, beta, moving_mean, moving_variance] =
            [self.gamma, self.beta, self.moving_mean, self.moving_variance]
                .map(|parameter| gpu.parameter(parameter).at());
        Record {
            x,
            mask,
            y,
            steps: gpu.per_row(self.y) / self.width,
            width: self.width,
            gamma,
            beta,
            moving_mean,
            moving_variance,
            normalized,
            statistics,
            momentum: self.momentum,
            epsilon: self.epsilon,
            max_rows: gpu.max_rows,
            frozen: self.frozen,
            ..Record::default()
        }
    }
}

impl GpuOperation for BatchNorm {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let mut reads = vec![
            gpu.value(self.x),
            gpu.parameter(self.gamma),
            gpu.parameter(self.beta),
        ];
        let record = self.record(gpu, &mut reads);
        let mut writes = Vec::from(gpu.values_of([self.y, self.normalized, self.statistics]));
        writes.extend([self.moving_mean, self.moving_variance].map(|statistic| gpu.parameter(statistic)));
        let (kernel, groups) = (gpu.team(&SHADER, "forward", 256), gpu.columns(self.width));
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let trains = gpu.trains(self.gamma);
        if !gpu.wants(self.x) && !trains {
            return Ok(());
        }
        let dy = gpu.gradient(self.y);
        let [normalized, statistics] = gpu.values_of([self.normalized, self.statistics]);
        let mut reads = vec![dy.clone(), normalized, statistics, gpu.parameter(self.gamma)];
        let mut record = self.record(gpu, &mut reads);
        let mut writes = Vec::new();
        record.dy = dy.at();
        (record.dx, record.accumulate) = gpu.claim_wanted(self.x, &mut writes);
        if trains {
            let (d_gamma, accumulate) = gpu.claim_parameter(self.gamma);
            let (d_beta, _) = gpu.claim_parameter(self.beta);
            (record.d_gamma, record.d_beta, record.accumulate_gamma) =
                (d_gamma.at(), d_beta.at(), accumulate);
            writes.extend([d_gamma, d_beta]);
        }
        let (kernel, groups) = (gpu.team(&SHADER, "backward", 256), gpu.columns(self.width));
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }
}
