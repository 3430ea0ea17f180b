//! The messages between page and training worker: those of the session's protocol, and requests for files that the worker writes
//! and reads with `mtl_export`. Files do not pass through the session, which depends on no format; the page handles them as
//! bytes only.
//!
//! A request is the JSON of a [`ToWorker`], its reply that of a `Result<WorkerReply, Failure>`, and a broadcast that of an
//! [`Event`](mtl_training::protocol::Event). Ids of requests travel beside the JSON.

use mtl_base::text::{Explain, Message, Text};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::Design;
use mtl_export::weights::WeightsForm;
use mtl_training::{
    RunError,
    protocol::{Command, DataSource, Reply, RunSettings, StepProfile},
};
use serde::{Deserialize, Serialize};

use crate::i18n::shell::T;

/// Page to worker. Payloads are those of the command or request within.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// A command for the session.
    Session {
        /// The command.
        command: Command,
    },
    /// A request about a file.
    File {
        /// The request.
        request: FileRequest,
    },
    /// A request for the profile of a step, answered by [`FileReply::StepMeasured`]. It is not a request to
    /// the session because it needs the worker's clock.
    Measure,
}

/// A request about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRequest {
    /// Writes a weights file of the current run.
    WriteWeights {
        /// Its form.
        form: WeightsForm,
    },
    /// Reads and checks the weights file in payload 0, and keeps it for [`FileRequest::OpenWeights`].
    ReadWeights,
    /// Replaces data set, design, settings and run by those of the file that was read last. Payload 0 is the asset of its data set,
    /// when it has one and the session has not loaded that very one.
    OpenWeights,
    /// The state of the run, in payloads that the page keeps unread and passes with [`FileRequest::RestoreCopy`] to another worker when
    /// this one fails.
    TakeCopy,
    /// Restores the run from the payloads of [`FileRequest::TakeCopy`]; the data set is loaded already.
    RestoreCopy,
}

/// The successful reply to a [`ToWorker`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerReply {
    /// A reply of the session.
    Session {
        /// The reply.
        reply: Reply,
    },
    /// The reply to [`ToWorker::File`] or [`ToWorker::Measure`].
    File {
        /// The reply.
        reply: FileReply,
    },
}

/// The reply to a [`FileRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileReply {
    /// The payloads one after another are the file.
    WeightsWritten {
        /// File name.
        name: String,
        /// Number of parameters.
        n_parameters: usize,
        /// Number of training steps.
        step: u64,
    },
    /// The content of the file was read.
    WeightsRead {
        /// Metadata of the file.
        contents: Box<WeightsContents>,
    },
    /// The copy of the run's state, in the payloads.
    CopyTaken {
        /// Number of training steps.
        step: u64,
    },
    /// The file was opened, or the run restored from a copy.
    Restored,
    /// Times of a step.
    StepMeasured {
        /// Profile of a step.
        profile: StepProfile,
    },
}

/// Metadata of a weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsContents {
    /// The design.
    pub design: Design,
    /// The data set.
    pub source: DataSource,
    /// Settings of the preparation.
    pub data_settings: DataSettings,
    /// Settings of the run.
    pub settings: RunSettings,
    /// Number of parameters.
    pub n_parameters: usize,
    /// Number of training steps.
    pub step: u64,
}

/// Why a request failed: a cause for the program, and a message for the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// The message.
    pub message: Message,
}

/// Causes of a failure that are handled differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Any other cause.
    Other,
    /// The user has cancelled the request, or made a later one that replaces it.
    Replaced,
    /// The run has diverged, which its status reports.
    Diverged,
    /// The worker has ended, which is reported once for all requests.
    WorkerLost,
}

impl Failure {
    /// A failure with its cause.
    pub fn new(cause: Cause, message: impl Into<Message>) -> Self {
        Self {
            cause,
            message: message.into(),
        }
    }

    /// There is no worker.
    pub fn worker_lost() -> Self {
        Self::new(Cause::WorkerLost, T.worker_gone)
    }
}

impl From<Message> for Failure {
    fn from(message: Message) -> Self {
        Self::new(Cause::Other, message)
    }
}

impl From<Text> for Failure {
    fn from(text: Text) -> Self {
        Self::new(Cause::Other, text)
    }
}

impl From<Failure> for Message {
    fn from(failure: Failure) -> Self {
        failure.message
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let cause = match error {
            RunError::Replaced => Cause::Replaced,
            RunError::Diverged { .. } | RunError::NotFinite { .. } => Cause::Diverged,
            _ => Cause::Other,
        };
        Self::new(cause, error.explain())
    }
}
