//! Ordering of API calls: a script need not await each call, and two calls that change the same state never run concurrently.
//!
//! Calls that change the document (open, load, set) run in the order in which they arrive; a call that only reads,
//! or that trains, starts when the changes before it are done. Training calls are serialised too, so that three concurrent calls
//! of `step(5)` make fifteen steps. `state`, `metrics`, `history` and `pause` never wait.

use crate::state::turns::{Turn, Turns};

/// The queues of all API calls.
#[derive(Clone, Default)]
pub struct Queue {
    document: Turns,
    run: Turns,
}

impl Queue {
    /// Waits until a call of this method may start; the guards must be held until the call is done.
    pub async fn turn_of(&self, method: &str) -> Option<Turn> {
        match method {
            "state" | "metrics" | "history" | "pause" => None,
            "load" | "data" | "set" | "importWeights" => Some(self.document.take().await),
            "play" | "step" | "epoch" | "reset" | "rewind" => {
                drop(self.document.take().await);
                Some(self.run.take().await)
            }
            _ => {
                drop(self.document.take().await);
                None
            }
        }
    }
}
