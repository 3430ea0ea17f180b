//! The settings of a run: one declaration, from which file, bounds, words and the documentation follow.

use mtl_base::settings::{Field, FieldKind, Settings, Value, merged};
use mtl_base::text::Text;
use mtl_base::{NodeId, json};
use mtl_engine::metrics::Metric;
use mtl_training::protocol::{RunSettings, Watch, WatchedMetric};

/// As the page wrote it before the settings were declared in one place.
const OLD: &str = r#"{"epochs":5,"batch_size":128,"learning_rate":0.003,"optimizer":{"type":"sgd","momentum":0.9,"nesterov":true},"schedule":{"kind":"cosine","warmup_steps":20,"warmup_from":0.1,"decay_steps":0,"alpha":0.0},"clipping":{"kind":"global_norm","threshold":2.5},"seed":9007199254740991,"stop":{"patience":3,"watch":{"watch":"metric","task":7,"metric":"f1_macro"},"min_delta":0.001},"backend":"webgpu","lazy_rows":false,"reproducible":true}"#;

/// What has come since, after the clipping.
const NEW: &str = r#""balance":{"type":"equal"},"balance_options":{"reduction":"published","heads":"shared_only","domain":"parameters","metric":"gradient"},"#;

#[test]
fn an_old_file_is_read_and_written_with_what_has_come_since() {
    let settings: RunSettings = serde_json::from_str(OLD).expect("an old file");
    assert_eq!(settings.check(), Ok(()));
    assert_eq!(
        (settings.epochs, settings.seed, settings.learning_rate),
        (5, 9_007_199_254_740_991, 0.003)
    );
    assert_eq!(
        settings.stop.watch,
        Watch::Metric(WatchedMetric {
            task: NodeId(7),
            metric: Metric::F1Macro
        })
    );
    assert_eq!(settings.optimizer.get("momentum"), Some(Value::Real(0.9)));
    let expected = OLD.replace("\"seed\":", &format!("{NEW}\"seed\":"));
    assert_eq!(serde_json::to_string(&settings).expect("plain data"), expected);
    let old_loss = r#"{"stop":{"patience":2,"watch":{"watch":"loss"},"min_delta":0.0}}"#;
    let settings: RunSettings = serde_json::from_str(old_loss).expect("an old file");
    assert_eq!(settings.stop.watch, Watch::default());
    assert_eq!(settings.epochs, 10, "what a file does not say has its default");
}

