//! Settings with which the first Play on a preset and a data set goes well.

use mtl_data::prepare::DataSettings;

use crate::protocol::RunSettings;

/// How to train the preset `preset` on the data set `data`, by their keys; the general defaults for others.
pub fn run_settings(preset: &str, data: &str) -> RunSettings {
    let _ = (preset, data);
    RunSettings::default()
}

/// How to prepare the data set `data` for training in a browser; the general defaults for others.
pub fn data_settings(data: &str) -> DataSettings {
    let _ = data;
    DataSettings::default()
}
