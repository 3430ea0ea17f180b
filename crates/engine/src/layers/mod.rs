//! The layer catalogue: the layers that can be placed on the canvas.
//!
//! One file per layer holds all of it: settings with defaults, bounds and labels, handles, parameters and
//! initialisers, how it lowers to ops (and so its shape rule), and samples for the law suite. Outside, a layer is a `mod` line
//! here and one in [`layers!`](self).

mod add;
mod attention_pooling;
mod average;
mod batch_normalization;
mod bidirectional;
mod binary_head;
mod category;
mod classes_head;
mod concatenate;
mod conv1d;
mod cross;
mod cross_stitch;
mod dense;
mod dense_input;
mod dot;
mod dropout;
mod embedding;
mod embedding_bag;
mod factorization_machine;
mod flatten;
mod gaussian_noise;
mod global_average_pooling;
mod global_max_pooling;
mod gradient_reversal;
mod gru;
mod head;
mod highway;
mod id_input;
mod layer_normalization;
mod lstm;
mod maximum;
mod merge;
mod mixture;
mod multi_label_head;
mod multiply;
mod ordinal_head;
mod pool;
mod positional_embedding;
mod recurrent;
mod regression_head;
mod scale;
mod self_attention;
mod slice;
mod squeeze_excite;
mod stop_gradient;
mod subtract;
mod token_input;
mod unit_normalization;

pub use bidirectional::{BidirectionalMerge, RecurrentCell};
pub use category::Category;
pub use conv1d::ConvolutionPadding;
pub use embedding_bag::BagRule;
pub use head::head_for;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

pub use crate::lowering::{
    ANY_INPUT, ANY_INPUTS, ANY_OUTPUT, Activation, Arity, InputPort, LowerError, NO_INPUTS, NO_OUTPUTS,
    OutputPort, PortKind, SEQUENCE_INPUT, SEQUENCE_OUTPUT, Shape, VECTOR_INPUT, VECTOR_OUTPUT,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::{
    settings::{self, Field, Kind, Settings, Value},
    text::Text,
};

/// Interface of a layer.
pub trait LayerKind: Settings + Clone + PartialEq + Serialize + DeserializeOwned + Default {
    /// Stable name, also in files.
    const KEY: &'static str;
    /// Display name.
    const NAME: Text;
    /// Description, with the formula.
    const ABOUT: Text;
    /// Group in the palette.
    const CATEGORY: Category;
    /// Other words that a search finds it by, in both languages, with spaces between.
    const SEARCH_WORDS: &'static str = "";
    /// Input handles.
    const INPUTS: &'static [InputPort];
    /// Output handles.
    const OUTPUTS: &'static [OutputPort];

    /// Adds its parameters, values and ops to a plan and returns its outputs, which define the shape rule. `inputs` are the
    /// signals of the wires, in the order of the handles.
    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError>;

    /// Settings with input shapes that the law suite runs.
    fn samples() -> Vec<Sample>;

    /// Whether it stops the gradient.
    fn stops_gradient(&self) -> bool {
        false
    }

    /// Summary of the main settings, shown on the node: `64 · relu`.
    fn summary(&self) -> String {
        String::new()
    }

    /// The feature that an input layer reads.
    fn feature(&self) -> Option<&str> {
        None
    }

    /// The label that a head learns.
    fn label(&self) -> Option<&str> {
        None
    }

    /// Name of a head's loss, in a few characters, for the node.
    fn loss(&self) -> Option<Text> {
        None
    }

    /// Weight of a head's loss in the total loss.
    fn loss_weight(&self) -> Option<f32> {
        None
    }
}

/// A layer with input shapes that it must be able to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The layer with its settings.
    pub layer: Layer,
    /// Shapes of its inputs; a sequence comes with padding.
    pub inputs: Vec<Shape>,
}

impl Sample {
    /// A layer with input shapes.
    pub fn new(layer: impl Into<Layer>, inputs: impl Into<Vec<Shape>>) -> Self {
        Self {
            layer: layer.into(),
            inputs: inputs.into(),
        }
    }
}

/// A sequence, for samples.
pub(crate) const fn sequence(length: usize, width: usize) -> Shape {
    Shape::Sequence { length, width }
}

/// A vector, for samples.
pub(crate) const fn vector(width: usize) -> Shape {
    Shape::Vector { width }
}

/// Steps and width of a sequence at the first handle.
pub(crate) fn as_sequence(input: &Signal) -> Result<(usize, usize), LowerError> {
    match input.shape {
        Shape::Sequence { length, width } => Ok((length, width)),
        got => Err(LowerError::Kind {
            handle: 0,
            expected: PortKind::Sequence,
            got,
        }),
    }
}

/// The only signal of a layer with one handle for one wire.
pub(crate) fn only(inputs: &[Signal]) -> Result<Signal, LowerError> {
    match inputs {
        [signal] => Ok(*signal),
        _ => Err(LowerError::Count {
            expected: 1,
            got: inputs.len(),
        }),
    }
}

/// The signals of a layer with one handle for many wires, and the first of them.
pub(crate) fn several(inputs: &[Signal]) -> Result<(Signal, &[Signal]), LowerError> {
    match inputs {
        [first, ..] => Ok((*first, inputs)),
        [] => Err(LowerError::Count { expected: 1, got: 0 }),
    }
}

