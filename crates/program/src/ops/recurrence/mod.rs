//! What the WebGPU kernels of the LSTM and the GRU share: products over all steps, and one recurrent task per direction, in
//! which a team takes some rows of the batch through the whole sequence (`team.wgsl`), or a thread one row (`alone.wgsl`).

use super::linear::gpu::Product;
use crate::{
    ids::ParameterId,
    operation::{
        gpu::{
            ALONE, Address, GpuCompiler, GpuError, GpuRecord, Kernel, Place, Shader, Wgsl, gpu_record, wgsl,
        },
        recurrence::Recurrence,
    },
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Which steps count; nowhere: all.
        mask: Address,
        /// U.
        u: Address,
        /// In: x W + b; out: the gates.
        gates: Address,
        /// LSTM: c after each step; GRU: e of the candidate.
        inner: Address,
        /// h before each step.
        previous: Address,
        /// Output.
        y: Address,
        /// Steps.
        length: usize,
        /// Width of the state.
        units: usize,
        /// Whether every h is given.
        sequences: bool,
        /// Whether it reads from the last step to the first.
        backwards: bool,
        /// Rows per team.
        n_tile: usize,
        /// Gradient of y.
        dy: Address,
        /// Gradient of the gates by x W + b.
        dz: Address,
        /// dh and dc on their way back, per row.
        carried: Address,
        /// The transpose of U.
        turned: Address,
        /// GRU: the bias of h U.
        bias: Address,
        /// GRU: gradient by h U + its bias; LSTM: as dz.
        de: Address,
    }
}

/// The shader of a recurrent op, whose cell is in `file`.
pub(crate) const fn shader(file: Wgsl) -> Shader {
    Shader {
        shared: Some(wgsl!("recurrence")),
        together: Some(wgsl!("recurrence_team")),
        alone: Some(wgsl!("recurrence_alone")),
        sizes: &[ALONE, 32, 64, 128, 256],
        ..Shader::plain(file, Record::FIELDS)
    }
}

/// Most units: the gradients of the gates of a step of a tile have 4096 numbers of workgroup memory.
const MAX_UNITS: usize = 1024;

/// A recurrent op as the tasks see it.
pub(crate) struct Recurrent<'a> {
    /// Its key.
    pub key: &'static str,
    /// Its shader.
    pub shader: &'static Shader,
    /// Its operands.
    pub op: &'a Recurrence,
    /// Whether h U has a bias and gradients of its own, as in a GRU.
    pub two_sided: bool,
}

