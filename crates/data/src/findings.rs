//! Columns of a prepared data set that cannot be learned from: labels without rows, classes missing in a split, constant columns.
//!
//! Each finding is about one feature or one label, so that the page can show it in the data panel and at the inputs and
//! heads that use the column.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//! use mtl_data::findings::{FindingKind, findings};
//! use mtl_data::prepare::{DataSettings, prepare};
//!
//! let mut dataset = generate(&ReviewSettings { rows: 400, ..Default::default() });
//! dataset.labels[1].values.fill(f32::NAN);
//! let found = findings(&prepare(&dataset, &DataSettings::default())?);
//! assert_eq!((found[0].key.as_str(), &found[0].kind), ("sentiment", &FindingKind::NoLabels { split: None }));
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

use mtl_base::schema::LabelSchema;
use mtl_base::text::{Explain, Message};
use serde::{Deserialize, Serialize};

use crate::prepare::{FeatureValues, Prepared};
use crate::split::Split;
use crate::tokenizer::UNKNOWN;

/// Number of class names that a finding lists.
const N_NAMES: usize = 5;
/// A label with more classes than this is a choice among items or users, most of which have few rows.
const MAX_CLASSES: usize = 64;

/// A column, or part of a column, that cannot be learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Type of the column.
    pub subject: Subject,
    /// Key of the feature or label.
    pub key: String,
    /// Display name of the column.
    pub name: Message,
    /// Kind of finding.
    pub kind: FindingKind,
    /// Whether to warn wherever the column is used. A label with thousands of classes lacks some in every
    /// split, which is only worth a line in the data panel.
    pub is_problem: bool,
}

mtl_base::choice! {
    /// Type of a column.
    pub enum Subject {
        /// A feature.
        Feature = "feature", ["Feature", "特征"];
        /// A label.
        Label = "label", ["Label", "标签"];
    }
}

/// Kind of a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FindingKind {
    /// No row is labelled: in the whole data set, or in one split.
    NoLabels {
        /// The split; `None` for the whole data set.
        split: Option<Split>,
    },
    /// Classes without a row in any split.
    UnusedClasses {
        /// The classes.
        classes: ClassList,
    },
    /// Classes with a single row, which is in one split only.
    SingleRowClasses {
        /// The classes.
        classes: ClassList,
    },
    /// Classes with rows, but with none in one split.
    AbsentClasses {
        /// The split.
        split: Split,
        /// The classes.
        classes: ClassList,
    },
    /// Labels of a multi-label that have the same value in every labelled training row.
    ConstantLabels {
        /// The labels.
        classes: ClassList,
    },
    /// A real label with the same value in every training row.
    ConstantLabel {
        /// The value.
        value: f32,
    },
    /// A feature with the same ID, or the same text, in every training row.
    ConstantFeature,
    /// Numbers of a dense feature that are the same in every training row.
    ConstantNumbers {
        /// How many are constant.
        n: usize,
        /// Width of the feature.
        width: usize,
    },
    /// A text feature without a known token in any training row.
    NoWords,
}

/// Some of the classes of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassList {
    /// Number of these classes.
    pub n: usize,
    /// Number of classes of the label.
    pub n_classes: usize,
    /// Names of the first of them.
    pub names: Vec<Message>,
}

impl ClassList {
    /// The classes that `fits` accepts; `None` if there are none.
    fn of(schema: &LabelSchema, n_classes: usize, fits: impl Fn(usize) -> bool) -> Option<Self> {
        let mut list = Self {
            n: 0,
            n_classes,
            names: Vec::new(),
        };
        for class in (0..n_classes).filter(|class| fits(*class)) {
            list.n += 1;
            if list.names.len() < N_NAMES {
                let number = || Message::new(class.to_string(), class.to_string());
                list.names
                    .push(schema.classes.get(class).cloned().unwrap_or_else(number));
            }
        }
        (list.n > 0).then_some(list)
    }

