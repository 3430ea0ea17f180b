//! Workloads: designs with a batch size, as a JSON list.
//!
//! ```json
//! [{"name": "mine", "batch_size": 64, "design": {...} or "my.design.json",
//!   "features": {"text": {"type": "tokens", "length": 40, "cardinality": 5000}},
//!   "labels": {"sentiment": {"type": "classes", "n_classes": 4}},
//!   "about": "...", "learning_rate": 0.001, "seed": 1}]
//! ```
//! Only `design` and `batch_size` are required. A design file names features and labels without their
//! sizes; sizes that the list does not contain are those of [`default_feature`] and [`default_label`].

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use mtl_base::schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema};
use mtl_base::text::{Explain, Message};
use mtl_engine::design::{DESIGN_VERSION, Design, edit};
use mtl_engine::layers::Layer;
use mtl_engine::model::Model;
use mtl_training::benchmark::BenchmarkSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const BUILT_IN: &str = include_str!("../workloads.json");

/// Largest batch.
const MAX_BATCH_SIZE: usize = 65_536;

/// A workload with all defaults filled in.
#[derive(Debug, Serialize)]
pub struct Workload {
    /// The benchmark specification.
    #[serde(flatten)]
    pub spec: BenchmarkSpec,
    /// Description, one line.
    pub about: String,
}

/// A workload as in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    #[serde(default)]
    about: String,
    design: Value,
    batch_size: usize,
    #[serde(default)]
    features: BTreeMap<String, FeatureKind>,
    #[serde(default)]
    labels: BTreeMap<String, LabelKind>,
    learning_rate: Option<f32>,
    seed: Option<u64>,
}

/// W1 to W6.
pub fn built_in() -> Result<Vec<Workload>> {
    read(BUILT_IN, Path::new("."))
}

/// The workloads of a file.
pub fn read_file(file: &Path) -> Result<Vec<Workload>> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    read(&text, folder).with_context(|| format!("{} is not a list of workloads", file.display()))
}

/// Reads a list; files that it names are in `folder`.
fn read(text: &str, folder: &Path) -> Result<Vec<Workload>> {
    let entries: Value = serde_json::from_str(text).context("it is not JSON")?;
    let Value::Array(entries) = entries else {
        bail!("it must be a JSON list, [{{\"name\": ..., \"design\": ..., \"batch_size\": ...}}, ...]");
    };
    ensure!(!entries.is_empty(), "the list is empty");
    let mut workloads: Vec<Workload> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let name = entry["name"]
            .as_str()
            .map_or_else(String::new, |name| format!(" ({name})"));
        let workload =
            complete(entry, index, folder).with_context(|| format!("entry {}{name}", index + 1))?;
        let twin = workloads
            .iter()
            .any(|other| other.spec.name == workload.spec.name);
        ensure!(
            !twin,
            "two entries are called `{}`: names must differ",
            workload.spec.name
        );
        workloads.push(workload);
    }
    Ok(workloads)
}

fn complete(entry: Value, index: usize, folder: &Path) -> Result<Workload> {
    let entry: Entry = serde_json::from_value(entry)?;
    ensure!(
        (1..=MAX_BATCH_SIZE).contains(&entry.batch_size),
        "batch_size is {}; it must be from 1 to {MAX_BATCH_SIZE}",
        entry.batch_size
    );
    let design = read_design(entry.design, folder)?;
    let schema = schema_of(&design, &entry.features, &entry.labels)?;
    let learning_rate = entry.learning_rate.unwrap_or(0.001);
    ensure!(
        learning_rate.is_finite() && learning_rate > 0.0,
        "learning_rate is {learning_rate}; it must be above 0"
    );
    let spec = BenchmarkSpec {
        name: entry.name.unwrap_or_else(|| match design.name.as_str() {
            "" => format!("workload {}", index + 1),
            name => name.to_owned(),
        }),
        design,
        schema,
        batch_size: entry.batch_size,
        learning_rate,
        seed: entry.seed.unwrap_or(1),
        // Unknown names are reported by the contenders.
        fused: false,
        balance: mtl_balance::BalanceConfig::default(),
    };
    // Problems of the design are reported before anything is built or started.
    let options = mtl_engine::model::BuildOptions {
        max_rows: spec.batch_size,
        seed: spec.seed,
        training: true,
    };
    Model::build(&spec.design, &spec.schema, &options)
        .map_err(|error| anyhow::anyhow!(error.explain().en))?;
    Ok(Workload {
        spec,
        about: entry.about,
    })
}

