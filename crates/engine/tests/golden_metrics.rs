//! Every metric against what scikit-learn computes, edge cases included (`tests/goldens/README.md`).

mod goldens;

use std::collections::BTreeMap;

use goldens::{Labels, read};
use mtl_base::schema::LabelKind;
use mtl_engine::metrics::{
    Averaged, Metric, MetricError, TaskMetrics, evaluate, precision_recall_curve, prior_baseline, roc_curve,
};
use serde::Deserialize;

fn check_value(what: &str, got: Option<f64>, expected: Option<f64>) {
    match (got, expected) {
        (None, None) => {}
        (Some(got), Some(expected)) => {
            let difference = (got - expected).abs();
            assert!(
                difference <= 1e-12 * expected.abs() + 1e-15,
                "{what}: got {got}, scikit-learn has {expected}, they differ by {difference}"
            );
        }
        _ => panic!("{what}: got {got:?}, scikit-learn has {expected:?}"),
    }
}

fn check_values(name: &str, metrics: &TaskMetrics, expected: &BTreeMap<String, Option<f64>>) {
    assert_eq!(
        metrics.values.len(),
        expected.len(),
        "{name}: one golden value per metric"
    );
    for (metric, got) in &metrics.values {
        let what = format!("{name}: {}", metric.key());
        let expected = expected
            .get(metric.key())
            .unwrap_or_else(|| panic!("{what} has no golden value"));
        check_value(&what, *got, *expected);
    }
}

#[derive(Deserialize)]
struct ClassCase {
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
    /// Of labels side by side.
    auc: Option<f64>,
    support: u64,
    predicted: u64,
}

#[derive(Deserialize)]
struct MetricsCase {
    name: String,
    output: LabelKind,
    labels: Labels,
    outputs: Vec<f32>,
    n: usize,
    values: BTreeMap<String, Option<f64>>,
    /// Of the averages over classes or labels of which some have no value: how many have, of how many.
    #[serde(default)]
    averaged: BTreeMap<String, (usize, usize)>,
    #[serde(default)]
    per_class: Vec<ClassCase>,
    confusion: Option<Vec<u64>>,
}

