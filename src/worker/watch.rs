//! The watchdog of a worker.
//!
//! A worker that loops, that has closed itself, or whose listener throws is silent. Silence is measured by the page's clock, at most
//! [`MAX_BEAT_MS`] per beat: while the page itself (or the machine) was suspended it could not receive anything.

use std::cell::Cell;

/// Time between two pings.
pub const BEAT_MS: u32 = 1_000;
/// Silence after which the page reports it.
pub const NOTICED_AFTER_MS: f64 = 4_000.0;
/// Silence after which the worker is given up, and another one is started.
const GIVEN_UP_AFTER_MS: f64 = 15_000.0;
/// The same during a request that may take long without a return to the event loop: a data set, a file.
const GIVEN_UP_AFTER_LONG_MS: f64 = 120_000.0;
/// Greatest time that counts as silence per beat.
const MAX_BEAT_MS: f64 = 1_500.0;

/// What is to be done at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Send a ping with this number.
    Ping(u32),
    /// Report the silence; once per silence.
    Silent {
        /// Seconds of silence.
        seconds: u32,
        /// Seconds of silence after which the worker is given up.
        gives_up_after_s: u32,
    },
    /// Give the worker up.
    GiveUp {
        /// Seconds of silence.
        seconds: u32,
    },
    /// Nothing: the worker was given up before.
    Over,
}

/// Watches one worker.
#[derive(Debug, Default)]
pub struct Watch {
    n_pings: Cell<u32>,
    silent_ms: Cell<f64>,
    beat_at_ms: Cell<Option<f64>>,
    has_noticed: Cell<bool>,
    is_over: Cell<bool>,
}

impl Watch {
    /// To be called when a message of the worker has arrived.
    pub fn reset(&self) {
        self.silent_ms.set(0.0);
        self.has_noticed.set(false);
    }

    /// Number of the last ping; 0 before the first.
    pub fn last_ping(&self) -> u32 {
        self.n_pings.get()
    }

    /// To be called every [`BEAT_MS`]; `is_long` says that a request is pending that may take long.
    pub fn beat(&self, now_ms: f64, is_long: bool) -> Beat {
        if self.is_over.get() {
            return Beat::Over;
        }
        let passed_ms = self
            .beat_at_ms
            .replace(Some(now_ms))
            .map_or(0.0, |at_ms| now_ms - at_ms);
        let silent_ms = self.silent_ms.get() + passed_ms.clamp(0.0, MAX_BEAT_MS);
        self.silent_ms.set(silent_ms);
        let limit_ms = if is_long {
            GIVEN_UP_AFTER_LONG_MS
        } else {
            GIVEN_UP_AFTER_MS
        };
        let seconds = (silent_ms / 1e3) as u32;
        if silent_ms >= limit_ms {
            self.is_over.set(true);
            return Beat::GiveUp { seconds };
        }
        if silent_ms >= NOTICED_AFTER_MS && !self.has_noticed.replace(true) {
            let gives_up_after_s = (limit_ms / 1e3) as u32;
            return Beat::Silent {
                seconds,
                gives_up_after_s,
            };
        }
        let ping = self.n_pings.get().wrapping_add(1).max(1);
        self.n_pings.set(ping);
        Beat::Ping(ping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of silence at which the worker is reported and given up.
    fn silence(is_long: bool, beat_ms: f64) -> (u32, u32) {
        let watch = Watch::default();
        let mut reported_at = 0;
        for beat in 0.. {
            match watch.beat(f64::from(beat) * beat_ms, is_long) {
                Beat::Silent { seconds, .. } => reported_at = seconds,
                Beat::GiveUp { seconds } => {
                    assert_eq!(watch.beat(1e9, is_long), Beat::Over);
                    return (reported_at, seconds);
                }
                Beat::Ping(_) => {}
                Beat::Over => panic!("it is over before it was given up"),
            }
        }
        unreachable!("a beat follows a beat")
    }

    #[test]
    fn faults_a_silent_worker_is_told_of_within_five_seconds_and_given_up_later() {
        assert_eq!(silence(false, 1_000.0), (4, 15));
        assert_eq!(silence(true, 1_000.0), (4, 120));
    }

    #[test]
    fn faults_one_that_answers_is_never_given_up_and_a_page_that_slept_waits_for_it() {
        let watch = Watch::default();
        for beat in 0..1_000 {
            // An hour passes between two beats: the machine slept, or the page was in the background.
            assert!(matches!(
                watch.beat(f64::from(beat) * 3.6e6, false),
                Beat::Ping(_)
            ));
            watch.reset();
        }
        // The clock is set back.
        assert!(matches!(watch.beat(0.0, false), Beat::Ping(_)));
        assert_eq!(watch.silent_ms.get(), 0.0);
    }
}