/// A design, given in place or as the path of a file saved by the page.
fn read_design(design: Value, folder: &Path) -> Result<Design> {
    let design = match design {
        Value::String(name) => {
            let path = folder.join(name);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("the design file {} cannot be read", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?
        }
        other => other,
    };
    let design: Design = serde_json::from_value(design).context("its design is not a design")?;
    ensure!(
        design.version <= DESIGN_VERSION,
        "its design has version {}, this program knows up to {DESIGN_VERSION}",
        design.version
    );
    edit::validate(&design).map_err(|error| anyhow::anyhow!(error.explain().en))?;
    Ok(design)
}

/// All features and labels that the design names, with their sizes.
fn schema_of(
    design: &Design,
    features: &BTreeMap<String, FeatureKind>,
    labels: &BTreeMap<String, LabelKind>,
) -> Result<Schema> {
    let mut schema = Schema::default();
    for node in &design.nodes {
        if let Some(key) = node.layer.feature()
            && schema.feature(key).is_none()
        {
            schema.features.push(FeatureSchema {
                key: key.to_owned(),
                name: Message::new(key, key),
                kind: features.get(key).copied().unwrap_or(default_feature(&node.layer)),
            });
        }
        if let Some(key) = node.layer.label()
            && schema.label(key).is_none()
        {
            schema.labels.push(LabelSchema {
                key: key.to_owned(),
                name: Message::new(key, key),
                kind: labels.get(key).copied().unwrap_or(default_label(&node.layer)),
                classes: Vec::new(),
            });
        }
    }
    let unused = features.keys().find(|key| schema.feature(key).is_none());
    let unused = unused.or_else(|| labels.keys().find(|key| schema.label(key).is_none()));
    if let Some(key) = unused {
        bail!("no layer of the design reads or learns `{key}`");
    }
    Ok(schema)
}

/// Default size of a feature: texts of 40 tokens out of 5000, 1000 ids, 16 numbers.
fn default_feature(layer: &Layer) -> FeatureKind {
    match layer {
        Layer::TokenInput(_) => FeatureKind::Tokens {
            length: 40,
            cardinality: 5000,
        },
        Layer::IdInput(_) => FeatureKind::Id { cardinality: 1000 },
        _ => FeatureKind::Dense { width: 16 },
    }
}

/// Default size of a label: four classes, or four labels.
fn default_label(layer: &Layer) -> LabelKind {
    match layer {
        Layer::BinaryHead(_) => LabelKind::Binary,
        Layer::RegressionHead(_) => LabelKind::Real,
        Layer::MultiLabelHead(_) => LabelKind::MultiLabel { n_labels: 4 },
        _ => LabelKind::Classes { n_classes: 4 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = r#"{"version": 1, "name": "small",
        "nodes": [{"id": 0, "name": "x", "layer": {"type": "dense_input", "feature": "x"}},
                  {"id": 1, "name": "y", "layer": {"type": "classes_head", "label": "y"}}],
        "wires": [{"id": 0, "from": {"node": 0}, "to": {"node": 1}}]}"#;

    #[test]
    fn the_built_in_list_holds_the_six_workloads() {
        let workloads = built_in().unwrap();
        let names: Vec<_> = workloads
            .iter()
            .map(|workload| workload.spec.name.as_str())
            .collect();
        assert_eq!(names, ["W1", "W2", "W3", "W4", "W5", "W6"]);
        assert!(workloads.iter().all(|workload| !workload.about.is_empty()));
    }

    #[test]
    fn the_list_of_layers_trains() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("layers.json");
        for workload in read_file(&file).unwrap() {
            let mut benchmark = mtl_training::benchmark::Benchmark::new(&workload.spec).unwrap();
            benchmark.draw_rows();
            let first: f32 = (0..4).map(|_| benchmark.step()).sum();
            let later: f32 = (0..400).map(|_| benchmark.step()).skip(396).sum();
            assert!(
                later < 0.9 * first,
                "{}: {first} then {later}",
                workload.spec.name
            );
        }
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let text = format!(r#"[{{"design": {DESIGN}, "batch_size": 8}}]"#);
        let workloads = read(&text, Path::new(".")).unwrap();
        let spec = &workloads[0].spec;
        assert_eq!((spec.name.as_str(), spec.batch_size, spec.seed), ("small", 8, 1));
        assert_eq!(spec.schema.features[0].kind, FeatureKind::Dense { width: 16 });
        assert_eq!(spec.schema.labels[0].kind, LabelKind::Classes { n_classes: 4 });
        // The output contains all settings, also those that the file left out.
        let written = serde_json::to_value(&workloads).unwrap();
        assert_eq!(written[0]["design"]["nodes"][1]["layer"]["projection"], true);
    }

    #[test]
    fn sizes_that_are_said_are_taken_and_a_design_may_be_a_file() {
        let folder = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("small.design.json"), DESIGN).unwrap();
        let list = folder.join("list.json");
        fs::write(
            &list,
            r#"[{"name": "mine", "design": "small.design.json", "batch_size": 4, "learning_rate": 0.01, "seed": 7,
                 "features": {"x": {"type": "dense", "width": 3}}, "labels": {"y": {"type": "classes", "n_classes": 9}}}]"#,
        )
        .unwrap();
        let spec = &read_file(&list).unwrap()[0].spec;
        assert_eq!(spec.schema.features[0].kind, FeatureKind::Dense { width: 3 });
        assert_eq!(spec.schema.labels[0].kind, LabelKind::Classes { n_classes: 9 });
        assert_eq!(
            (spec.name.as_str(), spec.learning_rate, spec.seed),
            ("mine", 0.01, 7)
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let check = |text: &str, expected: &str| {
            let error = format!("{:#}", read(text, Path::new("/nowhere")).unwrap_err());
            assert!(error.contains(expected), "{error}\n  does not say: {expected}");
        };
        let entry = |rest: &str| format!(r#"[{{"name": "a", "design": {DESIGN}, {rest}}}]"#);
        check("", "it is not JSON");
        check("{}", "must be a JSON list");
        check("[]", "the list is empty");
        check("[5]", "entry 1");
        check(&entry(r#""batch_size": 0"#), "entry 1 (a): batch_size is 0");
        check(&entry(r#""batch_size": -3"#), "entry 1 (a)");
        check(&entry(r#""batches": 3"#), "unknown field `batches`");
        check(
            &entry(r#""batch_size": 2, "learning_rate": 0"#),
            "learning_rate is 0",
        );
        check(
            &entry(r#""batch_size": 2, "features": {"z": {"type": "dense", "width": 2}}"#),
            "no layer of the design reads or learns `z`",
        );
        check(
            &entry(r#""batch_size": 2, "labels": {"y": {"type": "binary"}}"#),
            "entry 1 (a)",
        );
        check(
            r#"[{"design": "no.design.json", "batch_size": 2}]"#,
            "no.design.json cannot be read",
        );
        check(
            r#"[{"design": {"nodes": 3}, "batch_size": 2}]"#,
            "is not a design",
        );
        let twice =
            format!(r#"[{{"design": {DESIGN}, "batch_size": 2}}, {{"design": {DESIGN}, "batch_size": 3}}]"#);
        check(&twice, "two entries are called `small`");
        let unknown = DESIGN.replace("dense_input", "telepathy");
        check(
            &format!(r#"[{{"design": {unknown}, "batch_size": 2}}]"#),
            "telepathy",
        );
        let too_new = DESIGN.replace("\"version\": 1", "\"version\": 999");
        check(
            &format!(r#"[{{"design": {too_new}, "batch_size": 2}}]"#),
            "version 999",
        );
    }
}
