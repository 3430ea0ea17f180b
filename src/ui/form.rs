//! Forms generated from declared settings ([`Field`]), used by the inspector, the optimizer and the generators.
//!
//! A box holds a draft while the user types and commits it on Enter, on blur and on the arrow keys. An invalid value
//! changes nothing: the old value is kept, and an error under the box tells which values are valid.
//!
//! ```ignore
//! html! { <SettingsForm fields={layer.fields()} values={values_of(layer)} schema={schema}
//!     on_change={Callback::from(move |(key, value): (&'static str, Value)| ...)} /> }
//! ```

use std::{cell::Cell, rc::Rc};

use mtl_base::{
    schema::Schema,
    settings::{Field, FieldKind, Settings, Value},
    text::{Message, Text},
};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    data::shares::SharesControl,
    icon::{IconKind, sized_icon},
};
use crate::i18n::{Lang, fill, format, shell::T, use_lang};

/// The values of `settings`, in the order of its fields.
pub fn values_of(settings: &(impl Settings + ?Sized)) -> Vec<Value> {
    settings
        .fields()
        .iter()
        .map(|field| {
            settings
                .get(field.key)
                .unwrap_or_else(|| Value::Words(String::new()))
        })
        .collect()
}

/// Properties of `SettingsForm`.
#[derive(Properties, PartialEq)]
pub struct SettingsFormProps {
    /// The declared settings.
    pub fields: &'static [Field],
    /// Their values, in the same order: see [`values_of`].
    pub values: Vec<Value>,
    /// Called with an accepted change.
    pub on_change: Callback<(&'static str, Value)>,
    /// Features and labels to choose from.
    #[prop_or_default]
    pub schema: Option<Rc<Schema>>,
    /// Keys of settings that are not shown.
    #[prop_or_default]
    pub hidden: Vec<&'static str>,
    /// Whether it is disabled.
    #[prop_or_default]
    pub disabled: bool,
}

/// One row per declared setting.
#[component]
pub fn SettingsForm(props: &SettingsFormProps) -> Html {
    html! {
        <div class="form">
            { for props.fields.iter().zip(&props.values).filter(|(field, _)| !props.hidden.contains(&field.key)).map(|(field, value)| {
                let on_change = props.on_change.clone();
                let key = field.key;
                html! {
                    <FieldRow key={key} {field} value={value.clone()} schema={props.schema.clone()}
                        disabled={props.disabled} on_change={move |value| on_change.emit((key, value))} />
                }
            }) }
        </div>
    }
}

/// Properties of `FieldRow`.
#[derive(Properties, PartialEq)]
pub struct FieldRowProps {
    /// The declared setting.
    pub field: &'static Field,
    /// Its value.
    pub value: Value,
    /// Called with an accepted change.
    pub on_change: Callback<Value>,
    /// Features and labels to choose from.
    #[prop_or_default]
    pub schema: Option<Rc<Schema>>,
    /// Shown next to the label, for instance "live".
    #[prop_or_default]
    pub badge: Option<AttrValue>,
    /// Label and help that replace the declared ones.
    #[prop_or_default]
    pub texts: Option<[Text; 2]>,
    /// A control beside the box.
    #[prop_or_default]
    pub children: Html,
    /// Whether it is disabled.
    #[prop_or_default]
    pub disabled: bool,
}

/// One setting: label, help, control, and the error of the last input.
#[component]
pub fn FieldRow(props: &FieldRowProps) -> Html {
    let lang = use_lang();
    let id = use_id();
    let help_open = use_state_eq(|| false);
    let problem = use_state_eq(|| None::<Message>);
    let field = props.field;
    let [label, help] = props.texts.unwrap_or([field.label, field.help]);
    let (label, help) = (label.get(lang), help.get(lang));

    // A value that was set elsewhere (undo, a preset) clears the error.
    {
        let problem = problem.clone();
        use_effect_with((props.value.clone(), field.key), move |_| problem.set(None));
    }

    let on_value = {
        let (problem, on_change, old) = (problem.clone(), props.on_change.clone(), props.value.clone());
        Callback::from(move |result: Result<Value, Message>| match result {
            Ok(value) => {
                problem.set(None);
                if value != old {
                    on_change.emit(value);
                }
            }
            Err(message) => problem.set(Some(message)),
        })
    };
    let help_id = format!("{id}-help");
    let problem_id = format!("{id}-problem");
    let described_by = match (problem.is_some(), *help_open) {
        (true, true) => Some(format!("{problem_id} {help_id}")),
        (true, false) => Some(problem_id.clone()),
        (false, true) => Some(help_id.clone()),
        (false, false) => None,
    };
    let control = ControlProps {
        id: id.clone().into(),
        field,
        value: props.value.clone(),
        on_value,
        invalid: problem.is_some(),
        described_by: described_by.map(AttrValue::from),
        disabled: props.disabled,
        schema: props.schema.clone(),
    };
    let toggle_help = {
        let help_open = help_open.clone();
        Callback::from(move |_: MouseEvent| help_open.set(!*help_open))
    };
    html! {
        <div class={classes!("field", matches!(field.kind, FieldKind::Flag).then_some("field-flag"))}>
            <div class="field-label">
                <label for={id.clone()} title={help}>{ label }</label>
                if let Some(badge) = &props.badge { <span class="badge">{ badge.clone() }</span> }
                <button type="button" class="info" aria-expanded={help_open.to_string()} aria-controls={help_id.clone()}
                    aria-label={fill(T.setting_help, lang, &[&label])} title={help} onclick={toggle_help}>
                    { sized_icon(IconKind::Info, 15) }
                </button>
            </div>
            <div class="field-control" title={help}>
                { match field.kind {
                    FieldKind::Flag => html! { <FlagControl ..control /> },
                    FieldKind::Choice { .. } | FieldKind::Kinds { .. } | FieldKind::Feature | FieldKind::Label => {
                        html! { <ChoiceControl ..control /> }
                    }
                    FieldKind::LabelShares => html! {
                        <SharesControl value={props.value.clone()} schema={props.schema.clone()} disabled={props.disabled} on_value={control.on_value.clone()} />
                    },
                    FieldKind::Group => Html::default(),
                    FieldKind::Int { .. } | FieldKind::Real { .. } | FieldKind::Words { .. } | FieldKind::Reals { .. } => {
                        html! { <TypedControl ..control /> }
                    }
                } }
                { props.children.clone() }
            </div>
            if let Some(message) = &*problem {
                <p class="field-problem" id={problem_id} role="alert">
                    { message.get(lang) }
                    <span class="muted">{ fill(T.kept_value, lang, &[&shown(&props.value)]) }</span>
                </p>
            }
            if *help_open { <p class="field-help" id={help_id}>{ help }</p> }
        </div>
    }
}

#[derive(Properties, PartialEq, Clone)]
struct ControlProps {
    id: AttrValue,
    field: &'static Field,
    value: Value,
    on_value: Callback<Result<Value, Message>>,
    invalid: bool,
    described_by: Option<AttrValue>,
    disabled: bool,
    schema: Option<Rc<Schema>>,
}

#[component]
fn FlagControl(props: &ControlProps) -> Html {
    let on_value = props.on_value.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        on_value.emit(Ok(Value::Flag(input.checked())));
    });
    html! {
        <input type="checkbox" class="switch" role="switch" id={props.id.clone()} checked={props.value == Value::Flag(true)}
            disabled={props.disabled} aria-describedby={props.described_by.clone()} {onchange} />
    }
}

