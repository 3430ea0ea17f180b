//! The messages between page and worker: closed enums of plain data, variants grouped by verb.
//!
//! Every [`Command`] has a [`RequestId`], chosen by the sender, and gets exactly one reply with the same id: a [`Reply`] or a
//! [`RunError`](crate::RunError). The id travels beside the message. An [`Event`] is a broadcast: it has no id and is not an answer.
//!
//! In JSON an enum is `{"variant": {...}}`, which is read in one pass; a tag inside the object would have to be
//! searched for first, and doubles the code that reads its content.
//!
//! Large byte blocks (a data set asset, parameter values) travel beside a message as *payloads*, so that the page can
//! transfer them instead of copying: a variant that has one says so.
//!
//! The session depends on no file format. The worker writes a weights file from the reply to [`Request::Snapshot`] with
//! `mtl_export::weights::encode`, and reads one with `decode` into a [`Request::Restore`].

use std::collections::BTreeMap;

use mtl_base::{NodeId, schema::Schema, text::Message};
use mtl_data::{
    baseline::Method,
    datasets::Generator,
    prepare::{DataSettings, DenseScale},
    report::{DataReport, Sample},
};
use mtl_engine::{design::Design, metrics::TaskMetrics, model::Resources};
use serde::{Deserialize, Serialize};

pub use crate::comparison::{
    ComparisonUpdate, Differences, MAX_SEEDS, Score, TaskOfComparison, Variant, Verdict, differences,
};
pub use crate::conflict::{Conflict, FEW_COMMON_ROWS, GradientsCompared, LayerConflict, pairs};
pub use crate::inspection::{Histogram, Inspection, LayerGradients, LayerInspection};
pub use crate::profile::StepProfile;
pub use crate::settings::{Backend, RunSettings, StopCondition, Watch, WatchedLoss, WatchedMetric};
pub use crate::step::OpTime;
pub use crate::step::SavedState;
pub use mtl_data::split::Split;

/// Identifies a command among those whose replies are pending.
pub type RequestId = u32;

/// Page to worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Replaces the data set, and answers [`Reply::Done`]. With [`DataSource::Asset`] the bytes of the asset are payload 0.
    Data {
        /// Source of the rows.
        source: DataSource,
        /// Settings of the preparation: vocabulary, truncation, splits.
        settings: DataSettings,
    },
    /// Replaces the design, and answers [`Reply::Done`]; whether it compiles is reported by [`Event::Model`]. The run continues after
    /// a change of loss weights, names or positions only; any other resets it.
    Design {
        /// The whole design.
        design: Design,
    },
    /// Replaces the settings of the run, and answers [`Reply::Done`]. Learning rate, optimizer constants, schedule, clipping, stop condition and backend apply from the
    /// next step on, with the optimizer's state, and so does the balancing method; batch size, seed and the kind of optimizer reset
    /// the run.
    Settings {
        /// All settings.
        settings: RunSettings,
    },
    /// Starts, stops or resets the run; the answer is [`Reply::Status`].
    Run {
        /// The action.
        run: Run,
    },
    /// Starts or stops a comparison of the design with each of its tasks alone, and answers [`Reply::Done`]; what comes of it is
    /// reported by [`Event::Comparison`]. Its runs are made while the session's run stands, and do not touch it.
    Compare {
        /// The action.
        compare: Compare,
    },
    /// Reads from the run, or restores it.
    Ask {
        /// The request.
        request: Request,
    },
}

/// Source of the rows of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum DataSource {
    /// A converted real data set: its key; the bytes are payload 0.
    Asset {
        /// Key of the data set.
        key: String,
    },
    /// A generated data set with its knobs.
    Generated {
        /// Which generator, and its settings.
        generator: Generator,
    },
}

/// An action on the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Trains until paused or finished; answered at once.
    Play,
    /// Stops after the current step; answered at once.
    Pause,
    /// Trains `n` steps beyond those already requested, then pauses. Answered when these steps are done, or when the run pauses before
    /// that; with the error when it diverges or is replaced.
    Steps {
        /// Number of steps.
        n: u32,
    },
    /// Trains to the end of the epoch (of the next one, when the end of this one is already requested), then pauses. Answered after the
    /// evaluations of the epoch, otherwise like `Steps`.
    Epoch,
    /// Fresh parameters from the seed; empty history.
    Reset,
    /// Takes a run that has diverged back to [`RunStatus::rewind_step`], with the optimizer's state of that step.
    Rewind,
}

/// An action on the comparison of shared and alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Starts one, of the design, data and settings as they are; another one that is under way is dropped.
    Start {
        /// Number of seeds, from that of the settings on; at most [`MAX_SEEDS`].
        n_seeds: u32,
    },
    /// Stops it.
    Stop,
}

