//! Number of steps that are queued on the device: enough to keep it busy, few enough that a Pause takes effect at once.

/// Work that is queued, in milliseconds.
const AHEAD_MS: f64 = 30.0;
/// Most steps that are queued, however short they are: losses are kept for 256 steps.
const MAX_AHEAD: usize = 128;
/// Most steps of a submission.
const MAX_BATCH: usize = 16;
/// Share of a new measurement in the estimate.
const NEWEST: f64 = 0.3;

/// Estimates the time of a step from the times at which submissions complete.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QueueDepth {
    step_ms: Option<f64>,
    last_done_ms: f64,
}

impl QueueDepth {
    /// Records that `n_steps`, submitted at `submitted_ms`, were completed at `now_ms`.
    pub(crate) fn done(&mut self, n_steps: usize, submitted_ms: f64, now_ms: f64) {
        let took_ms = (now_ms - submitted_ms.max(self.last_done_ms)).max(0.0);
        self.last_done_ms = now_ms;
        let step_ms = took_ms / n_steps.max(1) as f64;
        self.step_ms = Some(self.step_ms.map_or(step_ms, |old| old + NEWEST * (step_ms - old)));
    }

    /// Most steps that may be queued: one before the first is completed.
    pub(crate) fn ahead(&self) -> usize {
        match self.step_ms {
            None => 1,
            Some(step_ms) => ((AHEAD_MS / step_ms.max(1e-3)) as usize).clamp(2, MAX_AHEAD),
        }
    }

    /// Steps of a submission: two submissions at least are under way.
    pub(crate) fn batch(&self) -> usize {
        (self.ahead() / 2).clamp(1, MAX_BATCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_steps_wait_one_by_one_and_quick_ones_in_batches() {
        let mut depth = QueueDepth::default();
        assert_eq!((depth.ahead(), depth.batch()), (1, 1));
        depth.done(1, 0.0, 200.0);
        assert_eq!((depth.ahead(), depth.batch()), (2, 1));
        let mut now_ms = 200.0;
        for _ in 0..40 {
            // Submitted long before the one before it was done: that does not count.
            depth.done(10, now_ms - 50.0, now_ms + 5.0);
            now_ms += 5.0;
        }
        assert!((58..=60).contains(&depth.ahead()), "{depth:?}");
        assert_eq!(depth.batch(), 16);
        for _ in 0..40 {
            depth.done(16, now_ms, now_ms);
        }
        assert_eq!(depth.ahead(), MAX_AHEAD, "however short they are");
    }
}
