//! What the worker does with a command: it hands it to the training session, and trains in slices.

use js_sys::ArrayBuffer;

use super::{Job, Next, Outbox};

/// The training session behind the wire.
pub struct Trainer;

impl Job for Trainer {
    fn command(&mut self, _text: &str, _buffers: Vec<ArrayBuffer>, _outbox: &Outbox) {}

    fn slice(&mut self, _now_ms: &dyn Fn() -> f64, _outbox: &Outbox) -> Next {
        Next::Idle
    }
}
