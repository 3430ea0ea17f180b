//! Shaders: WGSL sources, how they are put together, and their entry points.

use super::record::{Field, wgsl_struct};

/// A file of WGSL as the build script has packed it, with its name: an op's folder, or a file of `operation/gpu` or `gpu`.
#[derive(Clone, Copy, Debug)]
pub struct Wgsl {
    /// Name.
    pub name: &'static str,
    /// Text.
    pub text: &'static str,
}

/// The file of WGSL called so.
macro_rules! wgsl {
    ($name:literal) => {
        $crate::operation::gpu::Wgsl {
            name: $name,
            text: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".wgsl")),
        }
    };
}
pub(crate) use wgsl;

/// Size of a team whose one thread waits for nobody.
pub const ALONE: u32 = 1;

/// Threads of a workgroup of such teams.
pub const WORKGROUP: u32 = 16;

/// A shader: a file, compiled together with the prelude, the struct of its record, what it shares with others and, for some,
/// how many threads work together. Known by its name.
#[derive(Clone, Copy, Debug)]
pub struct Shader {
    /// Its own file.
    pub file: Wgsl,
    /// Members of its record.
    pub record: &'static [Field],
    /// In front of it.
    pub shared: Option<Wgsl>,
    /// What differs between teams of threads and threads that work alone.
    pub together: Option<Wgsl>,
    /// The same, for threads that work alone.
    pub alone: Option<Wgsl>,
    /// Entry points that the file does not write itself.
    pub entries: &'static [Entry],
    /// The same, for teams only.
    pub together_entries: &'static [Entry],
    /// The same, for threads that work alone only.
    pub alone_entries: &'static [Entry],
    /// How many threads a team has; a single 0 where none work together.
    pub sizes: &'static [u32],
}

impl PartialEq for Shader {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Shader {}

impl PartialOrd for Shader {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Shader {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

/// An entry point that calls functions of the file again and again.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Name.
    pub name: &'static str,
    /// The text around the calls.
    pub skeleton: Wgsl,
    /// How many calls, or what else the skeleton asks for, in WGSL.
    pub count: &'static str,
}

const BOTH_WAYS: &[Entry] = &[each("forward"), each("backward")];

impl Shader {
    /// A file whose threads work by themselves.
    pub const fn plain(file: Wgsl, record: &'static [Field]) -> Self {
        Self {
            file,
            record,
            shared: None,
            together: None,
            alone: None,
            entries: &[],
            together_entries: &[],
            alone_entries: &[],
            sizes: &[0],
        }
    }

    /// Number by number, forward and backward.
    pub const fn by_numbers(file: Wgsl, record: &'static [Field]) -> Self {
        Self {
            entries: BOTH_WAYS,
            ..Self::plain(file, record)
        }
    }

    /// Sums over the threads of a team.
    pub const fn by_teams(file: Wgsl, record: &'static [Field]) -> Self {
        Self {
            together: Some(wgsl!("together")),
            alone: Some(wgsl!("alone")),
            sizes: &[ALONE, 256],
            ..Self::plain(file, record)
        }
    }

    /// A team for each row.
    pub const fn by_rows(file: Wgsl, record: &'static [Field]) -> Self {
        Self {
            shared: Some(wgsl!("lanes")),
            sizes: &[ALONE, 64],
            ..Self::by_teams(file, record)
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.file.name
    }

    /// The whole source for teams of `size` threads. A team of one needs no barrier, and the threads of a workgroup are
    /// teams of their own then.
    pub fn source(&self, size: u32) -> String {
        let is_alone = size == ALONE;
        let (own, workgroup, more) = if is_alone {
            (self.alone, WORKGROUP, self.alone_entries)
        } else {
            (self.together, size, self.together_entries)
        };
        let mut source = wgsl_struct(self.record) + wgsl!("prelude").text;
        for file in [self.shared, own, Some(self.file)].into_iter().flatten() {
            source += file.text;
        }
        for entry in self.entries.iter().chain(more) {
            let skeleton = entry.skeleton.text.replace("ENTRY", entry.name);
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

/// A thread for each number of a row.
pub(crate) const fn each(name: &'static str) -> Entry {
    Entry {
        name,
        skeleton: wgsl!("each"),
        count: "n_rows() * record.per_row",
    }
}

/// A thread for each number of a range of a buffer.
pub(crate) const fn of_range(name: &'static str) -> Entry {
    Entry {
        count: "record.length",
        ..each(name)
    }
}

/// As [`each`], in a file whose other entry point is by rows.
pub(crate) const fn each_step(name: &'static str) -> Entry {
    Entry {
        count: "n_rows() * record.steps",
        ..each(name)
    }
}

/// A team for each row.
pub(crate) const fn rows(name: &'static str) -> Entry {
    Entry {
        skeleton: wgsl!("rows"),
        ..each_step(name)
    }
}

/// A team for each 16 columns.
pub(crate) const fn by_columns(name: &'static str) -> Entry {
    Entry {
        skeleton: wgsl!("by_columns"),
        ..each(name)
    }
}

/// A product by teams.
pub(crate) const fn tile(name: &'static str) -> Entry {
    Entry {
        skeleton: wgsl!("tile"),
        ..each(name)
    }
}

/// A product by threads that work alone, whose right side is in a buffer.
pub(crate) const fn block(name: &'static str, buffer: &'static str) -> Entry {
    Entry {
        name,
        skeleton: wgsl!("block"),
        count: buffer,
    }
}

/// What a dispatch runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// Where it is.
    pub shader: &'static Shader,
    /// Its entry point.
    pub entry: &'static str,
    /// Threads of a team; 0 where none work together.
    pub size: u32,
}

impl Kernel {
    /// An entry point of a shader where no threads work together.
    pub const fn new(shader: &'static Shader, entry: &'static str) -> Self {
        Self::sized(shader, entry, 0)
    }

    /// An entry point for teams of a size.
    pub const fn sized(shader: &'static Shader, entry: &'static str, size: u32) -> Self {
        Self { shader, entry, size }
    }
}
