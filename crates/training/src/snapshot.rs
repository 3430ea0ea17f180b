//! Snapshots of a run, and their restoration: everything is prepared and checked before the session changes.

use std::collections::BTreeMap;
use std::ops::Range;

use mtl_base::settings::Settings;
use mtl_base::text::Text;
use mtl_data::asset;
use mtl_data::prepare::{DataError, DataSettings, DenseScale, FeatureValues, Prepared, prepare};

use crate::error::{DataPart, ParameterProblem, Payload, RunError};
use crate::protocol::{DataSource, Snapshot};
use crate::run::TrainingRun;
use crate::session::{Loaded, Outgoing, Session};
use crate::settings::MAX_STEPS;
use crate::step::Order;

/// Loads and prepares a data set; `bytes` are those of an asset.
pub(crate) fn load(
    source: DataSource,
    settings: &DataSettings,
    bytes: Option<Vec<u8>>,
) -> Result<Loaded, RunError> {
    // Before any work: what a file or a link holds may ask for more rows than there is memory.
    settings.check().map_err(DataError::from)?;
    let dataset = match &source {
        DataSource::Generated { generator } => generator.generate().map_err(DataError::from)?,
        DataSource::Asset { key } => {
            let bytes = bytes.ok_or(RunError::Payload(Payload::Asset))?;
            let dataset = asset::decode(&bytes)?;
            if dataset.info.key != *key {
                return Err(RunError::OtherAsset {
                    expected: key.clone(),
                    got: dataset.info.key,
                });
            }
            dataset
        }
    };
    let mut prepared = prepare(&dataset, settings)?;
    if let DataSource::Generated { generator } = &source {
        prepared.fresh = generator.fresh_rows();
    }
    Ok(Loaded::new(source, dataset, prepared))
}

impl Session {
    /// Everything that a weights file holds, and, in little-endian bytes, the values of all parameters and the numbers of the
    /// training's state.
    pub(crate) fn snapshot(&self) -> Result<(Snapshot, [Vec<u8>; 2]), RunError> {
        let data = self.data.as_ref().ok_or(RunError::NoData)?;
        let run = self.run.as_ref().ok_or(RunError::NoDesign)?;
        let (state, numbers) = run.trainer.state.save(&self.stopping);
        let model = run.model();
        let snapshot = Snapshot {
            design: run.design.clone(),
            source: data.source.clone(),
            data_settings: data.prepared.settings.clone(),
            settings: self.settings.clone(),
            schema: data.prepared.schema.clone(),
            vocabularies: vocabularies(&data.prepared),
            scales: scales(&data.prepared),
            parameters: model
                .parameters()
                .iter()
                .map(|parameter| (parameter.name.clone(), parameter.shape.clone()))
                .collect(),
            step: run.n_steps(),
            epoch: run.epoch(),
            evaluations: self.evaluations.clone(),
            state: Some(state),
        };
        let values = model.values().iter();
        let values = values.flat_map(|value| value.to_le_bytes()).collect();
        Ok((snapshot, [values, numbers]))
    }

    /// Goes back to a snapshot, or says why not and changes nothing.
    pub(crate) fn restore(
        &mut self,
        snapshot: Snapshot,
        payloads: Vec<Vec<u8>>,
        out: &mut Vec<Outgoing>,
    ) -> Result<(), RunError> {
        let mut payloads = payloads.into_iter();
        let values = payloads.next().ok_or(RunError::Payload(Payload::Values))?;
        let state = match &snapshot.state {
            Some(state) => Some((state, payloads.next().ok_or(RunError::Payload(Payload::State))?)),
            None => None,
        };
        snapshot.settings.check()?;
        if snapshot.step > MAX_STEPS {
            return Err(RunError::StepCount {
                limit: MAX_STEPS,
                got: snapshot.step,
            });
        }
        let is_loaded = |loaded: &&Loaded| {
            loaded.source == snapshot.source && loaded.prepared.settings == snapshot.data_settings
        };
        let new_data = match self.data.as_ref().filter(is_loaded) {
            Some(_) => None,
            None => Some(load(
                snapshot.source.clone(),
                &snapshot.data_settings,
                payloads.next(),
            )?),
        };
        let data = new_data.as_ref().or(self.data.as_ref()).ok_or(RunError::NoData)?;
        if !data.prepared.schema.holds(&snapshot.schema) {
            return Err(RunError::OtherData(DataPart::Schema));
        }
        if vocabularies(&data.prepared) != snapshot.vocabularies {
            return Err(RunError::OtherData(DataPart::Vocabulary));
        }
        if scales(&data.prepared) != snapshot.scales {
            return Err(RunError::OtherData(DataPart::Scales));
        }
        let mut run = TrainingRun::build(&snapshot.design, &data.prepared, &snapshot.settings)?;
        let order = put_values(&mut run, &snapshot.parameters, &values)?;
        let (training, step) = (&mut run.trainer.state, snapshot.step);
        let mut note = None;
        match &state {
            Some((state, numbers)) => training
                .restore(state, numbers, &order, step)
                .map_err(RunError::State)?,
            None => {
                training.step = step;
                note = (step > 0 && training.has_learned_state()).then(|| RESTARTED.into());
            }
        }
        self.adopt(new_data, run, snapshot.settings, note, out);
        self.evaluations = snapshot.evaluations;
        if let Some(state) = snapshot.state {
            self.stopping = state.stopping;
        }
        Ok(())
    }
}

