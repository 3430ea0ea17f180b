//! What the worker does with a message of the page: it hands commands to the training session, trains in slices, and
//! writes and reads files.

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_engine::text::{Explain, Message};
use mtl_export::weights::{
    self, DataDescription, FeatureScale, FeatureVocabulary, ParameterHeader, Software, WeightsFile,
};
use mtl_training::{
    Outgoing, Session,
    protocol::{Command, Event, Reply, Request, Snapshot},
};

use super::{
    Job, Next, Outbox,
    protocol::{FileReply, FileRequest, FromTrainer, ToWorker, WeightsContents},
};
use crate::{
    i18n::{fill_message, shell::T},
    web::json_of,
};

/// Time after which the worker looks for commands again.
const SLICE_MS: f64 = 12.0;

/// The id of the session's own questions to itself; the page counts from 1.
const OWN_QUESTION: u32 = 0;

/// The training session behind the wire.
#[derive(Default)]
pub struct Trainer {
    session: Session,
    out: Vec<Outgoing>,
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
                let (reply, bytes) = match self.file(request, payloads) {
                    Ok((reply, bytes)) => (Ok(reply), bytes),
                    Err(message) => (Err(message), None),
                };
                self.post_all(outbox);
                post(
                    outbox,
                    &FromTrainer::File { id, reply },
                    bytes.into_iter().collect(),
                );
            }
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
    ) -> Result<(FileReply, Option<Vec<u8>>), Message> {
        match request {
            FileRequest::WriteWeights => {
                let (reply, mut payloads) = self.ask(Request::Snapshot, Vec::new())?;
                let Reply::Snapshot { snapshot } = reply else {
                    return Err(fill_message(T.internal_message, &[&"snapshot"]));
                };
                let values = values_of(&payloads.pop().unwrap_or_default());
                let file = file_of(&snapshot)?;
                let bytes = weights::encode(&file, &values).map_err(|error| error.explain())?;
                let data = crate::state::data::source_key(&snapshot.source).to_owned();
                let name = weights::file_name(&data, &snapshot.design.name, snapshot.step);
                let reply = FileReply::WeightsWritten {
                    name,
                    n_parameters: values.len(),
                    step: snapshot.step,
                };
                Ok((reply, Some(bytes)))
            }
            FileRequest::ReadWeights => {
                let bytes = payloads.into_iter().next().unwrap_or_default();
                let (file, values) = weights::decode(&bytes).map_err(|error| error.explain())?;
                file.check().map_err(|error| error.explain())?;
                let snapshot = Box::new(snapshot_of(file)?);
                let contents = Box::new(WeightsContents {
                    design: snapshot.design.clone(),
                    source: snapshot.source.clone(),
                    data_settings: snapshot.data_settings.clone(),
                    settings: snapshot.settings.clone(),
                    n_parameters: values.len(),
                    step: snapshot.step,
                });
                let values = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                self.read = Some((snapshot, values));
                Ok((FileReply::WeightsRead { contents }, None))
            }
            FileRequest::OpenWeights => {
                let Some((snapshot, values)) = self.read.take() else {
                    return Err(fill_message(T.internal_message, &[&"open before read"]));
                };
                let mut all = vec![values];
                all.extend(payloads);
                self.ask(Request::Restore { snapshot }, all)?;
                Ok((FileReply::WeightsOpened, None))
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

fn values_of(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|chunk| f32::from_le_bytes(*chunk))
        .collect()
}

fn not_plain(error: serde_json::Error) -> Message {
    fill_message(T.internal_message, &[&error])
}

fn file_of(snapshot: &Snapshot) -> Result<WeightsFile, Message> {
    Ok(WeightsFile {
        software: Software::this(),
        design: snapshot.design.clone(),
        data: DataDescription {
            source: json_of(&snapshot.source).map_err(not_plain)?,
            settings: json_of(&snapshot.data_settings).map_err(not_plain)?,
            schema: snapshot.schema.clone(),
            vocabularies: snapshot
                .vocabularies
                .iter()
                .map(|(feature, tokens)| FeatureVocabulary {
                    feature: feature.clone(),
                    tokens: tokens.clone(),
                })
                .collect(),
            scales: snapshot
                .scales
                .iter()
                .map(|(feature, scale)| FeatureScale {
                    feature: feature.clone(),
                    means: scale.means.clone(),
                    deviations: scale.deviations.clone(),
                })
                .collect(),
        },
        settings: json_of(&snapshot.settings).map_err(not_plain)?,
        seed: snapshot.settings.seed,
        step: snapshot.step,
        epoch: snapshot.epoch,
        metrics: snapshot
            .evaluations
            .iter()
            .map(json_of)
            .collect::<Result<_, _>>()
            .map_err(not_plain)?,
        parameters: snapshot
            .parameters
            .iter()
            .map(|(name, shape)| ParameterHeader {
                name: name.clone(),
                shape: shape.clone(),
            })
            .collect(),
    })
}

fn snapshot_of(file: WeightsFile) -> Result<Snapshot, Message> {
    let unreadable = |member: &'static str| {
        move |error: serde_json::Error| fill_message(T.weights_member_unreadable, &[&member, &error])
    };
    Ok(Snapshot {
        design: file.design,
        source: serde_json::from_value(file.data.source).map_err(unreadable("data.source"))?,
        data_settings: serde_json::from_value(file.data.settings).map_err(unreadable("data.settings"))?,
        settings: serde_json::from_value(file.settings).map_err(unreadable("settings"))?,
        schema: file.data.schema,
        vocabularies: file
            .data
            .vocabularies
            .into_iter()
            .map(|v| (v.feature, v.tokens))
            .collect(),
        scales: file
            .data
            .scales
            .into_iter()
            .map(|s| {
                (
                    s.feature,
                    mtl_data::prepare::DenseScale {
                        means: s.means,
                        deviations: s.deviations,
                    },
                )
            })
            .collect(),
        parameters: file
            .parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.shape))
            .collect(),
        step: file.step,
        epoch: file.epoch,
        // Metrics of another version of this software may be unreadable: they are for a person, not for the run.
        evaluations: file
            .metrics
            .into_iter()
            .filter_map(|metrics| serde_json::from_value(metrics).ok())
            .collect(),
    })
}
