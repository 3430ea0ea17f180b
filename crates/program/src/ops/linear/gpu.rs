//! WebGPU kernels of the product in its three forms, with the bias, the activation and its derivative applied on the way:
//! by teams in tiles (`tiles.wgsl`), or by threads that work alone in blocks (`blocks.wgsl`).

use super::{Epilogue, Linear};
use crate::operation::gpu::{
    ALONE, Address, Entry, GpuCompiler, GpuError, GpuOperation, GpuRecord, Kernel, Place, Shader, WORKGROUP,
    block, each, gpu_record, tile, wgsl,
};

gpu_record! {
    /// Constants of the kernels.
    struct Record {
        /// Input.
        x: Address,
        /// W.
        w: Address,
        /// b; nowhere: none.
        bias: Address,
        /// Output.
        y: Address,
        /// Where GELU keeps x W + b.
        z: Address,
        /// 0 none, 1 ReLU, 2 GELU, 3 tanh, 4 sigmoid.
        epilogue: u32,
        /// Steps per row of the batch.
        steps: usize,
        /// Width of the input.
        n_in: usize,
        /// Width of the output.
        n_out: usize,
        /// Gradient of y.
        dy: Address,
        /// Gradient of x.
        dx: Address,
        /// Gradient of W.
        dw: Address,
        /// Gradient of b; nowhere: none.
        db: Address,
        /// Whether to add to the gradient that the kernel writes.
        accumulate: bool,
        /// The rows are summed in several parts, each to a place of its own in the arena; 1: straight to the gradient.
        n_parts: usize,
        /// Which part.
        part: usize,
        /// Place of the part's sums; for threads that work alone, where a 1 is.
        sums: usize,
    }
}

static SHADER: Shader = Shader {
    together: Some(wgsl!("linear_tiles")),
    alone: Some(wgsl!("linear_blocks")),
    together_entries: &[tile("forward"), tile("to_input"), tile("to_weight")],
    alone_entries: &[
        block("forward", "values"),
        block("to_input", "values"),
        block("to_weight", "arena"),
        Entry {
            count: "n_rows() * record.steps * record.n_out",
            ..each("derive")
        },
    ],
    sizes: &[ALONE, 8, 16],
    ..Shader::plain(wgsl!("linear"), Record::FIELDS)
};

/// A product with its places: what recurrent ops and positions use too.
pub(crate) struct Product {
    /// Input, `m × n_in` with m = rows · steps.
    pub x: Place,
    /// W, `n_in × n_out`.
    pub w: Place,
    /// b.
    pub bias: Option<Place>,
    /// Output, `m × n_out`.
    pub y: Place,
    /// Gradient of y.
    pub dy: Option<Place>,
    /// Where GELU keeps x W + b.
    pub z: Option<Place>,
    /// f, as in the record.
    pub epilogue: u32,
    /// Steps per row of the batch.
    pub steps: usize,
    /// Width of the input.
    pub n_in: usize,
    /// Width of the output.
    pub n_out: usize,
}

impl Product {
    /// `y = x W` over `sizes`: steps per row of the batch, width of the input, width of the output.
    pub fn plain(x: Place, w: Place, y: Place, sizes: [usize; 3]) -> Self {
        let [steps, n_in, n_out] = sizes;
        Self {
            x,
            w,
            bias: None,
            y,
            dy: None,
            z: None,
            epilogue: 0,
            steps,
            n_in,
            n_out,
        }
    }

    fn of(op: &Linear, gpu: &mut GpuCompiler<'_>) -> Self {
        let [x, y] = gpu.values_of([op.x, op.y]);
        Self {
            bias: op.bias.map(|bias| gpu.parameter(bias)),
            z: op.pre_activation.map(|z| gpu.value(z)),
            epilogue: match op.epilogue {
                Epilogue::Identity => 0,
                Epilogue::Relu => 1,
                Epilogue::Gelu => 2,
                Epilogue::Tanh => 3,
                Epilogue::Sigmoid => 4,
            },
            ..Self::plain(x, gpu.parameter(op.kernel), y, [op.steps, op.n_in, op.n_out])
        }
    }

    fn record(&self) -> Record {
        Record {
            x: self.x.at(),
            w: self.w.at(),
            bias: Address::of(self.bias.as_ref()),
            y: self.y.at(),
            z: Address::of(self.z.as_ref()),
            epilogue: self.epilogue,
            steps: self.steps,
            n_in: self.n_in,
            n_out: self.n_out,
            dy: Address::of(self.dy.as_ref()),
            n_parts: 1,
            ..Record::default()
        }
    }

    /// What the gradients read besides x or W.
    fn backward_reads(&self) -> Vec<Place> {
        let mut reads = Vec::new();
        reads.extend(self.dy.clone());
        if self.epilogue != 0 {
            reads.push(self.y.clone());
        }
        reads.extend(self.z.clone());
        reads
    }

    /// Adds the task of `y = f(x W + b)`.
    pub fn forward(&self, gpu: &mut GpuCompiler<'_>) {
        let m = gpu.max_rows * self.steps;
        let (kernel, groups) = if gpu.alone {
            blocks("forward", m, self.n_out)
        } else if self.n_out < 16 {
            (
                Kernel::sized(&SHADER, "forward_narrow", 8),
                gpu.threads(m * self.n_out),
            )
        } else {
            tiles("forward", m, self.n_out)
        };
        let mut reads = vec![self.x.clone(), self.w.clone()];
        reads.extend(self.bias.clone());
        let mut writes = vec![self.y.clone()];
        writes.extend(self.z.clone());
        gpu.push(kernel, &self.record(), groups, reads, writes);
    }

