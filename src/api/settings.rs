//! Settings from a script: members of an object, checked by name and by value before anything changes.

use std::rc::Rc;

use mtl_base::{
    json,
    settings::{SettingError, Settings, Value as Setting, merged},
    text::{Explain, Message},
};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::edit::Edit;
use mtl_training::{
    protocol::{DataSource, RunSettings},
    recommended,
};
use serde_json::{Map, Value};

use crate::{
    i18n::{Lang, fill_message, shell::T, train},
    state::{Playground, Theme, data},
};

/// Members of [`set`] that are not settings of the run.
const OF_THE_PAGE: [&str; 3] = ["task_weights", "lang", "theme"];

/// The data set named `key`, with members of the data settings or of the generator changed.
pub(super) fn data(key: &str, options: Value) -> Result<(DataSource, DataSettings), Message> {
    let mut source = data::source(key)?;
    let mut data_settings = recommended::data_settings(key);
    let members = match options {
        Value::Null => Map::new(),
        Value::Object(members) => members,
        other => return Err(not_object("options", &other)),
    };
    for (name, value) in members {
        let value = setting(&name, &value)?;
        let has = |settings: &dyn Settings| settings.fields().iter().any(|field| field.key == name);
        let outcome = match &mut source {
            _ if has(&data_settings) => data_settings.set(&name, &value),
            DataSource::Generated { generator } if has(generator) => generator.set(&name, &value),
            _ => {
                let mut names = data_settings
                    .fields()
                    .iter()
                    .map(|field| field.key)
                    .collect::<Vec<_>>();
                if let DataSource::Generated { generator } = &source {
                    names.extend(generator.fields().iter().map(|field| field.key));
                }
                return Err(fill_message(T.api_setting_unknown, &[&name, &names.join(", ")]));
            }
        };
        outcome.map_err(|error| error.explain())?;
    }
    Ok((source, data_settings))
}

/// Changes settings of the run, loss weights by name of the task, language and colours: all of them or, if one is refused,
/// none.
pub(super) fn set(this: &Rc<Playground>, members: Value) -> Result<(), Message> {
    let Value::Object(mut members) = members else {
        return Err(not_object("settings", &members));
    };
    let [weights, lang, theme] = OF_THE_PAGE.map(|name| members.remove(name));
    let settings = changed(&this.settings.get(), members)?;
    let lang: Option<Lang> = optional("lang", lang)?;
    let theme: Option<Theme> = optional("theme", theme)?;
    let edits = match weights {
        None => Vec::new(),
        Some(Value::Object(weights)) => weights
            .iter()
            .map(|(name, weight)| weight_edit(this, name, weight))
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(not_object("task_weights", &other)),
    };
    // The last step that can be refused: the following ones cannot fail.
    if !edits.is_empty() {
        this.edit_all(train::T.task_weights.into(), &edits)?;
    }
    this.set_settings(settings)?;
    this.preferences.update_if_changed(|preferences| {
        preferences.lang = lang.unwrap_or(preferences.lang);
        preferences.theme = theme.unwrap_or(preferences.theme);
    });
    Ok(())
}

/// The edit that gives the loss of the task `name` a weight.
fn weight_edit(this: &Rc<Playground>, name: &str, weight: &Value) -> Result<Edit, Message> {
    let checked = this.checked.get();
    let Some(task) = checked.tasks.iter().find(|task| task.name == name) else {
        let names: Vec<&str> = checked.tasks.iter().map(|task| task.name.as_str()).collect();
        return Err(fill_message(T.api_task_unknown, &[&name, &names.join(", ")]));
    };
    Ok(Edit::SetSetting {
        node: task.node,
        key: "weight".to_owned(),
        value: setting(name, weight)?,
    })
}

fn optional<T: serde::de::DeserializeOwned>(name: &str, value: Option<Value>) -> Result<Option<T>, Message> {
    value
        .map(|value| json::read_value(&value))
        .transpose()
        .map_err(|error| unread(name, error))
}

fn setting(name: &str, value: &Value) -> Result<Setting, Message> {
    json::read_value(value).map_err(|error| unread(name, error))
}