/// A request that reads from the session or restores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Predictions for one example, with attributions.
    Predict {
        /// The example, by feature key.
        input: PredictInput,
    },
    /// All metrics on all rows of a split; the only thing that touches the test split. Besides the reply there is an
    /// [`Event::Evaluation`].
    Evaluate {
        /// Split of the rows.
        split: Split,
    },
    /// The content of a weights file; parameter values are payload 0 of the reply (f32, little endian, in order), the numbers of
    /// [`Snapshot::state`] payload 1.
    Snapshot,
    /// Goes back to a snapshot as a whole: data, design, settings, parameter values, the state of the training and step. Payload 0
    /// holds the values as in [`Request::Snapshot`]; the next one the numbers of [`Snapshot::state`] when it is there; the
    /// next one the bytes of the asset when the snapshot's source is one (it may be left out when the session has that very data
    /// set loaded). All is prepared and checked before anything is
    /// replaced: when something does not fit (a parameter missing, unknown, of another shape or not finite; another
    /// vocabulary; a state of another optimizer) the reply says what, and the session is as before. Without a state the training goes
    /// on with a new one, and the status says so.
    ///
    /// Before the reply come [`Event::Data`] (if the data set changed), [`Event::Model`] and [`Event::Status`].
    Restore {
        /// A snapshot from [`Reply::Snapshot`].
        snapshot: Box<Snapshot>,
    },
    /// The state that [`Event::Status`] reports, at once.
    State,
    /// Histograms of the activations and parameters of a layer, and the gradient norms of every task per layer. The run does not
    /// change.
    Inspect {
        /// The layer for the histograms.
        node: Option<NodeId>,
    },
    /// How far the gradients of the tasks point the same way. Nothing of the run changes.
    Conflict,
    /// A few rows of a split, for the data panel or the try panel.
    Rows {
        /// Split of the rows.
        split: Split,
        /// Most rows of the reply.
        n: usize,
        /// Seed of the random choice.
        seed: u64,
    },
}

/// One example to predict, by feature key. Features that are left out take their neutral value (no tokens, id 0, the mean).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PredictInput {
    /// Text features.
    pub text: BTreeMap<String, String>,
    /// Id features.
    pub ids: BTreeMap<String, u32>,
    /// Dense features, as a person types them: they are standardised like the rows of the data set.
    pub dense: BTreeMap<String, Vec<f32>>,
}

/// Worker to page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Another data set is loaded and prepared.
    Data {
        /// Source of its rows.
        source: DataSource,
        /// Settings of its preparation.
        settings: DataSettings,
        /// Rows, distributions, vocabulary.
        report: Box<DataReport>,
        /// What a design can read and learn.
        schema: Schema,
        /// What simple methods reach on the validation rows.
        baselines: Vec<LabelBaselines>,
    },
    /// The design compiled (or not).
    Model {
        /// A new run stands at step 0 (or, after a restore, at the step that was saved): what was recorded of the run
        /// before belongs to the past. False when the run goes on, or when the design does not compile and the run
        /// before it waits for one that does.
        reset: bool,
        /// What it costs.
        resources: Option<Resources>,
        /// Why it cannot train, when it cannot.
        problem: Option<Message>,
    },
    /// The run changed state.
    Status {
        /// The state.
        status: RunStatus,
    },
    /// Losses since the last such event, at most every 50 ms (every 100 ms from WebGPU), and one for the last step before
    /// a pause.
    Progress {
        /// Losses and metrics.
        progress: Progress,
    },
    /// Metrics of every task on a split: after each epoch on the validation rows and on as many training rows (always
    /// the same ones), and on request.
    Evaluation {
        /// Losses and metrics.
        evaluation: Evaluation,
    },
    /// A comparison of shared and alone has gone on.
    Comparison {
        /// How far.
        update: ComparisonUpdate,
    },
}

/// State of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Phase of the run.
    pub phase: Phase,
    /// Number of steps done.
    pub step: u64,
    /// Number of epochs done, including the fraction of the current one.
    pub epoch: f64,
    /// Steps per epoch; 0 without data or design.
    pub steps_per_epoch: u64,
    /// Training time in milliseconds.
    pub elapsed_ms: f64,
    /// Reason for the phase, if there is one to report.
    pub note: Option<Message>,
    /// Backend of the steps.
    pub runs_on: RunsOn,
    /// Of a run that has diverged: the step of its last good state, which [`Run::Rewind`] restores.
    #[serde(default)]
    pub rewind_step: Option<u64>,
}

/// The backend that makes the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOn {
    /// Name of the adapter when it is WebGPU; none when it is the CPU.
    pub webgpu: Option<String>,
    /// Reason for the choice, if there is one to report.
    pub why: Option<Message>,
    /// Whether the worker's build of the module has products and sums in one instruction (`relaxed-simd` in a browser).
    pub fused: bool,
}

/// Phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No data set or no design that can train.
    NotReady,
    /// Ready or paused.
    Paused,
    /// Training.
    Running,
    /// The last epoch is done, or the stop condition holds.
    Finished,
    /// A loss or a parameter was not finite, or a loss far above the first; the note names it and the step.
    Diverged,
}