    /// `2 of 4 classes (phone, hotel)`.
    fn explain(&self) -> Message {
        let rest = self.n - self.names.len();
        let join = |of: fn(&Message) -> &str, between: &str| {
            self.names.iter().map(of).collect::<Vec<_>>().join(between)
        };
        let (en, zh) = (join(|name| &name.en, ", "), join(|name| &name.zh, "、"));
        let (and_en, and_zh) = match rest {
            0 => (String::new(), String::new()),
            rest => (format!(" and {rest} more"), format!("等 {} 个", self.n)),
        };
        Message::new(
            format!("{} of {} classes ({en}{and_en})", self.n, self.n_classes),
            format!("{} 个类别中的 {} 个（{zh}{and_zh}）", self.n_classes, self.n),
        )
    }
}

impl Explain for Finding {
    fn explain(&self) -> Message {
        let part = |split: Split| split.label();
        let (en, zh) = match &self.kind {
            FindingKind::NoLabels { split: None } => (
                "no row is labelled, so nothing can be learnt; choose another label".to_owned(),
                "没有任何行带标签，因此无法学习；请选择其他标签".to_owned(),
            ),
            FindingKind::NoLabels {
                split: Some(Split::Train),
            } => (
                "no training row is labelled, so nothing can be learnt; choose another share or split"
                    .to_owned(),
                "训练集均无标签，因此无法学习；请调整比例或划分".to_owned(),
            ),
            FindingKind::NoLabels { split: Some(split) } => (
                format!(
                    "no {} row is labelled, so nothing can be evaluated there; choose another share or split",
                    part(*split).en.to_lowercase()
                ),
                format!(
                    "{}集均无标签，因此无法在其上评估；请调整比例或划分",
                    part(*split).zh
                ),
            ),
            FindingKind::UnusedClasses { classes } => {
                let classes = classes.explain();
                (
                    format!("{} have no row at all", classes.en),
                    format!("{}没有任何行", classes.zh),
                )
            }
            FindingKind::SingleRowClasses { classes } => {
                let classes = classes.explain();
                (
                    format!(
                        "{} have one row, so that they occur in one split only",
                        classes.en
                    ),
                    format!("{}只有一行，因此不可能同时出现在两个部分中", classes.zh),
                )
            }
            FindingKind::AbsentClasses { split, classes } => {
                let classes = classes.explain();
                let why = match split {
                    Split::Train => ("and cannot be learnt", "，无法学习"),
                    Split::Validation | Split::Test => ("and are not measured there", "，无法在其上评估"),
                };
                (
                    format!(
                        "{} have no row in the {} set {}; stratify by this label, or use more rows",
                        classes.en,
                        part(*split).en.to_lowercase(),
                        why.0
                    ),
                    format!(
                        "{}在{}集中没有任何行{}；请按该标签分层，或增加行数",
                        classes.zh,
                        part(*split).zh,
                        why.1
                    ),
                )
            }
            FindingKind::ConstantLabels { classes } => {
                let classes = classes.explain();
                (
                    format!("{} are the same in every training row", classes.en),
                    format!("{}在训练集所有行中取值相同", classes.zh),
                )
            }
            FindingKind::ConstantLabel { value } => (
                format!("every training row has the value {value}, so there is nothing to learn"),
                format!("训练集所有行的值都是 {value}，没有可学的内容"),
            ),
            FindingKind::ConstantFeature => (
                "every training row has the same value, so it carries no information".to_owned(),
                "训练集所有行取值相同，不提供任何信息".to_owned(),
            ),
            FindingKind::ConstantNumbers { n, width } => (
                format!(
                    "{n} of its {width} numbers are the same in every training row, so they tell nothing"
                ),
                format!("{width} 个数值中有 {n} 个在训练集所有行中相同，不提供任何信息"),
            ),
            FindingKind::NoWords => (
                "no training row contains a word of the vocabulary; lower the minimum count".to_owned(),
                "训练集中没有词表内的词；请减小最小词频".to_owned(),
            ),
        };
        let name = &self.name;
        Message::new(format!("{}: {en}", name.en), format!("{}：{zh}", name.zh))
    }
}

