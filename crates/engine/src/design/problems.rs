//! Problems of a design: each is tied to a node or a wire, described in both languages, and has a fix
//! where one exists.

use thiserror::Error;

use super::WireId;
use crate::layers::{LowerError, PortKind};
use mtl_base::NodeId;
use mtl_base::{
    settings::SettingError,
    text::{Explain, Message, Text},
};

/// Severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Warning: the design trains, but perhaps not as intended.
    Warning,
    /// Error: the design does not train.
    Error,
}

/// A problem of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Kind of problem.
    pub kind: ProblemKind,
    /// Node that has the problem.
    pub node: Option<NodeId>,
    /// Wire that has the problem.
    pub wire: Option<WireId>,
    /// Severity.
    pub severity: Severity,
}

/// Kind of a problem. Fields such as `node` are display names.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ProblemKind {
    /// The design is empty.
    #[error("the design is empty; add an input, a layer and a task head, or start from a preset")]
    Empty,
    /// The design has no task head.
    #[error("there is no task head, so nothing can be learnt; add a head and connect it")]
    NoHead,
    /// More tasks than the sets of tasks hold.
    #[error("{got} task heads, but a design has at most {ceiling}; remove some of them")]
    TooManyHeads {
        /// Number of heads.
        got: usize,
        /// Limit.
        ceiling: usize,
    },
    /// Two nodes have one id.
    #[error("two nodes have the ID {id}; remove one of them")]
    DuplicateNode {
        /// The id.
        id: u32,
    },
    /// Two wires have one id.
    #[error("two wires have the ID {id}; remove one of them")]
    DuplicateWireId {
        /// The id.
        id: u32,
    },
    /// Two nodes have one name, and so would their parameters.
    #[error("two nodes are named `{name}`; rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A node without a name.
    #[error("this node has no name; give it one")]
    EmptyName,
    /// Wires form a cycle.
    #[error("the wires form a cycle through {}; remove one of these wires", nodes.join(", "))]
    Cycle {
        /// Names of the nodes in it.
        nodes: Vec<String>,
    },
    /// An input handle without a wire.
    #[error("`{node}`: nothing is connected to the input `{}`, which takes {}; connect it or remove the node", handle.en, expected.label().en)]
    MissingInput {
        /// Name of the node.
        node: String,
        /// Name of the handle.
        handle: Text,
        /// What it takes.
        expected: PortKind,
    },
    /// Several wires at a handle that takes one.
    #[error(
        "`{node}`: the input `{}` takes one wire, got {got}; remove wires, or merge them with Concatenate or Add",
        handle.en
    )]
    TooManyWires {
        /// Name of the node.
        node: String,
        /// Name of the handle.
        handle: Text,
        /// How many wires end there.
        got: usize,
    },
    /// A wire's end does not exist.
    #[error("a wire leads to or from a handle that does not exist; remove it")]
    Dangling,
    /// The same two handles are connected twice, at a handle that takes many.
    #[error("`{from}` is connected to `{to}` twice; remove one of the wires if this is not intended")]
    DuplicateWire {
        /// Where the wires start.
        from: String,
        /// Where they end.
        to: String,
    },
    /// A layer cannot take its inputs.
    #[error("`{node}`: {error}")]
    Layer {
        /// Name of the node.
        node: String,
        /// Reason.
        error: LowerError,
    },
    /// A setting is out of its bounds or not finite.
    #[error("`{node}`: {error}")]
    Setting {
        /// Name of the node.
        node: String,
        /// The setting, what was expected and what was found.
        error: SettingError,
    },
    /// No loss reaches the node.
    #[error("`{node}` leads to no task head, so it is not trained; connect it to a head or remove it")]
    ReachesNoLoss {
        /// Name of the node.
        node: String,
    },
    /// The data set says that the node's feature or label cannot teach what it should.
    #[error("`{node}`: {}", finding.en)]
    Data {
        /// Name of the input or head.
        node: String,
        /// What was found.
        finding: Message,
    },
    /// A layer that normalises over the batch gets one row at a time.
    #[error(
        "`{node}` normalises over the rows of a batch, but a batch has one row: it keeps its initial mean 0 and variance 1; use a larger batch size or layer normalisation"
    )]
    BatchOfOne {
        /// Name of the node.
        node: String,
    },
    /// A task whose weight is 0.
    #[error("`{node}` has the loss weight 0, so it is not trained; raise the weight")]
    ZeroWeight {
        /// Name of the task.
        node: String,
    },
    /// A tie between layers with different parameters.
    #[error(
        "soft sharing between `{a}` and `{b}` needs equal parameter shapes, got {a_shapes} and {b_shapes}; give both layers the same settings and input width"
    )]
    Tie {
        /// One layer.
        a: String,
        /// The other.
        b: String,
        /// Shapes of one layer's parameters.
        a_shapes: String,
        /// Shapes of the other's.
        b_shapes: String,
    },
    /// A tie's strength is negative or not finite, or its ends are missing.
    #[error(
        "soft sharing needs two different layers and a finite strength of at least 0, got {strength}; remove it"
    )]
    BadTie {
        /// Its strength.
        strength: f32,
    },
    /// More parameters than the ceiling.
    #[error(
        "the design has {got} parameters, the limit is {ceiling}; use smaller embeddings or layers, or a smaller vocabulary"
    )]
    TooManyParameters {
        /// Number of parameters.
        got: usize,
        /// Limit.
        ceiling: usize,
    },
    /// More memory than the ceiling.
    #[error(
        "training with batches of {rows} rows needs {got_mb} MB, of which {data_mb} MB for the data set; the limit is {ceiling_mb} MB; use smaller batches, shorter texts, smaller layers or fewer rows"
    )]
    TooMuchMemory {
        /// Need in megabytes.
        got_mb: u64,
        /// What the rows of the data set need of them.
        data_mb: u64,
        /// Ceiling in megabytes.
        ceiling_mb: u64,
        /// Rows per step.
        rows: usize,
    },
}

