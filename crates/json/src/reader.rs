//! A tree as derived code wants to see it.
//!
//! What does not depend on the type that is read is outlined: the derived code of some hundred types calls this.

use std::collections::{BTreeMap, btree_map};
use std::slice;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};

use crate::Value;
use crate::error::Error;
use crate::key::Key;
use crate::scalars::scalars;

/// Reads one value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a Value);

/// What stands for nothing where a variant has no content.
const NOTHING: &Value = &Value::Null;

impl<'a> Reader<'a> {
    #[cold]
    #[inline(never)]
    fn wrong(self, expected: &dyn Expected) -> Error {
        let got = match self.0 {
            Value::Null => Unexpected::Other("null"),
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::String(value) => Unexpected::Str(value),
            Value::Array(_) => Unexpected::Other("a list"),
            Value::Object(_) => Unexpected::Other("an object"),
            Value::Unsigned(value) => Unexpected::Unsigned(*value),
            Value::Signed(value) => Unexpected::Signed(*value),
            Value::Float(value) => Unexpected::Float(*value),
        };
        Error::unexpected(got, expected)
    }

    #[inline(never)]
    fn bool(self, expected: &dyn Expected) -> Result<bool, Error> {
        match self.0 {
            Value::Bool(value) => Ok(*value),
            _ => Err(self.wrong(expected)),
        }
    }

    #[inline(never)]
    fn unsigned(self, expected: &dyn Expected) -> Result<u64, Error> {
        self.0.as_u64().ok_or_else(|| self.wrong(expected))
    }

    #[inline(never)]
    fn signed(self, expected: &dyn Expected) -> Result<i64, Error> {
        self.0.as_i64().ok_or_else(|| self.wrong(expected))
    }

    #[inline(never)]
    fn float(self, expected: &dyn Expected) -> Result<f64, Error> {
        self.0.as_f64().ok_or_else(|| self.wrong(expected))
    }

    #[inline(never)]
    fn str(self, expected: &dyn Expected) -> Result<&'a str, Error> {
        self.0.as_str().ok_or_else(|| self.wrong(expected))
    }

    #[inline(never)]
    fn items(self, expected: &dyn Expected) -> Result<Items<'a>, Error> {
        match self.0 {
            Value::Array(values) => Ok(Items {
                values: values.iter(),
                n: values.len(),
            }),
            _ => Err(self.wrong(expected)),
        }
    }

    #[inline(never)]
    fn members(self, expected: &dyn Expected) -> Result<Members<'a>, Error> {
        match self.0 {
            Value::Object(members) => Ok(Members {
                members: members.iter(),
                last: ("", NOTHING),
            }),
            _ => Err(self.wrong(expected)),
        }
    }

    /// A text, or an object of one member.
    #[inline(never)]
    fn variant(self, expected: &dyn Expected) -> Result<Variant<'a>, Error> {
        match self.0 {
            Value::String(name) => Ok(Variant { name, value: None }),
            Value::Object(members) if members.len() == 1 => sole(members).ok_or_else(|| self.wrong(expected)),
            _ => Err(self.wrong(&"the name of a variant or an object with one member")),
        }
    }
}

fn sole(members: &BTreeMap<String, Value>) -> Option<Variant<'_>> {
    members.iter().next().map(|(name, value)| Variant {
        name,
        value: Some(value),
    })
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(value) => visitor.visit_str(value),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(_) => self.deserialize_map(visitor),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Signed(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
        }
    }

    scalars! {
        bool, visit_bool: deserialize_bool;
        unsigned, visit_u64: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64;
        signed, visit_i64: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64;
        float, visit_f64: deserialize_f32 deserialize_f64;
        str, visit_str: deserialize_char deserialize_str deserialize_string deserialize_identifier;
        items, visit_seq: deserialize_seq;
        members, visit_map: deserialize_map;
    }

    serde::forward_to_deserialize_any! { i128 u128 bytes byte_buf }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let mut items = self.items(&visitor)?;
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        n: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(n, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let variant = self.variant(&visitor)?;
        visitor.visit_enum(variant)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The items of a list that are still to be read.
struct Items<'a> {
    values: slice::Iter<'a, Value>,
    n: usize,
}

impl Items<'_> {
    /// Refuses a list that is longer than what was read from it.
    #[inline(never)]
    fn end(&self) -> Result<(), Error> {
        match self.values.len() {
            0 => Ok(()),
            rest => Err(Error::plain(&format_args!(
                "expected a list of {}, got one of {}",
                self.n - rest,
                self.n
            ))),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        match seed.deserialize(Reader(value)) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.in_item(self.n - self.values.len() - 1)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// The members of an object that are still to be read.
struct Members<'a> {
    members: btree_map::Iter<'a, String, Value>,
    /// The one whose name was read last.
    last: (&'a str, &'a Value),
}

impl<'a> Members<'a> {
    #[inline(never)]
    fn advance(&mut self) -> Option<Key<'a>> {
        let (name, value) = self.members.next()?;
        self.last = (name, value);
        Some(Key(name))
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.advance() {
            Some(key) => seed.deserialize(key).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, value) = self.last;
        seed.deserialize(Reader(value))
            .map_err(|error| error.in_member(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

/// A variant and what it holds.
pub(crate) struct Variant<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<&'a Value>,
}

impl<'a> Variant<'a> {
    fn content(&self) -> Reader<'a> {
        Reader(self.value.unwrap_or(NOTHING))
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(Key(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    #[inline(never)]
    fn unit_variant(self) -> Result<(), Error> {
        let content = self.content();
        match content.0 {
            Value::Null => Ok(()),
            _ => Err(content.wrong(&"nothing").in_member(self.name)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.content())
            .map_err(|error| error.in_member(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, Error> {
        self.content()
            .deserialize_tuple(n, visitor)
            .map_err(|error| error.in_member(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content()
            .deserialize_map(visitor)
            .map_err(|error| error.in_member(self.name))
    }
}
