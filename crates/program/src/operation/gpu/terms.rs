//! Lists of values, for ops that read any number of them: the lists are among the constants.

use super::{Address, GpuCompiler, Place};
use crate::ids::ValueId;

/// Values in the list of a task.
pub struct Terms {
    /// Where the list starts.
    pub list: Address,
    /// Number of entries.
    pub n: usize,
    /// The values.
    pub values: Vec<Place>,
    /// Their gradients, where those are wanted.
    pub gradients: Vec<Place>,
}

impl GpuCompiler<'_> {
    /// Lists entries of 4 words among the constants.
    pub fn list(&mut self, entries: &[[u32; 4]]) -> Address {
        self.constants(entries.iter().flatten().copied())
    }

    /// Lists values as: its place, its gradient or nowhere, whether to add to the gradient.
    pub fn terms(&mut self, terms: &[ValueId], backward: bool) -> Terms {
        let (mut values, mut gradients, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for term in terms {
            let x = self.value(*term);
            let (dx, accumulate) = if backward {
                self.claim_wanted(*term, &mut gradients)
            } else {
                (Address::NOWHERE, false)
            };
            entries.push([x.at().0, dx.0, u32::from(accumulate), 0]);
            values.push(x);
        }
        Terms {
            list: self.list(&entries),
            n: entries.len(),
            values,
            gradients,
        }
    }
}
