//! Every error, problem, metric, optimizer, method, layer and setting that this crate can name has both languages: filled in,
//! different, and with the same values.
//!
//! Errors are walked by variant: a variant without a sample does not compile.

use std::collections::BTreeSet;

use mtl_balance::BalanceConfig;
use mtl_base::NodeId;
use mtl_base::schema::{FeatureKind, LabelKind};
use mtl_base::settings::{FieldKind, SettingError, Settings, Value};
use mtl_base::text::{Explain, Message, Text};
use mtl_data::asset::AssetError;
use mtl_data::baseline::Method;
use mtl_data::dataset::{Counted, DatasetError, Fitting, Naming};
use mtl_data::datasets;
use mtl_data::findings::{ClassList, Finding, FindingKind, Subject};
use mtl_data::prepare::{DataError, DataSettings};
use mtl_data::split::Split;
use mtl_engine::design::WireId;
use mtl_engine::design::compose::ShareError;
use mtl_engine::design::problems::{Problem, ProblemKind, Severity};
use mtl_engine::design::refusal::{Countable, EditError, Refusal};
use mtl_engine::layers::{Layer, LowerError, PortKind, Shape};
use mtl_engine::metrics::{Metric, MetricError};
use mtl_engine::model::BuildError;
use mtl_program::optimizers::{self, OptimizerConfig};

use crate::error::{DataPart, FeatureProblem, ParameterProblem, Payload, RunError, StateProblem};
use crate::settings::RunSettings;
use crate::step::Limitation;

/// A sample of each variant of an error.
macro_rules! every {
    ($( $pattern:pat => $sample:expr, )+) => {{
        // Exhaustive, and never called.
        let _ = |error| match error { $( $pattern => (), )+ };
        vec![ $( $sample ),+ ]
    }};
}

const NAME: Text = Text::new("method", "方法");