#[test]
fn every_metric_follows_scikit_learn() {
    let cases: Vec<MetricsCase> = read("metrics");
    for metric in Metric::ALL {
        let defined = cases
            .iter()
            .any(|case| case.values.get(metric.key()).is_some_and(Option::is_some));
        assert!(defined, "no golden value for {}", metric.key());
    }
    for case in &cases {
        let name = &case.name;
        let metrics = evaluate(case.output, &case.labels.0, &case.outputs).unwrap();
        assert_eq!(metrics.n, case.n, "{name}");
        check_values(name, &metrics, &case.values);
        let incomplete: BTreeMap<String, (usize, usize)> = metrics
            .averaged
            .iter()
            .filter(|(_, averaged)| averaged.n_defined < averaged.n)
            .map(|(metric, averaged)| (metric.key().to_owned(), (averaged.n_defined, averaged.n)))
            .collect();
        assert_eq!(incomplete, case.averaged, "{name}");
        assert_eq!(
            metrics.confusion.as_ref().map(|matrix| &matrix.counts),
            case.confusion.as_ref(),
            "{name}"
        );
        assert_eq!(metrics.per_class.len(), case.per_class.len(), "{name}");
        for (class, (got, expected)) in metrics.per_class.iter().zip(&case.per_class).enumerate() {
            check_value(
                &format!("{name}: precision of {class}"),
                got.precision,
                expected.precision,
            );
            check_value(&format!("{name}: recall of {class}"), got.recall, expected.recall);
            check_value(&format!("{name}: F1 of {class}"), got.f1, expected.f1);
            if matches!(case.output, LabelKind::MultiLabel { .. }) {
                check_value(&format!("{name}: AUC of {class}"), got.auc, expected.auc);
            }
            assert_eq!(
                (got.support, got.predicted),
                (expected.support, expected.predicted),
                "{name}: {class}"
            );
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for case in read::<MetricsCase>("metrics") {
        let width = case.output.prediction_width();
        let forward = evaluate(case.output, &case.labels.0, &case.outputs).unwrap();
        let labels = case.labels.0.chunks(case.output.width());
        let labels: Vec<f32> = labels.rev().flatten().copied().collect();
        let outputs: Vec<f32> = case.outputs.chunks(width).rev().flatten().copied().collect();
        let backward = evaluate(case.output, &labels, &outputs).unwrap();
        for ((metric, a), (_, b)) in forward.values.iter().zip(&backward.values) {
            check_value(&format!("{}: {}", case.name, metric.key()), *a, *b);
        }
    }
}

#[derive(Deserialize)]
struct CurveCase {
    name: String,
    labels: Vec<f32>,
    scores: Vec<f32>,
    roc: Roc,
    precision_recall: PrecisionRecall,
}

#[derive(Deserialize)]
struct Roc {
    false_positive_rate: Vec<f64>,
    true_positive_rate: Vec<f64>,
    threshold: Vec<f32>,
}

#[derive(Deserialize)]
struct PrecisionRecall {
    precision: Vec<f64>,
    recall: Vec<f64>,
    threshold: Vec<f32>,
}

#[test]
fn curves_follow_scikit_learn() {
    for case in read::<CurveCase>("curves") {
        let CurveCase {
            name,
            labels,
            scores,
            roc,
            precision_recall,
        } = case;
        let points = roc_curve(&labels, &scores, usize::MAX);
        assert_eq!(points.len(), roc.threshold.len() + 1, "{name}");
        for (index, point) in points.iter().enumerate() {
            let what = format!("{name}: ROC point {index}");
            check_value(
                &what,
                Some(point.false_positive_rate),
                Some(roc.false_positive_rate[index]),
            );
            check_value(
                &what,
                Some(point.true_positive_rate),
                Some(roc.true_positive_rate[index]),
            );
            assert_eq!(
                point.threshold,
                index.checked_sub(1).map(|index| roc.threshold[index]),
                "{what}"
            );
        }
        let points = precision_recall_curve(&labels, &scores, usize::MAX);
        assert_eq!(points.len(), precision_recall.threshold.len() + 1, "{name}");
        for (index, point) in points.iter().enumerate() {
            let what = format!("{name}: precision-recall point {index}");
            check_value(
                &what,
                Some(point.precision),
                Some(precision_recall.precision[index]),
            );
            check_value(&what, Some(point.recall), Some(precision_recall.recall[index]));
            let expected = index
                .checked_sub(1)
                .map(|index| precision_recall.threshold[index]);
            assert_eq!(point.threshold, expected, "{what}");
        }
    }
}

#[derive(Deserialize)]
struct BaselineCase {
    name: String,
    output: LabelKind,
    training_labels: Vec<f32>,
    labels: Vec<f32>,
    values: BTreeMap<String, Option<f64>>,
}

#[test]
fn baselines_follow_scikit_learns_dummies() {
    for case in read::<BaselineCase>("baselines") {
        let metrics = prior_baseline(case.output, &case.training_labels, &case.labels).unwrap();
        check_values(
            &case.name,
            &metrics.expect("there are training labels"),
            &case.values,
        );
        let nothing = prior_baseline(case.output, &[f32::NAN], &case.labels).unwrap();
        assert_eq!(nothing, None, "{}: no training label, no baseline", case.name);
    }
}

#[test]
fn nothing_to_measure_is_undefined() {
    for output in [
        LabelKind::Binary,
        LabelKind::Classes { n_classes: 3 },
        LabelKind::Real,
        LabelKind::MultiLabel { n_labels: 2 },
    ] {
        let n_labels = 2 * output.width();
        let missing = evaluate(
            output,
            &vec![f32::NAN; n_labels],
            &vec![0.3; 2 * output.prediction_width()],
        )
        .unwrap();
        assert_eq!(missing.n, 0);
        assert!(!missing.values.is_empty());
        assert!(missing.values.iter().all(|(_, value)| value.is_none()));
        let labels = [1.0, 0.0].repeat(output.width());
        let diverged = evaluate(output, &labels, &vec![f32::NAN; 2 * output.prediction_width()]).unwrap();
        assert_eq!(diverged.n, 2);
        assert!(diverged.values.iter().all(|(_, value)| value.is_none()));
    }
}

/// What is undefined is not 0, and an average says of how many values it is.
#[test]
fn an_average_is_that_of_the_defined_values() {
    let labels = LabelKind::MultiLabel { n_labels: 4 };
    let targets = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let scores = [0.9, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9];
    let metrics = evaluate(labels, &targets, &scores).unwrap();
    let areas: Vec<_> = metrics.per_class.iter().map(|label| label.auc).collect();
    assert_eq!(areas, [None, Some(1.0), None, Some(1.0)]);
    assert_eq!(metrics.get(Metric::Auc), Some(1.0));
    assert_eq!(
        metrics.averaged(Metric::Auc),
        Some(Averaged { n_defined: 2, n: 4 })
    );

    let classes = LabelKind::Classes { n_classes: 3 };
    let right = [0.8, 0.1, 0.1, 0.1, 0.8, 0.1];
    let metrics = evaluate(classes, &[0.0, 1.0], &right).unwrap();
    assert_eq!(metrics.get(Metric::F1Macro), Some(1.0), "perfect answers");
    assert_eq!(
        metrics.averaged(Metric::F1Macro),
        Some(Averaged { n_defined: 2, n: 3 })
    );

    let constant = evaluate(LabelKind::Real, &[2.0, 2.0], &[2.0, 2.5]).unwrap();
    assert_eq!(constant.get(Metric::R2), None);
    assert_eq!(
        constant.averaged(Metric::Rmse),
        None,
        "not an average over classes"
    );
}

#[test]
fn wrong_labels_and_lengths_are_refused() {
    let classes = LabelKind::Classes { n_classes: 3 };
    let error = evaluate(classes, &[0.0, 3.0], &[0.3; 6]).unwrap_err();
    assert_eq!(
        error,
        MetricError::Label {
            row: 1,
            n_classes: 3,
            label: 3.0
        }
    );
    let labels = LabelKind::MultiLabel { n_labels: 2 };
    let error = evaluate(labels, &[0.0, 1.0, 2.0, 0.0], &[0.3; 4]).unwrap_err();
    assert_eq!(
        error,
        MetricError::Label {
            row: 1,
            n_classes: 2,
            label: 2.0
        }
    );
    assert!(evaluate(labels, &[0.0, 1.0, 0.0], &[0.3; 4]).is_err());
    assert!(evaluate(LabelKind::Binary, &[0.5], &[0.3]).is_err());
    assert!(evaluate(LabelKind::Binary, &[-1.0], &[0.3]).is_err());
    let error = evaluate(classes, &[0.0, 1.0], &[0.3; 5]).unwrap_err();
    assert_eq!(
        error,
        MetricError::Length {
            n_labels: 2,
            width: 3,
            expected: 6,
            got: 5
        }
    );
}

#[test]
fn metrics_round_trip_through_json() {
    let metrics = evaluate(LabelKind::Binary, &[0.0, 1.0, 1.0], &[0.2, 0.1, 0.7]).unwrap();
    let json = serde_json::to_string(&metrics).unwrap();
    assert!(json.contains(r#"["auc",0.5]"#), "{json}");
    assert_eq!(serde_json::from_str::<TaskMetrics>(&json).unwrap(), metrics);
}
