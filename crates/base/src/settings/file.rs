//! Settings in a file: an object with a member for each, and an object for each group. One routine for all structs:
//! derived code would stand in the page once for each of them.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected},
    ser::SerializeMap,
};
use serde_json::Value as Json;

use super::{FieldKind, Kind, SettingError, Settings, Value, find};
use crate::text::Text;

/// Writes settings as a map, in the order of their declaration, with their kind first where there are several.
pub fn serialize<S: Serializer>(settings: &dyn Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let fields = settings.fields();
    let kind = settings.kind();
    let mut map = serializer.serialize_map(Some(fields.len() + usize::from(kind.is_some())))?;
    if let Some(kind) = kind {
        map.serialize_entry(kind.tag, kind.key)?;
    }
    for field in fields {
        if let Some(group) = settings.group(field.key) {
            map.serialize_entry(field.key, &Group(group))?;
        } else if let Some(value) = settings.get(field.key) {
            map.serialize_entry(field.key, &value)?;
        }
    }
    map.end()
}

struct Group<'a>(&'a dyn Settings);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

/// Deserialises the format of [`serialize`] into settings with default values: a missing entry keeps its default, an unknown one is
/// ignored, and bounds are not checked (see [`Settings::check`]).
///
/// # Errors
/// When a value has another type than the setting.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
    settings: &mut dyn Settings,
) -> Result<(), D::Error> {
    put_members(settings, &Json::deserialize(deserializer)?, "")
}

/// Deserialises settings with several kinds, as [`deserialize`] does; the member `tag` has the kind, `options` are
/// the kinds, and `with_key` returns the defaults of a kind.
///
/// # Errors
/// When there is no such kind, or a value has another type than the setting.
pub fn deserialize_kinds<'de, D: Deserializer<'de>, T: Settings>(
    deserializer: D,
    tag: &'static str,
    options: &'static [(&'static str, Text)],
    with_key: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let members = Json::deserialize(deserializer)?;
    let named = members.get(tag);
    let settings = named.and_then(Json::as_str).and_then(with_key);
    let mut settings = settings.ok_or_else(|| wrong(named, FieldKind::Kinds { options }, tag))?;
    put_settings(&mut settings, &members, "")?;
    Ok(settings)
}

/// Description of a JSON value that no setting can have, for error messages.
const OTHER: &str = "something else";

/// `path` names the groups that the settings are in: `stop.`.
fn put_members<E: Error>(settings: &mut dyn Settings, members: &Json, path: &str) -> Result<(), E> {
    if let Some(Kind { tag, key, options }) = settings.kind() {
        let named = members.get(tag);
        let is_known = named
            .and_then(Json::as_str)
            .is_some_and(|named| named == key || settings.set_kind(named));
        if !is_known {
            return Err(wrong(
                named,
                FieldKind::Kinds { options },
                &format!("{path}{tag}"),
            ));
        }
    }
    put_settings(settings, members, path)
}

fn put_settings<E: Error>(settings: &mut dyn Settings, members: &Json, path: &str) -> Result<(), E> {
    if !members.is_object() {
        let expected = match path.strip_suffix('.') {
            Some(path) => format!("settings by name for `{path}`"),
            None => "settings by name".to_owned(),
        };
        return Err(E::invalid_type(Unexpected::Other(OTHER), &expected.as_str()));
    }
    for field in settings.fields() {
        let Some(json) = members.get(field.key) else {
            continue;
        };
        if let Some(group) = settings.group_mut(field.key) {
            put_members(group, json, &format!("{path}{}.", field.key))?;
            continue;
        }
        let is_put = from_json(json).is_some_and(|value| settings.put(field.key, &value));
        if !is_put {
            return Err(wrong(Some(json), field.kind, &format!("{path}{}", field.key)));
        }
    }
    Ok(())
}

/// The error for a value that a setting cannot have.
fn wrong<E: Error>(got: Option<&Json>, kind: FieldKind, path: &str) -> E {
    let got = got.and_then(from_json);
    let got = got.map_or_else(|| OTHER.to_owned(), |value| value.to_string());
    let expected = format!("{} for `{path}`", kind.describe().en);
    E::invalid_value(Unexpected::Other(&got), &expected.as_str())
}

/// A copy of `settings` with the members of the object `members` changed, also in nested groups. Unlike a file it must
/// not have unknown members, and every value must be within its bounds. A kind may be given by its name alone, and then
/// has its defaults.
///
/// # Errors
/// [`SettingError`] for the first setting that is unknown, of the wrong type or outside its bounds.
pub fn merged<T: Settings + Clone>(settings: &T, members: &Json) -> Result<T, SettingError> {
    let mut settings = settings.clone();
    merge(&mut settings, members)?;
    Ok(settings)
}

fn merge(settings: &mut dyn Settings, members: &Json) -> Result<(), SettingError> {
    let Some(names) = members.as_object() else {
        return Err(invalid("settings", FieldKind::Group, members));
    };
    let tag = settings.kind().map(|kind| kind.tag);
    if let Some(Kind { tag, key, options }) = settings.kind()
        && let Some(json) = members.get(tag)
        && json.as_str() != Some(key)
        && !json.as_str().is_some_and(|key| settings.set_kind(key))
    {
        return Err(invalid(tag, FieldKind::Kinds { options }, json));
    }
    for (name, json) in names.iter().filter(|(name, _)| Some(name.as_str()) != tag) {
        let field = find(settings.fields(), name)?;
        match (json, settings.group_mut(field.key)) {
            (Json::Object(_), Some(group)) => {
                merge(group, json).map_err(|error| error.within(field.key))?;
            }
            _ => match from_json(json) {
                Some(value) => settings.set(field.key, &value)?,
                None => return Err(invalid(field.key, field.kind, json)),
            },
        }
    }
    Ok(())
}

fn invalid(key: &str, kind: FieldKind, got: &Json) -> SettingError {
    SettingError::Invalid {
        key: key.to_owned(),
        kind,
        got: got.to_string(),
    }
}

/// The generic value of a JSON value; `None` if no setting can have it.
fn from_json(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Object(members) => members
            .iter()
            .map(|(key, share)| Some((key.clone(), share.as_f64()?)))
            .collect::<Option<_>>()
            .map(Value::Shares),
        Json::Bool(value) => Some(Value::Flag(*value)),
        Json::Number(value) => value
            .as_i64()
            .map(Value::Int)
            .or_else(|| value.as_f64().map(Value::Real)),
        Json::String(value) => Some(Value::Words(value.clone())),
        Json::Array(items) => items
            .iter()
            .map(Json::as_f64)
            .collect::<Option<_>>()
            .map(Value::Reals),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json(&Json::deserialize(deserializer)?).ok_or_else(|| {
            D::Error::invalid_type(
                Unexpected::Other(OTHER),
                &"true, false, a number, a list of numbers, numbers by key or a text",
            )
        })
    }
}