    /// Adds the task of `dx = dz Wᵀ`.
    pub fn to_input(&self, gpu: &mut GpuCompiler<'_>, dx: &Place, accumulate: bool) {
        let m = gpu.max_rows * self.steps;
        let (kernel, groups) = if gpu.alone {
            blocks("to_input", m, self.n_in)
        } else if self.n_in < 16 || self.n_out < 8 {
            (
                Kernel::sized(&SHADER, "to_input_narrow", 8),
                gpu.threads(m * self.n_in),
            )
        } else {
            tiles("to_input", m, self.n_in)
        };
        let mut reads = self.backward_reads();
        reads.extend([self.w.clone(), dx.clone()]);
        let record = Record {
            dx: dx.at(),
            accumulate,
            ..self.record()
        };
        gpu.push(kernel, &record, groups, reads, vec![dx.clone()]);
    }

    /// Adds the tasks of `dW = xᵀ dz` and `db = Σ dz`.
    pub fn to_weight(&self, gpu: &mut GpuCompiler<'_>, dw: &Place, db: Option<&Place>, accumulate: bool) {
        let m = gpu.max_rows * self.steps;
        let n_rows = self.n_in + usize::from(db.is_some());
        let n_numbers = n_rows * self.n_out;
        let (kernel, groups) = if gpu.alone {
            blocks("to_weight", n_rows, self.n_out)
        } else if self.n_out < 16 || self.n_in < 8 {
            let n_groups = n_numbers.div_ceil(16) as u32;
            (Kernel::sized(&SHADER, "to_weight_narrow", 8), [n_groups, 1])
        } else {
            tiles("to_weight", self.n_in, self.n_out)
        };
        // A long sum over few numbers is cut, so that there is work for more workgroups.
        let n_groups = (groups[0] * groups[1]) as usize;
        let n_parts = if gpu.alone {
            1
        } else {
            (m / 256).min(16 / n_groups.max(1)).clamp(1, 8)
        };
        let record = Record {
            dw: dw.at(),
            db: Address::of(db),
            accumulate,
            ..self.record()
        };
        let mut writes = vec![dw.clone()];
        writes.extend(db.cloned());
        let mut reads = self.backward_reads();
        reads.push(self.x.clone());
        if n_parts == 1 {
            reads.extend(writes.iter().cloned());
            let record = Record {
                sums: gpu.one,
                ..record
            };
            gpu.push(kernel, &record, groups, reads, writes);
            return;
        }
        let sums = gpu.scratch(n_parts * n_numbers);
        for part in 0..n_parts {
            let start = sums.range.start + part * n_numbers;
            let own = Place {
                range: start..start + n_numbers,
                ..sums.clone()
            };
            let record = Record {
                n_parts,
                part,
                sums: start,
                ..record
            };
            gpu.push(kernel, &record, groups, reads.clone(), vec![own]);
        }
        let record = Record {
            n_parts,
            sums: sums.range.start,
            ..record
        };
        let mut reads = vec![sums];
        reads.extend(writes.iter().cloned());
        let groups = gpu.threads(n_numbers);
        gpu.push(Kernel::sized(&SHADER, "join", 8), &record, groups, reads, writes);
    }

    /// Adds the task that puts dz in the place of dy, which nothing but this op's gradients reads.
    fn derive(&self, gpu: &mut GpuCompiler<'_>, dy: Place) {
        let groups = gpu.threads(dy.len());
        let kernel = Kernel::sized(&SHADER, "derive", ALONE);
        gpu.push(kernel, &self.record(), groups, self.backward_reads(), vec![dy]);
    }
}

/// A thread for each 8 × 8 numbers of the result.
fn blocks(entry: &'static str, m: usize, n: usize) -> (Kernel, [u32; 2]) {
    let n_blocks = m.div_ceil(8) * n.div_ceil(8);
    let groups = [n_blocks.div_ceil(WORKGROUP as usize).min(4096) as u32, 1];
    (Kernel::sized(&SHADER, entry, ALONE), groups)
}

/// Tiles of 32 × 32, or of 64 × 64 where that still leaves enough of them.
fn tiles(entry: &'static str, m: usize, n: usize) -> (Kernel, [u32; 2]) {
    let groups = |tile: usize| [n.div_ceil(tile) as u32, m.div_ceil(tile) as u32];
    let large = groups(64);
    if large[0] * large[1] >= 16 {
        (Kernel::sized(&SHADER, entry, 16), large)
    } else {
        (Kernel::sized(&SHADER, entry, 8), groups(32))
    }
}

impl GpuOperation for Linear {
    const SHADERS: &'static [&'static Shader] = &[&SHADER];

    fn forward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        Product::of(self, gpu).forward(gpu);
        Ok(())
    }

    fn backward(&self, gpu: &mut GpuCompiler<'_>) -> Result<(), GpuError> {
        let mut product = Product::of(self, gpu);
        let dy = gpu.gradient(self.y);
        product.dy = Some(dy.clone());
        if gpu.alone && product.epilogue != 0 {
            product.derive(gpu, dy);
        }
        if gpu.trains(self.kernel) {
            let (dw, accumulate) = gpu.claim_parameter(self.kernel);
            let db = self.bias.map(|bias| gpu.claim_parameter(bias).0);
            product.to_weight(gpu, &dw, db.as_ref(), accumulate);
        }
        if gpu.wants(self.x) {
            let (dx, accumulate) = gpu.claim(self.x);
            product.to_input(gpu, &dx, accumulate);
        }
        Ok(())
    }
}
