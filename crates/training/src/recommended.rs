//! How a preset trains well and a data set is prepared well: what a person starts with. The figures are declared in the files of the presets
//! and of the data sets.

use mtl_data::{datasets, prepare::DataSettings};
use mtl_engine::{
    design::presets,
    schedules::{Schedule, ScheduleKind},
};

use crate::protocol::RunSettings;

/// How to train the preset `preset` on the data set `data`, by their keys; the general defaults for others.
pub fn run_settings(preset: &str, data: &str) -> RunSettings {
    let recommended = presets::find(preset).and_then(|preset| preset.recommended(data));
    let Some(recommended) = recommended else {
        return RunSettings::default();
    };
    RunSettings {
        epochs: recommended.epochs,
        learning_rate: recommended.learning_rate,
        batch_size: recommended.batch_size,
        schedule: Schedule {
            kind: ScheduleKind::Cosine,
            ..Schedule::default()
        },
        ..RunSettings::default()
    }
}

/// How to prepare the data set `data`, as its file says; the general defaults for others.
pub fn data_settings(data: &str) -> DataSettings {
    datasets::find(data).map_or_else(DataSettings::default, |entry| (entry.recommended)())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtl_base::settings::Settings;

    #[test]
    fn every_preset_and_data_set_has_settings_that_check() {
        for preset in presets::all() {
            assert!(datasets::find(preset.data).is_some(), "{}", preset.data);
            assert_ne!(
                run_settings(preset.key, preset.data),
                RunSettings::default(),
                "{}",
                preset.key
            );
            for data in datasets::ALL {
                assert_eq!(run_settings(preset.key, data.key).check(), Ok(()));
            }
        }
    }
}
