//! The page's typed connection to the training worker.

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_training::protocol::{Command, Event};
use wasm_bindgen::JsValue;

use super::{
    Script, SpawnError, WorkerFailure,
    connection::{Connection, Incoming, RequestError},
    protocol::{Cause, Failure, ToWorker, WorkerReply},
};
use crate::i18n::{faults, fill_message, shell::T};

/// What a client reports beside replies.
#[derive(Debug)]
pub enum ClientEvent {
    /// An event of the session.
    Session(Box<Event>),
    /// A message that could not be read.
    Unreadable(Message),
    /// See [`Incoming::Silent`].
    Silent {
        /// Seconds of silence.
        seconds: u32,
        /// Seconds of silence after which the worker is given up.
        gives_up_after_s: u32,
    },
    /// The worker has ended or was given up; the pending requests have failed.
    Failed(WorkerFailure),
}

/// A reply with its payloads.
pub type Outcome = Result<(WorkerReply, Vec<ArrayBuffer>), Failure>;

/// A connection to a training worker. Dropping it ends the worker.
pub struct Client(Connection);

impl Client {
    /// Starts a worker.
    pub fn spawn(url: &JsValue, on_event: impl Fn(ClientEvent) + 'static) -> Result<Self, SpawnError> {
        let script = Script {
            url,
            name: "mtl-training",
            module: &wasm_bindgen::module(),
        };
        let connection = Connection::spawn(&script, move |incoming| {
            on_event(match incoming {
                Incoming::Event(text) => match json::read(&text) {
                    Ok(event) => ClientEvent::Session(Box::new(event)),
                    Err(error) => ClientEvent::Unreadable(fill_message(T.internal_message, &[&error])),
                },
                Incoming::Silent {
                    seconds,
                    gives_up_after_s,
                } => ClientEvent::Silent {
                    seconds,
                    gives_up_after_s,
                },
                Incoming::Failed(failure) => ClientEvent::Failed(failure),
            });
        })?;
        Ok(Self(connection))
    }

    /// Sends a message; `payloads` are moved.
    pub fn request(
        &self,
        message: &ToWorker,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = Outcome> + use<> {
        let is_long = !matches!(
            message,
            ToWorker::Session {
                command: Command::Run { .. }
                    | Command::Ask { .. }
                    | Command::Design { .. }
                    | Command::Settings { .. }
            }
        );
        let reply = self.0.request(json::write(message), payloads, is_long);
        async move {
            let (text, payloads) = reply.await?;
            let reply: Result<WorkerReply, Failure> =
                json::read(&text).map_err(|error| fill_message(T.internal_message, &[&error]))?;
            Ok((reply?, payloads))
        }
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::ReplyLost => faults::T.answer_lost.into(),
            RequestError::Failed(failure) => Self::new(Cause::WorkerLost, failure.explain()),
            RequestError::Closed => Self::worker_lost(),
        }
    }
}

/// The bytes of a payload.
pub fn bytes_of(payload: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(payload).to_vec()
}