/// The error for a value that cannot be read.
fn unread(name: &str, error: json::Error) -> Message {
    fill_message(T.api_argument_plain, &[&name, &error])
}

/// `settings` with these members changed, members of groups too. Another optimizer, given by its name alone or with some
/// of its constants, brings its usual learning rate.
fn changed(settings: &RunSettings, members: Map<String, Value>) -> Result<RunSettings, Message> {
    let mut settings = settings.clone();
    // An invalid name of an optimizer is refused below, with the available names.
    match members.get("optimizer") {
        Some(Value::String(key)) => {
            settings.choose_optimizer(key);
        }
        Some(Value::Object(optimizer)) => {
            let key = optimizer.get("type").and_then(Value::as_str);
            if let Some(key) = key.filter(|key| *key != settings.optimizer.key()) {
                settings.choose_optimizer(key);
            }
        }
        _ => {}
    }
    merged(&settings, &Value::Object(members)).map_err(|error| match error {
        SettingError::Unknown { key, mut known } => {
            if !key.contains('.') {
                known.extend(OF_THE_PAGE);
            }
            SettingError::Unknown { key, known }.explain()
        }
        other => other.explain(),
    })
}

fn not_object(name: &str, got: &Value) -> Message {
    super::methods::wrong(name, T.an_object, got)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged_with(members: Value) -> Result<RunSettings, Message> {
        match members {
            Value::Object(members) => changed(&RunSettings::default(), members),
            _ => panic!("the tests give objects"),
        }
    }

    #[test]
    fn members_change_and_the_rest_stays() {
        let settings = merged_with(json!({ "epochs": 3, "stop": { "patience": 4 } })).unwrap();
        assert_eq!(settings.epochs, 3);
        assert_eq!(settings.stop.patience, 4);
        assert_eq!(settings.batch_size, RunSettings::default().batch_size);
    }

    #[test]
    fn an_optimizer_brings_its_learning_rate_unless_one_is_given() {
        let sgd = merged_with(json!({ "optimizer": "sgd" })).unwrap();
        assert_eq!((sgd.optimizer.key(), sgd.learning_rate), ("sgd", 0.01));
        let sgd =
            merged_with(json!({ "optimizer": { "type": "sgd", "momentum": 0.9 }, "learning_rate": 0.5 }))
                .unwrap();
        assert_eq!(sgd.learning_rate, 0.5);
        assert_eq!(sgd.optimizer.get("momentum"), Some(Setting::Real(0.9)));
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_is_taken() {
        for (members, named) in [
            (json!({ "epoch": 3 }), "`epoch`"),
            (json!({ "schedule": { "kinds": "cosine" } }), "`schedule.kinds`"),
            (json!({ "optimizer": "adamax" }), "adamax"),
            (json!({ "epochs": 0 }), "epochs"),
            (
                json!({ "epochs": 2.5 }),
                "`epochs`: expected a whole number from 1 to 10000, got 2.5",
            ),
            (
                json!({ "learning_rate": "fast" }),
                "`learning_rate`: expected a number from",
            ),
            (json!({ "seed": 9_007_199_254_740_992_u64 }), "`seed`"),
            (json!({ "lazy_rows": "yes" }), "`lazy_rows`"),
            (json!({ "stop": { "patience": -3 } }), "`stop.patience`"),
        ] {
            let message = merged_with(members).unwrap_err();
            assert!(message.en.contains(named), "{}", message.en);
        }
    }

    #[test]
    fn options_of_a_data_set_are_sorted() {
        let (source, settings) = data("generated-reviews", json!({ "rows": 300, "max_tokens": 16 })).unwrap();
        assert_eq!(settings.max_tokens, 16);
        match source {
            DataSource::Generated { generator } => assert_eq!(generator.get("rows"), Some(Setting::Int(300))),
            DataSource::Asset { .. } => panic!("it is generated"),
        }
        assert!(
            data("generated-reviews", json!({ "speed": 1 }))
                .unwrap_err()
                .en
                .contains("`speed`")
        );
        assert!(data("no-such-set", Value::Null).is_err());
    }
}
