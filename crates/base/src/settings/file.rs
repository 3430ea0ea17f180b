//! Settings in a file: an object with a member for each.

use serde::{
    Deserialize, Deserializer, Serializer,
    de::{Error, Unexpected},
    ser::SerializeMap,
};
use serde_json::Value as Json;

use super::{Settings, Value};

/// Writes settings as a map, in the order of the form. One routine for all structs: derived code would stand in the
/// page once for each of them.
pub fn serialize<S: Serializer>(settings: &dyn Settings, serializer: S) -> Result<S::Ok, S::Error> {
    serialize_members(None, settings, serializer)
}

/// [`serialize`] for settings of several kinds: the member `type` says of which they are.
pub fn serialize_tagged<S: Serializer>(
    key: &str,
    settings: &dyn Settings,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serialize_members(Some(key), settings, serializer)
}

fn serialize_members<S: Serializer>(
    key: Option<&str>,
    settings: &dyn Settings,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let fields = settings.fields();
    let mut map = serializer.serialize_map(Some(fields.len() + usize::from(key.is_some())))?;
    if let Some(key) = key {
        map.serialize_entry(TAG, key)?;
    }
    for field in fields {
        if let Some(value) = settings.get(field.key) {
            map.serialize_entry(field.key, &value)?;
        }
    }
    map.end()
}

/// The member that says of which kind settings are.
const TAG: &str = "type";

/// Reads what [`serialize`] wrote into settings that have their defaults: a missing entry keeps its default, an unknown one is
/// passed over.
///
/// # Errors
/// A value of another type than the setting's.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
    settings: &mut dyn Settings,
) -> Result<(), D::Error> {
    let members = Json::deserialize(deserializer)?;
    put_members(settings, &members)
}

/// Reads what [`serialize_tagged`] wrote, as [`deserialize`] does; `with_key` makes the defaults of a kind, and `keys` are
/// the kinds there are.
///
/// # Errors
/// No such kind, or a value of another type than the setting's.
pub fn deserialize_tagged<'de, D: Deserializer<'de>, T: Settings>(
    deserializer: D,
    keys: &'static [&'static str],
    with_key: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let members = Json::deserialize(deserializer)?;
    let key = match members.get(TAG) {
        Some(Json::String(key)) => key,
        Some(_) => {
            return Err(D::Error::invalid_type(
                Unexpected::Other(OTHER),
                &"a text for `type`",
            ));
        }
        None => return Err(D::Error::missing_field(TAG)),
    };
    let mut settings = with_key(key).ok_or_else(|| D::Error::unknown_variant(key, keys))?;
    put_members(&mut settings, &members)?;
    Ok(settings)
}

/// What is said to have come where nothing that a setting can be stands.
const OTHER: &str = "something else";

fn put_members<E: Error>(settings: &mut dyn Settings, members: &Json) -> Result<(), E> {
    let Json::Object(members) = members else {
        return Err(E::invalid_type(Unexpected::Other(OTHER), &"settings by name"));
    };
    for field in settings.fields() {
        let Some(json) = members.get(field.key) else {
            continue;
        };
        let value = from_json(json);
        let is_put = value.as_ref().is_some_and(|value| settings.put(field.key, value));
        if !is_put {
            let got = value.map_or_else(|| OTHER.to_owned(), |value| value.to_string());
            return Err(E::invalid_value(
                Unexpected::Other(&got),
                &format!("{} for `{}`", field.kind.describe().en, field.key).as_str(),
            ));
        }
    }
    Ok(())
}

/// What a setting can be; none for what no setting looks like.
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