/// Tokens by id, per text feature.
fn vocabularies(data: &Prepared) -> Vec<(String, Vec<String>)> {
    let features = data.schema.features.iter().zip(&data.features);
    features
        .filter_map(|(schema, values)| match values {
            FeatureValues::Tokens(tokens) => Some((schema.key.clone(), tokens.vocabulary.tokens().to_vec())),
            _ => None,
        })
        .collect()
}

/// How numbers are standardised, per dense feature.
fn scales(data: &Prepared) -> Vec<(String, DenseScale)> {
    let features = data.schema.features.iter().zip(&data.features);
    features
        .filter_map(|(schema, values)| match values {
            FeatureValues::Dense(dense) => Some((schema.key.clone(), dense.scale.clone())),
            _ => None,
        })
        .collect()
}

const RESTARTED: Text = Text::new(
    "the file holds parameters but no state of the training: the optimizer's moments and what the balancing method has learned start afresh",
    "文件只含参数而不含训练状态：优化器的动量以及任务平衡方法学到的量将重新开始",
);

/// Copies values into the parameters of their names; the order may differ, and is returned.
fn put_values(
    run: &mut TrainingRun,
    saved: &[(String, Vec<usize>)],
    bytes: &[u8],
) -> Result<Order, RunError> {
    let refuse = |name: &str, problem: ParameterProblem| {
        Err(RunError::Parameter {
            parameter: name.to_owned(),
            problem,
        })
    };
    let model = &mut run.trainer.model;
    let wanted = model.parameters().to_vec();
    let mut places: BTreeMap<&str, (&[usize], Range<usize>)> = BTreeMap::new();
    let mut start = 0_usize;
    for (name, shape) in saved {
        let n_bytes = shape
            .iter()
            .try_fold(4_usize, |product, size| product.checked_mul(*size));
        let end = n_bytes
            .and_then(|n_bytes| start.checked_add(n_bytes))
            .unwrap_or(usize::MAX);
        if places.insert(name, (shape, start..end)).is_some() {
            return refuse(name, ParameterProblem::Twice);
        }
        if !wanted.iter().any(|wanted| wanted.name == *name) {
            let shape = shape.clone();
            return refuse(name, ParameterProblem::Unknown { shape });
        }
        start = end;
    }
    if start != bytes.len() {
        return Err(RunError::ValueBytes {
            expected: start,
            got: bytes.len(),
        });
    }
    let mut order = Order {
        ranges: Vec::with_capacity(wanted.len()),
        is_own: true,
    };
    for parameter in &wanted {
        let Some((shape, range)) = places.get(parameter.name.as_str()) else {
            let shape = parameter.shape.clone();
            return refuse(&parameter.name, ParameterProblem::Missing { shape });
        };
        if **shape != parameter.shape {
            let (expected, got) = (parameter.shape.clone(), shape.to_vec());
            return refuse(&parameter.name, ParameterProblem::Shape { expected, got });
        }
        let quads = bytes[range.clone()].chunks_exact(4);
        let from = range.start / 4;
        order.is_own &= from == parameter.range.start;
        order.ranges.push((parameter.range.clone(), from));
        for (place, quad) in model.values_mut()[parameter.range.clone()].iter_mut().zip(quads) {
            *place = f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]);
            if !place.is_finite() {
                let value = *place;
                return refuse(&parameter.name, ParameterProblem::NotFinite { value });
            }
        }
    }
    Ok(order)
}
