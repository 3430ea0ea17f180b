//! The methods of the scripting API.

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use mtl_base::{
    json::{self, tree},
    schema::{FeatureKind, Schema},
    text::{Message, Text},
};
use mtl_export::weights::WeightsForm;
use mtl_kernels::fused;
use mtl_training::protocol::{Evaluation, PredictInput, Split};
use serde_json::{Map, Value, json};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

use super::{settings, to_js, to_json, turns::Queue};
use crate::{
    i18n::{fill_message, shell::T},
    state::{Playground, actions::wait_for, files::read_design, history::RunHistory},
    web, work,
    worker::client::bytes_of,
};

/// The methods, by name.
pub(super) const NAMES: &[&str] = &[
    "load",
    "data",
    "set",
    "play",
    "pause",
    "step",
    "epoch",
    "reset",
    "rewind",
    "state",
    "metrics",
    "history",
    "work",
    "predict",
    "evaluate",
    "exportWeights",
    "importWeights",
];

/// Calls the method `name`, which is one of [`NAMES`], after the page has loaded its initial document and after the earlier calls
/// that must precede it.
pub(super) async fn call(
    this: &Rc<Playground>,
    queue: &Queue,
    name: &str,
    first: &JsValue,
    second: &JsValue,
) -> Result<JsValue, Message> {
    let _turn = queue.turn_of(name).await;
    wait_for(&this.has_opened, |has_opened| *has_opened).await;
    match name {
        "load" => load(this, to_json(first)?).await?,
        "data" => {
            let key = first
                .as_string()
                .ok_or_else(|| unexpected("name", T.a_data_set, first))?;
            let (source, data_settings) = settings::data(&key, to_json(second)?)?;
            this.load(source, data_settings).await?;
        }
        "set" => settings::set(this, to_json(first)?)?,
        "play" => drop(this.play().await?),
        "pause" => drop(this.pause().await?),
        "step" => {
            let n = if first.is_undefined() {
                Some(1.0)
            } else {
                first.as_f64()
            };
            let n = n.filter(|n| n.fract() == 0.0 && (1.0..=1e6).contains(n));
            this.step(n.ok_or_else(|| unexpected("n", T.a_count, first))? as u32)
                .await?;
        }
        "epoch" => {
            this.epoch().await?;
        }
        "reset" => drop(this.reset().await?),
        "rewind" => drop(this.rewind().await?),
        "state" => return to_js(&state(this).await?),
        "metrics" => return to_js(&metrics(&this.history.borrow())),
        "work" => return to_js(&work::counts()),
        "history" => return to_js(&history(&this.history.borrow())),
        "predict" => {
            let input = predict_input(&this.schema(), &to_json(first)?)?;
            let (tasks, tokens) = this.predict(input).await?;
            let lang = this.preferences.get().lang;
            let out = to_js(&json!({ "tokens": tokens }))?;
            let tasks = tasks.iter().map(|task| {
                let classes = task
                    .classes
                    .iter()
                    .map(|class| class.get(lang))
                    .collect::<Vec<_>>();
                let object =
                    to_js(&json!({ "task": task.task, "predicted": task.predicted, "classes": classes }))?;
                put(&object, "outputs", &numbers(&task.outputs));
                let attributions: Array = task.attributions.iter().map(|values| numbers(values)).collect();
                put(&object, "attributions", &attributions);
                Ok(object)
            });
            put(&out, "tasks", &tasks.collect::<Result<Array, Message>>()?);
            return Ok(out);
        }
        "evaluate" => {
            let split = match first.as_string().as_deref() {
                Some("train") => Split::Train,
                Some("validation") => Split::Validation,
                Some("test") => Split::Test,
                _ => return Err(unexpected("split", T.a_split, first)),
            };
            let evaluation = this.evaluate(split).await?;
            return to_js(&by_task(&evaluation, &this.history.borrow()));
        }
        "exportWeights" => {
            let form = match first.as_string().as_deref() {
                None if first.is_undefined() => WeightsForm::Json,
                Some("json") => WeightsForm::Json,
                Some("safetensors") => WeightsForm::Safetensors,
                _ => return Err(unexpected("form", T.a_weights_form, first)),
            };
            let written = this.write_weights(form).await?;
            if form == WeightsForm::Safetensors {
                return Ok(written.blob()?.into());
            }
            let bytes = written.parts.first().map(bytes_of).unwrap_or_default();
            let text =
                String::from_utf8(bytes).map_err(|error| fill_message(T.internal_message, &[&error]))?;
            return Ok(JsValue::from(text));
        }
        "importWeights" => {
            let bytes = if let Some(text) = first.as_string() {
                Uint8Array::from(text.as_bytes()).buffer()
            } else if let Some(blob) = first.dyn_ref::<Blob>() {
                let read = web::files::read(blob).await;
                read.map_err(|error| {
                    fill_message(T.file_unreadable, &[&"importWeights", &web::describe(&error)])
                })?
            } else if first.is_instance_of::<ArrayBuffer>() || first.is_instance_of::<Uint8Array>() {
                // A copy: the buffer is moved to the worker.
                Uint8Array::new(first).slice(0, u32::MAX).buffer()
            } else if first.is_object() {
                Uint8Array::from(json::write(&to_json(first)?).as_bytes()).buffer()
            } else {
                return Err(unexpected("json", T.a_json_text, first));
            };
            this.open_weights("importWeights", bytes).await?;
        }
        _ => return Err(fill_message(T.api_method_unknown, &[&name, &NAMES.join(", ")])),
    }
    Ok(JsValue::UNDEFINED)
}

