//! Size of the page, by the time at which its files are fetched, and the limits of these sizes.
//!
//! Three limits, all of the size by `gzip -9`, which every host and every browser supports:
//!
//! - what is fetched before the page answers (the document, styles, scripts, the page's module) is at most
//!   [`MAX_FIRST_LOAD_BYTES`];
//! - the trainer, which arrives beside it, is at most [`MAX_TRAINER_BYTES`];
//! - every other part, which is fetched on demand, is at most [`MAX_PART_BYTES`].
//!
//! Data sets are not limited here: the page shows the size of each before it is chosen.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use flate2::{Compression, write::GzEncoder};

use crate::command::human_bytes;
use crate::files::{Files, extension_of};

/// Limit of the files fetched before the page answers. (Tried without success: `wasm-opt -Oz`, raw a sixth smaller and gzipped a
/// twelfth larger; the crates of the hot loops at level "s", 20 to 40 times slower, since the compiler unrolls no loop there; lower
/// thresholds of inlining, W4 to W6 5 to 20 % slower.)
pub const MAX_FIRST_LOAD_BYTES: u64 = 1_250_000;
/// The trainer: fetched beside the first load, which does not wait for it, and needed by Play. Both check designs and read the
/// protocol, so that together they are a third more than one module of both; the page answers a fifth of it earlier.
pub const MAX_TRAINER_BYTES: u64 = 700_000;
/// Limit of a part that is fetched later.
pub const MAX_PART_BYTES: u64 = 600_000;

/// When a file is fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Before the page answers.
    FirstLoad,
    /// Beside the first load, and not waited for: the page answers without it.
    Trainer,
    /// The trainer's other build, in the place of the first one: a browser fetches one of them.
    OtherBuild,
    /// With the first import or export.
    Tools,
    /// By programs that check files, not by the page.
    Schemas,
    /// When its data set is chosen; the index of data sets at the start.
    Data,
}

impl Part {
    const fn name(&self) -> &'static str {
        match self {
            Self::FirstLoad => "first load",
            Self::Trainer => "trainer",
            Self::OtherBuild => "(the lighter build)",
            Self::Tools => "tools",
            Self::Schemas => "schemas",
            Self::Data => "data sets",
        }
    }

    /// Limit in bytes of gzip; `None` for files without a limit.
    const fn limit(&self) -> Option<u64> {
        match self {
            Self::FirstLoad => Some(MAX_FIRST_LOAD_BYTES),
            Self::Trainer => Some(MAX_TRAINER_BYTES),
            Self::Tools | Self::Schemas => Some(MAX_PART_BYTES),
            Self::OtherBuild | Self::Data => None,
        }
    }

    /// Which part a file belongs to; `lighter` is the build of the trainer that weighs less, when there are two.
    fn of(name: &str, lighter: Option<&str>) -> Self {
        if Some(name) == lighter {
            return Self::OtherBuild;
        }
        match name.split_once('/') {
            Some(("assets", file)) if file.starts_with("tools") => Self::Tools,
            Some(("assets", file)) if file.starts_with("trainer") || file.starts_with("worker") => {
                Self::Trainer
            }
            Some(("static", _)) => Self::Schemas,
            Some(("data", _)) => Self::Data,
            _ => Self::FirstLoad,
        }
    }
}

/// Sizes of a file or a part in bytes: raw, by `gzip -9`, of its `.br` copy.
type Sizes = [u64; 3];

/// Prints the sizes of all files and parts.
///
/// # Errors
/// A part exceeds its limit.
pub fn report(out: &Path, files: &Files) -> Result<()> {
    let table = weigh(files)?;
    println!(
        "\n{:<46} {:>10} {:>10} {:>10}",
        out.display(),
        "bytes",
        "gzip -9",
        "brotli"
    );
    for (part, rows) in &table {
        println!("{}", part.name());
        let mut sum = [0; 3];
        for (name, sizes) in rows {
            line(&format!("  {name}"), *sizes);
            sum = std::array::from_fn(|k| sum[k] + sizes[k]);
        }
        if rows.len() > 1 {
            line("  together", sum);
        }
    }
    for (part, rows) in &table {
        let gzip: u64 = rows.iter().map(|(_, sizes)| sizes[1]).sum();
        let Some(limit) = part.limit() else { continue };
        let (name, weighs, may) = (part.name(), human_bytes(gzip), human_bytes(limit));
        if gzip > limit {
            bail!("{name}: {weighs} by gzip -9, and at most {may} are allowed");
        }
        println!("{name}: {weighs} by gzip -9 of at most {may}");
    }
    Ok(())
}