#[test]
fn a_file_of_another_form_is_refused_by_place() {
    for (text, expected) in [
        (
            r#"{"epochs":"many"}"#,
            "many, expected a whole number from 1 to 10000 for `epochs`",
        ),
        (r#"{"seed":-1}"#, "for `seed`"),
        (
            r#"{"optimizer":{"type":"adamax"}}"#,
            "one of sgd, adagrad, adam, adamw",
        ),
        (
            r#"{"stop":{"watch":{"watch":"metric","metric":"luck"}}}"#,
            "for `stop.watch.metric`",
        ),
        (r#"{"schedule":[1]}"#, "settings by name for `schedule`"),
    ] {
        let error = serde_json::from_str::<RunSettings>(text)
            .expect_err("refused")
            .to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// Calls `see` with every setting, those of groups and of all their kinds included, and with the groups that it is in.
fn walk(settings: &mut dyn Settings, groups: &str, see: &mut dyn FnMut(&str, &Field, &dyn Settings)) {
    for field in settings.fields() {
        see(&format!("{groups}{}", field.key), field, settings);
        let Some(group) = settings.group_mut(field.key) else {
            continue;
        };
        let inner = format!("{groups}{}.", field.key);
        match group.kind() {
            None => walk(group, &inner, see),
            Some(kind) => {
                for (key, _) in kind.options {
                    assert!(group.set_kind(key));
                    walk(group, &format!("{inner}{key}."), see);
                }
                assert!(group.set_kind(kind.key));
            }
        }
    }
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_setting_is_explained_in_both_languages_and_starts_within_its_bounds() {
    /// Written the same way in both languages.
    const SAME: &[&str] = &[
        "CPU",
        "WebGPU",
        "SGD",
        "Adagrad",
        "Adam",
        "AdamW",
        "F1",
        "ROC-AUC",
        "RMSE",
        "MAE",
        "R²",
        "α",
        "β",
        "ε",
        "IMTL-L",
        "STCH",
        "FAMO",
        "LDC-MTL",
        "GradNorm",
        "MGDA",
        "PCGrad",
        "GradDrop",
        "CAGrad",
        "IMTL-G",
        "Nash-MTL",
        "FairGrad",
        "Aligned-MTL",
        "UPGrad",
        "DualProj",
        "ConFIG",
        "DB-MTL",
        "MetaBalance",
        "ConicGrad",
        "GradOPS",
    ];
    let check = |place: &str, text: Text| {
        assert!(!text.en.is_empty() && !text.zh.is_empty(), "{place} is empty");
        assert!(!has_chinese(text.en), "{place}: {}", text.en);
        // A formula is the same in both.
        let mut words = text.zh.split(|c: char| !c.is_alphabetic());
        let is_formula = words.all(|word| word.chars().count() < 2);
        let has = has_chinese(text.zh) || is_formula || SAME.iter().any(|same| text.zh.starts_with(same));
        assert!(has, "{place} has no Chinese: {}", text.zh);
    };
    let mut n_seen = 0;
    walk(&mut RunSettings::default(), "", &mut |path, field, settings| {
        n_seen += 1;
        check(path, field.label);
        check(path, field.help);
        if let FieldKind::Choice { options } | FieldKind::Kinds { options } = field.kind {
            for (key, label) in options {
                check(&format!("{path} = {key}"), *label);
            }
        }
        if let Some(value) = settings.get(field.key) {
            assert!(field.accept(&value).is_ok(), "{path}: {value}");
        }
    });
    assert!(n_seen > 25, "{n_seen}");
}

#[test]
fn several_settings_change_together_or_not_at_all() {
    let before = RunSettings::default();
    let object = |text: &str| -> serde_json::Value { json::read(text).expect("an object") };
    let refused = merged(&before, &object(r#"{"epochs":77,"stop":{"patience":1e9}}"#));
    assert_eq!(
        refused.expect_err("out of bounds").to_string(),
        "`stop.patience`: expected a whole number from 0 to 1000, got 1000000000"
    );
    let watch = r#"{"stop":{"watch":{"watch":"metric","task":4294967295,"metric":"auc"}}}"#;
    let after = merged(&before, &object(watch)).expect("accepted");
    assert_eq!(after.stop.patience, 0);
    assert_eq!(
        after.stop.watch,
        Watch::Metric(WatchedMetric {
            task: NodeId(u32::MAX),
            metric: Metric::Auc
        })
    );
}

/// The table of `docs/run-settings.md`.
fn table() -> String {
    let mut table = String::from("| setting | values | default | what it does |\n|---|---|---|---|\n");
    walk(&mut RunSettings::default(), "", &mut |path, field, settings| {
        let values = match field.kind {
            FieldKind::Group => "settings of its own".to_owned(),
            FieldKind::Choice { options } | FieldKind::Kinds { options } => {
                let keys: Vec<String> = options.iter().map(|(key, _)| format!("`{key}`")).collect();
                // The metrics stand in the page's own list.
                if field.key == "metric" && keys.len() > 8 {
                    "the key of a metric".to_owned()
                } else {
                    keys.join(", ")
                }
            }
            kind => kind.describe().en,
        };
        let default = settings
            .get(field.key)
            .map_or_else(String::new, |value| format!("`{value}`"));
        table += &format!("| `{path}` | {values} | {default} | {} |\n", field.help.en);
    });
    table
}

#[test]
fn the_documentation_lists_every_setting() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/run-settings.md");
    let text = std::fs::read_to_string(path).expect("docs/run-settings.md");
    let table = table();
    assert!(
        text.ends_with(&table),
        "docs/run-settings.md is not what the declaration says; its table is now\n{table}"
    );
}
