//! Tasks of the product in its three forms.

use super::{Compiler, at, words};
use crate::{
    gpu::{
        kernels::{ALONE, File, Kernel, WORKGROUP},
        schedule::{NOWHERE, Place, Record},
    },
    ops::{Epilogue, Linear},
};

impl Compiler<'_> {
    pub(super) fn linear(&mut self, op: &Linear) {
        let product = self.product(op);
        self.product_forward(&product);
    }

    pub(super) fn linear_backward(&mut self, op: &Linear) {
        let mut product = self.product(op);
        let wants_x = self.wants(op.x);
        let dy = self.gradient(op.y);
        product.dy = Some(dy.clone());
        if self.alone && product.epilogue != 0 {
            self.derive(&product, dy);
        }
        if self.trains(op.kernel) {
            let (dw, accumulate) = self.claim_parameter(op.kernel);
            let db = op.bias.map(|bias| self.claim_parameter(bias).0);
            self.product_to_weight(&product, &dw, db.as_ref(), accumulate);
        }
        if wants_x {
            let (dx, accumulate) = self.claim(op.x);
            self.product_to_input(&product, &dx, accumulate);
        }
    }

    pub(super) fn product(&mut self, op: &Linear) -> Product {
        Product {
            x: self.value(op.x),
            w: self.parameter(op.kernel),
            bias: op.bias.map(|bias| self.parameter(bias)),
            y: self.value(op.y),
            z: op.pre_activation.map(|z| self.value(z)),
            epilogue: match op.epilogue {
                Epilogue::Identity => 0,
                Epilogue::Relu => 1,
                Epilogue::Gelu => 2,
                Epilogue::Tanh => 3,
                Epilogue::Sigmoid => 4,
            },
            steps: op.steps,
            n_in: op.n_in,
            n_out: op.n_out,
            dy: None,
        }
    }

    pub(super) fn product_forward(&mut self, product: &Product) {
        let m = self.max_rows * product.steps;
        let (kernel, groups) = if self.alone {
            self.blocks("forward", m, product.n_out)
        } else if product.n_out < 16 {
            (
                Kernel::sized(File::Linear, "forward_narrow", 8),
                self.threads(m * product.n_out),
            )
        } else {
            tiles("forward", m, product.n_out)
        };
        let mut reads = vec![product.x.clone(), product.w.clone()];
        reads.extend(product.bias.clone());
        let mut writes = vec![product.y.clone()];
        writes.extend(product.z.clone());
        self.push(
            kernel,
            product.record(NOWHERE, NOWHERE, NOWHERE, 0, [1, 0, 0]),
            groups,
            reads,
            writes,
        );
    }

    pub(super) fn product_to_input(&mut self, product: &Product, dx: &Place, accumulate: u32) {
        let m = self.max_rows * product.steps;
        let (kernel, groups) = if self.alone {
            self.blocks("to_input", m, product.n_in)
        } else if product.n_in < 16 || product.n_out < 8 {
            (
                Kernel::sized(File::Linear, "to_input_narrow", 8),
                self.threads(m * product.n_in),
            )
        } else {
            tiles("to_input", m, product.n_in)
        };
        let mut reads = product.backward_reads();
        reads.push(product.w.clone());
        reads.push(dx.clone());
        let record = product.record(at(dx), NOWHERE, NOWHERE, accumulate, [1, 0, 0]);
        self.push(kernel, record, groups, reads, vec![dx.clone()]);
    }

    pub(super) fn product_to_weight(
        &mut self,
        product: &Product,
        dw: &Place,
        db: Option<&Place>,
        accumulate: u32,
    ) {
        let m = self.max_rows * product.steps;
        let n_rows = product.n_in + usize::from(db.is_some());
        let n_numbers = n_rows * product.n_out;
        let (kernel, groups) = if self.alone {
            self.blocks("to_weight", n_rows, product.n_out)
        } else if product.n_out < 16 || product.n_in < 8 {
            let n_groups = n_numbers.div_ceil(16) as u32;
            (Kernel::sized(File::Linear, "to_weight_narrow", 8), [n_groups, 1])
        } else {
            tiles("to_weight", product.n_in, product.n_out)
        };
        // A long sum over few numbers is cut, so that there is work for more workgroups.
        let n_groups = (groups[0] * groups[1]) as usize;
        let n_parts = if self.alone {
            1
        } else {
            (m / 256).min(16 / n_groups.max(1)).clamp(1, 8)
        };
        let place = db.map_or(NOWHERE, at);
        let mut writes = vec![dw.clone()];
        writes.extend(db.cloned());
        let mut reads = product.backward_reads();
        reads.push(product.x.clone());
        if n_parts == 1 {
            reads.extend(writes.iter().cloned());
            let numbers = words([1, 0, self.one]);
            let record = product.record(NOWHERE, at(dw), place, accumulate, numbers);
            self.push(kernel, record, groups, reads, writes);
            return;
        }
        let sums = self.scratch(n_parts * n_numbers);
        for part in 0..n_parts {
            let start = sums.range.start + part * n_numbers;
            let numbers = words([n_parts, part, start]);
            let own = Place {
                range: start..start + n_numbers,
                ..sums.clone()
            };
            let record = product.record(NOWHERE, at(dw), place, accumulate, numbers);
            self.push(kernel, record, groups, reads.clone(), vec![own]);
        }
        let numbers = words([n_parts, 0, sums.range.start]);
        let record = product.record(NOWHERE, at(dw), place, accumulate, numbers);
        let mut reads = vec![sums];
        reads.extend(writes.iter().cloned());
        self.push(
            Kernel::sized(File::Linear, "join", 8),
            record,
            self.threads(n_numbers),
            reads,
            writes,
        );
    }
}

