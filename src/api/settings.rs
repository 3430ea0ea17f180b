//! Settings as a script gives them: some members of an object, checked by name and by value before anything changes.

use std::rc::Rc;

use mtl_base::{
    json,
    settings::{Settings, Value as Setting},
    text::{Explain, Message},
};
use mtl_data::prepare::DataSettings;
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::{
    protocol::{DataSource, RunSettings},
    recommended,
};
use serde_json::{Map, Value, json};

use crate::{
    i18n::{Lang, fill_message, shell::T},
    state::{Playground, Theme, data},
    ui::train::run,
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

/// Changes settings of the run, loss weights by name of the task, language and colours.
pub(super) fn set(this: &Rc<Playground>, members: Value) -> Result<(), Message> {
    let Value::Object(mut members) = members else {
        return Err(not_object("settings", &members));
    };
    let of_page = OF_THE_PAGE.map(|name| members.remove(name));
    let settings = merged(&this.settings.get(), members)?;
    let [weights, lang, theme] = of_page;
    let weights = match weights {
        None => Vec::new(),
        Some(Value::Object(weights)) => weights
            .into_iter()
            .map(|(name, weight)| {
                let checked = this.checked.get();
                let task_idx = checked
                    .tasks
                    .iter()
                    .position(|task| task.name == name)
                    .ok_or_else(|| {
                        let names = checked
                            .tasks
                            .iter()
                            .map(|task| task.name.as_str())
                            .collect::<Vec<_>>()
                            .join(", ");
                        fill_message(T.api_task_unknown, &[&name, &names])
                    })?;
                let weight = json::read_value(&weight).map_err(|error| unread(&name, error))?;
                Ok((task_idx, weight))
            })
            .collect::<Result<_, Message>>()?,
        Some(other) => return Err(not_object("task_weights", &other)),
    };
    let lang: Option<Lang> = optional("lang", lang)?;
    let theme: Option<Theme> = optional("theme", theme)?;
    this.set_settings(settings)?;
    for (task_idx, weight) in weights {
        this.set_task_weight(task_idx, weight)?;
    }
    this.preferences.update_if_changed(|preferences| {
        preferences.lang = lang.unwrap_or(preferences.lang);
        preferences.theme = theme.unwrap_or(preferences.theme);
    });
    Ok(())
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

/// What is said of a value that cannot be read.
fn unread(name: &str, error: json::Error) -> Message {
    fill_message(T.api_argument_plain, &[&name, &error])
}

/// `settings` with these members changed, members of members too. An optimizer may be given by its name alone: then
/// its constants and its learning rate are the usual ones.
fn merged(settings: &RunSettings, mut members: Map<String, Value>) -> Result<RunSettings, Message> {
    let mut settings = settings.clone();
    let named = match members.get("optimizer") {
        Some(Value::String(key)) => Some(key.clone()),
        Some(Value::Object(optimizer)) => match optimizer.get("type") {
            Some(Value::String(key)) if key != settings.optimizer.key() => Some(key.clone()),
            _ => None,
        },
        _ => None,
    };
    if let Some(key) = named {
        let Some(optimizer) = OptimizerConfig::from_key(&key) else {
            let keys = OptimizerConfig::OPTIONS
                .iter()
                .map(|(key, _)| *key)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(fill_message(T.api_optimizer_unknown, &[&key, &keys]));
        };
        settings.learning_rate = optimizer.default_learning_rate();
        settings.optimizer = optimizer;
        if matches!(members.get("optimizer"), Some(Value::String(_))) {
            members.remove("optimizer");
        }
    }
    let mut all = json::tree(&settings);
    // One after another, so that the one that is wrong can be named.
    for (name, value) in members {
        if let Some(field) = run::FIELDS.iter().find(|field| field.key == name) {
            field
                .accept(&setting(&name, &value)?)
                .map_err(|error| error.explain())?;
        }
        merge(&mut all, json!({ (&name): value }))?;
        settings = json::read_value(&all).map_err(|error| unread(&name, error))?;
    }
    settings.check().map_err(|error| error.explain())?;
    Ok(settings)
}

fn merge(into: &mut Value, from: Value) -> Result<(), Message> {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(&name) {
                    // What early stopping looks at is replaced as a whole: its members depend on its kind.
                    Some(old) if name == "watch" => *old = value,
                    Some(old) => merge(old, value)?,
                    None => {
                        let mut names = into.keys().map(String::as_str).collect::<Vec<_>>();
                        if into.contains_key("epochs") {
                            names.extend(OF_THE_PAGE);
                        }
                        return Err(fill_message(T.api_setting_unknown, &[&name, &names.join(", ")]));
                    }
                }
            }
        }
        (into, from) => *into = from,
    }
    Ok(())
}

fn not_object(name: &str, got: &Value) -> Message {
    super::methods::wrong(name, T.an_object, got)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged_with(members: Value) -> Result<RunSettings, Message> {
        match members {
            Value::Object(members) => merged(&RunSettings::default(), members),
            _ => panic!("the tests give objects"),
        }
    }

    #[test]
    fn members_change_and_the_rest_stays() {
        let settings = merged_with(json!({ "epochs": 3, "stop": json!({ "patience": 4 }) })).unwrap();
        assert_eq!(settings.epochs, 3);
        assert_eq!(settings.stop.patience, 4);
        assert_eq!(settings.batch_size, RunSettings::default().batch_size);
    }

    #[test]
    fn an_optimizer_brings_its_learning_rate_unless_one_is_given() {
        let sgd = merged_with(json!({ "optimizer": "sgd" })).unwrap();
        assert_eq!((sgd.optimizer.key(), sgd.learning_rate), ("sgd", 0.01));
        let sgd = merged_with(
            json!({ "optimizer": json!({ "type": "sgd", "momentum": 0.9 }), "learning_rate": 0.5 }),
        )
        .unwrap();
        assert_eq!(sgd.learning_rate, 0.5);
        assert_eq!(sgd.optimizer.get("momentum"), Some(Setting::Real(0.9)));
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_is_taken() {
        for (members, named) in [
            (json!({ "epoch": 3 }), "`epoch`"),
            (json!({ "schedule": json!({ "kinds": "cosine" }) }), "`kinds`"),
            (json!({ "optimizer": "adamax" }), "`adamax`"),
            (json!({ "epochs": 0 }), "epochs"),
            (
                json!({ "epochs": 2.5 }),
                "`epochs`: expected a whole number from 1 to 10000, got 2.5",
            ),
            (
                json!({ "learning_rate": "fast" }),
                "`learning_rate`: expected a number",
            ),
            (json!({ "lazy_rows": "yes" }), "`lazy_rows`"),
            (json!({ "stop": json!({ "patience": -3 }) }), "`stop`"),
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
