//! How a preset trains well and a data set is prepared well: what a person starts with.

use mtl_data::prepare::DataSettings;
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

/// How to prepare the data set `data`; the general defaults for others.
pub fn data_settings(data: &str) -> DataSettings {
    let defaults = DataSettings::default();
    match data {
        // Nearly all texts are shorter, and the long tail of the vocabulary pays here.
        "opinion-domains" => DataSettings {
            max_tokens: 40,
            vocabulary_size: 16_000,
            ..defaults
        },
        "clothing-reviews" => DataSettings {
            max_tokens: 112,
            ..defaults
        },
        // Characters, not words.
        "chinese-reviews" => DataSettings {
            max_tokens: 128,
            ..defaults
        },
        "generated-reviews" => DataSettings {
            max_tokens: 48,
            ..defaults
        },
        // A word per known field, of which there are at most 31.
        "census-income" => DataSettings {
            max_tokens: 32,
            ..defaults
        },
        "lecture-ratings" => DataSettings {
            validation: 0.05,
            ..defaults
        },
        _ => defaults,
    }
}

#[cfg(test)]
mod tests {
    use mtl_base::settings::Settings;
    use mtl_data::datasets;

    use super::*;

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