/// The options: stable name and label.
fn options(field: &Field, schema: Option<&Schema>, lang: Lang) -> Vec<(String, String)> {
    let with_key = |key: &str, name: &Message| {
        let name = name.get(lang);
        (
            key.to_owned(),
            if name.eq_ignore_ascii_case(key) {
                name.to_owned()
            } else {
                format!("{name} ({key})")
            },
        )
    };
    match field.kind {
        FieldKind::Choice { options } | FieldKind::Kinds { options } => options
            .iter()
            .map(|(key, label)| ((*key).to_owned(), label.get(lang).to_owned()))
            .collect(),
        FieldKind::Feature => schema
            .iter()
            .flat_map(|schema| &schema.features)
            .map(|f| with_key(&f.key, &f.name))
            .collect(),
        FieldKind::Label => schema
            .iter()
            .flat_map(|schema| &schema.labels)
            .map(|l| with_key(&l.key, &l.name))
            .collect(),
        _ => Vec::new(),
    }
}

#[component]
fn ChoiceControl(props: &ControlProps) -> Html {
    let lang = use_lang();
    let options = options(props.field, props.schema.as_deref(), lang);
    let chosen = shown(&props.value);
    let is_known = options.iter().any(|(key, _)| *key == chosen);
    let select = use_node_ref();
    // The browser keeps its own selection, so it is set to the value after each rendering.
    {
        let (select, chosen) = (select.clone(), chosen.clone());
        use_effect(move || {
            if let Some(select) = select.cast::<HtmlSelectElement>() {
                select.set_value(&chosen);
            }
        });
    }
    let on_value = props.on_value.clone();
    let field = props.field;
    let onchange = Callback::from(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        on_value.emit(accept(field, &Value::Words(select.value())));
    });
    html! {
        <select ref={select} id={props.id.clone()} disabled={props.disabled} aria-describedby={props.described_by.clone()} {onchange}>
            if !is_known {
                <option value={chosen.clone()} selected=true>
                    { if chosen.is_empty() { T.choose.get(lang).to_owned() } else { fill(T.not_in_data, lang, &[&chosen]) } }
                </option>
            }
            { for options.into_iter().map(|(key, label)| html! {
                <option selected={key == chosen} value={key.clone()}>{ label }</option>
            }) }
        </select>
    }
}

