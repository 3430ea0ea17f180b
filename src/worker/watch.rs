//! Whether the worker still answers.
//!
//! A worker that loops, that has closed itself, or whose listener throws where nobody hears it is the same to the page: silent. The
//! page's own time counts, and no more than a moment of it for every beat: a page that stood still itself (or a machine that slept)
//! has not listened, so that it cannot know of silence.

use std::cell::Cell;

/// Time between two pings.
pub const BEAT_MS: u32 = 1_000;
/// After so much silence the page says so.
pub const NOTICED_AFTER_MS: f64 = 4_000.0;
/// After so much silence the worker is given up, and another one is started.
const GIVEN_UP_AFTER_MS: f64 = 15_000.0;
/// The same while it does what may take long in one go: a data set, a file.
const GIVEN_UP_AFTER_LONG_MS: f64 = 120_000.0;
/// A beat counts at most as so much silence.
const MAX_BEAT_MS: f64 = 1_500.0;

/// What a beat comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Ask for a sign of life, with this number.
    Ping(u32),
    /// It has been silent for some seconds; this is said once.
    Silent {
        /// So many.
        seconds: u32,
        /// When it is given up.
        gives_up_after_s: u32,
    },
    /// It has been silent for too long.
    GiveUp {
        /// For so many seconds.
        seconds: u32,
    },
    /// It was given up before.
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
    expects_long: Cell<bool>,
}

impl Watch {
    /// The worker has said something.
    pub fn hear(&self) {
        self.silent_ms.set(0.0);
        self.has_noticed.set(false);
    }

    /// Whether the worker was given something that it does in one go.
    pub fn expect_long(&self, is_long: bool) {
        self.expects_long.set(is_long);
    }

    /// Number of the last ping; 0 before the first.
    pub fn last_ping(&self) -> u32 {
        self.n_pings.get()
    }

    /// To be called every [`BEAT_MS`]; `is_long` says that a file is read or written.
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
        let limit_ms = if is_long || self.expects_long.get() {
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

    /// The seconds at which a silent worker is told of and given up.
    fn silence(is_long: bool, beat_ms: f64) -> (u32, u32) {
        let watch = Watch::default();
        let mut told_at = 0;
        for beat in 0.. {
            match watch.beat(f64::from(beat) * beat_ms, is_long) {
                Beat::Silent { seconds, .. } => told_at = seconds,
                Beat::GiveUp { seconds } => {
                    assert_eq!(watch.beat(1e9, is_long), Beat::Over);
                    return (told_at, seconds);
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
            watch.hear();
        }
        // The clock is set back.
        assert!(matches!(watch.beat(0.0, false), Beat::Ping(_)));
        assert_eq!(watch.silent_ms.get(), 0.0);
    }
}