#[test]
fn every_error_says_the_same_in_both_languages() {
    let setting = || SettingError::Unknown {
        key: "k1".to_owned(),
        known: vec!["k2", "k3"],
    };
    let wrong = mtl_base::settings::find(RunSettings::default().fields(), "epochs")
        .and_then(|field| field.accept(&Value::Int(-77)))
        .expect_err("no number of epochs");
    let class_list = || ClassList {
        n: 2,
        n_classes: 345,
        names: vec![Message::new("c6", "c6"), Message::new("c7", "c7")],
    };
    let name = || "n1".to_owned();
    let other = || "n2".to_owned();

    let fittings: Vec<Fitting> = every! {
        Fitting::Probability => Fitting::Probability,
        Fitting::Id(_) => Fitting::Id(12),
        Fitting::Finite => Fitting::Finite,
        Fitting::FiniteOrUnknown => Fitting::FiniteOrUnknown,
        Fitting::Class(_) => Fitting::Class(34),
    };
    let counted: Vec<Counted> = every! {
        Counted::Columns => Counted::Columns,
        Counted::Rows => Counted::Rows,
        Counted::Ids => Counted::Ids,
        Counted::Numbers => Counted::Numbers,
        Counted::Labels => Counted::Labels,
        Counted::Classes => Counted::Classes,
    };
    let namings: Vec<Naming> = every! {
        Naming::Id => Naming::Id,
        Naming::IdOfSameSize => Naming::IdOfSameSize,
        Naming::BinaryLabel => Naming::BinaryLabel,
    };
    let mut dataset: Vec<DatasetError> = every! {
        DatasetError::NoColumns { .. } => DatasetError::NoColumns { features: 12, labels: 34 },
        DatasetError::TooMany { .. } => DatasetError::TooMany { what: Counted::Rows, got: 12, limit: 34 },
        DatasetError::SameKey { .. } => DatasetError::SameKey { key: name() },
        DatasetError::Length { .. } => DatasetError::Length { key: name(), expected: 12, got: 34 },
        DatasetError::Value { .. } => DatasetError::Value { key: name(), row: 12, expected: Fitting::Finite, got: "x3".to_owned() },
        DatasetError::Names { .. } => DatasetError::Names { key: name(), expected: 12, got: 34 },
        DatasetError::Next { .. } => DatasetError::Next { key: name(), column: other(), expected: Naming::Id },
        DatasetError::NoLabel { .. } => DatasetError::NoLabel { key: name() },
    };
    dataset.extend(fittings.into_iter().map(|expected| DatasetError::Value {
        key: name(),
        row: 12,
        expected,
        got: "x3".to_owned(),
    }));
    dataset.extend(counted.into_iter().map(|what| DatasetError::TooMany {
        what,
        got: 12,
        limit: 34,
    }));
    dataset.extend(namings.into_iter().map(|expected| DatasetError::Next {
        key: name(),
        column: other(),
        expected,
    }));
    check(&dataset);

    let asset: Vec<AssetError> = every! {
        AssetError::Magic => AssetError::Magic,
        AssetError::Version { .. } => AssetError::Version { got: 12, expected: 34 },
        AssetError::TooLarge { .. } => AssetError::TooLarge { got: 12, limit: 34 },
        AssetError::Damaged { .. } => AssetError::Damaged { at: name(), expected: 12, got: 34 },
        AssetError::Header { .. } => AssetError::Header { reason: name() },
        AssetError::Text { .. } => AssetError::Text { key: name() },
        AssetError::Dataset(_) => AssetError::Dataset(DatasetError::NoLabel { key: name() }),
    };
    check(&asset);

    let mut data: Vec<DataError> = every! {
        DataError::Dataset(_) => DataError::Dataset(DatasetError::NoLabel { key: name() }),
        DataError::Setting(_) => DataError::Setting(setting()),
        DataError::Stratify { .. } => DataError::Stratify { key: name(), labels: other() },
        DataError::LabelsUsed { .. } => DataError::LabelsUsed { key: name(), labels: other() },
        DataError::EmptySplit { .. } => DataError::EmptySplit { split: Split::Test, rows: 12, inputs: 34 },
        DataError::Vocabulary { .. } => DataError::Vocabulary { feature: name() },
    };
    let splits = [Split::Train, Split::Validation, Split::Test];
    data.extend(splits.map(|split| DataError::EmptySplit {
        split,
        rows: 12,
        inputs: 34,
    }));
    check(&data);

    let kinds: Vec<FindingKind> = every! {
        FindingKind::NoLabels { .. } => FindingKind::NoLabels { split: None },
        FindingKind::UnusedClasses { .. } => FindingKind::UnusedClasses { classes: class_list() },
        FindingKind::SingleRowClasses { .. } => FindingKind::SingleRowClasses { classes: class_list() },
        FindingKind::AbsentClasses { .. } => FindingKind::AbsentClasses { split: Split::Test, classes: class_list() },
        FindingKind::ConstantLabels { .. } => FindingKind::ConstantLabels { classes: class_list() },
        FindingKind::ConstantLabel { .. } => FindingKind::ConstantLabel { value: 1.5 },
        FindingKind::ConstantFeature => FindingKind::ConstantFeature,
        FindingKind::ConstantNumbers { .. } => FindingKind::ConstantNumbers { n: 12, width: 34 },
        FindingKind::NoWords => FindingKind::NoWords,
    };
    let more = splits.into_iter().flat_map(|split| {
        [
            FindingKind::NoLabels { split: Some(split) },
            FindingKind::AbsentClasses {
                split,
                classes: class_list(),
            },
        ]
    });
    let findings: Vec<Finding> = kinds
        .into_iter()
        .chain(more)
        .map(|kind| Finding {
            subject: Subject::Label,
            key: name(),
            name: Message::new(name(), name()),
            kind,
            is_problem: true,
        })
        .collect();
    check(&findings);

    let mut lower: Vec<LowerError> = every! {
        LowerError::Kind { .. } => LowerError::Kind { handle: 0, expected: PortKind::Any, got: Shape::Vector { width: 12 } },
        LowerError::UnequalShapes { .. } => LowerError::UnequalShapes { first: Shape::Vector { width: 12 }, got: Shape::Vector { width: 34 } },
        LowerError::UnequalSteps { .. } => LowerError::UnequalSteps { first: Shape::Vector { width: 12 }, got: Shape::Sequence { length: 34, width: 56 } },
        LowerError::Count { .. } => LowerError::Count { expected: 12, got: 34 },
        LowerError::UnknownFeature { .. } => LowerError::UnknownFeature { key: name(), available: vec![other()] },
        LowerError::FeatureKind { .. } => LowerError::FeatureKind { key: name(), got: FeatureKind::Id { cardinality: 12 } },
        LowerError::UnknownLabel { .. } => LowerError::UnknownLabel { key: name(), available: Vec::new() },
        LowerError::LabelKind { .. } => LowerError::LabelKind { key: name(), got: LabelKind::Real },
        LowerError::Logits { .. } => LowerError::Logits { expected: 12, got: 34 },
        LowerError::ClassWeights { .. } => LowerError::ClassWeights { expected: 12, got: 34 },
        LowerError::Gate { .. } => LowerError::Gate { experts: 12, got: 34 },
        LowerError::KernelSize { .. } => LowerError::KernelSize { length: 12, got: 34 },
        LowerError::Columns { .. } => LowerError::Columns { key: "k1", last: 12, start: 34, end: 56 },
        LowerError::TooLarge { .. } => LowerError::TooLarge { got: 12, ceiling: 34 },
    };
    let expected = [
        PortKind::Tokens,
        PortKind::Id,
        PortKind::Ids,
        PortKind::Sequence,
        PortKind::Vector,
    ];
    let got = [
        Shape::Tokens {
            length: 12,
            cardinality: 34,
        },
        Shape::Id { cardinality: 12 },
        Shape::Sequence {
            length: 12,
            width: 34,
        },
    ];
    lower.extend(expected.into_iter().flat_map(|expected| {
        got.map(|got| LowerError::Kind {
            handle: 0,
            expected,
            got,
        })
    }));
    let features = [
        FeatureKind::Tokens {
            length: 12,
            cardinality: 34,
        },
        FeatureKind::Dense { width: 12 },
    ];
    lower.extend(features.map(|got| LowerError::FeatureKind { key: name(), got }));
    let labels = [
        LabelKind::Binary,
        LabelKind::Classes { n_classes: 12 },
        LabelKind::MultiLabel { n_labels: 12 },
    ];
    lower.extend(labels.map(|got| LowerError::LabelKind { key: name(), got }));
    check(&lower);

    let handle = Text::new("input", "输入");
    let problems: Vec<ProblemKind> = every! {
        ProblemKind::Empty => ProblemKind::Empty,
        ProblemKind::NoHead => ProblemKind::NoHead,
        ProblemKind::TooManyHeads { .. } => ProblemKind::TooManyHeads { got: 12, ceiling: 34 },
        ProblemKind::DuplicateNode { .. } => ProblemKind::DuplicateNode { id: 12 },
        ProblemKind::DuplicateWireId { .. } => ProblemKind::DuplicateWireId { id: 12 },
        ProblemKind::DuplicateName { .. } => ProblemKind::DuplicateName { name: name() },
        ProblemKind::EmptyName => ProblemKind::EmptyName,
        ProblemKind::Cycle { .. } => ProblemKind::Cycle { nodes: vec![name(), other()] },
        ProblemKind::MissingInput { .. } => ProblemKind::MissingInput { node: name(), handle, expected: PortKind::Any },
        ProblemKind::TooManyWires { .. } => ProblemKind::TooManyWires { node: name(), handle, got: 12 },
        ProblemKind::Dangling => ProblemKind::Dangling,
        ProblemKind::DuplicateWire { .. } => ProblemKind::DuplicateWire { from: name(), to: other() },
        ProblemKind::Layer { .. } => ProblemKind::Layer { node: name(), error: LowerError::Count { expected: 12, got: 34 } },
        ProblemKind::Setting { .. } => ProblemKind::Setting { node: name(), error: setting() },
        ProblemKind::ReachesNoLoss { .. } => ProblemKind::ReachesNoLoss { node: name() },
        ProblemKind::Data { .. } => ProblemKind::Data { node: name(), finding: Message::new("found", "发现") },
        ProblemKind::BatchOfOne { .. } => ProblemKind::BatchOfOne { node: name() },
        ProblemKind::ZeroWeight { .. } => ProblemKind::ZeroWeight { node: name() },
        ProblemKind::Tie { .. } => ProblemKind::Tie { a: name(), b: other(), a_shapes: "12".to_owned(), b_shapes: "34".to_owned() },
        ProblemKind::BadTie { .. } => ProblemKind::BadTie { strength: -1.5 },
        ProblemKind::TooManyParameters { .. } => ProblemKind::TooManyParameters { got: 12, ceiling: 34 },
        ProblemKind::TooMuchMemory { .. } => ProblemKind::TooMuchMemory { got_mb: 12, data_mb: 34, ceiling_mb: 56, rows: 78 },
    };
    check(&problems);

    let refusals: Vec<Refusal> = every! {
        Refusal::NoHandle => Refusal::NoHandle,
        Refusal::OwnOutput { .. } => Refusal::OwnOutput { node: name() },
        Refusal::Cycle { .. } => Refusal::Cycle { from: name(), to: other() },
        Refusal::Kind { .. } => Refusal::Kind { from: name(), to: other(), expected: PortKind::Vector, got: PortKind::Id },
        Refusal::Taken { .. } => Refusal::Taken { to: name() },
        Refusal::Duplicate { .. } => Refusal::Duplicate { from: name(), to: other() },
    };
    check(&refusals);

    let parts: Vec<Countable> = every! {
        Countable::Nodes => Countable::Nodes,
        Countable::Wires => Countable::Wires,
        Countable::Notes => Countable::Notes,
        Countable::Ties => Countable::Ties,
        Countable::Blocks => Countable::Blocks,
    };
    let mut edits: Vec<EditError> = every! {
        EditError::NoNode(_) => EditError::NoNode(NodeId(12)),
        EditError::NoWire(_) => EditError::NoWire(WireId(12)),
        EditError::IdTaken(_) => EditError::IdTaken(12),
        EditError::IdTooLarge { .. } => EditError::IdTooLarge { expected: 12, got: 34 },
        EditError::Refused(_) => EditError::Refused(Refusal::NoHandle),
        EditError::Setting { .. } => EditError::Setting { node: name(), error: wrong.clone() },
        EditError::Coordinate => EditError::Coordinate,
        EditError::TooLong { .. } => EditError::TooLong { expected: 12, got: 34 },
        EditError::TooMany { .. } => EditError::TooMany { what: Countable::Nodes, expected: 12, got: 34 },
        EditError::Block => EditError::Block,
        EditError::NoNote(_) => EditError::NoNote(12),
        EditError::Tie { .. } => EditError::Tie { a: name(), b: other() },
        EditError::Version { .. } => EditError::Version { expected: 12, got: 34 },
    };
    edits.extend(parts.into_iter().map(|what| EditError::TooMany {
        what,
        expected: 12,
        got: 34,
    }));
    check(&edits);

    let sharing: Vec<ShareError> = every! {
        ShareError::NothingEqual => ShareError::NothingEqual,
        ShareError::NothingShared => ShareError::NothingShared,
    };
    check(&sharing);

    let metrics: Vec<MetricError> = every! {
        MetricError::Length { .. } => MetricError::Length { n_labels: 12, width: 34, expected: 56, got: 78 },
        MetricError::Label { .. } => MetricError::Label { row: 12, n_classes: 34, label: 5.5 },
    };
    check(&metrics);

    let optimizer: Vec<optimizers::StateError> = every! {
        optimizers::StateError::Slots { .. } => optimizers::StateError::Slots { optimizer: "o1", expected: 12, got: 34 },
        optimizers::StateError::Length { .. } => optimizers::StateError::Length { slot: 1, expected: 12, got: 34 },
    };
    let balancer: Vec<mtl_balance::StateError> = every! {
        mtl_balance::StateError::Method { .. } => mtl_balance::StateError::Method { expected: "m1", got: name() },
        mtl_balance::StateError::Length { .. } => mtl_balance::StateError::Length { method: "m1", slot: 2, expected: 12, got: 34 },
    };
    check(&optimizer);
    check(&balancer);

    let states: Vec<StateProblem> = every! {
        StateProblem::Tasks { .. } => StateProblem::Tasks { expected: 12, got: 34 },
        StateProblem::Optimizer { .. } => StateProblem::Optimizer { expected: "o1", got: name() },
        StateProblem::Bytes { .. } => StateProblem::Bytes { expected: 12, got: 34 },
        StateProblem::Order => StateProblem::Order,
        StateProblem::NotFinite => StateProblem::NotFinite,
        StateProblem::OptimizerState(_) => StateProblem::OptimizerState(optimizer[0].clone()),
        StateProblem::BalancerState(_) => StateProblem::BalancerState(balancer[0].clone()),
    };
    let of_feature: Vec<FeatureProblem> = every! {
        FeatureProblem::Text { .. } => FeatureProblem::Text { limit: 12, got: 34 },
        FeatureProblem::Id { .. } => FeatureProblem::Id { cardinality: 12, got: 34 },
        FeatureProblem::Numbers { .. } => FeatureProblem::Numbers { width: 12, got: vec![1.5, 2.5] },
    };
    let of_parameter: Vec<ParameterProblem> = every! {
        ParameterProblem::Twice => ParameterProblem::Twice,
        ParameterProblem::Unknown { .. } => ParameterProblem::Unknown { shape: vec![12, 34] },
        ParameterProblem::Missing { .. } => ParameterProblem::Missing { shape: vec![12, 34] },
        ParameterProblem::Shape { .. } => ParameterProblem::Shape { expected: vec![12], got: vec![34] },
        ParameterProblem::NotFinite { .. } => ParameterProblem::NotFinite { value: f32::INFINITY },
    };
    let payloads: Vec<Payload> = every! {
        Payload::Asset => Payload::Asset,
        Payload::Values => Payload::Values,
        Payload::State => Payload::State,
    };
    let of_data: Vec<DataPart> = every! {
        DataPart::Schema => DataPart::Schema,
        DataPart::Vocabulary => DataPart::Vocabulary,
        DataPart::Scales => DataPart::Scales,
    };
    let problem = |kind| Problem {
        kind,
        node: None,
        wire: None,
        severity: Severity::Error,
    };
    let mut run: Vec<RunError> = every! {
        RunError::NoData => RunError::NoData,
        RunError::NoDesign => RunError::NoDesign,
        RunError::Design(_) => RunError::Design(BuildError { problems: vec![problem(ProblemKind::DuplicateNode { id: 12 })] }),
        RunError::Asset(_) => RunError::Asset(AssetError::Magic),
        RunError::OtherAsset { .. } => RunError::OtherAsset { expected: name(), got: other() },
        RunError::Data(_) => RunError::Data(DataError::Vocabulary { feature: name() }),
        RunError::Payload(_) => RunError::Payload(Payload::Asset),
        RunError::Setting(_) => RunError::Setting(wrong.clone()),
        RunError::Steps { .. } => RunError::Steps { limit: 12, got: 34 },
        RunError::Diverged { .. } => RunError::Diverged { task: name(), step: 12, loss: 5.5 },
        RunError::NotFinite { .. } => RunError::NotFinite { parameter: name(), step: 12, tasks: vec![other()] },
        RunError::TaskGradients { .. } => RunError::TaskGradients { method: NAME, needed_mb: 12, ceiling_mb: 34 },
        RunError::State(_) => RunError::State(StateProblem::Order),
        RunError::HasDiverged => RunError::HasDiverged,
        RunError::NoGoodState => RunError::NoGoodState,
        RunError::StepCount { .. } => RunError::StepCount { limit: 12, got: 34 },
        RunError::NothingToCompare { .. } => RunError::NothingToCompare { n_tasks: 1 },
        RunError::Seeds { .. } => RunError::Seeds { limit: 12, got: 34 },
        RunError::TooMuchToLookAt { .. } => RunError::TooMuchToLookAt { needed_mb: 12, ceiling_mb: 34 },
        RunError::AllEpochsDone { .. } => RunError::AllEpochsDone { epochs: 12 },
        RunError::EmptySplit(_) => RunError::EmptySplit(Split::Test),
        RunError::TestRows => RunError::TestRows,
        RunError::TooMany { .. } => RunError::TooMany { limit: 12 },
        RunError::Replaced => RunError::Replaced,
        RunError::UnknownFeature { .. } => RunError::UnknownFeature { feature: name(), known: other() },
        RunError::Feature { .. } => RunError::Feature { feature: name(), problem: of_feature[0].clone() },
        RunError::Parameter { .. } => RunError::Parameter { parameter: name(), problem: ParameterProblem::Twice },
        RunError::ValueBytes { .. } => RunError::ValueBytes { expected: 12, got: 34 },
        RunError::OtherData(_) => RunError::OtherData(DataPart::Schema),
    };
    run.extend(payloads.into_iter().map(RunError::Payload));
    run.extend(states.into_iter().map(RunError::State));
    run.extend(of_data.into_iter().map(RunError::OtherData));
    run.extend(of_feature.into_iter().map(|problem| RunError::Feature {
        feature: name(),
        problem,
    }));
    run.extend(of_parameter.into_iter().map(|problem| RunError::Parameter {
        parameter: name(),
        problem,
    }));
    check(&run);

    let limitations: Vec<Limitation> = every! {
        Limitation::LazyRows => Limitation::LazyRows,
        Limitation::FreshRows => Limitation::FreshRows,
        Limitation::WeightsFromLosses { .. } => Limitation::WeightsFromLosses { method: NAME },
        Limitation::TaskPasses { .. } => Limitation::TaskPasses { method: NAME },
    };
    check(&limitations);
}

