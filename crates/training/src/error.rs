//! What a session refuses: typed causes, put into words by [`Explain`].

use mtl_base::settings::SettingError;
use mtl_base::text::{Explain, Message, Text};
use mtl_data::asset::AssetError;
use mtl_data::prepare::DataError;
use mtl_data::split::Split;
use mtl_engine::model::BuildError;
use mtl_program::optimizers;
use thiserror::Error;

/// Why a command was not carried out, or why a run stopped. The session is as it was before.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum RunError {
    /// There is nothing to train on.
    #[error("no data set is loaded; choose one first")]
    NoData,
    /// There is nothing to train.
    #[error("no design is set; choose a preset or draw one first")]
    NoDesign,
    /// The design is not one that can be trained.
    #[error("the design cannot be trained yet: {0}")]
    Design(#[from] BuildError),
    /// The bytes of a data set could not be read.
    #[error("the data set was not loaded: {0}")]
    Asset(#[from] AssetError),
    /// The bytes are those of another data set.
    #[error("the data set was not loaded: expected `{expected}`, and the file holds `{got}`")]
    OtherAsset {
        /// Key of the data set that was asked for.
        expected: String,
        /// Key of the data set in the file.
        got: String,
    },
    /// A data set could not be prepared.
    #[error("the data set was not loaded: {0}")]
    Data(#[from] DataError),
    /// A message came without the bytes that belong to it.
    #[error("the bytes of {} did not arrive; load it again", .0.label().en)]
    Payload(Payload),
    /// A setting is out of bounds.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// So many steps cannot be asked for at once.
    #[error("number of steps: expected a whole number from 1 to {limit}, got {got}")]
    Steps {
        /// Ceiling.
        limit: u32,
        /// What came.
        got: u32,
    },
    /// A loss became infinite, not a number, or far larger than at the start.
    #[error(
        "task `{task}` diverged in step {step}: its loss is {}; lower the learning rate or clip the gradients, then reset",
        shown(*loss).en
    )]
    Diverged {
        /// The task.
        task: String,
        /// The step, from 1.
        step: u64,
        /// Its loss.
        loss: f32,
    },
    /// A parameter became infinite or not a number.
    #[error(
        "parameter `{parameter}` is not finite after step {step}{}; lower the learning rate or clip the gradients, then reset",
        of_tasks(tasks, " (tasks ", ", ", ")")
    )]
    NotFinite {
        /// The parameter.
        parameter: String,
        /// Steps done.
        step: u64,
        /// Tasks that train it.
        tasks: Vec<String>,
    },
    /// A balancing method keeps more gradients than there is memory for.
    #[error(
        "{} keeps the gradient of every task: with it the run needs {needed_mb} MB, and {ceiling_mb} MB are allowed; choose a method that weights losses, or share fewer parameters", method.en
    )]
    TaskGradients {
        /// The method.
        method: Text,
        /// All that the run would need.
        needed_mb: u64,
        /// The ceiling.
        ceiling_mb: u64,
    },
    /// A saved state of training does not fit.
    #[error("the saved state of the training does not fit: {}; nothing was replaced", .0.explain().en)]
    State(StateProblem),
    /// The run has diverged and cannot go on.
    #[error("the run has diverged and cannot go on; lower the learning rate and reset")]
    HasDiverged,
    /// There is no earlier state to go back to.
    #[error(
        "there is no earlier state to go back to: the run has not diverged, or its last good state was not kept; reset it"
    )]
    NoGoodState,
    /// A step that cannot be counted on from.
    #[error("the number of steps is {got}; expected at most {limit}; nothing was replaced")]
    StepCount {
        /// Greatest number of steps.
        limit: u64,
        /// Number of steps of the snapshot.
        got: u64,
    },
    /// All epochs are done.
    #[error("all {epochs} epochs are done; raise the number of epochs or reset")]
    AllEpochsDone {
        /// How many.
        epochs: u32,
    },
    /// The split has no rows.
    #[error("the {} split has no rows; give it a share in the settings of the data set", .0.label().en)]
    EmptySplit(Split),
    /// Test rows are not shown.
    #[error("test rows are not shown, so that nobody learns from them; ask for training or validation rows")]
    TestRows,
    /// Too many requests are pending.
    #[error("{limit} requests are pending already; wait for one to end")]
    TooMany {
        /// The ceiling.
        limit: usize,
    },
    /// The run was replaced while the request was pending.
    #[error("the run was replaced before the request was done; repeat it")]
    Replaced,
    /// An example has a feature that the model does not read.
    #[error("the model reads no feature `{feature}` of this kind; it reads {known}")]
    UnknownFeature {
        /// What came.
        feature: String,
        /// What there is.
        known: String,
    },
    /// A value of an example does not fit.
    #[error("feature `{feature}`: {}", problem.explain().en)]
    Feature {
        /// Its key.
        feature: String,
        /// What is wrong with it.
        problem: FeatureProblem,
    },
    /// A snapshot does not fit the model that its design makes.
    #[error("parameter `{parameter}`: {}; nothing was replaced", problem.explain().en)]
    Parameter {
        /// Its name.
        parameter: String,
        /// What is wrong with it.
        problem: ParameterProblem,
    },
    /// The values do not fill the parameters.
    #[error("the snapshot has {got} bytes of values, its parameters need {expected}; nothing was replaced")]
    ValueBytes {
        /// Needed.
        expected: usize,
        /// Present.
        got: usize,
    },
    /// The data set is prepared into something else than when the snapshot was taken.
    #[error("the data set gives another {} than the one that the snapshot was trained with; it has changed since, so that the predictions would differ; nothing was replaced", .0.label().en)]
    OtherData(DataPart),
}

