//! Plain data from JSON, in little code.
//!
//! `serde_json` compiles its tokeniser into the derived code of every type that it reads: half a megabyte of the page.
//! Here a text becomes a tree of [`Value`]s first, which is one function for all types, and the derived code walks the
//! tree. It takes what `serde_json` takes and refuses what it refuses, but for two things: a struct is never read from
//! a list, and an object with two members of the same name is refused. What is written is the text of `serde_json`.
//!
//! The tree, its parser and the writer of numbers are our own as well, with the number code of the standard library,
//! which the page has anyway: `serde_json` brings tables and algorithms for floats of its own both ways. That is 28 kB of
//! the page, gzipped; 24 kB more is what [`read_tagged!`] saves over what serde derives.
//!
//! A tree also knows where it is: an error says `nodes[3].layer.units: expected usize, got string "many"`. An error of
//! the syntax has the words, line and column of `serde_json`.
//!
//! Not for long lists of numbers: each would be a [`Value`]. [`members()`] and [`members_of_items`] cut a text into
//! the texts of its parts instead.

mod error;
mod key;
mod parser;
mod pretty;
mod reader;
mod scalars;
mod tagged;
mod value;
mod writer;

pub use error::Error;
pub use parser::{SyntaxError, members, members_of_items};
pub use pretty::pretty;
pub use value::Value;

use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};

use crate::reader::Reader;
use crate::writer::Writer;

/// Reads a text.
///
/// # Errors
/// The text is not JSON, or not of this type.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    read_value(&parse(text)?)
}

/// Reads a tree.
///
/// # Errors
/// The tree is not of this type.
pub fn read_value<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, Error> {
    T::deserialize(Reader(value))
}

/// The text of a plain value, without white space.
///
/// # Panics
/// A map has keys that are not text, which is a mistake in the program and not in the value.
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    write_into(&mut out, value);
    String::from_utf8(out).expect("texts are written whole")
}

/// [`write()`] at the end of some bytes.
///
/// # Panics
/// As [`write()`].
pub fn write_into<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let Ok(()) = value.serialize(Writer(out));
}

/// A plain value as a tree. Through text, so that the `f32` 0.1 becomes 0.1 and not 0.10000000149011612, and since a writer
/// of trees would be a second compiled copy of the one of texts.
///
/// # Panics
/// As [`write()`], or when it is too deep to be read, which the data of a program is not.
pub fn tree<T: Serialize + ?Sized>(value: &T) -> Value {
    parse(&write(value)).expect("plain data is JSON, and not deep")
}

/// A text as a tree.
///
/// # Errors
/// The text is not JSON: where and why.
pub fn parse(text: &str) -> Result<Value, Error> {
    parser::parse(text).map_err(|error| Error::plain(&error))
}