#[test]
fn every_setting_metric_optimizer_method_and_layer_has_both_languages() {
    let mut texts = Vec::new();
    settings(&RunSettings::default(), "run", &mut texts);
    settings(&DataSettings::default(), "data", &mut texts);
    for (key, _) in OptimizerConfig::OPTIONS {
        let config = OptimizerConfig::from_key(key).expect("its own key");
        settings(&config, &format!("optimizer {key}"), &mut texts);
    }
    options(OptimizerConfig::OPTIONS, "optimizer", &mut texts);
    for (key, _) in BalanceConfig::OPTIONS {
        let config = BalanceConfig::from_key(key).expect("its own key");
        settings(&config, &format!("method {key}"), &mut texts);
        texts.push((format!("method {key}: summary"), config.card().summary));
        texts.push((format!("method {key}: caveat"), config.card().caveat));
    }
    options(BalanceConfig::OPTIONS, "method", &mut texts);
    options(Metric::OPTIONS, "metric", &mut texts);
    options(Split::OPTIONS, "split", &mut texts);
    options(Method::OPTIONS, "baseline", &mut texts);
    for (key, _) in Metric::OPTIONS {
        let metric = Metric::from_key(key).expect("its own key");
        texts.push((format!("metric {key}: formula"), metric.help()));
    }
    for entry in datasets::ALL {
        if let Some(generator) = datasets::Generator::with_key(entry.key) {
            settings(&generator, entry.key, &mut texts);
        }
    }
    for layer in Layer::all() {
        let place = format!("layer {}", layer.key());
        texts.push((format!("{place}: name"), layer.name()));
        texts.push((format!("{place}: about"), layer.about()));
        texts.extend(layer.loss().map(|loss| (format!("{place}: loss"), loss)));
        texts.extend(
            layer
                .inputs()
                .iter()
                .map(|port| (format!("{place}: input"), port.name)),
        );
        texts.extend(
            layer
                .outputs()
                .iter()
                .map(|port| (format!("{place}: output"), port.name)),
        );
        settings(&layer, &place, &mut texts);
    }
    assert!(texts.len() > 800, "only {} texts were walked", texts.len());
    for (place, text) in texts {
        assert!(
            !text.en.trim().is_empty() && !text.zh.trim().is_empty(),
            "{place} is empty"
        );
        assert!(!is_chinese(text.en), "{place}: {}", text.en);
        // A name of one word and a formula may be the same in both.
        let is_name = !text.zh.contains(' ') || text.zh.split(' ').all(|word| word.chars().count() <= 2);
        assert!(
            is_chinese(text.zh) || is_name,
            "{place} is not translated: {}",
            text.zh
        );
    }
}

