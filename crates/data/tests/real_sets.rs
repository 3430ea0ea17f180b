//! The real data sets, where `cargo xtask data` has fetched them: counts, splits, coverage, and what the baselines reach
//! beside the figures that were measured with scikit-learn. A set that was not fetched is skipped, and said so.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a test may panic, and says what it measured or skipped"
)]

use std::path::PathBuf;

use mtl_data::asset;
use mtl_data::baseline::{Method, baselines};
use mtl_data::dataset::Dataset;
use mtl_data::datasets::{
    census_income, chinese_reviews, clothing_reviews, lecture_ratings, opinion_domains,
};
use mtl_data::prepare::{DataSettings, Prepared, prepare};
use mtl_data::report::report;
use mtl_engine::metrics::{Metric, TaskMetrics, evaluate};

/// A fetched set; none, with a printed line, when it is not there.
fn load(key: &str) -> Option<Dataset> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../data-cache/assets/{key}.mtld"));
    match std::fs::read(&path) {
        Ok(bytes) => Some(asset::decode(&bytes).expect("an asset that cargo xtask data has written")),
        Err(_) => {
            println!("skipped: {key} was not fetched (cargo xtask data)");
            None
        }
    }
}

/// Nearly as the published figures were made: an 80/20 split, whole texts, a large vocabulary.
fn whole_texts(dataset: &Dataset) -> Prepared {
    let settings = DataSettings {
        max_tokens: 512,
        vocabulary_size: 100_000,
        validation: 0.2,
        test: 0.01,
        seed: 2,
        ..Default::default()
    };
    prepare(dataset, &settings).unwrap()
}

fn score(prepared: &Prepared, label: &str, method: Method) -> TaskMetrics {
    let label_idx = prepared.label_idx(label).unwrap();
    let rows = &prepared.splits.validation;
    let mut labels = vec![0.0; rows.len()];
    prepared.labels_into(label_idx, rows, &mut labels);
    let kind = prepared.schema.labels[label_idx].kind;
    let found = baselines(prepared, label_idx, rows);
    let baseline = found
        .iter()
        .find(|baseline| baseline.method == method)
        .expect("the method applies");
    evaluate(kind, &labels, &baseline.scores).unwrap()
}

/// Accuracy within `tolerance` of the published one: another split, another tokeniser.
fn check_accuracy(prepared: &Prepared, label: &str, majority: f64, naive_bayes: f64, tolerance: f64) {
    for (method, expected) in [(Method::Majority, majority), (Method::NaiveBayes, naive_bayes)] {
        let got = score(prepared, label, method).get(Metric::Accuracy).unwrap();
        println!(
            "{} {label} {}: {got:.3} (published {expected:.3})",
            prepared.info.key,
            method.key()
        );
        assert!(
            (got - expected).abs() < tolerance,
            "{label} {}: {got}, published {expected}",
            method.key()
        );
    }
}

fn check_tokens(
    dataset: &Dataset,
    prepared: &Prepared,
    median: std::ops::Range<u32>,
    p95: std::ops::Range<u32>,
) {
    let report = report(dataset, prepared);
    let text = &report.texts[0];
    println!(
        "{}: median {} tokens, 95% below {}, vocabulary {}, coverage {:.3} / {:.3}, without a known token {}",
        prepared.info.key,
        text.median_tokens,
        text.p95_tokens,
        text.vocabulary_size,
        text.train_coverage,
        text.validation_coverage,
        text.n_without_known_token
    );
    assert!(median.contains(&text.median_tokens), "{}", text.median_tokens);
    assert!(p95.contains(&text.p95_tokens), "{}", text.p95_tokens);
    assert!(text.validation_coverage > 0.9);
}

#[test]
fn opinion_domains_baselines() {
    let Some(dataset) = load(opinion_domains::KEY) else {
        return;
    };
    assert_eq!(dataset.n_rows(), 23_703);
    let prepared = whole_texts(&dataset);
    check_tokens(&dataset, &prepared, 15..19, 30..36);
    check_accuracy(&prepared, "domain", 0.448, 0.910, 0.02);
    check_accuracy(&prepared, "sentiment", 0.433, 0.672, 0.02);
}

#[test]
fn clothing_reviews_baselines() {
    let Some(dataset) = load(clothing_reviews::KEY) else {
        return;
    };
    assert_eq!(dataset.n_rows(), 22_628);
    let prepared = whole_texts(&dataset);
    check_tokens(&dataset, &prepared, 57..63, 98..106);
    check_accuracy(&prepared, "department", 0.444, 0.835, 0.04);
    check_accuracy(&prepared, "recommended", 0.817, 0.903, 0.03);
    check_accuracy(&prepared, "rating", 0.551, 0.654, 0.04);
}

#[test]
fn chinese_reviews_baselines() {
    let Some(dataset) = load(chinese_reviews::KEY) else {
        return;
    };
    assert_eq!(dataset.n_rows(), 17_165);
    let prepared = whole_texts(&dataset);
    check_tokens(&dataset, &prepared, 38..48, 150..192);
    check_accuracy(&prepared, "domain", 0.446, 0.976, 0.03);
    check_accuracy(&prepared, "sentiment", 0.521, 0.795, 0.03);
}

#[test]
fn lecture_ratings_baselines() {
    let Some(dataset) = load(lecture_ratings::KEY) else {
        return;
    };
    assert_eq!(dataset.n_rows(), 73_421);
    let settings = DataSettings {
        validation: 0.2,
        test: 0.01,
        ..Default::default()
    };
    let prepared = prepare(&dataset, &settings).unwrap();
    for (label, published) in [("like", 0.694), ("top", 0.691)] {
        let auc = score(&prepared, label, Method::Biases).get(Metric::Auc).unwrap();
        println!("lecture-ratings {label} biases: AUC {auc:.3} (published {published})");
        assert!((auc - published).abs() < 0.015, "{label}: {auc}");
    }
    let (bias, mean) = (
        score(&prepared, "rating", Method::Biases),
        score(&prepared, "rating", Method::Majority),
    );
    let rmse = |metrics: &TaskMetrics| metrics.get(Metric::Rmse).unwrap();
    println!(
        "lecture-ratings rating: RMSE {:.3}, of the mean {:.3}",
        rmse(&bias),
        rmse(&mean)
    );
    assert!(rmse(&bias) < 0.95 * rmse(&mean));
}

#[test]
fn census_income_baselines() {
    let Some(dataset) = load(census_income::KEY) else {
        return;
    };
    assert_eq!(dataset.n_rows(), 30_000);
    let prepared = whole_texts(&dataset);
    // The published shares of the whole set: 6.2, 43.3 and 14.8 per cent.
    for (label_idx, share) in [(0, 0.062), (1, 0.433), (2, 0.148)] {
        let values = &dataset.labels[label_idx].values;
        let got = values.iter().sum::<f32>() / values.len() as f32;
        assert!((got - share).abs() < 0.006, "{label_idx}: {got}");
    }
    for (label, least) in [("income", 0.85), ("never_married", 0.93), ("education", 0.75)] {
        let auc = score(&prepared, label, Method::NaiveBayes)
            .get(Metric::Auc)
            .unwrap();
        println!("census-income {label} naive Bayes: AUC {auc:.3}");
        assert!(auc > least, "{label}: {auc}");
    }
}
