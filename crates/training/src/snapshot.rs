//! A run as data, and back: everything is prepared and checked before the session changes.

use std::collections::BTreeMap;
use std::ops::Range;

use mtl_base::settings::Settings;
use mtl_data::asset;
use mtl_data::prepare::{DataError, DataSettings, DenseScale, FeatureValues, Prepared, prepare};

use crate::error::{DataPart, ParameterProblem, Payload, RunError};
use crate::protocol::{DataSource, Snapshot};
use crate::run::TrainingRun;
use crate::session::{Loaded, Outgoing, Session};

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
    /// Everything that a weights file holds, and the values of all parameters in little-endian bytes.
    pub(crate) fn snapshot(&self) -> Result<(Snapshot, Vec<u8>), RunError> {
        let data = self.data.as_ref().ok_or(RunError::NoData)?;
        let run = self.run.as_ref().ok_or(RunError::NoDesign)?;
        let snapshot = Snapshot {
            design: run.design.clone(),
            source: data.source.clone(),
            data_settings: data.prepared.settings.clone(),
            settings: self.settings.clone(),
            schema: data.prepared.schema.clone(),
            vocabularies: vocabularies(&data.prepared),
            scales: scales(&data.prepared),
            parameters: run
                .model
                .parameters()
                .iter()
                .map(|parameter| (parameter.name.clone(), parameter.shape.clone()))
                .collect(),
            step: run.step,
            epoch: run.epoch(),
            evaluations: self.evaluations.clone(),
        };
        let values = run
            .model
            .values()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Ok((snapshot, values))
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
        snapshot.settings.check()?;
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
        put_values(&mut run, &snapshot.parameters, &values)?;
        run.step = snapshot.step;
        self.adopt(new_data, run, snapshot.settings, out);
        self.evaluations = snapshot.evaluations;
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

/// Copies values into the parameters of their names; the order may differ.
fn put_values(run: &mut TrainingRun, saved: &[(String, Vec<usize>)], bytes: &[u8]) -> Result<(), RunError> {
    let refuse = |name: &str, problem: ParameterProblem| {
        Err(RunError::Parameter {
            parameter: name.to_owned(),
            problem,
        })
    };
    let wanted = run.model.parameters().to_vec();
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
        for (place, quad) in run.model.values_mut()[parameter.range.clone()]
            .iter_mut()
            .zip(quads)
        {
            *place = f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]);
            if !place.is_finite() {
                let value = *place;
                return refuse(&parameter.name, ParameterProblem::NotFinite { value });
            }
        }
    }
    Ok(())
}
