//! What the worker does with a message of the page: it hands commands to the training session, trains in slices, and
//! writes and reads files.

use std::collections::VecDeque;
use std::task::Waker;

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_export::weights::WeightsForm;
use mtl_training::{
    Outgoing, Session,
    protocol::{Command, Event, Reply, Request, Snapshot},
};

use super::{
    Job, Next, Outbox,
    protocol::{FileReply, FileRequest, FromTrainer, ToWorker, WeightsContents},
    weights,
};
use crate::i18n::{fill_message, shell::T};

/// Time after which the worker looks for commands again.
const SLICE_MS: f64 = 12.0;

/// The id under which the worker asks for what goes into a weights file; the page counts from 1.
const OWN_SNAPSHOT: u32 = 0;
/// The id under which the worker puts a weights file in place.
const OWN_RESTORE: u32 = u32::MAX;

/// The training session behind the wire.
#[derive(Default)]
pub struct Trainer {
    session: Session,
    out: Vec<Outgoing>,
    /// Questions about the time of a step, which wait for a slice: the clock comes with it.
    to_measure: Vec<u32>,
    /// The weights file that was read and not yet opened: what it says, and its values as bytes.
    read: Option<(Box<Snapshot>, Vec<u8>)>,
    /// The files that are to be written when the session gives what goes into them: it may have to fetch it first.
    writing: VecDeque<(u32, Wanted)>,
    /// The page's questions that are still to be answered.
    owed: Vec<u32>,
}

/// What is made of a snapshot.
#[derive(Clone, Copy)]
enum Wanted {
    /// A weights file.
    Weights(WeightsForm),
    /// A copy that another worker can go on from.
    Copy,
}

impl Job for Trainer {
    fn command(&mut self, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox) {
        let payloads = buffers
            .iter()
            .map(|buffer| Uint8Array::new(buffer).to_vec())
            .collect();
        let message = json::read(text);
        if let Ok(
            ToWorker::Session {
                command: Command::Ask { id, .. },
            }
            | ToWorker::File { id, .. }
            | ToWorker::Measure { id },
        ) = &message
        {
            self.owed.push(*id);
        }
        match message {
            Ok(ToWorker::Session { command }) => self.session.handle(command, payloads, &mut self.out),
            Ok(ToWorker::File { id, request }) => {
                let done = self.file(id, request, payloads);
                self.post_all(outbox);
                if let Some(reply) = done.transpose() {
                    self.reply(outbox, FromTrainer::File { id, reply }, Vec::new());
                }
            }
            Ok(ToWorker::Measure { id }) => self.to_measure.push(id),
            Err(error) => {
                let message = fill_message(T.internal_message, &[&error]);
                post(
                    outbox,
                    &FromTrainer::Session {
                        event: Event::Failure { message },
                    },
                    Vec::new(),
                );
            }
        }
        self.post_all(outbox);
    }

    fn slice(&mut self, now_ms: &dyn Fn() -> f64, outbox: &Outbox) -> Next {
        for id in std::mem::take(&mut self.to_measure) {
            let reply = match self.session.profile_step(now_ms) {
                Ok(profile) => Ok(FileReply::StepMeasured { profile }),
                Err(error) => Err(error.explain()),
            };
            self.reply(outbox, FromTrainer::File { id, reply }, Vec::new());
        }
        let more = self.session.slice(now_ms, SLICE_MS, &mut self.out);
        self.post_all(outbox);
        if more && !self.session.is_waiting() {
            Next::Again
        } else {
            Next::Idle
        }
    }

    fn owed(&self) -> Vec<u32> {
        self.owed.clone()
    }

    fn set_waker(&mut self, waker: Waker) {
        self.session.set_waker(waker);
    }
}

impl Trainer {
    fn post_all(&mut self, outbox: &Outbox) {
        for Outgoing { event, payloads } in std::mem::take(&mut self.out) {
            let reply = match event {
                Event::Reply {
                    id: OWN_SNAPSHOT,
                    reply,
                } => reply,
                event => {
                    self.reply(outbox, FromTrainer::Session { event }, payloads);
                    continue;
                }
            };
            let Some((id, wanted)) = self.writing.pop_front() else {
                continue;
            };
            let (reply, payloads) = match reply.and_then(|reply| write(wanted, reply, payloads)) {
                Ok((reply, payloads)) => (Ok(reply), payloads),
                Err(message) => (Err(message), Vec::new()),
            };
            self.reply(outbox, FromTrainer::File { id, reply }, payloads);
        }
    }

    /// Posts a message; when it is an answer, that is no longer owed.
    fn reply(&mut self, outbox: &Outbox, message: FromTrainer, payloads: Vec<Vec<u8>>) {
        if let FromTrainer::File { id, .. }
        | FromTrainer::Session {
            event: Event::Reply { id, .. },
        } = &message
        {
            self.owed.retain(|owed| owed != id);
        }
        post(outbox, &message, payloads);
    }

