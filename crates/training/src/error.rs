//! What a session refuses, in both languages.

use mtl_base::text::{Explain, Message, Text};
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
    #[error("the design cannot be trained yet: {}", problem.en)]
    Design {
        /// The first problem.
        problem: Message,
    },
    /// The data set was not loaded.
    #[error("the data set was not loaded: {}", reason.en)]
    Data {
        /// What its reader says.
        reason: Message,
    },
    /// A message came without the bytes that belong to it.
    #[error("the bytes of {} did not arrive; load it again", what.en)]
    Payload {
        /// What is missing.
        what: Text,
    },
    /// A setting is out of bounds.
    #[error("{}: expected {}, got {got}", name.en, expected.en)]
    Setting {
        /// Which.
        name: Text,
        /// Its bounds.
        expected: Message,
        /// What came.
        got: String,
    },
    /// A loss became infinite, not a number, or far larger than at the start.
    #[error(
        "task `{task}` diverged in step {step}: its loss is {loss}; lower the learning rate or clip the gradients, then reset"
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
    /// The run has diverged and cannot go on.
    #[error("the run has diverged and cannot go on; lower the learning rate and reset")]
    HasDiverged,
    /// All epochs are done.
    #[error("all {epochs} epochs are done; raise the number of epochs or reset")]
    AllEpochsDone {
        /// How many.
        epochs: u32,
    },
    /// The split has no rows.
    #[error("the {} split has no rows; give it a share in the settings of the data set", split.en)]
    EmptySplit {
        /// Which.
        split: Text,
    },
    /// Test rows are not shown.
    #[error("test rows are not shown, so that nobody learns from them; ask for training or validation rows")]
    TestRows,
    /// More is waiting than is kept.
    #[error("{limit} evaluations are waiting already; wait for one to end")]
    TooMany {
        /// The ceiling.
        limit: usize,
    },
    /// The run that was asked about is gone.
    #[error("the run was replaced before the evaluation ended; ask again")]
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
    #[error("feature `{feature}`: expected {expected}, got {got}")]
    Feature {
        /// Its key.
        feature: String,
        /// What fits.
        expected: String,
        /// The same in Chinese.
        expected_zh: String,
        /// What came.
        got: String,
    },
    /// A snapshot does not fit the model that its design makes.
    #[error("parameter `{parameter}`: expected {}, got {}; nothing was replaced", expected.en, got.en)]
    Parameter {
        /// Its name.
        parameter: String,
        /// What the model needs.
        expected: Message,
        /// What the snapshot has.
        got: Message,
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
    #[error("the data set gives another {} than the one that the snapshot was trained with; it has changed since, so that the predictions would differ; nothing was replaced", what.en)]
    OtherData {
        /// What differs.
        what: Text,
    },
}

impl Explain for RunError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoData => "尚未载入数据集；请先选择一个".to_owned(),
            Self::NoDesign => "尚未设定网络；请先选择预设或自行绘制".to_owned(),
            Self::Design { problem } => format!("该设计还不能训练：{}", problem.zh),
            Self::Data { reason } => format!("数据集未载入：{}", reason.zh),
            Self::Payload { what } => format!("{}的内容没有送达；请重新载入", what.zh),
            Self::Setting { name, expected, got } => format!("{}：应为 {}，得到 {got}", name.zh, expected.zh),
            Self::Diverged { task, step, loss } => {
                format!("任务“{task}”在第 {step} 步发散：损失为 {loss}；请降低学习率或裁剪梯度，然后重置")
            }
            Self::NotFinite {
                parameter,
                step,
                tasks,
            } => format!(
                "参数“{parameter}”在第 {step} 步后不再是有限的数{}；请降低学习率或裁剪梯度，然后重置",
                of_tasks(tasks, "（任务：", "、", "）")
            ),
            Self::HasDiverged => "训练已发散，无法继续；请降低学习率并重置".to_owned(),
            Self::AllEpochsDone { epochs } => format!("{epochs} 轮已全部完成；请增加轮数或重置"),
            Self::EmptySplit { split } => format!("{}集没有数据；请在数据设置中为它分配比例", split.zh),
            Self::TestRows => "测试集的行不予显示，以免从中学习；请查看训练集或验证集".to_owned(),
            Self::TooMany { limit } => format!("已有 {limit} 个评估在等待；请等其中一个结束"),
            Self::Replaced => "评估结束前训练已被替换；请重新提问".to_owned(),
            Self::UnknownFeature { feature, known } => {
                format!("模型不读取这种类型的特征“{feature}”；它读取 {known}")
            }
            Self::Feature {
                feature,
                expected_zh,
                got,
                ..
            } => {
                format!("特征“{feature}”：应为{expected_zh}，得到 {got}")
            }
            Self::Parameter {
                parameter,
                expected,
                got,
            } => {
                format!(
                    "参数“{parameter}”：应为{}，得到{}；未作任何替换",
                    expected.zh, got.zh
                )
            }
            Self::ValueBytes { expected, got } => {
                format!("快照有 {got} 字节的参数值，其参数需要 {expected} 字节；未作任何替换")
            }
            Self::OtherData { what } => format!(
                "数据集得到的{}与快照训练时的不同；数据集此后已改变，预测结果会不一致；未作任何替换",
                what.zh
            ),
        };
        Message::new(self.to_string(), zh)
    }
}

fn of_tasks(tasks: &[String], before: &str, between: &str, after: &str) -> String {
    if tasks.is_empty() {
        String::new()
    } else {
        format!("{before}{}{after}", tasks.join(between))
    }
}