/// Findings about all columns of a prepared data set: labels first, then features, in their order.
pub fn findings(prepared: &Prepared) -> Vec<Finding> {
    let mut found = Vec::new();
    for (label_idx, schema) in prepared.schema.labels.iter().enumerate() {
        let is_problem = schema
            .kind
            .n_classes()
            .is_none_or(|n_classes| n_classes <= MAX_CLASSES);
        of_label(prepared, label_idx, schema, &mut |kind| {
            let lacks_labels = matches!(kind, FindingKind::NoLabels { .. });
            found.push(Finding {
                subject: Subject::Label,
                key: schema.key.clone(),
                name: schema.name.clone(),
                kind,
                is_problem: is_problem || lacks_labels,
            });
        });
    }
    for (schema, values) in prepared.schema.features.iter().zip(&prepared.features) {
        if let Some(kind) = of_feature(prepared, values) {
            found.push(Finding {
                subject: Subject::Feature,
                key: schema.key.clone(),
                name: schema.name.clone(),
                kind,
                is_problem: true,
            });
        }
    }
    found
}

fn of_label(prepared: &Prepared, label_idx: usize, schema: &LabelSchema, push: &mut dyn FnMut(FindingKind)) {
    let (values, width) = (&prepared.labels[label_idx], schema.kind.width());
    let known = |split: Split, column: usize| {
        let rows = prepared.splits.rows(split).iter();
        rows.map(move |row| values[*row as usize * width + column])
            .filter(|value| !value.is_nan())
    };
    let is_unlabelled = |split: &Split| !(0..width).any(|column| known(*split, column).next().is_some());
    if Split::ALL.iter().all(is_unlabelled) {
        return push(FindingKind::NoLabels { split: None });
    }
    for split in Split::ALL.iter().filter(|split| is_unlabelled(split)) {
        push(FindingKind::NoLabels { split: Some(*split) });
    }
    let Some(n_classes) = schema.kind.n_classes() else {
        let is_constant = |column: usize| {
            let mut train = known(Split::Train, column);
            let first = train.next();
            first.is_some() && train.all(|value| Some(value) == first)
        };
        if schema.kind.n_names() > 0 {
            if let Some(classes) = ClassList::of(schema, width, is_constant) {
                push(FindingKind::ConstantLabels { classes });
            }
        } else if is_constant(0)
            && let Some(value) = known(Split::Train, 0).next()
        {
            push(FindingKind::ConstantLabel { value });
        }
        return;
    };
    let counts = [Split::Train, Split::Validation, Split::Test].map(|split| {
        let mut counts = vec![0_usize; n_classes];
        known(split, 0).for_each(|class| counts[class as usize] += 1);
        counts
    });
    let total = |class: usize| counts.iter().map(|counts| counts[class]).sum::<usize>();
    if let Some(classes) = ClassList::of(schema, n_classes, |class| total(class) == 0) {
        push(FindingKind::UnusedClasses { classes });
    }
    if let Some(classes) = ClassList::of(schema, n_classes, |class| total(class) == 1) {
        push(FindingKind::SingleRowClasses { classes });
    }
    for (split, counts) in Split::ALL.iter().zip(&counts) {
        if is_unlabelled(split) {
            continue;
        }
        if let Some(classes) =
            ClassList::of(schema, n_classes, |class| counts[class] == 0 && total(class) > 1)
        {
            push(FindingKind::AbsentClasses {
                split: *split,
                classes,
            });
        }
    }
}

