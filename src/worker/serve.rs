//! The training worker's message handler: it passes commands to the session, trains in slices, and writes and reads files.

use std::collections::BTreeMap;
use std::task::Waker;

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_export::weights::WeightsForm;
use mtl_training::{
    Outgoing, Session,
    protocol::{Command, Reply, Request, RequestId, Snapshot},
};

use super::{
    Job, Next, Outbox,
    protocol::{Failure, FileReply, FileRequest, ToWorker, WeightsContents, WorkerReply},
    weights,
};
use crate::i18n::{fill_message, shell::T};

/// Length of a slice: commands are received in between.
const SLICE_MS: f64 = 12.0;

/// The training session with its message handler.
#[derive(Default)]
pub struct Trainer {
    session: Session,
    out: Vec<Outgoing>,
    /// Ids of requests for a step profile, which are answered in the next slice, where the clock is available.
    profile_requests: Vec<RequestId>,
    /// The weights file that was read and not yet opened: its metadata, and its values as bytes.
    read: Option<(Box<Snapshot>, Vec<u8>)>,
    /// Requests that the session answers, and what is made of its reply.
    conversions: BTreeMap<RequestId, Conversion>,
}

/// What is made of a reply of the session.
#[derive(Clone, Copy)]
enum Conversion {
    /// Of a snapshot: a weights file.
    Weights(WeightsForm),
    /// Of a snapshot: a copy for another worker.
    Copy,
    /// Of the reply to a restore: [`FileReply::Restored`].
    Restored,
}

impl Job for Trainer {
    fn command(&mut self, id: RequestId, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox) {
        let payloads = buffers
            .iter()
            .map(|buffer| Uint8Array::new(buffer).to_vec())
            .collect();
        let outcome = match json::read(text) {
            Ok(ToWorker::Session { command }) => {
                self.session.handle(id, command, payloads, &mut self.out);
                Ok(None)
            }
            Ok(ToWorker::File { request }) => self.file(id, request, payloads),
            Ok(ToWorker::Measure) => {
                self.profile_requests.push(id);
                Ok(None)
            }
            Err(error) => Err(fill_message(T.internal_message, &[&error])),
        };
        self.post_all(outbox);
        let outcome = outcome.transpose();
        if let Some(outcome) = outcome {
            let outcome = outcome.map(|reply| (reply, Vec::new()));
            reply_about_file(outbox, id, outcome.map_err(Failure::from));
        }
    }

    fn slice(&mut self, now_ms: &dyn Fn() -> f64, outbox: &Outbox) -> Next {
        for id in std::mem::take(&mut self.profile_requests) {
            let profile = self.session.profile_step(now_ms);
            let reply = profile.map(|profile| (FileReply::StepMeasured { profile }, Vec::new()));
            reply_about_file(outbox, id, reply.map_err(Failure::from));
        }
        let more = self.session.slice(now_ms, SLICE_MS, &mut self.out);
        self.post_all(outbox);
        if more && !self.session.is_waiting() {
            Next::Again
        } else {
            Next::Idle
        }
    }

    fn set_waker(&mut self, waker: Waker) {
        self.session.set_waker(waker);
    }
}

impl Trainer {
    fn post_all(&mut self, outbox: &Outbox) {
        for outgoing in self.out.drain(..) {
            match outgoing {
                Outgoing::Event(event) => outbox.event(&json::write(&event)),
                Outgoing::Reply { id, reply, payloads } => {
                    let reply = reply.map_err(Failure::from);
                    match self.conversions.remove(&id) {
                        None => {
                            let reply = reply.map(|reply| (WorkerReply::Session { reply }, payloads));
                            post_reply(outbox, id, reply);
                        }
                        Some(conversion) => {
                            let reply = reply.and_then(|reply| Ok(convert(conversion, reply, payloads)?));
                            reply_about_file(outbox, id, reply);
                        }
                    }
                }
            }
        }
    }

    /// Executes a request about a file; there is no reply yet when the session is to give it.
    fn file(
        &mut self,
        id: RequestId,
        request: FileRequest,
        payloads: Vec<Vec<u8>>,
    ) -> Result<Option<FileReply>, Message> {
        match request {
            FileRequest::WriteWeights { form } => {
                self.ask(id, Conversion::Weights(form), Request::Snapshot, Vec::new());
            }
            FileRequest::TakeCopy => self.ask(id, Conversion::Copy, Request::Snapshot, Vec::new()),
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
                return Ok(Some(FileReply::WeightsRead { contents }));
            }
            FileRequest::OpenWeights => {
                let Some((snapshot, values)) = self.read.take() else {
                    return Err(fill_message(T.internal_message, &[&"open before read"]));
                };
                let mut all = vec![values];
                all.extend(payloads);
                self.ask(id, Conversion::Restored, Request::Restore { snapshot }, all);
            }
            FileRequest::RestoreCopy => {
                let mut payloads = payloads.into_iter();
                let text = payloads.next().unwrap_or_default();
                let snapshot = json::read(&String::from_utf8_lossy(&text))
                    .map_err(|error| fill_message(T.internal_message, &[&error]))?;
                let request = Request::Restore { snapshot };
                self.ask(id, Conversion::Restored, request, payloads.collect());
            }
        }
        Ok(None)
    }

    /// Passes a request on to the session, whose reply is converted.
    fn ask(&mut self, id: RequestId, conversion: Conversion, request: Request, payloads: Vec<Vec<u8>>) {
        self.conversions.insert(id, conversion);
        self.session
            .handle(id, Command::Ask { request }, payloads, &mut self.out);
    }
}

/// Makes the reply about a file from a reply of the session.
fn convert(
    conversion: Conversion,
    reply: Reply,
    mut payloads: Vec<Vec<u8>>,
) -> Result<(FileReply, Vec<Vec<u8>>), Message> {
    let snapshot = match (conversion, reply) {
        (Conversion::Restored, Reply::Done) => return Ok((FileReply::Restored, payloads)),
        (Conversion::Weights(_) | Conversion::Copy, Reply::Snapshot { snapshot }) => snapshot,
        _ => return Err(fill_message(T.internal_message, &[&"snapshot"])),
    };
    let Conversion::Weights(form) = conversion else {
        payloads.insert(0, json::write(&snapshot).into_bytes());
        return Ok((FileReply::CopyTaken { step: snapshot.step }, payloads));
    };
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

fn reply_about_file(outbox: &Outbox, id: RequestId, reply: Result<(FileReply, Vec<Vec<u8>>), Failure>) {
    let reply = reply.map(|(reply, payloads)| (WorkerReply::File { reply }, payloads));
    post_reply(outbox, id, reply);
}

fn post_reply(outbox: &Outbox, id: RequestId, reply: Result<(WorkerReply, Vec<Vec<u8>>), Failure>) {
    let (reply, payloads) = match reply {
        Ok((reply, payloads)) => (Ok(reply), payloads),
        Err(failure) => (Err(failure), Vec::new()),
    };
    let buffers = payloads
        .iter()
        .map(|payload| Uint8Array::from(&payload[..]).buffer())
        .collect();
    outbox.reply(id, &json::write(&reply), buffers);
}