/// Losses since the last report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Number of steps done.
    pub step: u64,
    /// Number of epochs done, including the fraction of the current one.
    pub epoch: f64,
    /// Training time in milliseconds.
    pub elapsed_ms: f64,
    /// Mean training loss per task over the steps since the last report; `None` when no row was labelled.
    #[serde(with = "mtl_base::numbers")]
    pub losses: Vec<Option<f32>>,
    /// Regularisation penalty of the last step.
    #[serde(with = "mtl_base::numbers")]
    pub penalty: f32,
    /// Learning rate of the last step.
    #[serde(with = "mtl_base::numbers")]
    pub learning_rate: f32,
    /// Loss weight per task in the last step.
    #[serde(with = "mtl_base::numbers")]
    pub weights: Vec<f32>,
    /// Steps per second and examples per second, over the last second or so.
    pub steps_per_second: f32,
    /// Rows per second.
    pub examples_per_second: f32,
}

/// Metrics of every task on a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Split of the rows.
    pub split: Split,
    /// Number of steps done.
    pub step: u64,
    /// Number of epochs done.
    pub epoch: f64,
    /// Training time in milliseconds.
    pub elapsed_ms: f64,
    /// Mean loss per task, in the order of the heads; `None` when no row was labelled.
    #[serde(with = "mtl_base::numbers")]
    pub losses: Vec<Option<f64>>,
    /// Metrics per task, in the order of the heads.
    pub tasks: Vec<TaskMetrics>,
}

/// Metrics of simple methods (baselines) on a split, for one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelBaselines {
    /// Key of the label.
    pub label: String,
    /// Split of the rows.
    pub split: Split,
    /// The methods that apply (majority class, naive Bayes, biases), with their metrics.
    pub methods: Vec<(Method, TaskMetrics)>,
}

/// The successful reply to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To [`Command::Data`], [`Command::Design`], [`Command::Settings`] and [`Request::Restore`].
    Done,
    /// To [`Command::Run`].
    Status {
        /// State of the run.
        status: RunStatus,
    },
    /// To [`Request::Predict`].
    Prediction {
        /// Per task, in the order of the heads.
        tasks: Vec<TaskPrediction>,
        /// The tokens that were read, per text feature.
        tokens: Vec<TokenSpans>,
    },
    /// To [`Request::Evaluate`].
    Evaluation {
        /// Losses and metrics.
        evaluation: Evaluation,
        /// Metrics of baselines on the same rows; empty for the training rows, on which they were fitted.
        baselines: Vec<LabelBaselines>,
    },
    /// To [`Request::Snapshot`]; values are payload 0, numbers of the state payload 1.
    Snapshot {
        /// The snapshot without its values.
        snapshot: Box<Snapshot>,
    },
    /// To [`Request::State`].
    State {
        /// The state.
        status: RunStatus,
        /// Hash of the bits of all parameters, 16 hexadecimal digits: equal on every machine for the same run.
        fingerprint: Option<String>,
    },
    /// To [`Request::Inspect`].
    Inspection {
        /// Histograms and gradient norms.
        inspection: Box<Inspection>,
    },
    /// To [`Request::Conflict`].
    Conflict {
        /// What was seen.
        conflict: Box<Conflict>,
    },
    /// To [`Request::Rows`].
    Rows {
        /// Texts, ids and labels, ready to show.
        rows: Vec<Sample>,
        /// The same rows as [`Request::Predict`] takes them.
        inputs: Vec<PredictInput>,
    },
}

/// The prediction of a task for one example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskPrediction {
    /// Name of the task.
    pub task: String,
    /// Probability per class (two for binary: no, yes) or per label, or the one predicted value.
    #[serde(with = "mtl_base::numbers")]
    pub outputs: Vec<f32>,
    /// Names of the classes or labels; empty for a real value.
    pub classes: Vec<Message>,
    /// Indices of the predicted classes or labels: the most probable class, or every label above 0.5; empty for a real value.
    pub predicted: Vec<usize>,
    /// Gradient x input of the most probable class's or label's logit (or the value), per text feature and token.
    #[serde(with = "mtl_base::numbers")]
    pub attributions: Vec<Vec<f32>>,
}

/// The tokens of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenSpans {
    /// Key of the feature.
    pub feature: String,
    /// Byte ranges of the tokens in the typed text, in order, after truncation.
    pub spans: Vec<(usize, usize)>,
    /// Whether the vocabulary knows the token.
    pub known: Vec<bool>,
}

/// The content of a weights file without the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The design.
    pub design: Design,
    /// Source of the data set.
    pub source: DataSource,
    /// Settings of its preparation.
    pub data_settings: DataSettings,
    /// Settings of the run.
    pub settings: RunSettings,
    /// The schema that the design was compiled against.
    pub schema: Schema,
    /// Tokens by id, per text feature.
    pub vocabularies: Vec<(String, Vec<String>)>,
    /// Mean and deviation of the training rows, per dense feature.
    pub scales: Vec<(String, DenseScale)>,
    /// Names and shapes of the parameters, in the order of payload 0.
    pub parameters: Vec<(String, Vec<usize>)>,
    /// Number of steps done.
    pub step: u64,
    /// Number of epochs done.
    pub epoch: f64,
    /// Newest evaluation per split.
    pub evaluations: Vec<Evaluation>,
    /// State of the training, from which it continues with the same bits; its numbers are payload 1.
    #[serde(default)]
    pub state: Option<SavedState>,
}