fn of_feature(prepared: &Prepared, values: &FeatureValues) -> Option<FindingKind> {
    let train = &prepared.splits.train;
    match values {
        FeatureValues::Tokens(tokens) => {
            let row = |row: u32| &tokens.ids[row as usize * tokens.length..][..tokens.length];
            let first = row(*train.first()?);
            if train
                .iter()
                .all(|other| row(*other).iter().all(|id| *id <= UNKNOWN))
            {
                return Some(FindingKind::NoWords);
            }
            let is_constant = train.len() > 1 && train.iter().all(|other| row(*other) == first);
            is_constant.then_some(FindingKind::ConstantFeature)
        }
        FeatureValues::Ids { ids, .. } => {
            let first = ids[*train.first()? as usize];
            let is_constant = train.len() > 1 && train.iter().all(|row| ids[*row as usize] == first);
            is_constant.then_some(FindingKind::ConstantFeature)
        }
        FeatureValues::Dense(dense) => {
            let value = |row: u32, position: usize| dense.values[row as usize * dense.width + position];
            let first = *train.first()?;
            let is_constant = |position: &usize| {
                train
                    .iter()
                    .all(|row| value(*row, *position) == value(first, *position))
            };
            let n = (0..dense.width).filter(is_constant).count();
            match (n, dense.width) {
                (0, _) => None,
                _ if train.len() < 2 => None,
                (_, 1) => Some(FindingKind::ConstantFeature),
                (n, width) => Some(FindingKind::ConstantNumbers { n, width }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mtl_base::schema::LabelKind;

    use super::*;
    use crate::dataset::{
        Column, Dataset, DatasetInfo, DenseColumn, Feature, IdColumn, LabelColumn, TextColumn,
    };
    use crate::datasets::{self, Generator};
    use crate::laws::fetched;
    use crate::prepare::{DataSettings, prepare};

    const ROWS: usize = 400;

    /// One feature of every kind and one label, without findings.
    fn dataset(kind: LabelKind, value: impl Fn(usize) -> f32) -> Dataset {
        let feature = |key: &str, column| Feature {
            key: key.into(),
            name: Message::new(key, key),
            column,
        };
        Dataset {
            info: DatasetInfo::default(),
            features: vec![
                feature(
                    "text",
                    Column::Text(TextColumn::from_texts(
                        (0..ROWS).map(|row| format!("w{} b", row % 50)),
                    )),
                ),
                feature(
                    "id",
                    Column::Id(IdColumn {
                        cardinality: ROWS,
                        ids: (0..ROWS as u32).collect(),
                        names: vec![],
                    }),
                ),
                feature(
                    "dense",
                    Column::Dense(DenseColumn {
                        width: 3,
                        values: (0..3 * ROWS).map(|place| place as f32).collect(),
                    }),
                ),
            ],
            labels: vec![LabelColumn {
                key: "label".into(),
                name: Message::new("Label", "标签"),
                kind,
                classes: vec![],
                values: (0..ROWS * kind.width()).map(value).collect(),
                next: None,
            }],
            truth: vec![],
        }
    }

    /// Checks the findings, and that each has texts in both languages and survives serialisation.
    fn found(dataset: &Dataset) -> Vec<Finding> {
        found_with(dataset, &DataSettings::default())
    }

    fn found_with(dataset: &Dataset, settings: &DataSettings) -> Vec<Finding> {
        let found = findings(&prepare(dataset, settings).unwrap());
        for finding in &found {
            let said = finding.explain();
            assert!(
                said.en.starts_with(&format!("{}: ", finding.name.en)),
                "{}",
                said.en
            );
            assert!(!said.zh.is_ascii() && !said.en.contains('{') && said.en != said.zh);
            let json = serde_json::to_string(finding).unwrap();
            assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), *finding);
        }
        found
    }

    fn kinds(dataset: &Dataset) -> Vec<FindingKind> {
        found(dataset).into_iter().map(|finding| finding.kind).collect()
    }

    const CLASSES: LabelKind = LabelKind::Classes { n_classes: 4 };

    fn list(n: usize, n_classes: usize, names: &[&str]) -> ClassList {
        ClassList {
            n,
            n_classes,
            names: names.iter().map(|name| Message::new(*name, *name)).collect(),
        }
    }

    #[test]
    fn labels_without_rows_are_found() {
        assert_eq!(kinds(&dataset(CLASSES, |row| (row % 4) as f32)), []);
        assert_eq!(
            kinds(&dataset(CLASSES, |_| f32::NAN)),
            [FindingKind::NoLabels { split: None }]
        );
        assert_eq!(
            kinds(&dataset(LabelKind::Real, |_| f32::NAN)),
            [FindingKind::NoLabels { split: None }]
        );
        // Labelled in the training rows only: the rows of the other splits are known once the set is split by another label.
        let plain = dataset(CLASSES, |row| (row % 4) as f32);
        let prepared = prepare(&plain, &DataSettings::default()).unwrap();
        for (split, expected) in [
            (Split::Train, Split::Train),
            (Split::Validation, Split::Validation),
        ] {
            let mut blank = plain.clone();
            blank.labels.push(LabelColumn {
                key: "blank".into(),
                ..plain.labels[0].clone()
            });
            for row in prepared.splits.rows(split) {
                blank.labels[1].values[*row as usize] = f32::NAN;
            }
            let found = found(&blank);
            assert_eq!(found.len(), 1);
            assert_eq!(
                (found[0].key.as_str(), &found[0].kind),
                (
                    "blank",
                    &FindingKind::NoLabels {
                        split: Some(expected)
                    }
                )
            );
            assert!(found[0].is_problem);
        }
    }

    #[test]
    fn classes_without_rows_are_found() {
        assert_eq!(
            kinds(&dataset(CLASSES, |row| (row % 3) as f32)),
            [FindingKind::UnusedClasses {
                classes: list(1, 4, &["3"])
            }]
        );
        let one = kinds(&dataset(
            CLASSES,
            |row| if row == 9 { 3.0 } else { (row % 3) as f32 },
        ));
        assert_eq!(
            one,
            [FindingKind::SingleRowClasses {
                classes: list(1, 4, &["3"])
            }]
        );
        let few = dataset(CLASSES, |row| if row < 2 { 3.0 } else { (row % 3) as f32 });
        let absent: Vec<Split> = kinds(&few)
            .into_iter()
            .map(|kind| match kind {
                FindingKind::AbsentClasses { split, classes } if classes == list(1, 4, &["3"]) => split,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(!absent.is_empty() && absent.len() < 3);
        assert_eq!(
            kinds(&dataset(LabelKind::Binary, |_| 1.0)),
            [FindingKind::UnusedClasses {
                classes: list(1, 2, &["0"])
            }]
        );
        // With many classes, the first are named, and some are always missing.
        let many = found(&dataset(LabelKind::Classes { n_classes: 90 }, |row| {
            (row % 80) as f32
        }));
        let FindingKind::UnusedClasses { classes } = &many[0].kind else {
            panic!("{many:?}")
        };
        assert_eq!(*classes, list(10, 90, &["80", "81", "82", "83", "84"]));
        assert!(many[0].explain().en.contains("84 and 5 more"));
        assert!(many.iter().all(|finding| !finding.is_problem));
    }

    #[test]
    fn constant_columns_are_found() {
        assert_eq!(
            kinds(&dataset(LabelKind::Real, |_| 2.5)),
            [FindingKind::ConstantLabel { value: 2.5 }]
        );
        assert_eq!(kinds(&dataset(LabelKind::Real, |row| row as f32)), []);
        let tags = LabelKind::MultiLabel { n_labels: 3 };
        assert_eq!(
            kinds(&dataset(tags, |place| if place % 3 == 1 {
                1.0
            } else {
                (place % 2) as f32
            })),
            [FindingKind::ConstantLabels {
                classes: list(1, 3, &["1"])
            }]
        );
        let with = |feature_idx: usize, column: Column| {
            let mut dataset = dataset(CLASSES, |row| (row % 4) as f32);
            dataset.features[feature_idx].column = column;
            kinds(&dataset)
        };
        let same = |text: &'static str| Column::Text(TextColumn::from_texts((0..ROWS).map(|_| text)));
        assert_eq!(with(0, same("always this")), [FindingKind::ConstantFeature]);
        assert_eq!(with(0, same("...")), [FindingKind::NoWords]);
        let ids = IdColumn {
            cardinality: 9,
            ids: vec![4; ROWS],
            names: vec![],
        };
        assert_eq!(with(1, Column::Id(ids)), [FindingKind::ConstantFeature]);
        let dense = |width: usize, value: fn(usize) -> f32| {
            Column::Dense(DenseColumn {
                width,
                values: (0..width * ROWS).map(value).collect(),
            })
        };
        let one = dense(3, |place| if place % 3 == 1 { 7.0 } else { place as f32 });
        assert_eq!(with(2, one), [FindingKind::ConstantNumbers { n: 1, width: 3 }]);
        assert_eq!(with(2, dense(1, |_| 7.0)), [FindingKind::ConstantFeature]);
    }

    /// The default data sets have no findings that warn.
    #[test]
    fn no_data_set_of_the_page_has_a_problem_as_it_comes() {
        for entry in datasets::ALL {
            let dataset = match Generator::with_key(entry.key) {
                Some(generator) => Some(generator.generate().unwrap()),
                None => fetched(entry.key),
            };
            for finding in dataset.iter().flat_map(found) {
                assert!(!finding.is_problem, "{}", finding.explain().en);
            }
        }
    }
}
