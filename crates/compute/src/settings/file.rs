//! Settings in a file: an object with a member for each.

use serde::{
    Deserialize, Deserializer, Serializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
    ser::SerializeMap,
};

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
    deserializer.deserialize_map(EntriesVisitor)?.put_into(settings)
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
    let entries = deserializer.deserialize_map(EntriesVisitor)?;
    let key = entries.key()?;
    let mut settings = with_key(key).ok_or_else(|| D::Error::unknown_variant(key, keys))?;
    entries.put_into(&mut settings)?;
    Ok(settings)
}

/// The members of an object, in their order.
struct Entries(Vec<(String, Loose)>);

impl Entries {
    fn key<E: Error>(&self) -> Result<&str, E> {
        match self.0.iter().find(|(key, _)| key == TAG) {
            Some((_, Loose(Some(Value::Words(key))))) => Ok(key),
            Some((_, value)) => Err(E::invalid_type(
                value.unexpected(),
                &"the name of a kind in `type`",
            )),
            None => Err(E::missing_field(TAG)),
        }
    }

    fn put_into<E: Error>(self, settings: &mut dyn Settings) -> Result<(), E> {
        for (key, value) in self.0 {
            let Some(field) = settings.fields().iter().find(|field| field.key == key) else {
                continue;
            };
            let is_put = value
                .0
                .as_ref()
                .is_some_and(|value| settings.put(field.key, value));
            if !is_put {
                return Err(E::invalid_value(
                    Unexpected::Other(&value.to_string()),
                    &format!("{} for `{}`", field.kind.describe().en, field.key).as_str(),
                ));
            }
        }
        Ok(())
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("settings by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

/// What stands in a file where a setting may stand; nothing when no setting looks like that.
struct Loose(Option<Value>);

impl Loose {
    const OTHER: &str = "something else";

    fn unexpected(&self) -> Unexpected<'_> {
        match &self.0 {
            None => Unexpected::Other(Self::OTHER),
            Some(Value::Flag(value)) => Unexpected::Bool(*value),
            Some(Value::Int(value)) => Unexpected::Signed(*value),
            Some(Value::Real(value)) => Unexpected::Float(*value),
            Some(Value::Reals(_)) => Unexpected::Seq,
            Some(Value::Words(value)) => Unexpected::Str(value),
        }
    }
}

impl std::fmt::Display for Loose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str(Self::OTHER),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let loose = Loose::deserialize(deserializer)?;
        let Some(value) = loose.0 else {
            return Err(D::Error::invalid_type(loose.unexpected(), &LooseVisitor));
        };
        Ok(value)
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false, a number, a list of numbers or a text")
    }

    fn visit_unit<E: Error>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose(Some(Value::Flag(value))))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Loose, E> {
        Ok(Loose(Some(Value::Int(value))))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Loose, E> {
        let value = i64::try_from(value).map_or(Value::Real(value as f64), Value::Int);
        Ok(Loose(Some(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Loose, E> {
        Ok(Loose(Some(Value::Real(value))))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Loose, E> {
        Ok(Loose(Some(Value::Words(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        let mut values = Some(Vec::new());
        while let Some(Loose(item)) = items.next_element()? {
            match (&mut values, item) {
                (Some(values), Some(Value::Int(item))) => values.push(item as f64),
                (Some(values), Some(Value::Real(item))) => values.push(item),
                _ => values = None,
            }
        }
        Ok(Loose(values.map(Value::Reals)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Loose, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}