macro_rules! layers {
    ($( $module:ident :: $name:ident ),+ $(,)?) => {
        $( pub use $module::$name; )+

        /// A layer with its settings; in files `{"type": "dense", "units": 64, ...}`.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Layer {
            $( #[doc = concat!("See [`", stringify!($name), "`].")] $name($name), )+
        }

        $( impl From<$name> for Layer {
            fn from(layer: $name) -> Self {
                Self::$name(layer)
            }
        } )+

        impl Serialize for Layer {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                settings::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for Layer {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                settings::deserialize_kinds(deserializer, "type", Self::OPTIONS, Self::from_key)
            }
        }

        impl Layer {
            /// Stable names with their labels.
            pub const OPTIONS: &'static [(&'static str, Text)] = &[$( ($name::KEY, $name::NAME) ),+];

            /// The layer called `key` with its default settings.
            pub fn from_key(key: &str) -> Option<Self> {
                match key {
                    $( $name::KEY => Some(Self::$name($name::default())), )+
                    _ => None,
                }
            }

            /// Every layer with its default settings, in the order of the palette.
            pub fn all() -> Vec<Self> {
                vec![$( Self::$name($name::default()) ),+]
            }

            /// Stable name.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$name(_) => $name::KEY ),+ }
            }

            /// Display name.
            pub const fn name(&self) -> Text {
                match self { $( Self::$name(_) => $name::NAME ),+ }
            }

            /// Description, with the formula.
            pub const fn about(&self) -> Text {
                match self { $( Self::$name(_) => $name::ABOUT ),+ }
            }

            /// Group in the palette.
            pub const fn category(&self) -> Category {
                match self { $( Self::$name(_) => $name::CATEGORY ),+ }
            }

            /// Other words that a search finds it by, with spaces between.
            pub const fn search_words(&self) -> &'static str {
                match self { $( Self::$name(_) => $name::SEARCH_WORDS ),+ }
            }

            /// Input handles.
            pub const fn inputs(&self) -> &'static [InputPort] {
                match self { $( Self::$name(_) => $name::INPUTS ),+ }
            }

            /// Output handles.
            pub const fn outputs(&self) -> &'static [OutputPort] {
                match self { $( Self::$name(_) => $name::OUTPUTS ),+ }
            }

            /// Adds its parameters, values and ops to a plan.
            pub fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
                match self { $( Self::$name(layer) => layer.lower(lowering, inputs) ),+ }
            }

            /// Whether it stops the gradient.
            pub fn stops_gradient(&self) -> bool {
                match self { $( Self::$name(layer) => layer.stops_gradient() ),+ }
            }

            /// Samples of every layer, for the law suite.
            pub fn samples() -> Vec<Sample> {
                let mut samples = Vec::new();
                $( samples.extend($name::samples()); )+
                samples
            }

            /// Summary of the main settings, shown on the node.
            pub fn summary(&self) -> String {
                match self { $( Self::$name(layer) => layer.summary() ),+ }
            }

            /// The feature that an input layer reads.
            pub fn feature(&self) -> Option<&str> {
                match self { $( Self::$name(layer) => layer.feature() ),+ }
            }

            /// The label that a head learns.
            pub fn label(&self) -> Option<&str> {
                match self { $( Self::$name(layer) => layer.label() ),+ }
            }

            /// Name of a head's loss.
            pub fn loss(&self) -> Option<Text> {
                match self { $( Self::$name(layer) => layer.loss() ),+ }
            }

            /// Weight of a head's loss.
            pub fn loss_weight(&self) -> Option<f32> {
                match self { $( Self::$name(layer) => layer.loss_weight() ),+ }
            }
        }

        impl Settings for Layer {
            fn fields(&self) -> &'static [Field] {
                match self { $( Self::$name(layer) => layer.fields() ),+ }
            }

            fn get(&self, key: &str) -> Option<Value> {
                match self { $( Self::$name(layer) => layer.get(key) ),+ }
            }

            fn kind(&self) -> Option<Kind> {
                Some(Kind { tag: "type", key: self.key(), options: Self::OPTIONS })
            }

            fn put(&mut self, key: &str, value: &Value) -> bool {
                match self { $( Self::$name(layer) => layer.put(key, value) ),+ }
            }
        }
    };
}

layers! {
    token_input::TokenInput,
    id_input::IdInput,
    dense_input::DenseInput,
    embedding::Embedding,
    embedding_bag::EmbeddingBag,
    dense::Dense,
    highway::Highway,
    conv1d::Conv1d,
    lstm::Lstm,
    gru::Gru,
    bidirectional::Bidirectional,
    global_average_pooling::GlobalAveragePooling,
    global_max_pooling::GlobalMaxPooling,
    attention_pooling::AttentionPooling,
    self_attention::SelfAttention,
    squeeze_excite::SqueezeExcite,
    positional_embedding::PositionalEmbedding,
    flatten::Flatten,
    scale::Scale,
    slice::Slice,
    concatenate::Concatenate,
    add::Add,
    subtract::Subtract,
    multiply::Multiply,
    average::Average,
    maximum::Maximum,
    dot::Dot,
    factorization_machine::FactorizationMachine,
    cross::Cross,
    mixture::Mixture,
    cross_stitch::CrossStitch,
    dropout::Dropout,
    gaussian_noise::GaussianNoise,
    layer_normalization::LayerNormalization,
    batch_normalization::BatchNormalization,
    unit_normalization::UnitNormalization,
    gradient_reversal::GradientReversal,
    stop_gradient::StopGradient,
    binary_head::BinaryHead,
    classes_head::ClassesHead,
    regression_head::RegressionHead,
    ordinal_head::OrdinalHead,
    multi_label_head::MultiLabelHead,
}

impl Layer {
    /// Whether it has a loss.
    pub fn is_head(&self) -> bool {
        self.category() == Category::Head
    }

    /// Whether it reads a feature.
    pub fn is_input(&self) -> bool {
        self.category() == Category::Input
    }
}