/// Numbers as JavaScript has them, those that are not finite included, for which JSON has no text.
fn numbers(values: &[f32]) -> Array {
    values.iter().map(|value| JsValue::from(*value)).collect()
}

/// Sets a member of an object that was made here, which cannot fail.
fn put(object: &JsValue, name: &str, value: &Array) {
    let _ = Reflect::set(object, &JsValue::from(name), value);
}

/// The error for an argument of the wrong type.
fn unexpected(argument: &str, expected: Text, got: &JsValue) -> Message {
    let got = js_sys::JSON::stringify(got)
        .ok()
        .and_then(|text| text.dyn_into().ok())
        .map_or_else(
            || "undefined".to_owned(),
            |text: js_sys::JsString| String::from(text).chars().take(60).collect(),
        );
    let filled = |lang| crate::i18n::fill(T.api_argument, lang, &[&argument, &expected.get(lang), &got]);
    Message::new(filled(crate::i18n::Lang::En), filled(crate::i18n::Lang::Zh))
}

async fn load(this: &Rc<Playground>, design: Value) -> Result<(), Message> {
    let text = match design {
        Value::String(key) if !key.trim_start().starts_with('{') => {
            return Ok(this.open_preset(&key).await?);
        }
        Value::String(text) => text,
        Value::Object(_) => json::write(&design),
        other => return Err(unexpected("design", T.a_design_or_preset, &to_js(&other)?)),
    };
    let design = read_design(text.as_bytes())?;
    this.put_design(design, T.open_design.into());
    Ok(())
}

async fn state(this: &Rc<Playground>) -> Result<Value, Message> {
    let (status, fingerprint) = this.state().await?;
    let lang = this.preferences.get().lang;
    let (data, checked, model) = (this.data.get(), this.checked.get(), this.model.get());
    let tasks = checked
        .tasks
        .iter()
        .map(|task| json!({ "name": task.name, "label": task.label, "weight": tree(&task.weight), "parameters": task.n_parameters }))
        .collect::<Vec<_>>();
    Ok(json!({
        "phase": status.phase,
        "step": status.step,
        "epoch": status.epoch,
        "steps_per_epoch": status.steps_per_epoch,
        "elapsed_ms": status.elapsed_ms,
        "rewind_step": status.rewind_step,
        "note": status.note.as_ref().map(|note| note.get(lang)),
        "fingerprint": fingerprint,
        "runs_on": json!({
            "backend": if status.runs_on.webgpu.is_some() { "webgpu" } else { "cpu" },
            "adapter": status.runs_on.webgpu,
            "why": status.runs_on.why.as_ref().map(|why| why.get(lang)),
            "build": if fused::is_available() { "relaxed-simd" } else { "simd128" },
        }),
        "design": this.document.get().design().name,
        "preset": this.preset().map(|preset| preset.key),
        "data": data.key(),
        "rows": data.report.as_ref().map(|report| report.n_rows),
        "loading": data.loading.as_ref().map(|loading| loading.message().get(lang).to_owned()),
        "tasks": tasks,
        "problem": checked.first_error().map(mtl_base::text::Explain::explain).or_else(|| model.problem.clone())
            .map(|problem| problem.get(lang).to_owned()),
        "resources": tree(&model.resources),
        "settings": tree(&*this.settings.get()),
    }))
}

/// Losses and metrics of one evaluation, by task name.
fn by_task(evaluation: &Evaluation, history: &RunHistory) -> Value {
    let tasks = evaluation.tasks.iter().enumerate().map(|(task_idx, metrics)| {
        let name = history
            .tasks
            .get(task_idx)
            .map_or_else(|| task_idx.to_string(), |task| task.name.clone());
        let mut values: Map<String, Value> = metrics
            .values
            .iter()
            .map(|(metric, value)| (metric.key().to_owned(), tree(value)))
            .collect();
        values.insert(
            "loss".to_owned(),
            tree(&evaluation.losses.get(task_idx).copied().flatten()),
        );
        values.insert("n".to_owned(), tree(&metrics.n));
        let some: Map<String, Value> = metrics
            .averaged
            .iter()
            .filter(|(_, averaged)| averaged.n_defined < averaged.n)
            .map(|(metric, averaged)| (metric.key().to_owned(), tree(&[averaged.n_defined, averaged.n])))
            .collect();
        if !some.is_empty() {
            values.insert("mean_of".to_owned(), Value::Object(some));
        }
        (name, Value::Object(values))
    });
    let tasks = tasks.collect::<Map<_, _>>();
    json!({ "step": evaluation.step, "epoch": evaluation.epoch, "tasks": tasks })
}