/// Bytes that travel beside a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The asset of a data set.
    Asset,
    /// The values of all parameters.
    Values,
    /// The numbers of the training's state.
    State,
}

impl Payload {
    const fn label(self) -> Text {
        match self {
            Self::Asset => Text::new("the data set", "数据集"),
            Self::Values => Text::new("the parameter values", "参数值"),
            Self::State => Text::new("the state of the training", "训练状态"),
        }
    }
}

/// Why a saved state of the training does not fit a run.
#[derive(Clone, Debug, PartialEq)]
pub enum StateProblem {
    /// It has another number of tasks.
    Tasks {
        /// Tasks of the design.
        expected: usize,
        /// Tasks of the state.
        got: usize,
    },
    /// It belongs to another optimizer.
    Optimizer {
        /// Key of the run's.
        expected: &'static str,
        /// Key of the state's.
        got: String,
    },
    /// Its numbers are more or fewer than its description says.
    Bytes {
        /// Bytes of what is described.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// It keeps gradients of parameters that stand in another order.
    Order,
    /// A number in it is infinite or not a number.
    NotFinite,
    /// It does not fit the optimizer.
    OptimizerState(optimizers::StateError),
    /// It does not fit the balancing method.
    BalancerState(mtl_balance::StateError),
}

impl Explain for StateProblem {
    fn explain(&self) -> Message {
        match self {
            Self::Tasks { expected, got } => Message::new(
                format!("it is of {got} tasks, the design has {expected}"),
                format!("它属于 {got} 个任务，设计有 {expected} 个"),
            ),
            Self::Optimizer { expected, got } => Message::new(
                format!("it belongs to the optimizer `{got}`, not to `{expected}`"),
                format!("它属于优化器“{got}”，而不是“{expected}”"),
            ),
            Self::Bytes { expected, got } => Message::new(
                format!("it has {got} bytes, expected {expected}"),
                format!("它有 {got} 字节，应为 {expected} 字节"),
            ),
            Self::Order => Message::new(
                "it keeps gradients of parameters in another order",
                "其中保存的梯度对应另一种参数顺序",
            ),
            Self::NotFinite => Message::new("a number in it is not finite", "其中有非有限的数"),
            Self::OptimizerState(error) => error.explain(),
            Self::BalancerState(error) => error.explain(),
        }
    }
}

/// A part of a prepared data set that predictions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPart {
    /// Features and labels.
    Schema,
    /// Tokens by id.
    Vocabulary,
    /// Means and deviations.
    Scales,
}

impl DataPart {
    const fn label(self) -> Text {
        match self {
            Self::Schema => Text::new("list of features and labels", "特征与标签列表"),
            Self::Vocabulary => Text::new("vocabulary", "词表"),
            Self::Scales => Text::new("scale of its numbers", "数值标准化"),
        }
    }
}

/// What is wrong with a value of an example.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureProblem {
    /// The text is too long.
    Text {
        /// Most bytes.
        limit: usize,
        /// Bytes that came.
        got: usize,
    },
    /// There is no such id.
    Id {
        /// Number of ids.
        cardinality: usize,
        /// What came.
        got: u32,
    },
    /// Not as many numbers as the feature has, or not finite ones.
    Numbers {
        /// Numbers that the feature has.
        width: usize,
        /// What came.
        got: Vec<f32>,
    },
}

impl Explain for FeatureProblem {
    fn explain(&self) -> Message {
        match self {
            Self::Text { limit, got } => Message::new(
                format!("expected at most {limit} bytes of text, got {got}"),
                format!("应为最多 {limit} 字节的文本，得到 {got}"),
            ),
            Self::Id { cardinality, got } => Message::new(
                format!("expected an id below {cardinality}, got {got}"),
                format!("应为小于 {cardinality} 的编号，得到 {got}"),
            ),
            Self::Numbers { width, got } => Message::new(
                format!("expected {width} finite numbers, got {got:?}"),
                format!("应为 {width} 个有限的数，得到 {got:?}"),
            ),
        }
    }
}

/// What is wrong with a parameter of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterProblem {
    /// Its name stands twice.
    Twice,
    /// The model has none of this name.
    Unknown {
        /// The snapshot's shape.
        shape: Vec<usize>,
    },
    /// The snapshot has none of this name.
    Missing {
        /// The model's shape.
        shape: Vec<usize>,
    },
    /// The shapes differ.
    Shape {
        /// The model's.
        expected: Vec<usize>,
        /// The snapshot's.
        got: Vec<usize>,
    },
    /// A value is not finite.
    NotFinite {
        /// It.
        value: f32,
    },
}

