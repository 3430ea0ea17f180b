//! Groups of the palette.

use mtl_base::text::Text;

/// Group of a layer in the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Reads a feature.
    Input,
    /// From ids to vectors.
    Embedding,
    /// Dense and its like.
    Core,
    /// Steps one after the other.
    Recurrent,
    /// From a sequence to a vector.
    Pooling,
    /// Several values become one.
    Merge,
    /// Against overfitting.
    Regularisation,
    /// Keeps values in range.
    Normalisation,
    /// Steps look at each other.
    Attention,
    /// Mixes experts.
    Gate,
    /// A task: logits, loss, prediction.
    Head,
}

impl Category {
    /// Every group, in the order of the palette.
    pub const ALL: [Self; 11] = [
        Self::Input,
        Self::Embedding,
        Self::Core,
        Self::Recurrent,
        Self::Pooling,
        Self::Merge,
        Self::Regularisation,
        Self::Normalisation,
        Self::Attention,
        Self::Gate,
        Self::Head,
    ];

    /// Stable name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Embedding => "embedding",
            Self::Core => "core",
            Self::Recurrent => "recurrent",
            Self::Pooling => "pooling",
            Self::Merge => "merge",
            Self::Regularisation => "regularisation",
            Self::Normalisation => "normalisation",
            Self::Attention => "attention",
            Self::Gate => "gate",
            Self::Head => "head",
        }
    }

    /// Name for a person.
    pub const fn label(self) -> Text {
        match self {
            Self::Input => Text::new("Inputs", "输入"),
            Self::Embedding => Text::new("Embeddings", "嵌入"),
            Self::Core => Text::new("Core", "基础层"),
            Self::Recurrent => Text::new("Recurrent", "循环层"),
            Self::Pooling => Text::new("Pooling", "池化"),
            Self::Merge => Text::new("Merge", "合并"),
            Self::Regularisation => Text::new("Regularisation", "正则化"),
            Self::Normalisation => Text::new("Normalisation", "归一化"),
            Self::Attention => Text::new("Attention", "注意力"),
            Self::Gate => Text::new("Gates and experts", "门控与专家"),
            Self::Head => Text::new("Task heads", "任务头"),
        }
    }
}
