//! The order in which the training rows are seen: a new shuffle per epoch, from the seed and the epoch alone.
//!
//! Step s of a run with n rows and batches of b reads rows [k·b, min((k+1)·b, n)) of epoch e, where e = s / ⌈n/b⌉ and
//! k = s mod ⌈n/b⌉: the last batch of an epoch may be smaller, as in Keras.

use mtl_kernels::random::Random;

/// The shuffled rows of one epoch at a time.
#[derive(Debug)]
pub(crate) struct RowOrder {
    seed: u64,
    batch_size: usize,
    /// Row numbers as the split lists them.
    sorted: Vec<u32>,
    /// The order of `epoch`.
    shuffled: Vec<u32>,
    epoch: Option<u64>,
}

impl RowOrder {
    /// `batch_size` must not be 0.
    pub(crate) fn new(rows: &[u32], batch_size: usize, seed: u64) -> Self {
        Self {
            seed,
            batch_size,
            sorted: rows.to_vec(),
            shuffled: rows.to_vec(),
            epoch: None,
        }
    }

    /// Steps that one pass over all rows takes.
    pub(crate) fn steps_per_epoch(&self) -> u64 {
        self.sorted.len().div_ceil(self.batch_size) as u64
    }

    /// The rows of step `step` of the run; none when there are no rows at all.
    pub(crate) fn batch(&mut self, step: u64) -> &[u32] {
        let steps_per_epoch = self.steps_per_epoch();
        if steps_per_epoch == 0 {
            return &[];
        }
        let epoch = step / steps_per_epoch;
        if self.epoch != Some(epoch) {
            self.shuffled.copy_from_slice(&self.sorted);
            // The epoch is mixed into the seed rather than into the name, so that no string is made while training.
            let seed = self.seed ^ (epoch + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut random = Random::stream(seed, "order");
            for last in (1..self.shuffled.len()).rev() {
                self.shuffled.swap(last, random.below(last + 1));
            }
            self.epoch = Some(epoch);
        }
        let start = (step % steps_per_epoch) as usize * self.batch_size;
        let end = (start + self.batch_size).min(self.shuffled.len());
        &self.shuffled[start..end]
    }
}

/// `n` of `rows` (or all, when there are fewer), drawn from the seed, in their own order.
pub(crate) fn sample(rows: &[u32], n: usize, seed: u64, purpose: &str) -> Vec<u32> {
    let mut drawn = rows.to_vec();
    let n = n.min(drawn.len());
    let mut random = Random::stream(seed, purpose);
    for place in 0..n {
        let other = place + random.below(drawn.len() - place);
        drawn.swap(place, other);
    }
    drawn.truncate(n);
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch_of(order: &mut RowOrder, epoch: u64) -> Vec<u32> {
        let steps = order.steps_per_epoch();
        (0..steps)
            .flat_map(|step| order.batch(epoch * steps + step).to_vec())
            .collect()
    }

    #[test]
    fn every_epoch_sees_every_row_once_in_an_order_of_its_own() {
        let rows: Vec<u32> = (0..103).map(|row| row * 3).collect();
        let mut order = RowOrder::new(&rows, 10, 7);
        assert_eq!(order.steps_per_epoch(), 11);
        assert_eq!(order.batch(10).len(), 3);
        let (first, second) = (epoch_of(&mut order, 0), epoch_of(&mut order, 1));
        assert_ne!(first, second);
        for mut seen in [first.clone(), second] {
            seen.sort_unstable();
            assert_eq!(seen, rows);
        }
        assert_eq!(epoch_of(&mut order, 0), first, "going back gives the same order");
        assert_ne!(
            epoch_of(&mut RowOrder::new(&rows, 10, 8), 0),
            first,
            "the seed counts"
        );
    }

    #[test]
    fn a_sample_is_fixed_and_without_repetition() {
        let rows: Vec<u32> = (0..50).collect();
        let drawn = sample(&rows, 20, 3, "watch");
        assert_eq!(drawn, sample(&rows, 20, 3, "watch"));
        assert_ne!(drawn, sample(&rows, 20, 4, "watch"));
        assert!(drawn.is_sorted_by(|a, b| a < b) && drawn.len() == 20);
        assert_eq!(sample(&rows, 80, 3, "watch"), rows);
        assert!(RowOrder::new(&[], 4, 1).batch(3).is_empty());
    }
}