/// Holds the texts of each error against each other.
fn check(errors: &[impl Explain + std::fmt::Debug]) {
    for error in errors {
        let Message { en, zh } = error.explain();
        assert!(
            !en.trim().is_empty() && is_chinese(&zh) && !is_chinese(&en),
            "{error:?}: {en} / {zh}"
        );
        assert!(
            !en.contains(['{', '}']) && !zh.contains(['{', '}']),
            "{error:?}: {en} / {zh}"
        );
        assert_eq!(values(&en), values(&zh), "{error:?}: {en} / {zh}");
    }
}

/// The values in a text: its words with a digit.
fn values(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._-".contains(letter))
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| word.contains(|letter: char| letter.is_ascii_digit()))
        .collect()
}

/// Label and help of each setting, and the labels of its options; those of groups and of every kind too.
fn settings(of: &dyn Settings, place: &str, texts: &mut Vec<(String, Text)>) {
    for field in of.fields() {
        let place = format!("{place}.{}", field.key);
        texts.push((format!("{place}: label"), field.label));
        texts.push((format!("{place}: help"), field.help));
        if let FieldKind::Choice { options: choices } | FieldKind::Kinds { options: choices } = field.kind {
            options(choices, &place, texts);
        }
        if let Some(group) = of.group(field.key) {
            settings(group, &place, texts);
        }
    }
}

fn options(choices: &[(&str, Text)], place: &str, texts: &mut Vec<(String, Text)>) {
    texts.extend(
        choices
            .iter()
            .map(|(key, label)| (format!("{place} {key}"), *label)),
    );
}

fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}
