//! The comparisons of `sharing.rs`: a task alone against the task beside another one.

use std::collections::BTreeMap;
use std::path::Path;

use mtl_base::schema::Schema;
use mtl_data::datasets::{Generator, Origin, find};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::{Design, presets};
use mtl_engine::metrics::{Metric, TaskMetrics};
use mtl_training::protocol::{Backend, Command, DataSource, Event, Reply, Request, Run, RunSettings, Split};
use mtl_training::{Outgoing, Session, recommended};

use crate::Outcome;

/// One comparison.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// Key of the data set.
    pub data: String,
    /// Settings of a generator, as JSON.
    pub generator: String,
    /// Key of the preset.
    pub preset: String,
    /// The task that is looked at.
    pub target: String,
    /// The task beside it.
    pub beside: String,
    /// Share of the target's training labels that is used.
    pub share: f32,
    /// Epochs of both runs.
    pub epochs: u32,
    /// Learning rate of both runs.
    pub learning_rate: f32,
}

/// The comparisons of `docs/data.md`.
pub fn cases() -> Vec<Case> {
    let case = |name,
                data: &str,
                generator: &str,
                preset: &str,
                [target, beside]: [&str; 2],
                share,
                epochs,
                learning_rate| Case {
        name,
        data: data.to_owned(),
        generator: generator.to_owned(),
        preset: preset.to_owned(),
        target: target.to_owned(),
        beside: beside.to_owned(),
        share,
        epochs,
        learning_rate,
    };
    vec![
        case(
            "helps-real",
            "clothing-reviews",
            "",
            "text-towers",
            ["recommended", "stars"],
            0.02,
            6,
            0.004,
        ),
        case(
            "helps-generated",
            "generated-regression",
            r#"{"type": "regression", "relatedness": 0.9}"#,
            "numbers-towers",
            ["task_2", "task_1"],
            0.05,
            20,
            0.003,
        ),
        case(
            "hurts-real",
            "clothing-reviews",
            "",
            "text-towers",
            ["department", "stars"],
            1.0,
            6,
            0.003,
        ),
        case(
            "hurts-generated",
            "generated-regression",
            r#"{"type": "regression", "relatedness": 0, "unit_2": 100}"#,
            "numbers-towers",
            ["task_1", "task_2"],
            1.0,
            20,
            0.003,
        ),
    ]
}

/// AUC where there is one, else accuracy, else the root mean squared error.
fn figure(metrics: &TaskMetrics) -> Option<(Metric, f64)> {
    let of = |metric: Metric| metrics.get(metric).map(|value| (metric, value));
    of(Metric::Auc).or(of(Metric::Accuracy)).or(of(Metric::Rmse))
}

/// Whether `a` is better than `b`.
pub fn is_better(metric: Metric, a: f64, b: f64) -> bool {
    if metric == Metric::Rmse { a < b } else { a > b }
}

/// Trains the preset with heads for `labels`, and gives the first one's test figure at its best epoch.
pub fn run(case: &Case, labels: &[&str], seed: u64) -> Outcome<(Metric, f64)> {
    let mut session = Session::new();
    let settings = RunSettings {
        epochs: case.epochs,
        learning_rate: case.learning_rate,
        batch_size: 128,
        seed,
        backend: Backend::Cpu,
        ..RunSettings::default()
    };
    tell(&mut session, Command::Settings { settings }, vec![])?;
    let (source, payloads) = source(case, seed)?;
    let settings = DataSettings {
        seed: seed as usize,
        labels_used: BTreeMap::from([(case.target.clone(), case.share)]),
        ..recommended::data_settings(&case.data)
    };
    let schema =
        tell(&mut session, Command::Data { source, settings }, payloads)?.ok_or("no data set came")?;
    let design = design(case, &schema, labels)?;
    tell(&mut session, Command::Design { design }, vec![])?;
    let mut best: Option<(f64, (Metric, f64))> = None;
    for _ in 0..case.epochs {
        tell(&mut session, Command::Run { run: Run::Epoch }, vec![])?;
        let validation = evaluate(&mut session, Split::Validation)?;
        let test = evaluate(&mut session, Split::Test)?;
        if best.is_none_or(|(before, _)| is_better(validation.0, validation.1, before)) {
            best = Some((validation.1, test));
        }
    }
    Ok(best.ok_or("no epoch")?.1)
}

/// The preset on a schema that has these labels alone.
fn design(case: &Case, schema: &Schema, labels: &[&str]) -> Outcome<Design> {
    let labels = labels.iter().map(|key| {
        schema
            .label(key)
            .cloned()
            .ok_or_else(|| format!("there is no label {key}"))
    });
    let schema = Schema {
        features: schema.features.clone(),
        labels: labels.collect::<Result<_, _>>()?,
    };
    Ok(
        presets::design(&case.preset, &schema)
            .ok_or_else(|| format!("there is no preset {}", case.preset))?,
    )
}

fn source(case: &Case, seed: u64) -> Outcome<(DataSource, Vec<Vec<u8>>)> {
    if find(&case.data).is_some_and(|entry| entry.origin == Origin::Packaged) {
        let path = format!("../data-cache/assets/{}.mtld", case.data);
        let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
            .map_err(|error| format!("{}: {error}; run `cargo xtask data`", case.data))?;
        let source = DataSource::Asset {
            key: case.data.clone(),
        };
        return Ok((source, vec![bytes]));
    }
    let mut settings: serde_json::Value = serde_json::from_str(&case.generator)?;
    settings["seed"] = seed.into();
    let generator: Generator = serde_json::from_value(settings)?;
    Ok((DataSource::Generated { generator }, vec![]))
}

/// Carries out a command and works until nothing is left to do; the schema of a data set comes back.
fn tell(session: &mut Session, command: Command, payloads: Vec<Vec<u8>>) -> Outcome<Option<Schema>> {
    let mut out = Vec::new();
    session.handle(1, command, payloads, &mut out);
    finish(session, &mut out);
    let mut schema = None;
    for outgoing in out {
        match outgoing {
            Outgoing::Reply { reply, .. } => drop(reply?),
            Outgoing::Event(Event::Model {
                problem: Some(message),
                ..
            }) => return Err(message.en.into()),
            Outgoing::Event(Event::Data { schema: of_data, .. }) => schema = Some(of_data),
            _ => {}
        }
    }
    Ok(schema)
}

fn finish(session: &mut Session, out: &mut Vec<Outgoing>) {
    while session.slice(&|| 0.0, 1.0, out) {}
}

/// The first task's figure on a split.
fn evaluate(session: &mut Session, split: Split) -> Outcome<(Metric, f64)> {
    let mut out = Vec::new();
    let request = Request::Evaluate { split };
    session.handle(2, Command::Ask { request }, vec![], &mut out);
    finish(session, &mut out);
    for outgoing in out {
        if let Outgoing::Reply { reply, .. } = outgoing {
            let Reply::Evaluation { evaluation, .. } = reply? else {
                break;
            };
            return Ok(evaluation.tasks.first().and_then(figure).ok_or("no figure")?);
        }
    }
    Err("no evaluation came".into())
}
