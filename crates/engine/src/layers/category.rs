//! Groups of the palette.

use mtl_base::text::Text;

/// Group of a layer in the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Inputs, which read a feature.
    Input,
    /// Embeddings: from ids to vectors.
    Embedding,
    /// Dense layers and other elementary layers.
    Core,
    /// Recurrent layers.
    Recurrent,
    /// Pooling: from a sequence to a vector.
    Pooling,
    /// Merging of several values.
    Merge,
    /// Regularisation, such as dropout.
    Regularisation,
    /// Normalisation.
    Normalisation,
    /// Attention.
    Attention,
    /// Gates, which mix experts.
    Gate,
    /// Task heads: logits, loss, prediction.
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

    /// Display name.
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
