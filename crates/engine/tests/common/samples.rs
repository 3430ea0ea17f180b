//! The samples of every layer as whole cases: a design around each, a batch, and parameters. `tests/goldens/generate_samples.py` lets Keras
//! compute them, and a test holds the engine against what Keras computed.

use std::collections::BTreeMap;

use mtl_base::schema::{FeatureKind, Schema};
use mtl_engine::{
    design::Design,
    layers::{Layer, Sample, Shape},
};
use mtl_kernels::random::Random;
use serde::{Deserialize, Serialize};

use super::common::{bench, build, fill};

/// Rows of each batch.
pub const ROWS: usize = 4;

/// Numbers in a shape, row-major.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

pub type Arrays = BTreeMap<String, Array>;

/// A design with all that one pass needs.
#[derive(Clone, Debug, Serialize)]
pub struct SampleCase {
    pub name: String,
    pub design: Design,
    pub schema: Schema,
    /// By feature.
    pub inputs: Arrays,
    /// By label; none where a label is missing.
    pub labels: BTreeMap<String, Vec<Option<f32>>>,
    /// By `node/parameter`.
    pub weights: Arrays,
    /// Whether running statistics follow the batch.
    pub training: bool,
}

/// A case for every sample; two for one of sequences, with padding (also before the end of a text) and without a mask; and one in
/// training where that is another computation that Keras can repeat.
pub fn all() -> Vec<SampleCase> {
    let mut cases = Vec::new();
    let mut n_of_layer: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in &Layer::samples() {
        let index = n_of_layer.entry(sample.layer.key()).or_default();
        let name = format!("{}#{index}", sample.layer.key());
        *index += 1;
        if sample
            .inputs
            .iter()
            .any(|shape| matches!(shape, Shape::Sequence { .. }))
        {
            cases.push(case(format!("{name} unmasked"), sample, false, false));
        }
        if sample.layer.key() == "batch_normalization" {
            cases.push(case(format!("{name} training"), sample, true, true));
        }
        cases.push(case(name, sample, true, false));
    }
    cases
}

/// A number of few digits, which takes little room in a file and is the same in every precision.
fn few_digits(number: f32) -> f32 {
    (number * 1000.0).round() / 1000.0
}

fn case(name: String, sample: &Sample, masked: bool, training: bool) -> SampleCase {
    let bench = bench(sample, masked, 0);
    let mut model = build(&bench, ROWS);
    fill(&mut model, ROWS, 7);
    let mut random = Random::stream(11, "weights");
    let mut weights = Arrays::new();
    for parameter in model.parameters() {
        let low = if parameter.name.ends_with("variance") {
            0.5
        } else {
            -0.7
        };
        let data = parameter
            .range
            .clone()
            .map(|_| few_digits(random.uniform_in(low, low + 1.4)));
        let array = Array {
            shape: parameter.shape.clone(),
            data: data.collect(),
        };
        weights.insert(parameter.name.clone(), array);
    }
    let mut inputs = Arrays::new();
    for (slot_idx, slot) in model.inputs().iter().enumerate() {
        let array = match slot.kind {
            FeatureKind::Tokens { length, .. } => {
                let mut ids = model.batch().ids[slot_idx].clone();
                with_holes(&mut ids, length);
                numbers(&ids, &[ROWS, length])
            }
            FeatureKind::Id { .. } => numbers(&model.batch().ids[slot_idx], &[ROWS]),
            FeatureKind::Dense { width } => Array {
                shape: vec![ROWS, width],
                data: model.batch().dense[slot_idx]
                    .iter()
                    .copied()
                    .map(few_digits)
                    .collect(),
            },
        };
        inputs.insert(slot.feature.clone(), array);
    }
    let labels = model.tasks().iter().zip(&model.batch().targets);
    let labels = labels.map(|(task, targets)| {
        let known = |target: &f32| (!target.is_nan()).then(|| few_digits(*target));
        (task.label.clone(), targets.iter().map(known).collect())
    });
    SampleCase {
        name,
        labels: labels.collect(),
        design: bench.design,
        schema: bench.schema,
        inputs,
        weights,
        training,
    }
}

fn numbers(ids: &[u32], shape: &[usize]) -> Array {
    Array {
        shape: shape.to_vec(),
        data: ids.iter().map(|id| *id as f32).collect(),
    }
}

/// Padding before the end of the first text, and at the start of the last one and nowhere else in it. Every text keeps a token, also where a convolution
/// looks at every second step only: Keras gives NaN for the mean of none.
fn with_holes(ids: &mut [u32], length: usize) {
    if length > 2 {
        ids[length - 2] = 0;
    }
    for (row, text) in ids.chunks_exact_mut(length).enumerate() {
        if row == ROWS - 1 {
            text.iter_mut().filter(|id| **id == 0).for_each(|id| *id = 2);
            text[0] = 0;
        }
        if text.iter().all(|id| *id == 0) {
            text[0] = 3;
        }
    }
}