/// Properties of `TypedBox`.
#[derive(Properties, PartialEq)]
pub struct TypedBoxProps {
    /// The declared setting.
    pub field: &'static Field,
    /// Its value.
    pub value: Value,
    /// Its label, for screen readers.
    pub label: String,
    /// Called with the input, accepted or not.
    pub on_value: Callback<Result<Value, Message>>,
}

/// The input of a setting without its row, for tables and beside sliders.
#[component]
pub fn TypedBox(props: &TypedBoxProps) -> Html {
    let id = use_id();
    html! {
        <>
            <label class="visually-hidden" for={id.clone()}>{ &props.label }</label>
            <TypedControl {id} field={props.field} value={props.value.clone()} on_value={props.on_value.clone()} invalid=false
                described_by={None::<AttrValue>} disabled=false schema={None::<Rc<Schema>>} />
        </>
    }
}

#[component]
fn TypedControl(props: &ControlProps) -> Html {
    let draft = use_state_eq(|| None::<String>);
    // Enter commits, and a blur may follow: the same draft is not committed twice.
    let handed_over = use_mut_ref(|| Cell::new(false));
    let field = props.field;
    let is_number = matches!(field.kind, FieldKind::Int { .. } | FieldKind::Real { .. });

    let oninput = {
        let (draft, handed_over) = (draft.clone(), handed_over.clone());
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            handed_over.borrow().set(false);
            draft.set(Some(input.value()));
        })
    };
    let onblur = {
        let (draft, handed_over, on_value) = (draft.clone(), handed_over.clone(), props.on_value.clone());
        Callback::from(move |_: FocusEvent| {
            if let Some(typed) = &*draft
                && !handed_over.borrow().replace(false)
            {
                on_value.emit(field.parse(typed).map_err(|_| invalid(field)));
            }
            draft.set(None);
        })
    };
    let onkeydown = {
        let (draft, handed_over, on_value, value) = (
            draft.clone(),
            handed_over.clone(),
            props.on_value.clone(),
            props.value.clone(),
        );
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => {
                if let Some(typed) = &*draft {
                    let result = field.parse(typed).map_err(|_| invalid(field));
                    let accepted = result.is_ok();
                    on_value.emit(result);
                    if accepted {
                        draft.set(None);
                    } else {
                        handed_over.borrow().set(true);
                    }
                }
            }
            "Escape" if draft.is_some() => {
                event.stop_propagation();
                draft.set(None);
            }
            "ArrowUp" | "ArrowDown" if is_number => {
                event.prevent_default();
                let from = match &*draft {
                    Some(typed) => field.parse(typed).unwrap_or_else(|_| value.clone()),
                    None => value.clone(),
                };
                let direction = if event.key() == "ArrowUp" { 1.0 } else { -1.0 };
                let factor = if event.shift_key() { 10.0 } else { 1.0 };
                if let Some(next) = stepped(field, &from, direction * factor) {
                    draft.set(None);
                    on_value.emit(Ok(next));
                }
            }
            _ => {}
        })
    };
    let text = draft.as_ref().cloned().unwrap_or_else(|| shown(&props.value));
    let (input_mode, max_length) = match field.kind {
        FieldKind::Int { .. } => ("numeric", None),
        FieldKind::Real { .. } => ("decimal", None),
        FieldKind::Words { max_chars } => ("text", Some(max_chars.to_string())),
        _ => ("text", None),
    };
    html! {
        <input type="text" id={props.id.clone()} class={classes!(is_number.then_some("number"))} value={text}
            inputmode={input_mode} maxlength={max_length} autocomplete="off" spellcheck="false" disabled={props.disabled}
            role={is_number.then_some("spinbutton")} aria-valuenow={is_number.then(|| decimal(&props.value))}
            aria-valuemin={bound(field, false)} aria-valuemax={bound(field, true)}
            aria-invalid={props.invalid.then_some("true")} aria-describedby={props.described_by.clone()}
            {oninput} {onblur} {onkeydown} />
    }
}

