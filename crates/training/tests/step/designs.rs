//! Small data sets and designs.

use std::sync::Arc;

use mtl_base::schema::{FeatureKind, LabelKind, Schema};
use mtl_data::datasets::generated_impressions::{self, ImpressionSettings};
use mtl_data::datasets::generated_regression::{self, RegressionSettings};
use mtl_data::datasets::generated_reviews::{self, ReviewSettings};
use mtl_data::prepare::{DataSettings, Prepared, prepare};
use mtl_engine::design::{Design, presets};
use mtl_engine::layers::{
    BatchNormalization, ClassesHead, Dense, Dropout, Embedding, EmbeddingBag, GlobalAveragePooling, Layer,
    RegressionHead, TokenInput,
};
use mtl_training::TrainingRun;
use mtl_training::protocol::{Backend, RunSettings};

/// Reviews with a domain, a sentiment and stars, some of which are missing.
pub fn reviews(rows: usize, missing: f32) -> Arc<Prepared> {
    let dataset = generated_reviews::generate(&ReviewSettings {
        rows,
        missing,
        ..ReviewSettings::default()
    });
    let settings = DataSettings {
        max_tokens: 8,
        vocabulary_size: 120,
        ..DataSettings::default()
    };
    Arc::new(prepare(&dataset, &settings).expect("a data set"))
}

/// Impressions with clicks and purchases.
pub fn impressions(rows: usize) -> Arc<Prepared> {
    let dataset = generated_impressions::generate(&ImpressionSettings {
        rows,
        users: 20,
        items: 30,
        ..ImpressionSettings::default()
    });
    Arc::new(prepare(&dataset, &DataSettings::default()).expect("a data set"))
}

/// Numbers with two real labels.
pub fn numbers(rows: usize) -> Arc<Prepared> {
    let dataset = generated_regression::generate(&RegressionSettings {
        rows,
        width: 12,
        missing: 0.1,
        ..RegressionSettings::default()
    });
    Arc::new(prepare(&dataset, &DataSettings::default()).expect("a data set"))
}

pub fn settings() -> RunSettings {
    RunSettings {
        epochs: 4,
        batch_size: 32,
        learning_rate: 0.01,
        backend: Backend::Cpu,
        reproducible: true,
        ..RunSettings::default()
    }
}

fn classes(label: &str) -> ClassesHead {
    ClassesHead {
        label: label.into(),
        ..ClassesHead::default()
    }
}

/// A table, a shared layer, towers and three heads: of a class, a class and a number.
pub fn three_tasks(with_noise: bool) -> Design {
    let mut design = Design::new("three tasks");
    let text = design.add(
        "text",
        TokenInput {
            feature: "text".into(),
        },
    );
    let table = design.add(
        "table",
        Embedding {
            width: 6,
            ..Embedding::default()
        },
    );
    let pool = design.add("pool", GlobalAveragePooling::default());
    let shared = design.add(
        "shared",
        Dense {
            units: 12,
            ..Dense::default()
        },
    );
    design.connect(text, table, 0);
    design.connect(table, pool, 0);
    design.connect(pool, shared, 0);
    let mut trunk = shared;
    if with_noise {
        let layers: [(&str, Layer); 2] = [
            ("norm", BatchNormalization::default().into()),
            ("dropout", Dropout { rate: 0.2 }.into()),
        ];
        for (name, layer) in layers {
            let node = design.add(name, layer);
            design.connect(trunk, node, 0);
            trunk = node;
        }
    }
    let heads: [(&str, Layer); 3] = [
        ("domain", classes("domain").into()),
        ("sentiment", classes("sentiment").into()),
        (
            "stars",
            RegressionHead {
                label: "stars".into(),
                ..RegressionHead::default()
            }
            .into(),
        ),
    ];
    for (name, head) in heads {
        let tower = design.add(
            format!("{name} tower"),
            Dense {
                units: 5,
                ..Dense::default()
            },
        );
        let head = design.add(name, head);
        design.connect(trunk, tower, 0);
        design.connect(tower, head, 0);
    }
    design
}

/// A bag of words and two heads, the second with the weight 0 and a penalty.
pub fn a_task_without_weight() -> Design {
    let mut design = Design::new("a task without weight");
    let text = design.add(
        "text",
        TokenInput {
            feature: "text".into(),
        },
    );
    let bag = design.add(
        "bag",
        EmbeddingBag {
            width: 4,
            ..EmbeddingBag::default()
        },
    );
    let first = design.add("domain", classes("domain"));
    let second = design.add(
        "sentiment",
        ClassesHead {
            weight: 0.0,
            l2: 0.1,
            ..classes("sentiment")
        },
    );
    design.connect(text, bag, 0);
    design.connect(bag, first, 0);
    design.connect(bag, second, 0);
    design
}

pub fn run(design: &Design, data: &Arc<Prepared>, settings: &RunSettings) -> TrainingRun {
    TrainingRun::build(design, data, settings).expect("a run")
}

pub fn train(run: &mut TrainingRun, n_steps: usize) {
    for _ in 0..n_steps {
        run.train_step().expect("a step");
    }
}

/// Every preset with small data that it fits.
pub fn presets_on_data() -> Vec<(&'static str, Design, Arc<Prepared>)> {
    let data = [reviews(300, 0.1), impressions(300), numbers(300)];
    let mut all = Vec::new();
    for preset in presets::all() {
        let fitting = data.iter().find(|data| preset.fits(&data.schema));
        let data = fitting.unwrap_or_else(|| panic!("no data for {}", preset.key));
        all.push((preset.key, preset.design(&data.schema), Arc::clone(data)));
    }
    all
}

/// Whether the schema has what [`three_tasks`] reads and learns.
#[test]
fn the_data_is_what_the_designs_expect() {
    let Schema { features, labels } = &reviews(100, 0.0).schema;
    assert!(matches!(features[0].kind, FeatureKind::Tokens { length: 8, .. }));
    assert!(
        labels
            .iter()
            .any(|label| label.key == "stars" && label.kind == LabelKind::Real)
    );
}
