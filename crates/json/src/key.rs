//! The name of a member or of a variant.

use serde::de::{Deserializer, Error as _, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::error::Error;
use crate::reader::Variant;
use crate::scalars::scalars;

/// Reads a name: a text, a number written as a text, or a variant.
#[derive(Clone, Copy)]
pub(crate) struct Key<'a>(pub(crate) &'a str);

impl Key<'_> {
    #[inline(never)]
    fn unsigned(self, expected: &dyn Expected) -> Result<u64, Error> {
        self.0.parse().map_err(|_| self.wrong(expected))
    }

    #[inline(never)]
    fn signed(self, expected: &dyn Expected) -> Result<i64, Error> {
        self.0.parse().map_err(|_| self.wrong(expected))
    }

    fn wrong(self, expected: &dyn Expected) -> Error {
        Error::invalid_value(Unexpected::Str(self.0), expected)
    }
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    scalars! {
        unsigned, visit_u64: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64;
        signed, visit_i64: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(Variant {
            name: self.0,
            value: None,
        })
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
