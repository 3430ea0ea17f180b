//! Rows and forms for settings of the run, made from their declaration and found by the groups that they are in.

use mtl_base::{
    settings::{Field, Value, find, group_at, group_at_mut},
    text::Explain,
};
use mtl_training::protocol::RunSettings;
use yew::prelude::*;

use crate::{
    state::{PlaygroundRef, use_playground, use_store},
    ui::form::{FieldRow, SettingsForm, values_of},
};

/// The groups that a setting is in, from the outermost: `Groups(&["stop"])`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Groups(pub &'static [&'static str]);

/// The declaration and the value of setting `key` within `groups`.
fn setting(settings: &RunSettings, groups: Groups, key: &str) -> Option<(&'static Field, Value)> {
    let group = group_at(settings, groups.0)?;
    let field = find(group.fields(), key).ok()?;
    Some((field, group.get(key)?))
}

/// Changes setting `key` within `groups` as a person does: what is refused is said.
fn change(playground: &PlaygroundRef, groups: Groups, key: &str, value: &Value) {
    let mut settings = RunSettings::clone(&playground.settings.get());
    let Some(group) = group_at_mut(&mut settings, groups.0) else {
        return;
    };
    let changed = group.set(key, value).map_err(|error| error.explain());
    if let Err(message) = changed.and_then(|()| playground.set_settings(settings)) {
        playground.show_problem(message);
    }
}

/// Names a setting of the run.
#[derive(Properties, PartialEq)]
pub struct RunFieldProps {
    /// The groups that it is in.
    #[prop_or_default]
    pub groups: Groups,
    /// Its name.
    pub name: &'static str,
    /// A control beside the box.
    #[prop_or_default]
    pub children: Html,
}

/// The row of one setting of the run.
#[component]
pub fn RunField(props: &RunFieldProps) -> Html {
    let playground = use_playground();
    let (groups, name) = (props.groups, props.name);
    let settings = use_store(&playground.settings);
    let Some((field, value)) = setting(&settings, groups, name) else {
        return Html::default();
    };
    let on_change = Callback::from(move |value: Value| change(&playground, groups, name, &value));
    html! { <FieldRow {field} {value} {on_change}>{ props.children.clone() }</FieldRow> }
}

/// Names a group of settings of the run.
#[derive(Properties, PartialEq)]
pub struct RunGroupProps {
    /// The groups, from the outermost.
    pub groups: Groups,
}

/// A row for every setting of a group.
#[component]
pub fn RunGroup(props: &RunGroupProps) -> Html {
    let playground = use_playground();
    let groups = props.groups;
    let settings = use_store(&playground.settings);
    let Some(group) = group_at(&*settings, groups.0) else {
        return Html::default();
    };
    let (fields, values) = (group.fields(), values_of(group));
    let on_change =
        Callback::from(move |(key, value): (&'static str, Value)| change(&playground, groups, key, &value));
    html! { <SettingsForm {fields} {values} {on_change} /> }
}