fn line(name: &str, sizes: Sizes) {
    let [plain, gzip, brotli] = sizes.map(human_bytes);
    println!("{name:<46} {plain:>10} {gzip:>10} {brotli:>10}");
}

/// The files of every part with their sizes.
fn weigh(files: &Files) -> Result<BTreeMap<Part, Vec<(&str, Sizes)>>> {
    let mut sizes = BTreeMap::new();
    for (name, bytes) in files {
        if !["gz", "br"].contains(&extension_of(name)) {
            let brotli = files.get(&format!("{name}.br")).unwrap_or(bytes);
            let gzip = if name.starts_with("data/") {
                bytes.len() as u64
            } else {
                gzipped(bytes)?
            };
            sizes.insert(name.as_str(), [bytes.len() as u64, gzip, brotli.len() as u64]);
        }
    }
    let builds: Vec<&str> = sizes
        .keys()
        .copied()
        .filter(|name| name.starts_with("assets/trainer") && extension_of(name) == "wasm")
        .collect();
    let lighter = (builds.len() > 1)
        .then(|| builds.iter().copied().min_by_key(|name| sizes[name][1]))
        .flatten();
    let mut table: BTreeMap<Part, Vec<(&str, Sizes)>> = BTreeMap::new();
    for (name, sizes) in sizes {
        table
            .entry(Part::of(name, lighter))
            .or_default()
            .push((name, sizes));
    }
    Ok(table)
}

/// Size by `gzip -9`; that of the file if it is smaller.
fn gzipped(bytes: &[u8]) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len().min(bytes.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(tools_bytes: usize) -> Files {
        // Bytes that gzip cannot compress.
        let noise = |n: usize, seed: u32| {
            let mut state = seed;
            (0..n)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect::<Vec<u8>>()
        };
        Files::from([
            ("index.html".to_owned(), b"<p>".repeat(100)),
            ("assets/app-1.js".to_owned(), noise(1_000, 1)),
            ("assets/app-2.wasm".to_owned(), noise(800_000, 2)),
            ("assets/trainer-7.wasm".to_owned(), noise(400_000, 7)),
            ("assets/trainer-relaxed-3.wasm".to_owned(), noise(500_000, 3)),
            ("assets/trainer-8.js".to_owned(), noise(1_000, 8)),
            ("assets/worker-9.js".to_owned(), noise(100, 9)),
            ("assets/tools-4.js".to_owned(), noise(1_000, 4)),
            ("assets/tools-5.wasm".to_owned(), noise(tools_bytes, 5)),
            ("assets/tools-5.wasm.br".to_owned(), noise(10, 6)),
            ("assets/tools-worker-6.js".to_owned(), noise(100, 7)),
            ("static/weights.schema.json".to_owned(), b"{}".to_vec()),
            ("data/index.json".to_owned(), b"{}".to_vec()),
        ])
    }

    #[test]
    fn every_file_is_weighed_in_one_part() {
        let files = files(5_000);
        let table = weigh(&files).unwrap();
        let names = |part| table[&part].iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(
            names(Part::FirstLoad),
            ["assets/app-1.js", "assets/app-2.wasm", "index.html"]
        );
        assert_eq!(
            names(Part::Trainer),
            [
                "assets/trainer-8.js",
                "assets/trainer-relaxed-3.wasm",
                "assets/worker-9.js"
            ]
        );
        assert_eq!(names(Part::OtherBuild), ["assets/trainer-7.wasm"]);
        assert_eq!(
            names(Part::Tools),
            [
                "assets/tools-4.js",
                "assets/tools-5.wasm",
                "assets/tools-worker-6.js"
            ]
        );
        assert_eq!(names(Part::Schemas), ["static/weights.schema.json"]);
        assert_eq!(names(Part::Data), ["data/index.json"]);
        let index = table[&Part::FirstLoad]
            .iter()
            .find(|(name, _)| *name == "index.html");
        let [plain, gzip, _] = index.unwrap().1;
        assert!(plain == 300 && gzip < 60);
    }

    #[test]
    fn a_part_above_its_ceiling_is_an_error() {
        report(Path::new("dist"), &files(MAX_PART_BYTES as usize - 10_000)).unwrap();
        let error = report(Path::new("dist"), &files(MAX_PART_BYTES as usize)).unwrap_err();
        assert!(error.to_string().starts_with("tools: "), "{error}");
        let mut heavy = files(10);
        heavy.insert("assets/more.css".to_owned(), vec![0; 2_000_000]);
        report(Path::new("dist"), &heavy).unwrap();
        let twice = heavy["assets/app-2.wasm"].clone();
        heavy.insert("assets/more.js".to_owned(), twice);
        assert!(report(Path::new("dist"), &heavy).is_err());
    }
}