impl Recurrent<'_> {
    /// Rows per team.
    fn tile(&self, gpu: &GpuCompiler<'_>) -> usize {
        match self.op.units {
            _ if gpu.alone => 1,
            0..=256 => 4,
            257..=512 => 2,
            _ => 1,
        }
    }

    /// Threads per team.
    fn team(&self) -> u32 {
        self.op.units.next_power_of_two().clamp(32, 256) as u32
    }

    fn product(&self, gpu: &mut GpuCompiler<'_>, w: ParameterId, y: Place) -> Product {
        let op = self.op;
        let (x, w, bias) = (gpu.value(op.x), gpu.parameter(w), gpu.parameter(op.bias));
        let sizes = [op.length, op.n_in, op.n_gates * op.units];
        Product {
            bias: Some(bias),
            ..Product::plain(x, w, y, sizes)
        }
    }

    fn record(&self, gpu: &mut GpuCompiler<'_>, reads: &mut Vec<Place>) -> Record {
        let op = self.op;
        let [gates, inner, previous] = [0, 1, 2].map(|index: usize| gpu.kept()[index].at());
        let mut recurrent_bias = gpu.parameter(op.bias);
        recurrent_bias.range.start += op.n_gates * op.units;
        Record {
            mask: gpu.mask(op.mask, reads),
            u: gpu.parameter(op.recurrent_kernel).at(),
            gates,
            inner,
            previous,
            y: gpu.value(op.y).at(),
            length: op.length,
            units: op.units,
            sequences: op.sequences,
            backwards: op.backwards,
            n_tile: self.tile(gpu),
            bias: recurrent_bias.at(),
            ..Record::default()
        }
    }

    /// Adds the tasks of the forward pass.
    pub fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let op = self.op;
        if op.units > MAX_UNITS {
            return Err(GpuError::UnsupportedSize {
                op: self.key,
                needed: op.units,
                limit: MAX_UNITS,
            });
        }
        let steps = gpu.max_rows * op.length;
        let gates = gpu.scratch(steps * op.n_gates * op.units);
        let inner = gpu.scratch(steps * op.units);
        let previous = gpu.scratch(steps * op.units);
        self.product(gpu, op.kernel, gates.clone()).forward(gpu);
        gpu.keep(vec![gates.clone(), inner.clone(), previous.clone()]);
        let mut reads = vec![
            gpu.parameter(op.recurrent_kernel),
            gpu.parameter(op.bias),
            gates.clone(),
        ];
        let record = self.record(gpu, &mut reads);
        let groups = gpu.teams(gpu.max_rows.div_ceil(self.tile(gpu)));
        let writes = vec![gates, inner, previous, gpu.value(op.y)];
        let kernel = gpu.team(self.shader, "forward", self.team());
        gpu.push(kernel, &record, groups, reads, writes);
        Ok(())
    }

    /// Adds the tasks of the backward pass.
    pub fn backward(&self, gpu: &mut GpuCompiler<'_>) {
        let op = self.op;
        let (wants_x, trains) = (gpu.wants(op.x), gpu.trains(op.kernel));
        if !wants_x && !trains {
            return;
        }
        let dy = gpu.gradient(op.y);
        let n_gradients = gpu.max_rows * op.length * op.n_gates * op.units;
        let dz = gpu.scratch(n_gradients);
        // The two sides of a GRU's gates have gradients of their own.
        let de = if self.two_sided {
            gpu.scratch(n_gradients)
        } else {
            dz.clone()
        };
        let carried = gpu.scratch(gpu.max_rows * 2 * op.units);
        let n_turned = if gpu.alone { 0 } else { op.units * op.units };
        let turned = gpu.scratch(op.n_gates * n_turned);
        let kept = gpu.kept();
        let mut reads = kept.clone();
        reads.push(dy.clone());
        let record = Record {
            dy: dy.at(),
            dz: dz.at(),
            carried: carried.at(),
            turned: turned.at(),
            de: de.at(),
            ..self.record(gpu, &mut reads)
        };
        // Threads that work alone read U by its rows.
        if !gpu.alone {
            let kernel = Kernel::sized(self.shader, "turn", self.team());
            let (groups, u) = (gpu.threads(turned.len()), gpu.parameter(op.recurrent_kernel));
            gpu.push(kernel, &record, groups, vec![u], vec![turned.clone()]);
            reads.push(turned);
        }
        let groups = gpu.teams(gpu.max_rows.div_ceil(self.tile(gpu)));
        let writes = vec![dz.clone(), de.clone(), carried];
        let kernel = gpu.team(self.shader, "backward", self.team());
        gpu.push(kernel, &record, groups, reads, writes);
        let mut product = self.product(gpu, op.kernel, kept[0].clone());
        product.dy = Some(dz);
        if trains {
            let (dw, accumulate) = gpu.claim_parameter(op.kernel);
            let (db, _) = gpu.claim_parameter(op.bias);
            product.to_weight(gpu, &dw, Some(&db), accumulate);
            let sizes = [op.length, op.units, op.n_gates * op.units];
            let u = gpu.parameter(op.recurrent_kernel);
            let recurrent = Product {
                dy: Some(de),
                ..Product::plain(kept[2].clone(), u, kept[0].clone(), sizes)
            };
            let (du, accumulate) = gpu.claim_parameter(op.recurrent_kernel);
            // A GRU has a second bias behind the first, on this side.
            let mut db_behind = db;
            db_behind.range.start += op.n_gates * op.units;
            let db = self.two_sided.then_some(&db_behind);
            recurrent.to_weight(gpu, &du, db, accumulate);
        }
        if wants_x {
            let (dx, accumulate) = gpu.claim(op.x);
            product.to_input(gpu, &dx, accumulate);
        }
    }
}
