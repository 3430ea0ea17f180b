//! Steps and rows per second over the last second of training.

/// Number of marks that are kept: more than the reports of a second, every 50 ms.
const MAX_MARKS: usize = 32;
/// Length of the window.
const WINDOW_MS: f64 = 1000.0;

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    elapsed_ms: f64,
    steps: u64,
    rows: u64,
}

/// Counts steps and rows against the time that is spent on them.
#[derive(Debug, Default)]
pub(crate) struct Throughput {
    now: Mark,
    marks: [Mark; MAX_MARKS],
    n_marks: usize,
}

impl Throughput {
    /// Counts one step.
    pub(crate) fn count(&mut self, rows: usize) {
        self.now.steps += 1;
        self.now.rows += rows as u64;
    }

    /// Steps and rows per second at `elapsed_ms` of training time; sets a mark.
    pub(crate) fn rates(&mut self, elapsed_ms: f64) -> (f32, f32) {
        self.now.elapsed_ms = elapsed_ms;
        let outdated = self.marks[..self.n_marks]
            .iter()
            .take_while(|mark| elapsed_ms - mark.elapsed_ms > WINDOW_MS)
            .count();
        // The newest of the outdated marks still says where the window begins.
        let keep_from = outdated
            .saturating_sub(1)
            .max((self.n_marks + 1).saturating_sub(MAX_MARKS));
        self.marks.copy_within(keep_from..self.n_marks, 0);
        self.n_marks -= keep_from;
        let start = if self.n_marks > 0 {
            self.marks[0]
        } else {
            Mark::default()
        };
        self.marks[self.n_marks] = self.now;
        self.n_marks += 1;
        let seconds = (elapsed_ms - start.elapsed_ms) / 1000.0;
        if seconds <= 0.0 {
            return (0.0, 0.0);
        }
        let per_second = |count: u64| (count as f64 / seconds) as f32;
        (
            per_second(self.now.steps - start.steps),
            per_second(self.now.rows - start.rows),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let mut throughput = Throughput::default();
        let mut rates = (0.0, 0.0);
        for step in 1..=400_u32 {
            throughput.count(10);
            // 10 ms a step at first, then 2 ms.
            let elapsed = if step <= 200 {
                f64::from(step) * 10.0
            } else {
                2000.0 + f64::from(step - 200) * 2.0
            };
            if step % 5 == 0 {
                rates = throughput.rates(elapsed);
            }
            if step == 200 {
                assert!((rates.0 - 100.0).abs() < 1.0, "{rates:?}");
            }
        }
        assert!(rates.0 > 150.0 && rates.1 == rates.0 * 10.0, "{rates:?}");
        for step in 0..1000_u32 {
            throughput.count(10);
            rates = throughput.rates(2400.0 + f64::from(step) * 2.0);
        }
        assert!((rates.0 - 500.0).abs() < 25.0, "{rates:?}");
        assert_eq!(Throughput::default().rates(0.0), (0.0, 0.0));
    }
}
