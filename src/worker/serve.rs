//! What the worker does with a message of the page: it hands commands to the training session, trains in slices, and
//! writes and reads files.

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_engine::text::{Explain, Message};
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

/// The id of the session's own questions to itself; the page counts from 1.
const OWN_QUESTION: u32 = 0;

/// The training session behind the wire.
#[derive(Default)]
pub struct Trainer {
    session: Session,
    out: Vec<Outgoing>,
    /// Questions about the time of a step, which wait for a slice: the clock comes with it.
    to_measure: Vec<u32>,
    /// The weights file that was read and not yet opened: what it says, and its values as bytes.
    read: Option<(Box<Snapshot>, Vec<u8>)>,
}

impl Job for Trainer {
    fn command(&mut self, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox) {
        let payloads = buffers
            .iter()
            .map(|buffer| Uint8Array::new(buffer).to_vec())
            .collect();
        match serde_json::from_str(text) {
            Ok(ToWorker::Session { command }) => self.session.handle(command, payloads, &mut self.out),
            Ok(ToWorker::File { id, request }) => {
                let (reply, payloads) = match self.file(request, payloads) {
                    Ok((reply, payloads)) => (Ok(reply), payloads),
                    Err(message) => (Err(message), Vec::new()),
                };
                self.post_all(outbox);
                post(outbox, &FromTrainer::File { id, reply }, payloads);
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
        for id in self.to_measure.drain(..) {
            let reply = match self.session.profile_step(now_ms) {
                Ok(profile) => Ok(FileReply::StepMeasured { profile }),
                Err(error) => Err(error.explain()),
            };
            post(outbox, &FromTrainer::File { id, reply }, Vec::new());
        }
        let more = self.session.slice(now_ms, SLICE_MS, &mut self.out);
        self.post_all(outbox);
        if more { Next::Again } else { Next::Idle }
    }
}

impl Trainer {
    fn post_all(&mut self, outbox: &Outbox) {
        for Outgoing { event, payloads } in self.out.drain(..) {
            post(outbox, &FromTrainer::Session { event }, payloads);
        }
    }

    fn file(
        &mut self,
        request: FileRequest,
        payloads: Vec<Vec<u8>>,
    ) -> Result<(FileReply, Vec<Vec<u8>>), Message> {
        match request {
            FileRequest::WriteWeights => {
                let (reply, mut payloads) = self.ask(Request::Snapshot, Vec::new())?;
                let Reply::Snapshot { snapshot } = reply else {
                    return Err(fill_message(T.internal_message, &[&"snapshot"]));
                };
                let values = payloads.pop().unwrap_or_default();
                let bytes = weights::encode(&snapshot, &values).map_err(|error| error.explain())?;
                let reply = FileReply::WeightsWritten {
                    name: weights::file_name(&snapshot),
                    n_parameters: values.len() / size_of::<f32>(),
                    step: snapshot.step,
                };
                Ok((reply, vec![bytes]))
            }
            FileRequest::ReadWeights => {
                let bytes = payloads.into_iter().next().unwrap_or_default();
                let (snapshot, values) = weights::decode(&bytes).map_err(|error| error.explain())?;
                let contents = Box::new(WeightsContents {
                    design: snapshot.design.clone(),
                    source: snapshot.source.clone(),
                    data_settings: snapshot.data_settings.clone(),
                    settings: snapshot.settings.clone(),
                    n_parameters: values.len() / size_of::<f32>(),
                    step: snapshot.step,
                });
                self.read = Some((Box::new(snapshot), values));
                Ok((FileReply::WeightsRead { contents }, Vec::new()))
            }
            FileRequest::OpenWeights => {
                let Some((snapshot, values)) = self.read.take() else {
                    return Err(fill_message(T.internal_message, &[&"open before read"]));
                };
                let mut all = vec![values];
                all.extend(payloads);
                self.ask(Request::Restore { snapshot }, all)?;
                Ok((FileReply::WeightsOpened, Vec::new()))
            }
            FileRequest::TakeCopy => {
                let (reply, mut payloads) = self.ask(Request::Snapshot, Vec::new())?;
                let Reply::Snapshot { snapshot } = reply else {
                    return Err(fill_message(T.internal_message, &[&"snapshot"]));
                };
                let text = serde_json::to_vec(&snapshot)
                    .map_err(|error| fill_message(T.internal_message, &[&error]))?;
                payloads.insert(0, text);
                Ok((FileReply::CopyTaken { step: snapshot.step }, payloads))
            }
            FileRequest::BringBack => {
                let mut payloads = payloads.into_iter();
                let text = payloads.next().unwrap_or_default();
                let snapshot = serde_json::from_slice(&text)
                    .map_err(|error| fill_message(T.internal_message, &[&error]))?;
                self.ask(Request::Restore { snapshot }, payloads.collect())?;
                Ok((FileReply::BroughtBack, Vec::new()))
            }
        }
    }

    /// Asks the session, which answers at once; what it says besides goes to the page.
    fn ask(&mut self, request: Request, payloads: Vec<Vec<u8>>) -> Result<(Reply, Vec<Vec<u8>>), Message> {
        self.session.handle(
            Command::Ask {
                id: OWN_QUESTION,
                request,
            },
            payloads,
            &mut self.out,
        );
        let answer = self
            .out
            .iter()
            .position(|outgoing| matches!(outgoing.event, Event::Reply { id: OWN_QUESTION, .. }))
            .map(|position| self.out.remove(position));
        match answer {
            Some(Outgoing {
                event: Event::Reply { reply, .. },
                payloads,
            }) => reply.map(|reply| (reply, payloads)),
            _ => Err(fill_message(T.internal_message, &[&"no reply"])),
        }
    }
}

fn post(outbox: &Outbox, message: &FromTrainer, payloads: Vec<Vec<u8>>) {
    let text = serde_json::to_string(message)
        .expect("the protocol is plain data: maps have text keys, and serde_json writes a number that is not finite as null");
    let buffers = payloads
        .iter()
        .map(|payload| Uint8Array::from(&payload[..]).buffer())
        .collect();
    outbox.post(&text, buffers);
}
