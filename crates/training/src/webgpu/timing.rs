//! Which backend is faster for the design: measured on its own rows, before the choice.
//!
//! The CPU is timed on steps of the run itself, which it would have made anyway; the device on the same steps of a copy
//! that is thrown away. A run that stays on the CPU is therefore, bit for bit, the run that never looked at a device.

use mtl_base::text::Message;

/// Time on the CPU.
const CPU_MS: f64 = 150.0;
/// Time on the device, from its first answer on.
const DEVICE_MS: f64 = 120.0;
/// Time after which a device that has not answered at all counts as slow as one step in that time.
const PATIENCE_MS: f64 = 1000.0;

/// A measurement under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    cpu_ms: f64,
    cpu_steps: u32,
    /// When the device was given the first step.
    asked_ms: Option<f64>,
    /// When it had done some, and how many.
    first: Option<(f64, u64)>,
}

/// Steps per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// Of the CPU.
    pub(crate) cpu: f64,
    /// Of the device.
    pub(crate) device: f64,
}

impl Timing {
    /// Whether the CPU is still to be timed.
    pub(crate) fn wants_cpu(&self) -> bool {
        self.cpu_ms < CPU_MS || self.cpu_steps == 0
    }

    /// A step on the CPU took so long.
    pub(crate) fn cpu_step(&mut self, step_ms: f64) {
        self.cpu_ms += step_ms.max(0.0);
        self.cpu_steps += 1;
    }

    /// Forgets what was measured on the device: it stood still in between.
    pub(crate) fn restart_device(&mut self) {
        self.asked_ms = None;
        self.first = None;
    }

    /// The device has done `n_steps` up to now. The first of them do not count: kernels are compiled when they are first run.
    pub(crate) fn device(&mut self, n_steps: u64, now_ms: f64) -> Option<Rates> {
        let cpu = f64::from(self.cpu_steps) * 1000.0 / self.cpu_ms.max(1e-3);
        let asked_ms = *self.asked_ms.get_or_insert(now_ms);
        let per_second = |steps: f64, ms: f64| steps * 1000.0 / ms.max(1e-3);
        match self.first {
            None if n_steps > 0 => {
                self.first = Some((now_ms, n_steps));
                None
            }
            None => {
                let device = per_second(1.0, now_ms - asked_ms);
                (now_ms - asked_ms >= PATIENCE_MS && cpu > device).then_some(Rates { cpu, device })
            }
            Some((first_ms, before)) => {
                let (took_ms, n_steps) = (now_ms - first_ms, n_steps - before);
                (took_ms >= DEVICE_MS && n_steps > 0).then(|| Rates {
                    cpu,
                    device: per_second(n_steps as f64, took_ms),
                })
            }
        }
    }
}

impl Rates {
    /// Whether the device is the faster one.
    pub(crate) fn device_wins(&self) -> bool {
        self.device > self.cpu
    }

    /// What was measured, for a person.
    pub(crate) fn explain(&self, adapter: &str) -> Message {
        let rate = |rate: f64| {
            if rate < 10.0 {
                format!("{rate:.1}")
            } else {
                format!("{rate:.0}")
            }
        };
        let (cpu, device) = (rate(self.cpu), rate(self.device));
        Message::new(
            format!("measured on this design: CPU {cpu} steps/s, WebGPU ({adapter}) {device} steps/s"),
            format!("按此设计实测：CPU {cpu} 步/秒，WebGPU（{adapter}）{device} 步/秒"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed_cpu() -> Timing {
        let mut timing = Timing::default();
        while timing.wants_cpu() {
            timing.cpu_step(2.0);
        }
        timing
    }

    #[test]
    fn the_first_steps_of_the_device_do_not_count() {
        let mut timing = timed_cpu();
        assert_eq!(timing.device(0, 1000.0), None);
        assert_eq!(timing.device(3, 1900.0), None);
        assert_eq!(timing.device(40, 1960.0), None);
        let rates = timing.device(123, 2020.0).expect("it was timed long enough");
        assert_eq!((rates.cpu, rates.device), (500.0, 1000.0));
        assert!(rates.device_wins());
        let message = rates.explain("a card");
        assert!(
            message
                .en
                .contains("CPU 500 steps/s, WebGPU (a card) 1000 steps/s"),
            "{message:?}"
        );
    }

    #[test]
    fn a_device_that_does_not_answer_loses_against_a_cpu_that_does() {
        let mut timing = timed_cpu();
        assert_eq!(timing.device(0, 0.0), None);
        assert_eq!(timing.device(0, 999.0), None);
        let rates = timing.device(0, 1000.0).expect("patience is at an end");
        assert!(!rates.device_wins());
        let mut slow = Timing::default();
        slow.cpu_step(9000.0);
        assert!(!slow.wants_cpu());
        assert_eq!(slow.device(0, 0.0), None);
        assert_eq!(slow.device(0, 2000.0), None, "the CPU is slower still");
        slow.restart_device();
        assert_eq!(slow.device(0, 5000.0), None);
        assert_eq!(slow.device(1, 5500.0), None);
        assert!(slow.device(2, 6000.0).is_some_and(|rates| rates.device_wins()));
    }
}