/// The latest evaluation of each split.
fn metrics(history: &RunHistory) -> Value {
    let newest = |split| {
        history
            .newest(split)
            .map(|evaluation| by_task(evaluation, history))
    };
    json!({
        "train": newest(Split::Train),
        "validation": newest(Split::Validation),
        "test": newest(Split::Test),
    })
}

/// The whole history, thinned as in the charts; a missing value is null.
fn history(history: &RunHistory) -> Value {
    let tasks: Map<String, Value> = history
        .tasks
        .iter()
        .map(|task| {
            (
                task.name.clone(),
                json!({ "loss": tree(&task.loss), "weight": tree(&task.weight) }),
            )
        })
        .collect();
    let evaluations = |split: usize| {
        history.evaluations[split]
            .iter()
            .map(|evaluation| by_task(evaluation, history))
            .collect::<Vec<_>>()
    };
    json!({
        "step": history.step,
        "epoch": history.epoch,
        "elapsed_ms": history.elapsed_ms,
        "learning_rate": tree(&history.learning_rate),
        "tasks": tasks,
        "evaluations": json!({ "train": evaluations(0), "validation": evaluations(1), "test": evaluations(2) }),
    })
}

/// Parses an example: a string is for the first text feature; an object has one member per feature: a text, an id, or numbers.
fn predict_input(schema: &Schema, input: &Value) -> Result<PredictInput, Message> {
    let mut out = PredictInput::default();
    let members = match input {
        Value::String(text) => {
            let feature = schema
                .features
                .iter()
                .find(|feature| matches!(feature.kind, FeatureKind::Tokens { .. }));
            match feature {
                Some(feature) => {
                    out.text.insert(feature.key.clone(), text.clone());
                    return Ok(out);
                }
                None => return Err(no_feature(schema, "text")),
            }
        }
        Value::Object(members) => members,
        other => return Err(unexpected("input", T.an_input, &to_js(other)?)),
    };
    for (key, value) in members {
        let Some(feature) = schema.feature(key) else {
            return Err(no_feature(schema, key));
        };
        match feature.kind {
            FeatureKind::Tokens { .. } => {
                let text = value.as_str().map(str::to_owned);
                out.text
                    .insert(key.clone(), text.ok_or_else(|| wrong(key, T.a_text, value))?);
            }
            FeatureKind::Id { .. } => {
                let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
                out.ids
                    .insert(key.clone(), id.ok_or_else(|| wrong(key, T.an_id, value))?);
            }
            FeatureKind::Dense { .. } => {
                let numbers = json::read_value(value).ok();
                out.dense
                    .insert(key.clone(), numbers.ok_or_else(|| wrong(key, T.numbers, value))?);
            }
        }
    }
    Ok(out)
}

pub(super) fn wrong(key: &str, expected: Text, value: &Value) -> Message {
    let got = json::write(value);
    let filled = |lang| crate::i18n::fill(T.api_argument, lang, &[&key, &expected.get(lang), &got]);
    Message::new(filled(crate::i18n::Lang::En), filled(crate::i18n::Lang::Zh))
}

fn no_feature(schema: &Schema, key: &str) -> Message {
    let keys = schema
        .features
        .iter()
        .map(|feature| feature.key.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    fill_message(T.api_feature_unknown, &[&key, &keys])
}

#[cfg(test)]
mod tests {
    use mtl_base::schema::FeatureSchema;

    use super::*;

    fn schema() -> Schema {
        let feature = |key: &str, kind| FeatureSchema {
            key: key.to_owned(),
            name: Message::new(key, key),
            kind,
        };
        Schema {
            features: vec![
                feature("user", FeatureKind::Id { cardinality: 5 }),
                feature(
                    "text",
                    FeatureKind::Tokens {
                        length: 4,
                        cardinality: 9,
                    },
                ),
                feature("numbers", FeatureKind::Dense { width: 2 }),
            ],
            labels: Vec::new(),
        }
    }

    #[test]
    fn an_input_is_sorted_by_kind() {
        let input = predict_input(
            &schema(),
            &json!({ "user": 3, "text": "so good", "numbers": [0.5, 1.0] }),
        );
        let mut expected = PredictInput::default();
        expected.ids.insert("user".to_owned(), 3);
        expected.text.insert("text".to_owned(), "so good".to_owned());
        expected.dense.insert("numbers".to_owned(), vec![0.5, 1.0]);
        assert_eq!(input, Ok(expected));
        let sentence = predict_input(&schema(), &Value::String("so good".to_owned())).unwrap();
        assert_eq!(sentence.text["text"], "so good");
    }

    #[test]
    fn a_wrong_input_is_named() {
        let message = predict_input(&schema(), &json!({ "item": 1 })).unwrap_err();
        assert!(
            message.en.contains("`item`") && message.en.contains("user, text, numbers"),
            "{}",
            message.en
        );
        let message = predict_input(&schema(), &json!({ "user": "x" })).unwrap_err();
        assert!(
            message.en.contains("`user`") && message.en.contains("\"x\""),
            "{}",
            message.en
        );
    }
}