impl Explain for ParameterProblem {
    fn explain(&self) -> Message {
        match self {
            Self::Twice => Message::new(
                "expected this name once, got it twice",
                "该名称应只出现一次，却出现了两次",
            ),
            Self::Unknown { shape } => Message::new(
                format!("expected nothing, got shape {shape:?}"),
                format!("不应有此参数，得到形状 {shape:?}"),
            ),
            Self::Missing { shape } => Message::new(
                format!("expected shape {shape:?}, got nothing"),
                format!("应为形状 {shape:?}，却没有此参数"),
            ),
            Self::Shape { expected, got } => Message::new(
                format!("expected shape {expected:?}, got shape {got:?}"),
                format!("应为形状 {expected:?}，得到形状 {got:?}"),
            ),
            Self::NotFinite { value } => Message::new(
                format!("expected finite numbers, got {value}"),
                format!("应为有限的数，得到 {value}"),
            ),
        }
    }
}

impl Explain for RunError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoData => "尚未载入数据集；请先选择一个".to_owned(),
            Self::NoDesign => "尚未设定网络；请先选择预设或自行绘制".to_owned(),
            Self::Design(error) => format!("该设计还不能训练：{}", error.explain().zh),
            Self::Asset(error) => format!("数据集未载入：{}", error.explain().zh),
            Self::OtherAsset { expected, got } => {
                format!("数据集未载入：应为“{expected}”，而文件中是“{got}”")
            }
            Self::Data(error) => format!("数据集未载入：{}", error.explain().zh),
            Self::Payload(payload) => format!("{}的内容没有送达；请重新载入", payload.label().zh),
            Self::Setting(error) => error.explain().zh,
            Self::Steps { limit, got } => format!("步数：应为 1 到 {limit} 的整数，得到 {got}"),
            Self::Diverged { task, step, loss } => {
                let loss = shown(*loss).zh;
                format!("任务“{task}”在第 {step} 步发散：损失为{loss}；请降低学习率或裁剪梯度，然后重置")
            }
            Self::NotFinite {
                parameter,
                step,
                tasks,
            } => format!(
                "参数“{parameter}”在第 {step} 步后不再是有限的数{}；请降低学习率或裁剪梯度，然后重置",
                of_tasks(tasks, "（任务：", "、", "）")
            ),
            Self::TaskGradients {
                method,
                needed_mb,
                ceiling_mb,
            } => format!(
                "{}需要保存每个任务的梯度：训练共需 {needed_mb} MB，上限为 {ceiling_mb} MB；请选择按损失加权的方法，或减少共享参数",
                method.zh
            ),
            Self::State(problem) => format!("保存的训练状态不匹配：{}；未作任何替换", problem.explain().zh),
            Self::HasDiverged => "训练已发散，无法继续；请降低学习率并重置".to_owned(),
            Self::NoGoodState => "没有可以退回的状态：训练并未发散，或没有保存正常的状态；请重置".to_owned(),
            Self::StepCount { limit, got } => format!("步数为 {got}，应不超过 {limit}；未作任何替换"),
            Self::AllEpochsDone { epochs } => format!("{epochs} 轮已全部完成；请增加轮数或重置"),
            Self::EmptySplit(split) => format!("{}集没有数据；请在数据设置中为它分配比例", split.label().zh),
            Self::TestRows => "测试集的行不予显示，以免从中学习；请查看训练集或验证集".to_owned(),
            Self::TooMany { limit } => format!("已有 {limit} 个请求在等待；请等其中一个结束"),
            Self::Replaced => "请求完成前训练已被替换；请重试".to_owned(),
            Self::UnknownFeature { feature, known } => {
                format!("模型不读取这种类型的特征“{feature}”；它读取 {known}")
            }
            Self::Feature { feature, problem } => format!("特征“{feature}”：{}", problem.explain().zh),
            Self::Parameter { parameter, problem } => {
                format!("参数“{parameter}”：{}；未作任何替换", problem.explain().zh)
            }
            Self::ValueBytes { expected, got } => {
                format!("快照有 {got} 字节的参数值，其参数需要 {expected} 字节；未作任何替换")
            }
            Self::OtherData(part) => format!(
                "数据集得到的{}与快照训练时的不同；数据集此后已改变，预测结果会不一致；未作任何替换",
                part.label().zh
            ),
        };
        Message::new(self.to_string(), zh)
    }
}

/// A loss that shows divergence, in few digits.
fn shown(loss: f32) -> Message {
    if loss.is_nan() {
        Message::new("not a number", "非数值")
    } else if loss.is_infinite() {
        Message::new("infinite", "无穷大")
    } else {
        let digits = format!("{loss:.2e}");
        Message::new(digits.clone(), format!(" {digits}"))
    }
}

fn of_tasks(tasks: &[String], before: &str, between: &str, after: &str) -> String {
    if tasks.is_empty() {
        String::new()
    } else {
        format!("{before}{}{after}", tasks.join(between))
    }
}
