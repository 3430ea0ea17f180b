//! The WGSL sources and their entry points.

/// A file as the build script has packed it.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".wgsl"))
    };
}

macro_rules! files {
    ($( $(#[$doc:meta])* $name:ident = $source:expr, )+) => {
        /// A source file; it is compiled together with the prelude, what it shares with others and, for some, a constant
        /// that shapes its workgroups.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum File {
            $( $(#[$doc])* $name, )+
        }

        impl File {
            /// All of them.
            pub const ALL: &'static [Self] = &[$( Self::$name ),+];

            const fn parts(self) -> Source {
                match self { $( Self::$name => const { $source }, )+ }
            }
        }
    };
}

files! {
    /// Numeric inputs.
    Input = Source { entries: &[each("load")], ..plain(text!("input")) },
    /// See [`ops::mask`](crate::ops::mask).
    Mask = Source { entries: &[each("forward")], ..plain(text!("mask")) },
    /// See [`ops::embedding`](crate::ops::embedding).
    Embedding = Source {
        entries: &[
            each("forward"),
            Entry { count: "index[lists() + records[z].list] * records[z].width", ..each("backward") },
        ],
        ..plain(text!("embedding"))
    },
    /// See [`ops::linear`](crate::ops::linear).
    Linear = Source { constant: Some("SIDE"), sizes: &[8, 16], ..plain(text!("linear")) },
    /// See [`ops::softmax`](crate::ops::softmax).
    Softmax = Source { entries: &[rows("forward"), rows("backward")], ..by_rows(text!("softmax")) },
    /// See [`ops::lstm`](crate::ops::lstm).
    Lstm = recurrence(text!("lstm")),
    /// See [`ops::gru`](crate::ops::gru).
    Gru = recurrence(text!("gru")),
    /// See [`ops::pool`](crate::ops::pool).
    Pool = Source { entries: &[few("forward"), few("backward")], ..plain(text!("pool")) },
    /// See [`ops::columns`](crate::ops::columns).
    Columns = by_numbers(text!("columns")),
    /// See [`ops::sum`](crate::ops::sum).
    Sum = by_numbers(text!("sum")),
    /// See [`ops::mixture`](crate::ops::mixture).
    Mixture = by_numbers(text!("mixture")),
    /// See [`ops::dropout`](crate::ops::dropout).
    Dropout = by_numbers(text!("dropout")),
    /// See [`ops::attention`](crate::ops::attention).
    Attention = Source {
        entries: &[rows("forward"), rows("to_queries"), each("to_keys")],
        ..by_rows(text!("attention"))
    },
    /// See [`ops::attention_pool`](crate::ops::attention_pool).
    AttentionPool = Source {
        entries: &[rows("forward"), rows("backward")],
        ..by_rows(text!("attention_pool"))
    },
    /// See [`ops::batch_norm`](crate::ops::batch_norm).
    BatchNorm = Source {
        shared: text!("tree"),
        entries: &[sixteen("forward"), sixteen("backward")],
        ..plain(text!("batch_norm"))
    },
    /// See [`ops::dot`](crate::ops::dot).
    Dot = Source { entries: &[rows("forward"), each_step("backward")], ..by_rows(text!("dot")) },
    /// See [`ops::interaction`](crate::ops::interaction).
    Interaction = Source {
        entries: &[rows("forward"), each_step("backward")],
        ..by_rows(text!("interaction"))
    },
    /// See [`ops::layer_norm`](crate::ops::layer_norm).
    LayerNorm = Source {
        shared: concat!(text!("lanes"), text!("tree")),
        entries: &[rows("forward"), rows("backward"), sixteen("parameters")],
        ..by_rows(text!("layer_norm"))
    },
    /// See [`ops::maximum`](crate::ops::maximum).
    Maximum = by_numbers(text!("maximum")),
    /// See [`ops::multiply`](crate::ops::multiply).
    Multiply = by_numbers(text!("multiply")),
    /// See [`ops::noise`](crate::ops::noise).
    Noise = Source { entries: &[each("forward")], ..plain(text!("noise")) },
    /// See [`ops::position`](crate::ops::position).
    Position = Source { entries: &[each("forward")], ..plain(text!("position")) },
    /// See [`ops::unfold`](crate::ops::unfold).
    Unfold = by_numbers(text!("unfold")),
    /// See [`ops::unit_norm`](crate::ops::unit_norm).
    UnitNorm = Source { entries: &[rows("forward"), rows("backward")], ..by_rows(text!("unit_norm")) },
    /// See [`ops::binary_loss`](crate::ops::binary_loss).
    BinaryLoss = Source { entries: &[few("forward")], ..plain(text!("binary_loss")) },
    /// See [`ops::classes_loss`](crate::ops::classes_loss).
    ClassesLoss = Source { entries: &[rows("forward")], ..by_rows(text!("classes_loss")) },
    /// See [`ops::ordinal_loss`](crate::ops::ordinal_loss).
    OrdinalLoss = Source { shared: text!("tree"), ..plain(text!("ordinal_loss")) },
    /// See [`ops::squared_loss`](crate::ops::squared_loss).
    SquaredLoss = Source { entries: &[few("forward")], ..plain(text!("squared_loss")) },
    /// Means of losses.
    LossSum = Source { shared: text!("tree"), ..plain(text!("loss_sum")) },
    /// Gradients of regularisers.
    Penalty = Source { entries: &[of_range("add")], ..plain(text!("penalty")) },
    /// Clipping by norm.
    Clip = Source { shared: text!("tree"), ..plain(text!("clip")) },
    /// See [`optimizers`](crate::optimizers).
    Optimizer = Source {
        entries: &[
            of_range("sgd"),
            of_range("momentum"),
            of_range("nesterov"),
            of_range("adagrad"),
            of_range("adam"),
            of_range("adamw"),
        ],
        ..plain(text!("optimizer"))
    },
}

/// What a file is made of.
struct Source {
    text: &'static str,
    /// In front of it.
    shared: &'static str,
    /// Entry points that it does not write itself.
    entries: &'static [Entry],
    constant: Option<&'static str>,
    sizes: &'static [u32],
}

/// An entry point that calls a function of the file again and again.
struct Entry {
    name: &'static str,
    skeleton: &'static str,
    threads: &'static str,
    /// How often, in WGSL.
    count: &'static str,
}

const fn plain(text: &'static str) -> Source {
    Source {
        text,
        shared: "",
        entries: &[],
        constant: None,
        sizes: &[0],
    }
}

const BOTH_WAYS: &[Entry] = &[each("forward"), each("backward")];

const fn by_numbers(text: &'static str) -> Source {
    Source {
        entries: BOTH_WAYS,
        ..plain(text)
    }
}

const fn by_rows(text: &'static str) -> Source {
    Source {
        shared: text!("lanes"),
        constant: Some("LANES"),
        sizes: &[1, 64],
        ..plain(text)
    }
}

const fn recurrence(text: &'static str) -> Source {
    Source {
        shared: text!("recurrence"),
        constant: Some("THREADS"),
        sizes: &[32, 64, 128, 256],
        ..plain(text)
    }
}

const fn each(name: &'static str) -> Entry {
    Entry {
        name,
        skeleton: text!("each"),
        threads: "256",
        count: "n_rows() * records[z].per_row",
    }
}

/// As [`each`], where there are few numbers and much to do for each.
const fn few(name: &'static str) -> Entry {
    Entry {
        threads: "64",
        ..each(name)
    }
}

const fn of_range(name: &'static str) -> Entry {
    Entry {
        count: "records[z].length",
        ..each(name)
    }
}

/// As [`each`], in a file whose other entry point is by rows.
const fn each_step(name: &'static str) -> Entry {
    Entry {
        count: "n_rows() * records[z].steps",
        ..each(name)
    }
}

const fn rows(name: &'static str) -> Entry {
    Entry {
        skeleton: text!("rows"),
        ..each_step(name)
    }
}

const fn sixteen(name: &'static str) -> Entry {
    Entry {
        skeleton: text!("sixteen"),
        ..each(name)
    }
}

impl File {
    /// Values that the file's constant takes; a single 0 when it has none.
    pub const fn sizes(self) -> &'static [u32] {
        self.parts().sizes
    }

    /// The whole source.
    pub fn source(self, size: u32) -> String {
        let parts = self.parts();
        let mut source = [text!("prelude"), parts.shared, parts.text].concat();
        for entry in parts.entries {
            let skeleton = entry.skeleton.replace("ENTRY", entry.name);
            source += &skeleton
                .replace("THREADS", entry.threads)
                .replace("COUNT", entry.count);
        }
        if let Some(name) = parts.constant {
            source += &format!("const {name}: u32 = {size}u;\n");
        }
        source
    }
}

/// What a dispatch runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// Where it is.
    pub file: File,
    /// Its entry point.
    pub entry: &'static str,
    /// Value of the file's constant; 0 when it has none.
    pub size: u32,
}

impl Kernel {
    /// An entry point of a file without a constant.
    pub const fn new(file: File, entry: &'static str) -> Self {
        Self { file, entry, size: 0 }
    }

    /// An entry point of a file with a constant.
    pub const fn sized(file: File, entry: &'static str, size: u32) -> Self {
        Self { file, entry, size }
    }
}
