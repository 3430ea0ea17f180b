//! The WGSL sources and their entry points.

/// A file as the build script has packed it.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".wgsl"))
    };
}

/// Size of a team whose one thread waits for nobody.
pub const ALONE: u32 = 1;

/// Threads of a workgroup of such teams.
pub const WORKGROUP: u32 = 16;

macro_rules! files {
    ($( $(#[$doc:meta])* $name:ident = $source:expr, )+) => {
        /// A source file; it is compiled together with the prelude, what it shares with others and, for some, how many
        /// threads work together.
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
            Entry { count: "n_rows() * record.steps * runs(record)", ..each("forward") },
            Entry { count: "index[lists() + record.list] * runs(record)", ..each("backward") },
        ],
        sizes: &[ALONE, 64],
        ..plain(text!("embedding"))
    },
    /// See [`ops::linear`](crate::ops::linear).
    Linear = Source {
        together: text!("linear_tiles"),
        alone: text!("linear_blocks"),
        together_entries: &[tile("forward"), tile("to_input"), tile("to_weight")],
        alone_entries: &[
            block("forward", "values"),
            block("to_input", "values"),
            block("to_weight", "arena"),
            Entry { count: "n_rows() * record.steps * record.n_out", ..each("derive") },
        ],
        sizes: &[ALONE, 8, 16],
        ..plain(text!("linear"))
    },
    /// See [`ops::softmax`](crate::ops::softmax).
    Softmax = Source { entries: &[rows("forward"), rows("backward")], ..by_rows(text!("softmax")) },
    /// See [`ops::lstm`](crate::ops::lstm).
    Lstm = recurrence(text!("lstm")),
    /// See [`ops::gru`](crate::ops::gru).
    Gru = recurrence(text!("gru")),
    /// See [`ops::pool`](crate::ops::pool).
    Pool = Source { entries: &[each("forward"), each("backward")], ..plain(text!("pool")) },
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
        entries: &[by_columns("forward"), by_columns("backward")],
        ..by_teams(text!("batch_norm"))
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
        entries: &[rows("forward"), rows("backward"), by_columns("parameters")],
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
    BinaryLoss = Source { entries: &[each("forward")], ..plain(text!("binary_loss")) },
    /// See [`ops::classes_loss`](crate::ops::classes_loss).
    ClassesLoss = Source { entries: &[rows("forward")], ..by_rows(text!("classes_loss")) },
    /// See [`ops::ordinal_loss`](crate::ops::ordinal_loss).
    OrdinalLoss = by_teams(text!("ordinal_loss")),
    /// See [`ops::squared_loss`](crate::ops::squared_loss).
    SquaredLoss = Source { entries: &[each("forward")], ..plain(text!("squared_loss")) },
    /// Means of losses.
    LossSum = by_teams(text!("loss_sum")),
    /// Gradients of regularisers.
    Penalty = Source { entries: &[of_range("add")], ..plain(text!("penalty")) },
    /// Clipping by norm.
    Clip = by_teams(text!("clip")),
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
    /// What differs between teams of threads and threads that work alone.
    together: &'static str,
    alone: &'static str,
    /// Entry points that it does not write itself.
    entries: &'static [Entry],
    /// The same, for teams only and for threads that work alone only.
    together_entries: &'static [Entry],
    alone_entries: &'static [Entry],
    sizes: &'static [u32],
}

/// An entry point that calls functions of the file again and again.
struct Entry {
    name: &'static str,
    skeleton: &'static str,
    /// How often, or what the skeleton asks for, in WGSL.
    count: &'static str,
}

const fn plain(text: &'static str) -> Source {
    Source {
        text,
        shared: "",
        together: "",
        alone: "",
        entries: &[],
        together_entries: &[],
        alone_entries: &[],
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

/// Sums over the threads of a team.
const fn by_teams(text: &'static str) -> Source {
    Source {
        together: text!("together"),
        alone: text!("alone"),
        sizes: &[ALONE, 256],
        ..plain(text)
    }
}

const fn by_rows(text: &'static str) -> Source {
    Source {
        shared: text!("lanes"),
        sizes: &[ALONE, 64],
        ..by_teams(text)
    }
}

const fn recurrence(text: &'static str) -> Source {
    Source {
        shared: text!("recurrence"),
        together: text!("recurrence_team"),
        alone: text!("recurrence_alone"),
        sizes: &[ALONE, 32, 64, 128, 256],
        ..plain(text)
    }
}

const fn each(name: &'static str) -> Entry {
    Entry {
        name,
        skeleton: text!("each"),
        count: "n_rows() * record.per_row",
    }
}

const fn of_range(name: &'static str) -> Entry {
    Entry {
        count: "record.length",
        ..each(name)
    }
}

/// As [`each`], in a file whose other entry point is by rows.
const fn each_step(name: &'static str) -> Entry {
    Entry {
        count: "n_rows() * record.steps",
        ..each(name)
    }
}

const fn rows(name: &'static str) -> Entry {
    Entry {
        skeleton: text!("rows"),
        ..each_step(name)
    }
}

const fn by_columns(name: &'static str) -> Entry {
    Entry {
        skeleton: text!("by_columns"),
        ..each(name)
    }
}

/// A product by teams.
const fn tile(name: &'static str) -> Entry {
    Entry {
        skeleton: text!("tile"),
        ..each(name)
    }
}

/// A product by threads that work alone, whose right side is in a buffer.
const fn block(name: &'static str, buffer: &'static str) -> Entry {
    Entry {
        name,
        skeleton: text!("block"),
        count: buffer,
    }
}

impl File {
    /// How many threads a team has; a single 0 where none work together.
    pub const fn sizes(self) -> &'static [u32] {
        self.parts().sizes
    }

    /// The whole source for teams of `size` threads. A team of one needs no barrier, and the threads of a workgroup are
    /// teams of their own then.
    pub fn source(self, size: u32) -> String {
        let parts = self.parts();
        let is_alone = size == ALONE;
        let (own, workgroup, more) = if is_alone {
            (parts.alone, WORKGROUP, parts.alone_entries)
        } else {
            (parts.together, size, parts.together_entries)
        };
        let mut source = [text!("prelude"), parts.shared, own, parts.text].concat();
        for entry in parts.entries.iter().chain(more) {
            let skeleton = entry.skeleton.replace("ENTRY", entry.name);
            source += &skeleton.replace("COUNT", entry.count);
        }
        if is_alone {
            source = source.replace("(workgroup_id)", "(global_invocation_id)");
        }
        if size > 0 {
            let (columns, run) = (size.min(16), if is_alone { 4096 } else { 1 });
            source += &format!(
                "const TEAM:u32={size}u;const WORKGROUP:u32={workgroup}u;const COLUMNS:u32={columns}u;const RUN:u32={run}u;"
            );
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
    /// Threads of a team; 0 where none work together.
    pub size: u32,
}

impl Kernel {
    /// An entry point of a file where no threads work together.
    pub const fn new(file: File, entry: &'static str) -> Self {
        Self { file, entry, size: 0 }
    }

    /// An entry point for teams of a size.
    pub const fn sized(file: File, entry: &'static str, size: u32) -> Self {
        Self { file, entry, size }
    }
}
