//! Tasks of the LSTM and the GRU: products over all steps, and one recurrent task per direction.

use std::ops::Deref;

use super::{Compiler, at, product::Product, words};
use crate::{
    gpu::{
        error::GpuError,
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record},
    },
    ids::ParameterId,
    operation::recurrence::Recurrence,
    ops::{GruCells, LstmCells},
};

/// A recurrent op and the file of its kernel.
#[derive(Clone, Copy)]
pub(super) struct Recurrent<'a> {
    file: File,
    shared: &'a Recurrence,
}

impl Deref for Recurrent<'_> {
    type Target = Recurrence;

    fn deref(&self) -> &Recurrence {
        self.shared
    }
}

impl<'a> From<&'a LstmCells> for Recurrent<'a> {
    fn from(op: &'a LstmCells) -> Self {
        Self {
            file: File::Lstm,
            shared: op,
        }
    }
}

impl<'a> From<&'a GruCells> for Recurrent<'a> {
    fn from(op: &'a GruCells) -> Self {
        Self {
            file: File::Gru,
            shared: op,
        }
    }
}

impl Recurrent<'_> {
    fn is_gru(&self) -> bool {
        self.file == File::Gru
    }

    /// Rows per team.
    fn tile(&self, alone: bool) -> usize {
        match self.units {
            _ if alone => 1,
            0..=256 => 4,
            257..=512 => 2,
            _ => 1,
        }
    }

    /// Threads per team.
    fn team(&self) -> u32 {
        self.units.next_power_of_two().clamp(32, 256) as u32
    }
}

impl Compiler<'_> {
    pub(super) fn recurrent(&mut self, index: usize, op: Recurrent) -> Result<(), GpuError> {
        // The gradients of the gates of a step of a tile have 4096 numbers of workgroup memory.
        let limit = 1024;
        if op.units > limit {
            return Err(GpuError::Unsupported {
                op: self.plan.ops[index].key(),
                needed: op.units,
                limit,
            });
        }
        let steps = self.max_rows * op.length;
        let gates = self.scratch(steps * op.n_gates * op.units);
        let inner = self.scratch(steps * op.units);
        let previous = self.scratch(steps * op.units);
        let product = self.recurrent_product(&op, op.kernel, gates.clone());
        self.product_forward(&product);
        self.scratch[index] = vec![gates.clone(), inner.clone(), previous.clone()];
        let mut reads = vec![
            self.parameter(op.recurrent_kernel),
            self.parameter(op.bias),
            gates.clone(),
        ];
        let record = self.recurrent_record(index, &op, [NOWHERE; 5], &mut reads);
        let groups = self.teams(self.max_rows.div_ceil(op.tile(self.alone)));
        let writes = vec![gates, inner, previous, self.value(op.y)];
        self.push(
            self.team(op.file, "forward", op.team()),
            record,
            groups,
            reads,
            writes,
        );
        Ok(())
    }

    pub(super) fn recurrent_backward(&mut self, index: usize, op: Recurrent) {
        let (wants_x, trains) = (self.wants(op.x), self.trains(op.kernel));
        if !wants_x && !trains {
            return;
        }
        let dy = self.gradient(op.y);
        let n_gradients = self.max_rows * op.length * op.n_gates * op.units;
        let dz = self.scratch(n_gradients);
        // The two sides of a GRU's gates have gradients of their own.
        let de = if op.is_gru() {
            self.scratch(n_gradients)
        } else {
            dz.clone()
        };
        let carried = self.scratch(self.max_rows * 2 * op.units);
        let n_turned = if self.alone { 0 } else { op.units * op.units };
        let turned = self.scratch(op.n_gates * n_turned);
        let own = self.scratch[index].clone();
        let mut reads = own.clone();
        reads.push(dy.clone());
        let back = [&dy, &dz, &carried, &turned, &de].map(at);
        let record = self.recurrent_record(index, &op, back, &mut reads);
        // Threads that work alone read U by its rows.
        if !self.alone {
            self.push(
                Kernel::sized(op.file, "turn", op.team()),
                record.clone(),
                self.threads(turned.range.len()),
                vec![self.parameter(op.recurrent_kernel)],
                vec![turned.clone()],
            );
            reads.push(turned);
        }
        let groups = self.teams(self.max_rows.div_ceil(op.tile(self.alone)));
        let writes = vec![dz.clone(), de.clone(), carried];
        self.push(
            self.team(op.file, "backward", op.team()),
            record,
            groups,
            reads,
            writes,
        );
        let mut product = self.recurrent_product(&op, op.kernel, own[0].clone());
        product.dy = Some(dz);
        if trains {
            let (dw, accumulate) = self.claim_parameter(op.kernel);
            let (db, _) = self.claim_parameter(op.bias);
            self.product_to_weight(&product, &dw, Some(&db), accumulate);
            let mut recurrent = self.recurrent_product(&op, op.recurrent_kernel, own[0].clone());
            recurrent.x = own[2].clone();
            recurrent.n_in = op.units;
            recurrent.dy = Some(de);
            let (du, accumulate) = self.claim_parameter(op.recurrent_kernel);
            // A GRU has a second bias behind the first, on this side.
            let mut db_behind = db;
            db_behind.range.start += op.n_gates * op.units;
            let db = op.is_gru().then_some(&db_behind);
            self.product_to_weight(&recurrent, &du, db, accumulate);
        }
        if wants_x {
            let (dx, accumulate) = self.claim(op.x);
            self.product_to_input(&product, &dx, accumulate);
        }
    }

    fn recurrent_product(&mut self, op: &Recurrent, w: ParameterId, y: Place) -> Product {
        Product {
            x: self.value(op.x),
            w: self.parameter(w),
            bias: Some(self.parameter(op.bias)),
            y,
            z: None,
            epilogue: 0,
            steps: op.length,
            n_in: op.n_in,
            n_out: op.n_gates * op.units,
            dy: None,
        }
    }

    fn recurrent_record(
        &mut self,
        index: usize,
        op: &Recurrent,
        back: [u32; 5],
        reads: &mut Vec<Place>,
    ) -> Record {
        let mask = self.mask_of(op.mask, reads);
        let y = at(&self.value(op.y));
        let u = at(&self.parameter(op.recurrent_kernel));
        let recurrent_bias = at(&self.parameter(op.bias)) + (op.n_gates * op.units) as u32;
        let own = &self.scratch[index];
        let [length, units, n_tile] = words([op.length, op.units, op.tile(self.alone)]);
        let [dy, dz, carried, turned, de] = back;
        Record::new(&[
            mask,
            u,
            at(&own[0]),
            at(&own[1]),
            at(&own[2]),
            y,
            length,
            units,
            u32::from(op.sequences),
            u32::from(op.backwards),
            n_tile,
            dy,
            dz,
            carried,
            turned,
            recurrent_bias,
            de,
        ])
    }
}
