//! Conversion between a run's [`Snapshot`] and a weights file.
//!
//! `mtl-training` does not depend on file formats, and `mtl-export` not on runs; this module maps one to the other. It is used
//! in the worker, so that large files do not block the page, and by the programs in `examples/`.

use mtl_base::json;
use mtl_export::weights::{
    self, DataDescription, FeatureScale, FeatureVocabulary, ParameterHeader, Software, WeightsError,
    WeightsFile, WeightsForm,
};
use mtl_training::protocol::{DataSource, Snapshot};

/// The bytes of the JSON weights file of a snapshot, whose values are in little-endian bytes as in payload 0 of
/// [`Reply::Snapshot`](mtl_training::protocol::Reply::Snapshot).
pub fn encode(snapshot: &Snapshot, values: &[u8]) -> Result<Vec<u8>, WeightsError> {
    let quads = values.chunks_exact(4);
    let values: Vec<f32> = quads
        .map(|quad| f32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]))
        .collect();
    weights::encode(&file(snapshot), &values)
}

/// The beginning of the safetensors file of a snapshot; its values follow as they are.
pub fn encode_header(snapshot: &Snapshot, values: &[u8]) -> Result<Vec<u8>, WeightsError> {
    weights::encode_header(&file(snapshot), values)
}

fn file(snapshot: &Snapshot) -> WeightsFile {
    WeightsFile {
        software: Software::this(),
        design: snapshot.design.clone(),
        data: DataDescription {
            source: json::tree(&snapshot.source),
            settings: json::tree(&snapshot.data_settings),
            schema: snapshot.schema.clone(),
            vocabularies: snapshot
                .vocabularies
                .iter()
                .map(|(feature, tokens)| FeatureVocabulary {
                    feature: feature.clone(),
                    tokens: tokens.clone(),
                })
                .collect(),
            scales: snapshot
                .scales
                .iter()
                .map(|(feature, scale)| FeatureScale {
                    feature: feature.clone(),
                    means: scale.means.clone(),
                    deviations: scale.deviations.clone(),
                })
                .collect(),
        },
        settings: json::tree(&snapshot.settings),
        seed: snapshot.settings.seed,
        step: snapshot.step,
        epoch: snapshot.epoch,
        metrics: snapshot.evaluations.iter().map(json::tree).collect(),
        parameters: snapshot
            .parameters
            .iter()
            .map(|(name, shape)| ParameterHeader {
                name: name.clone(),
                shape: shape.clone(),
            })
            .collect(),
    }
}

/// The snapshot and the values of a weights file of either form, for [`Request::Restore`](mtl_training::protocol::Request::Restore).
/// Everything that can be checked without the data set is.
pub fn decode(bytes: Vec<u8>) -> Result<(Snapshot, Vec<u8>), WeightsError> {
    let (file, values) = weights::decode_bytes(bytes)?;
    file.check()?;
    let WeightsFile {
        design,
        data,
        settings,
        step,
        epoch,
        metrics,
        parameters,
        ..
    } = file;
    let snapshot = Snapshot {
        design,
        source: json::read_value(&data.source).map_err(|error| fault("data.source", &error))?,
        data_settings: json::read_value(&data.settings).map_err(|error| fault("data.settings", &error))?,
        settings: json::read_value(&settings).map_err(|error| fault("settings", &error))?,
        schema: data.schema,
        vocabularies: data
            .vocabularies
            .into_iter()
            .map(|vocabulary| (vocabulary.feature, vocabulary.tokens))
            .collect(),
        scales: data
            .scales
            .into_iter()
            .map(|scale| {
                let FeatureScale {
                    feature,
                    means,
                    deviations,
                } = scale;
                (feature, mtl_data::prepare::DenseScale { means, deviations })
            })
            .collect(),
        parameters: parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.shape))
            .collect(),
        step,
        epoch,
        // Metrics of another version may be unreadable; the run does not need them.
        evaluations: metrics
            .into_iter()
            .filter_map(|evaluation| json::read_value(&evaluation).ok())
            .collect(),
        state: None,
    };
    Ok((snapshot, values))
}

/// File name of a snapshot.
pub fn file_name(snapshot: &Snapshot, form: WeightsForm) -> String {
    let data = match &snapshot.source {
        DataSource::Asset { key } => key.as_str(),
        DataSource::Generated { generator } => generator.key(),
    };
    let name = weights::file_name(data, &snapshot.design.name, snapshot.step);
    match form {
        WeightsForm::Json => name,
        WeightsForm::Safetensors => name.replace(".json", ".safetensors"),
    }
}

fn fault(part: &str, error: &json::Error) -> WeightsError {
    WeightsError::Part {
        part: part.to_owned(),
        line: 0,
        reason: error.to_string(),
    }
}