    /// Answers at once, or later when there is no answer yet.
    fn file(
        &mut self,
        id: u32,
        request: FileRequest,
        payloads: Vec<Vec<u8>>,
    ) -> Result<Option<FileReply>, Message> {
        match request {
            FileRequest::WriteWeights { form } => Ok(self.want(id, Wanted::Weights(form))),
            FileRequest::TakeCopy => Ok(self.want(id, Wanted::Copy)),
            FileRequest::ReadWeights => {
                let bytes = payloads.into_iter().next().unwrap_or_default();
                let (snapshot, values) = weights::decode(bytes).map_err(|error| error.explain())?;
                let contents = Box::new(WeightsContents {
                    design: snapshot.design.clone(),
                    source: snapshot.source.clone(),
                    data_settings: snapshot.data_settings.clone(),
                    settings: snapshot.settings.clone(),
                    n_parameters: values.len() / size_of::<f32>(),
                    step: snapshot.step,
                });
                self.read = Some((Box::new(snapshot), values));
                Ok(Some(FileReply::WeightsRead { contents }))
            }
            FileRequest::OpenWeights => {
                let Some((snapshot, values)) = self.read.take() else {
                    return Err(fill_message(T.internal_message, &[&"open before read"]));
                };
                let mut all = vec![values];
                all.extend(payloads);
                self.restore(snapshot, all)?;
                Ok(Some(FileReply::WeightsOpened))
            }
            FileRequest::BringBack => {
                let mut payloads = payloads.into_iter();
                let text = payloads.next().unwrap_or_default();
                let snapshot = json::read(&String::from_utf8_lossy(&text))
                    .map_err(|error| fill_message(T.internal_message, &[&error]))?;
                self.restore(snapshot, payloads.collect())?;
                Ok(Some(FileReply::BroughtBack))
            }
        }
    }

    /// Asks for a snapshot, of which something is made when it comes.
    fn want(&mut self, id: u32, wanted: Wanted) -> Option<FileReply> {
        self.writing.push_back((id, wanted));
        self.ask(OWN_SNAPSHOT, Request::Snapshot, Vec::new());
        None
    }

    /// Puts a snapshot in the place of everything, which the session does at once.
    fn restore(&mut self, snapshot: Box<Snapshot>, payloads: Vec<Vec<u8>>) -> Result<(), Message> {
        self.ask(OWN_RESTORE, Request::Restore { snapshot }, payloads);
        let is_answer = |outgoing: &Outgoing| matches!(outgoing.event, Event::Reply { id: OWN_RESTORE, .. });
        let answer = self.out.iter().position(is_answer);
        match answer.map(|position| self.out.remove(position).event) {
            Some(Event::Reply { reply, .. }) => reply.map(|_| ()),
            _ => Err(fill_message(T.internal_message, &[&"no reply"])),
        }
    }

    /// Asks the session; what it says is in `out`, now or after some slices.
    fn ask(&mut self, id: u32, request: Request, payloads: Vec<Vec<u8>>) {
        self.session
            .handle(Command::Ask { id, request }, payloads, &mut self.out);
    }
}

/// What is made of a snapshot, and its bytes.
fn write(
    wanted: Wanted,
    reply: Reply,
    mut payloads: Vec<Vec<u8>>,
) -> Result<(FileReply, Vec<Vec<u8>>), Message> {
    let Reply::Snapshot { snapshot } = reply else {
        return Err(fill_message(T.internal_message, &[&"snapshot"]));
    };
    match wanted {
        Wanted::Weights(form) => {
            let values = payloads.drain(..).next().unwrap_or_default();
            let reply = FileReply::WeightsWritten {
                name: weights::file_name(&snapshot, form),
                n_parameters: values.len() / size_of::<f32>(),
                step: snapshot.step,
            };
            let parts = match form {
                WeightsForm::Json => weights::encode(&snapshot, &values).map(|bytes| vec![bytes]),
                WeightsForm::Safetensors => {
                    weights::encode_header(&snapshot, &values).map(|header| vec![header, values])
                }
            };
            Ok((reply, parts.map_err(|error| error.explain())?))
        }
        Wanted::Copy => {
            payloads.insert(0, json::write(&snapshot).into_bytes());
            Ok((FileReply::CopyTaken { step: snapshot.step }, payloads))
        }
    }
}

fn post(outbox: &Outbox, message: &FromTrainer, payloads: Vec<Vec<u8>>) {
    let buffers = payloads
        .iter()
        .map(|payload| Uint8Array::from(&payload[..]).buffer())
        .collect();
    outbox.post(&json::write(message), buffers);
}