impl Compiler<'_> {
    /// dz in the place of dy, which nothing but this op's gradients reads.
    fn derive(&mut self, product: &Product, dy: Place) {
        let record = product.record(NOWHERE, NOWHERE, NOWHERE, 0, [1, 0, 0]);
        let groups = self.threads(dy.range.len());
        let kernel = Kernel::sized(File::Linear, "derive", ALONE);
        self.push(kernel, record, groups, product.backward_reads(), vec![dy]);
    }

    /// A thread for each 8 × 8 numbers of the result.
    fn blocks(&self, entry: &'static str, m: usize, n: usize) -> (Kernel, [u32; 2]) {
        let n_blocks = m.div_ceil(8) * n.div_ceil(8);
        let groups = [n_blocks.div_ceil(WORKGROUP as usize).min(4096) as u32, 1];
        (Kernel::sized(File::Linear, entry, ALONE), groups)
    }
}

/// Tiles of 32 × 32, or of 64 × 64 where that still leaves enough of them.
fn tiles(entry: &'static str, m: usize, n: usize) -> (Kernel, [u32; 2]) {
    let groups = |tile: usize| [n.div_ceil(tile) as u32, m.div_ceil(tile) as u32];
    let large = groups(64);
    if large[0] * large[1] >= 16 {
        (Kernel::sized(File::Linear, entry, 16), large)
    } else {
        (Kernel::sized(File::Linear, entry, 8), groups(32))
    }
}

/// A product with its places.
pub(super) struct Product {
    pub(super) x: Place,
    pub(super) w: Place,
    pub(super) bias: Option<Place>,
    pub(super) y: Place,
    pub(super) z: Option<Place>,
    pub(super) epilogue: u32,
    pub(super) steps: usize,
    pub(super) n_in: usize,
    pub(super) n_out: usize,
    pub(super) dy: Option<Place>,
}

impl Product {
    fn backward_reads(&self) -> Vec<Place> {
        let mut reads = Vec::new();
        reads.extend(self.dy.clone());
        if self.epilogue != 0 {
            reads.push(self.y.clone());
        }
        reads.extend(self.z.clone());
        reads
    }

    fn record(&self, dx: u32, dw: u32, db: u32, accumulate: u32, parts: [u32; 3]) -> Record {
        let place = |place: &Option<Place>| place.as_ref().map_or(NOWHERE, at);
        let [steps, n_in, n_out] = words([self.steps, self.n_in, self.n_out]);
        let [n_parts, part, sums] = parts;
        Record::new(&[
            at(&self.x),
            at(&self.w),
            place(&self.bias),
            at(&self.y),
            place(&self.z),
            self.epilogue,
            steps,
            n_in,
            n_out,
            place(&self.dy),
            dx,
            dw,
            db,
            accumulate,
            n_parts,
            part,
            sums,
        ])
    }
}