fn bound(field: &Field, upper: bool) -> Option<String> {
    match field.kind {
        FieldKind::Int { min, max, .. } => Some(if upper { max } else { min }.to_string()),
        FieldKind::Real { min, max, .. } => {
            let bound = if upper { max } else { min };
            bound.is_finite().then(|| bound.to_string())
        }
        _ => None,
    }
}

/// The value after `steps` arrow presses, clamped to the bounds.
fn stepped(field: &Field, value: &Value, steps: f64) -> Option<Value> {
    match (field.kind, value) {
        (FieldKind::Int { min, max, step }, Value::Int(v)) => {
            Some(Value::Int((v + step * steps as i64).clamp(min, max)))
        }
        (FieldKind::Real { min, max, step }, Value::Real(v)) => {
            // In whole steps where the value lies on one, so that 0.1 + 0.2 is 0.3.
            let places = (-step.log10()).ceil().clamp(0.0, 12.0) as i32 + 2;
            let scale = 10_f64.powi(places);
            Some(Value::Real(
                (((v + step * steps) * scale).round() / scale).clamp(min, max),
            ))
        }
        _ => None,
    }
}

fn accept(field: &Field, value: &Value) -> Result<Value, Message> {
    field.accept(value).map_err(|_| invalid(field))
}

/// The error for an invalid value: the values that `field` accepts.
fn invalid(field: &Field) -> Message {
    let values = field.kind.describe();
    Message::new(
        format!("{} must be {}", field.label.en, values.en),
        format!("{}应为{}", field.label.zh, values.zh),
    )
}

/// The text of a value in its box.
fn shown(value: &Value) -> String {
    match value {
        Value::Real(v) => format::plain(*v),
        Value::Reals(v) => v
            .iter()
            .map(|item| format::plain(*item))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

/// A number without an exponent, which ARIA does not allow.
fn decimal(value: &Value) -> String {
    match value {
        Value::Real(v) => v.to_string(),
        other => other.to_string(),
    }
}

/// A unique element id.
#[hook]
pub fn use_id() -> String {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    let id = use_memo((), |()| NEXT.with(|next| next.replace(next.get() + 1)));
    format!("f{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Text = Text::new("x", "x");
    const RATE: Field = Field {
        key: "rate",
        label: WORDS,
        help: WORDS,
        kind: FieldKind::Real {
            min: 0.0,
            max: 1.0,
            step: 0.1,
        },
    };
    const UNITS: Field = Field {
        key: "units",
        label: WORDS,
        help: WORDS,
        kind: FieldKind::Int {
            min: 1,
            max: 100,
            step: 8,
        },
    };

    #[test]
    fn arrows_move_in_steps_and_stop_at_the_bounds() {
        assert_eq!(stepped(&RATE, &Value::Real(0.2), 1.0), Some(Value::Real(0.3)));
        assert_eq!(stepped(&RATE, &Value::Real(0.95), 1.0), Some(Value::Real(1.0)));
        assert_eq!(stepped(&UNITS, &Value::Int(64), -1.0), Some(Value::Int(56)));
        assert_eq!(stepped(&UNITS, &Value::Int(96), 10.0), Some(Value::Int(100)));
    }

    #[test]
    fn a_value_reads_back_as_it_is_shown() {
        for value in [Value::Real(1e-7), Value::Real(0.001), Value::Real(1.0)] {
            assert_eq!(RATE.parse(&shown(&value)), Ok(value));
        }
    }
}
