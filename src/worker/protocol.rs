//! The envelope of what page and worker say: the session's protocol, and beside it the files that the worker writes
//! and reads with `mtl_export`. Files never pass through the session, which knows no format, nor through the page as
//! anything but bytes.

use mtl_base::text::Message;
use mtl_data::prepare::DataSettings;
use mtl_engine::design::Design;
use mtl_training::protocol::{Command, DataSource, Event, RunSettings, StepProfile};
use serde::{Deserialize, Serialize};

/// Page to worker. Payloads are those of the command or request within.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToWorker {
    /// For the session.
    Session {
        /// What it is told.
        command: Command,
    },
    /// About a file; answered once, under the same id.
    File {
        /// Chosen by the page.
        id: u32,
        /// What is asked.
        request: FileRequest,
    },
    /// Where does a step go? Answered once, under the same id, with [`FileReply::StepMeasured`]. It is not a question to
    /// the session because it needs the worker's clock.
    Measure {
        /// Chosen by the page.
        id: u32,
    },
}

/// What is asked about a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRequest {
    /// Writes a weights file of the run as it is.
    WriteWeights,
    /// Reads the weights file in payload 0, checks all of it, and keeps it for [`FileRequest::OpenWeights`].
    ReadWeights,
    /// Puts the file that was read last in the place of everything. Payload 0 is its data set's asset, when it has one
    /// and the session has not loaded that very one.
    OpenWeights,
    /// What the run has learnt, in two payloads that the page keeps unread: it gives them back with
    /// [`FileRequest::BringBack`] to another worker when this one dies.
    TakeCopy,
    /// Payloads 0 and 1 as from [`FileRequest::TakeCopy`]; the data set is loaded already.
    BringBack,
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromTrainer {
    /// From the session.
    Session {
        /// What it says.
        event: Event,
    },
    /// The answer to a [`ToWorker::File`].
    File {
        /// The question's id.
        id: u32,
        /// The answer, or what is wrong.
        reply: Result<FileReply, Message>,
    },
}

/// The answer to a [`FileRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileReply {
    /// The file's bytes are payload 0.
    WeightsWritten {
        /// A sensible name.
        name: String,
        /// Parameters in it.
        n_parameters: usize,
        /// Steps done.
        step: u64,
    },
    /// What the file holds.
    WeightsRead {
        /// What was trained, on what, how.
        contents: Box<WeightsContents>,
    },
    /// It was put in the place of everything.
    WeightsOpened,
    /// The copy is in the payloads.
    CopyTaken {
        /// Steps done.
        step: u64,
    },
    /// The run stands where it stood when the copy was taken.
    BroughtBack,
    /// Times of a step.
    StepMeasured {
        /// By part.
        profile: StepProfile,
    },
}

/// What a weights file says beside the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsContents {
    /// What was trained.
    pub design: Design,
    /// On what.
    pub source: DataSource,
    /// Prepared how.
    pub data_settings: DataSettings,
    /// How.
    pub settings: RunSettings,
    /// Parameters in it.
    pub n_parameters: usize,
    /// Steps done.
    pub step: u64,
}