impl Explain for ProblemKind {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Empty => "设计是空的；请添加输入、层和任务头，或从预设开始".to_owned(),
            Self::NoHead => "没有任务头，因此无法学习；请添加任务头并连接".to_owned(),
            Self::TooManyHeads { got, ceiling } => {
                format!("有 {got} 个任务头，最多 {ceiling} 个；请删除一些任务头")
            }
            Self::DuplicateNode { id } => format!("两个节点的 ID 都是 {id}；请删除其中一个"),
            Self::DuplicateWireId { id } => format!("两条连线的 ID 都是 {id}；请删除其中一条"),
            Self::DuplicateName { name } => format!("两个节点都名为“{name}”；请重命名其中一个"),
            Self::EmptyName => "该节点没有名称；请为其命名".to_owned(),
            Self::Cycle { nodes } => {
                format!("连线经过 {} 形成环；请删除其中一条连线", nodes.join("、"))
            }
            Self::MissingInput {
                node,
                handle,
                expected,
            } => format!(
                "“{node}”：输入“{}”没有连接，需要{}；请连接它或删除该节点",
                handle.zh,
                expected.label().zh
            ),
            Self::TooManyWires { node, handle, got } => format!(
                "“{node}”：输入“{}”只接受一条连线，得到 {got} 条；请删除连线，或用拼接、相加合并",
                handle.zh
            ),
            Self::Dangling => "一条连线的端点不存在；请删除它".to_owned(),
            Self::DuplicateWire { from, to } => {
                format!("“{from}”与“{to}”之间有两条连线；若非有意，请删除其中一条")
            }
            Self::Layer { node, error } => format!("“{node}”：{}", error.explain().zh),
            Self::Setting { node, error } => format!("“{node}”：{}", error.explain().zh),
            Self::ReachesNoLoss { node } => {
                format!("“{node}”没有通向任何任务头，不会被训练；请连接到任务头或删除")
            }
            Self::Data { node, finding } => format!("“{node}”：{}", finding.zh),
            Self::BatchOfOne { node } => format!(
                "“{node}”对一批中的各行做归一化，而每批只有一行：它始终使用初始的均值 0 和方差 1；请增大批大小，或改用层归一化"
            ),
            Self::ZeroWeight { node } => format!("“{node}”的损失权重为 0，不会被训练；请提高权重"),
            Self::Tie {
                a,
                b,
                a_shapes,
                b_shapes,
            } => format!(
                "“{a}”与“{b}”之间的软共享需要参数形状相同的两层，得到 {a_shapes} 与 {b_shapes}；请使两者的设置和输入宽度相同"
            ),
            Self::BadTie { strength } => {
                format!("软共享需要两个不同的层和不小于 0 的有限强度，得到 {strength}；请删除该软共享")
            }
            Self::TooManyParameters { got, ceiling } => {
                format!("有 {got} 个参数，上限为 {ceiling}；请使用更小的嵌入、层或词表")
            }
            Self::TooMuchMemory {
                got_mb,
                data_mb,
                ceiling_mb,
                rows,
            } => format!(
                "批大小为 {rows} 时训练需要 {got_mb} MB，其中数据集 {data_mb} MB；上限为 {ceiling_mb} MB；请减小批大小、文本长度、层或数据行数"
            ),
        };
        Message::new(self.to_string(), zh)
    }
}

impl Explain for Problem {
    fn explain(&self) -> Message {
        self.kind.explain()
    }
}
