//! Plain data as JSON, in little code.
//!
//! Nothing here can fail, which the compiler is told with an error that does not exist: the derived code, which asks after
//! every member whether it failed, shrinks. The text is that of `serde_json`, byte for byte, but for the last digit of a
//! float midway between two shortest decimals: `serde_json` writes the even one, the standard library the larger one.

use std::fmt;
use std::io::Write as _;

use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// The error that does not happen.
#[derive(Debug)]
pub(crate) enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: fmt::Display>(what: T) -> Self {
        not_plain(&what)
    }
}

#[cold]
#[inline(never)]
fn not_plain(what: &dyn fmt::Display) -> ! {
    panic!("not plain data: {what}")
}

/// Writes one value at the end of a text.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl<'a> Writer<'a> {
    #[inline(never)]
    fn raw(self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    #[inline(never)]
    fn text(self, value: &str) {
        self.0.push(b'"');
        let mut rest = value.as_bytes();
        while let Some(plain) = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
        {
            self.0.extend_from_slice(&rest[..plain]);
            let short = match rest[plain] {
                byte @ (b'"' | b'\\') => byte,
                b'\n' => b'n',
                b'\t' => b't',
                b'\r' => b'r',
                0x8 => b'b',
                0xc => b'f',
                byte => {
                    print(self.0, format_args!("\\u{byte:04x}"));
                    rest = &rest[plain + 1..];
                    continue;
                }
            };
            self.0.extend_from_slice(&[b'\\', short]);
            rest = &rest[plain + 1..];
        }
        self.0.extend_from_slice(rest);
        self.0.push(b'"');
    }

    #[inline(never)]
    fn unsigned(self, value: u64) {
        print(self.0, format_args!("{value}"));
    }

    #[inline(never)]
    fn signed(self, value: i64) {
        print(self.0, format_args!("{value}"));
    }

    #[inline(never)]
    fn single(self, value: f32) {
        let is_plain = (1e-6..1e13).contains(&value.abs());
        self.float(&value, value.is_finite(), value == 0.0 || is_plain);
    }

    #[inline(never)]
    fn double(self, value: f64) {
        let is_plain = (1e-5..1e16).contains(&value.abs());
        self.float(&value, value.is_finite(), value == 0.0 || is_plain);
    }

    /// The shortest decimal that reads back as the same float, plain (`1.0`, `0.00001`) or with an exponent (`1.5e+16`); null for
    /// what JSON cannot say.
    fn float(self, value: &(impl fmt::Display + fmt::LowerExp), is_finite: bool, is_plain: bool) {
        let start = self.0.len();
        let has = |out: &[u8], byte| out[start..].iter().position(|there| *there == byte);
        if !is_finite {
            self.raw("null");
        } else if is_plain {
            print(self.0, format_args!("{value}"));
            if has(self.0, b'.').is_none() {
                self.raw(".0");
            }
        } else {
            print(self.0, format_args!("{value:e}"));
            // The sign of an exponent is always written.
            if let Some(exponent) = has(self.0, b'e')
                && self.0[start + exponent + 1] != b'-'
            {
                self.0.insert(start + exponent + 1, b'+');
            }
        }
    }

    #[inline(never)]
    fn open(self, open: u8, close: &'static str) -> Parts<'a> {
        self.0.push(open);
        Parts {
            out: self.0,
            is_first: true,
            close,
        }
    }

    /// `{"variant":` and an opening bracket.
    #[inline(never)]
    fn open_variant(self, variant: &str, open: u8, close: &'static str) -> Parts<'a> {
        self.0.push(b'{');
        Writer(self.0).text(variant);
        self.0.push(b':');
        self.open(open, close)
    }
}

fn print(out: &mut Vec<u8>, what: fmt::Arguments<'_>) {
    // A vector takes all that is written to it.
    let _ = out.write_fmt(what);
}

macro_rules! scalars {
    ($( $method:ident $from:ty, $write:ident $to:ty; )+) => {
        $( fn $method(self, value: $from) -> Result<(), Never> {
            self.$write(value as $to);
            Ok(())
        } )+
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    scalars! {
        serialize_i8 i8, signed i64;
        serialize_i16 i16, signed i64;
        serialize_i32 i32, signed i64;
        serialize_i64 i64, signed i64;
        serialize_u8 u8, unsigned u64;
        serialize_u16 u16, unsigned u64;
        serialize_u32 u32, unsigned u64;
        serialize_u64 u64, unsigned u64;
        serialize_f32 f32, single f32;
        serialize_f64 f64, double f64;
        serialize_str &str, text &str;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Never> {
        self.raw(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Never> {
        self.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.raw("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Never> {
        self.text(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        let mut parts = self.open(b'{', "}");
        parts.member(variant, value);
        parts.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Never> {
        Ok(self.open(b'[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Never> {
        Ok(self.open(b'[', "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Never> {
        Ok(self.open(b'[', "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Never> {
        Ok(self.open_variant(variant, b'[', "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Never> {
        Ok(self.open(b'{', "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Never> {
        Ok(self.open(b'{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Never> {
        Ok(self.open_variant(variant, b'{', "}}"))
    }
}

/// An object or a list that is being written.
pub(crate) struct Parts<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
    close: &'static str,
}

impl Parts<'_> {
    /// Room for the next item.
    #[inline(never)]
    fn next(&mut self) -> Writer<'_> {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        Writer(self.out)
    }

    /// The name of the next member, and room for its value.
    #[inline(never)]
    fn name(&mut self, name: &str) -> Writer<'_> {
        self.next().text(name);
        self.out.push(b':');
        Writer(self.out)
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let Ok(()) = value.serialize(self.name(name));
    }

    #[inline(never)]
    fn close(self) -> Result<(), Never> {
        Writer(self.out).raw(self.close);
        Ok(())
    }
}

macro_rules! lists {
    ($( $of:ident $method:ident; )+) => {
        $( impl $of for Parts<'_> {
            type Ok = ();
            type Error = Never;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
                value.serialize(self.next())
            }

            fn end(self) -> Result<(), Never> {
                self.close()
            }
        } )+
    };
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! objects {
    ($( $of:ident )+) => {
        $( impl $of for Parts<'_> {
            type Ok = ();
            type Error = Never;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
                self.member(name, value);
                Ok(())
            }

            fn end(self) -> Result<(), Never> {
                self.close()
            }
        } )+
    };
}

objects! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        let Writer(out) = self.next();
        let start = out.len();
        let Ok(()) = key.serialize(Writer(out));
        as_name(out, start);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<(), Never> {
        self.close()
    }
}

/// Makes what was written from `start` on the name of a member: a number becomes a text.
#[inline(never)]
fn as_name(out: &mut Vec<u8>, start: usize) {
    match out.get(start) {
        Some(b'"') => {}
        Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
            out.insert(start, b'"');
            out.push(b'"');
        }
        _ => not_plain(&"a map by something that is no text"),
    }
    out.push(b':');
}
