//! One example in, every task's prediction out, with what drove it.

use std::collections::BTreeMap;

use mtl_base::schema::{FeatureKind, LabelKind};
use mtl_base::text::Message;
use mtl_data::dataset::{Column, Dataset};
use mtl_data::prepare::{FeatureValues, Prepared};
use mtl_engine::metrics::first_of_largest;
use mtl_program::specs::Mode;

use crate::error::{FeatureProblem, RunError};
use crate::protocol::{PredictInput, Reply, TaskPrediction, TokenSpans};
use crate::run::TrainingRun;
use crate::settings::MAX_TEXT_BYTES;

/// Answers [`Request::Predict`](crate::protocol::Request::Predict).
pub(crate) fn predict(
    data: &Prepared,
    run: &mut TrainingRun,
    input: &PredictInput,
) -> Result<Reply, RunError> {
    check(data, input)?;
    let tokens = fill(data, run, input);
    run.trainer.model.forward(Mode::Infer);
    let n_tasks = run.trainer.model.tasks().len();
    let tasks = (0..n_tasks)
        .map(|task_idx| predict_task(data, run, task_idx, &tokens))
        .collect();
    Ok(Reply::Prediction { tasks, tokens })
}

fn predict_task(
    data: &Prepared,
    run: &mut TrainingRun,
    task_idx: usize,
    tokens: &[TokenSpans],
) -> TaskPrediction {
    let task = &run.trainer.model.tasks()[task_idx];
    let (name, kind) = (task.name.clone(), task.kind);
    let label = &data.schema.labels[run.columns.labels[task_idx]];
    let mut outputs = run.trainer.model.outputs(task_idx).to_vec();
    // Of a binary task there is one logit, that of "yes"; what speaks for "no" speaks against it.
    let (logit_idx, sign) = match kind {
        LabelKind::Binary => {
            let yes = outputs[0];
            outputs = vec![1.0 - yes, yes];
            (0, if yes < 0.5 { -1.0 } else { 1.0 })
        }
        LabelKind::Classes { .. } | LabelKind::MultiLabel { .. } => (first_of_largest(&outputs), 1.0),
        LabelKind::Real => (0, 1.0),
    };
    let n_classes = if kind == LabelKind::Real { 0 } else { outputs.len() };
    let classes = (0..n_classes)
        .map(|class| {
            let named = label.classes.get(class).cloned();
            named.unwrap_or_else(|| Message::new(class.to_string(), class.to_string()))
        })
        .collect();
    let predicted = (0..n_classes)
        .filter(|class| match kind {
            LabelKind::MultiLabel { .. } => outputs[*class] > 0.5,
            _ => *class == first_of_largest(&outputs),
        })
        .collect();
    let by_slot = run.trainer.model.attribute(task_idx, logit_idx);
    let attributions = tokens
        .iter()
        .map(|feature| {
            let mut sum = vec![0.0; feature.spans.len()];
            for (slot, attribution) in run.trainer.model.inputs().iter().zip(&by_slot) {
                if slot.feature == feature.feature {
                    for (total, part) in sum.iter_mut().zip(attribution) {
                        *total += sign * part;
                    }
                }
            }
            sum
        })
        .collect();
    TaskPrediction {
        task: name,
        outputs,
        classes,
        predicted,
        attributions,
    }
}

/// A row of the data set as an example to predict.
pub(crate) fn input_of(dataset: &Dataset, row: u32) -> PredictInput {
    let row = row as usize;
    let mut input = PredictInput::default();
    for feature in &dataset.features {
        let key = feature.key.clone();
        match &feature.column {
            Column::Text(texts) => {
                input.text.insert(key, texts.get(row).to_owned());
            }
            Column::Id(column) => {
                input.ids.insert(key, column.ids[row]);
            }
            Column::Dense(column) => {
                let values = &column.values[row * column.width..(row + 1) * column.width];
                input.dense.insert(key, values.to_vec());
            }
        }
    }
    input
}

/// Refuses what no feature of the data set takes.
fn check(data: &Prepared, input: &PredictInput) -> Result<(), RunError> {
    let known = || {
        data.schema
            .features
            .iter()
            .map(|feature| feature.key.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let kind_of = |key: &str| data.schema.feature(key).map(|feature| feature.kind);
    let unknown = |key: &str| RunError::UnknownFeature {
        feature: key.to_owned(),
        known: known(),
    };
    let wrong = |key: &str, problem: FeatureProblem| RunError::Feature {
        feature: key.to_owned(),
        problem,
    };
    for (key, text) in &input.text {
        let Some(FeatureKind::Tokens { .. }) = kind_of(key) else {
            return Err(unknown(key));
        };
        let (limit, got) = (MAX_TEXT_BYTES, text.len());
        if got > limit {
            return Err(wrong(key, FeatureProblem::Text { limit, got }));
        }
    }
    for (key, id) in &input.ids {
        let Some(FeatureKind::Id { cardinality }) = kind_of(key) else {
            return Err(unknown(key));
        };
        let got = *id;
        if got as usize >= cardinality {
            return Err(wrong(key, FeatureProblem::Id { cardinality, got }));
        }
    }
    for (key, values) in &input.dense {
        let Some(FeatureKind::Dense { width }) = kind_of(key) else {
            return Err(unknown(key));
        };
        if values.len() != width || !values.iter().all(|value| value.is_finite()) {
            let got = values.clone();
            return Err(wrong(key, FeatureProblem::Numbers { width, got }));
        }
    }
    Ok(())
}

/// Puts the example into row 0 of the batch, with all labels unknown; the tokens of every text feature that is read.
fn fill(data: &Prepared, run: &mut TrainingRun, input: &PredictInput) -> Vec<TokenSpans> {
    let mut tokens: BTreeMap<usize, TokenSpans> = BTreeMap::new();
    let batch = run.trainer.model.batch_mut();
    batch.resize(1);
    for (slot_idx, feature_idx) in run.columns.features.iter().copied().enumerate() {
        let feature = &data.schema.features[feature_idx];
        match feature.kind {
            FeatureKind::Tokens { .. } => {
                let text = input.text.get(&feature.key).map_or("", String::as_str);
                let encoded = data.encode_text(feature_idx, text, &mut batch.ids[slot_idx]);
                tokens.insert(
                    feature_idx,
                    TokenSpans {
                        feature: feature.key.clone(),
                        spans: encoded.iter().map(|token| (token.start, token.end)).collect(),
                        known: encoded
                            .iter()
                            .map(|token| token.id != mtl_data::tokenizer::UNKNOWN)
                            .collect(),
                    },
                );
            }
            FeatureKind::Id { .. } => {
                batch.ids[slot_idx][0] = input.ids.get(&feature.key).copied().unwrap_or_default();
            }
            FeatureKind::Dense { .. } => {
                let row = &mut batch.dense[slot_idx];
                row.fill(0.0);
                if let (Some(values), FeatureValues::Dense(dense)) =
                    (input.dense.get(&feature.key), &data.features[feature_idx])
                {
                    row.copy_from_slice(values);
                    dense.scale.apply(row);
                }
            }
        }
    }
    for targets in &mut batch.targets {
        targets.fill(f32::NAN);
    }
    tokens.into_values().collect()
}
