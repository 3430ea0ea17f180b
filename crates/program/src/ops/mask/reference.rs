//! 1 where a step counts, 0 where it does not.

use ndarray::{Axis, Slice, Zip};

use super::{Mask, MaskRule};
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for Mask {
    fn forward(&self, arrays: &mut Arrays) {
        let mask = match self.rule {
            MaskRule::KnownIds(slot) => arrays.ids(slot, self.length).mapv(|id| f64::from(id != 0)),
            MaskRule::Both(a, b) => arrays.value(a, self.length) * arrays.value(b, self.length),
            MaskRule::Either(a, b) => {
                let (a, b) = (arrays.value(a, self.length), arrays.value(b, self.length));
                Zip::from(&a).and(&b).map_collect(|a, b| a.max(*b))
            }
            MaskRule::Every { mask, stride, length } => {
                let every = Slice::new(
                    0,
                    Some(((self.length - 1) * stride + 1) as isize),
                    stride as isize,
                );
                arrays.value(mask, length).slice_axis(Axis(1), every).to_owned()
            }
        };
        arrays.write(self.y, mask);
    }

    /// A mask has no gradient.
    fn backward(&self, _arrays: &mut Arrays) {}
}
