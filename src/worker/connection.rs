//! A worker with its pending requests and its watchdog.
//!
//! Every request has an id, and its reply is a future. The worker is pinged every second ([`watch`](super::watch)); one that is
//! silent for too long is reported, then given up. A pong lists the requests whose replies are still to come: any other pending
//! request has lost its reply, and fails. No future waits for ever.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures_channel::oneshot;
use gloo_timers::callback::Interval;
use js_sys::ArrayBuffer;

use super::{
    FromWorker, Script, SpawnError, WorkerFailure, WorkerHandle,
    watch::{BEAT_MS, Beat, Watch},
};

/// What a connection reports beside replies.
#[derive(Debug)]
pub enum Incoming {
    /// The JSON text of a broadcast.
    Event(String),
    /// The worker has been silent for some seconds; it is given up if that continues.
    Silent {
        /// Seconds of silence.
        seconds: u32,
        /// Seconds of silence after which the worker is given up.
        gives_up_after_s: u32,
    },
    /// The worker has ended or was given up; the pending requests have failed.
    Failed(WorkerFailure),
}

/// Why a request has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The worker runs, and owes no reply to this request.
    ReplyLost,
    /// The worker has failed.
    Failed(WorkerFailure),
    /// The connection was closed.
    Closed,
}

/// The JSON text of a reply, with its payloads.
pub type ReplyText = Result<(String, Vec<ArrayBuffer>), RequestError>;

struct Pending {
    reply: oneshot::Sender<ReplyText>,
    /// Number of the last ping before the request.
    after_ping: u32,
    /// Whether the worker may be busy with it for long without returning to its event loop.
    is_long: bool,
}

#[derive(Default)]
struct Requests {
    last_id: Cell<u32>,
    pending: RefCell<BTreeMap<u32, Pending>>,
}

impl Requests {
    fn resolve(&self, id: u32, reply: ReplyText) {
        let pending = self.pending.borrow_mut().remove(&id);
        if let Some(pending) = pending {
            // The receiver may have been dropped.
            let _ = pending.reply.send(reply);
        }
    }

    fn fail_all(&self, error: &RequestError) {
        for pending in std::mem::take(&mut *self.pending.borrow_mut()).into_values() {
            let _ = pending.reply.send(Err(error.clone()));
        }
    }

    /// Fails the requests that were sent before the ping and whose replies the worker does not owe.
    fn fail_lost(&self, ping: u32, owed: &[u32]) {
        let lost: Vec<u32> = (self.pending.borrow().iter())
            .filter(|(id, pending)| pending.after_ping < ping && !owed.contains(id))
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            self.resolve(id, Err(RequestError::ReplyLost));
        }
    }

    fn has_long(&self) -> bool {
        self.pending.borrow().values().any(|pending| pending.is_long)
    }
}

/// A running worker. Dropping it ends the worker and fails the pending requests.
pub struct Connection {
    handle: Rc<WorkerHandle>,
    requests: Rc<Requests>,
    watch: Rc<Watch>,
    _beat: Interval,
}

impl Connection {
    /// Starts a worker.
    pub fn spawn(script: &Script, on_incoming: impl Fn(Incoming) + 'static) -> Result<Self, SpawnError> {
        let (requests, watch) = (Rc::new(Requests::default()), Rc::new(Watch::default()));
        let on_incoming: Rc<dyn Fn(Incoming)> = Rc::new(on_incoming);
        let handle = Rc::new(WorkerHandle::spawn(script, {
            let (requests, watch, on_incoming) =
                (Rc::clone(&requests), Rc::clone(&watch), Rc::clone(&on_incoming));
            move |message| {
                watch.reset();
                match message {
                    FromWorker::Pong { ping, owed } => requests.fail_lost(ping, &owed),
                    FromWorker::Event(text) => on_incoming(Incoming::Event(text)),
                    FromWorker::Reply { id, text, payloads } => requests.resolve(id, Ok((text, payloads))),
                    FromWorker::Failed(failure) => fail(&requests, &*on_incoming, failure),
                }
            }
        })?);
        let beat = Interval::new(BEAT_MS, {
            let (requests, watch, handle) = (Rc::clone(&requests), Rc::clone(&watch), Rc::clone(&handle));
            move || match watch.beat(js_sys::Date::now(), requests.has_long()) {
                Beat::Ping(ping) => handle.ping(ping),
                Beat::Silent {
                    seconds,
                    gives_up_after_s,
                } => on_incoming(Incoming::Silent {
                    seconds,
                    gives_up_after_s,
                }),
                Beat::GiveUp { seconds } => fail(&requests, &*on_incoming, WorkerFailure::Silent { seconds }),
                Beat::Over => {}
            }
        });
        Ok(Self {
            handle,
            requests,
            watch,
            _beat: beat,
        })
    }

    /// Sends a request; `payloads` are moved. `is_long` says that the worker may be busy with it for long without returning to its
    /// event loop.
    pub fn request(
        &self,
        text: String,
        payloads: Vec<ArrayBuffer>,
        is_long: bool,
    ) -> impl Future<Output = ReplyText> + use<> {
        let id = self.requests.last_id.get().wrapping_add(1);
        self.requests.last_id.set(id);
        let (reply, receiver) = oneshot::channel();
        let pending = Pending {
            reply,
            after_ping: self.watch.last_ping(),
            is_long,
        };
        self.requests.pending.borrow_mut().insert(id, pending);
        self.handle.send(id, text, payloads);
        async move { receiver.await.unwrap_or(Err(RequestError::Closed)) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.requests.fail_all(&RequestError::Closed);
    }
}

fn fail(requests: &Requests, on_incoming: &dyn Fn(Incoming), failure: WorkerFailure) {
    requests.fail_all(&RequestError::Failed(failure.clone()));
    on_incoming(Incoming::Failed(failure));
}
