//! Tasks of the LSTM: products over all steps, and one recurrent task per direction.

use super::{Compiler, at, product::Product, threads, words};
use crate::{
    backend::gpu::{
        error::GpuError,
        kernels::{File, Kernel},
        schedule::{NOWHERE, Place, Record},
    },
    ops::LstmCells,
    plan::ParameterId,
};

impl Compiler<'_> {
    pub(super) fn lstm(&mut self, index: usize, op: &LstmCells) -> Result<(), GpuError> {
        // dz of a step of a tile has 4096 numbers of workgroup memory.
        let limit = 1024;
        if op.units > limit {
            return Err(GpuError::Unsupported {
                op: "lstm",
                needed: op.units,
                limit,
            });
        }
        let steps = self.max_rows * op.length;
        let gates = self.scratch(steps * 4 * op.units);
        let cells = self.scratch(steps * op.units);
        let previous = self.scratch(steps * op.units);
        let product = self.lstm_product(op, op.kernel, Some(op.bias), gates.clone());
        self.product_forward(&product);
        self.scratch[index] = vec![gates.clone(), cells.clone(), previous.clone()];
        let y = self.value(op.y);
        let record = self.lstm_record(index, op, [NOWHERE; 4]);
        let mut reads = vec![self.parameter(op.recurrent_kernel), gates.clone()];
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let (kernel, groups) = self.lstm_kernel(op, "forward");
        self.push(kernel, record, groups, reads, vec![gates, cells, previous, y]);
        Ok(())
    }

    pub(super) fn lstm_backward(&mut self, index: usize, op: &LstmCells) {
        let (wants_x, trains) = (self.wants(op.x), self.trains(op.kernel));
        if !wants_x && !trains {
            return;
        }
        let dy = self.gradient(op.y);
        let dz = self.scratch(self.max_rows * op.length * 4 * op.units);
        let carried = self.scratch(self.max_rows * 2 * op.units);
        let turned = self.scratch(4 * op.units * op.units);
        let record = self.lstm_record(index, op, [&dy, &dz, &carried, &turned].map(at));
        self.push(
            Kernel::sized(File::Lstm, "turn", self.lstm_kernel(op, "turn").0.size),
            record.clone(),
            threads(turned.range.len()),
            vec![self.parameter(op.recurrent_kernel)],
            vec![turned.clone()],
        );
        let own = self.scratch[index].clone();
        let mut reads = own.clone();
        reads.extend([dy, turned]);
        reads.extend(op.mask.map(|mask| self.value(mask)));
        let (kernel, groups) = self.lstm_kernel(op, "backward");
        self.push(kernel, record, groups, reads, vec![dz.clone(), carried]);
        let mut product = self.lstm_product(op, op.kernel, Some(op.bias), own[0].clone());
        product.dy = Some(dz.clone());
        if trains {
            let (dw, accumulate) = self.claim_parameter(op.kernel);
            let (db, _) = self.claim_parameter(op.bias);
            self.product_to_weight(&product, &dw, Some(&db), accumulate);
            let mut recurrent = self.lstm_product(op, op.recurrent_kernel, None, own[0].clone());
            recurrent.x = own[2].clone();
            recurrent.n_in = op.units;
            recurrent.dy = Some(dz);
            let (du, accumulate) = self.claim_parameter(op.recurrent_kernel);
            self.product_to_weight(&recurrent, &du, None, accumulate);
        }
        if wants_x {
            let (dx, accumulate) = self.claim(op.x);
            self.product_to_input(&product, &dx, accumulate);
        }
    }

    pub(super) fn lstm_product(
        &mut self,
        op: &LstmCells,
        w: ParameterId,
        bias: Option<ParameterId>,
        y: Place,
    ) -> Product {
        Product {
            x: self.value(op.x),
            w: self.parameter(w),
            bias: bias.map(|bias| self.parameter(bias)),
            y,
            z: None,
            epilogue: 0,
            steps: op.length,
            n_in: op.n_in,
            n_out: 4 * op.units,
            dy: None,
        }
    }

    pub(super) fn lstm_tile(op: &LstmCells) -> usize {
        match op.units {
            0..=256 => 4,
            257..=512 => 2,
            _ => 1,
        }
    }

    pub(super) fn lstm_kernel(&self, op: &LstmCells, entry: &'static str) -> (Kernel, [u32; 2]) {
        let size = op.units.next_power_of_two().clamp(32, 256) as u32;
        let n_groups = self.max_rows.div_ceil(Self::lstm_tile(op)) as u32;
        (Kernel::sized(File::Lstm, entry, size), [n_groups, 1])
    }

    pub(super) fn lstm_record(&mut self, index: usize, op: &LstmCells, back: [u32; 4]) -> Record {
        let mask = op.mask.map_or(NOWHERE, |mask| at(&self.value(mask)));
        let y = at(&self.value(op.y));
        let u = at(&self.parameter(op.recurrent_kernel));
        let own = &self.scratch[index];
        let [length, units, n_tile] = words([op.length, op.units, Self::lstm_tile(op)]);
        let [dy, dz, carried, turned] = back;
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
        ])
    }
}
