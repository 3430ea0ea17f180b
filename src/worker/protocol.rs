//! The messages between page and worker: those of the session's protocol, and requests for files that the worker writes
//! and reads with `mtl_export`. Files never pass through the session, which knows no format, nor through the page as
//! anything but bytes.

use mtl_base::text::Message;
use mtl_data::prepare::DataSettings;
use mtl_engine::design::Design;
use mtl_export::weights::WeightsForm;
use mtl_training::protocol::{Command, DataSource, Event, RunSettings, StepProfile};
use serde::{Deserialize, Serialize};

/// Page to worker. Payloads are those of the command or request within.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// A command for the session.
    Session {
        /// The command.
        command: Command,
    },
    /// A file request, which gets one reply with the same id.
    File {
        /// Request id, chosen by the page.
        id: u32,
        /// The request.
        request: FileRequest,
    },
    /// A request for the profile of a step, which gets one reply with the same id, [`FileReply::StepMeasured`]. It is not a request to
    /// the session because it needs the worker's clock.
    Measure {
        /// Request id, chosen by the page.
        id: u32,
    },
}

/// A request about a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRequest {
    /// Writes a weights file of the current run.
    WriteWeights {
        /// Its form.
        form: WeightsForm,
    },
    /// Reads the weights file in payload 0, checks all of it, and keeps it for [`FileRequest::OpenWeights`].
    ReadWeights,
    /// Puts the file that was read last in the place of everything. Payload 0 is its data set's asset, when it has one
    /// and the session has not loaded that very one.
    OpenWeights,
    /// What the run has learnt, in payloads that the page keeps unread: it gives them back with
    /// [`FileRequest::BringBack`] to another worker when this one dies.
    TakeCopy,
    /// Payloads as from [`FileRequest::TakeCopy`]; the data set is loaded already.
    BringBack,
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromTrainer {
    /// An event of the session.
    Session {
        /// The event.
        event: Event,
    },
    /// The reply to a [`ToWorker::File`].
    File {
        /// Id of the request.
        id: u32,
        /// The reply, or an error.
        reply: Result<FileReply, Message>,
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
    /// The file was opened.
    WeightsOpened,
    /// The copy of the run's state, in the payloads.
    CopyTaken {
        /// Number of training steps.
        step: u64,
    },
    /// The run was restored from the copy.
    BroughtBack,
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
