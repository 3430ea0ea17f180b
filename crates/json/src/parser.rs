//! From a text to a tree, or to parts of the text.
//!
//! The grammar is strict and its faults are told as `serde_json` tells them, which the tests hold it against. Next to nothing
//! here is generic: it stands in the page once.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map::Entry};
use std::fmt;

use crate::Value;

/// How deep lists and objects may lie in each other, so that no text exhausts the stack.
const MAX_DEPTH: usize = 127;

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub what: Cow<'static, str>,
    /// Bytes before the one that is wrong.
    pub offset: usize,
    /// Its line, from 1.
    pub line: usize,
    /// Its place in the line in bytes, from 1.
    pub column: usize,
    /// Whether the text ends too early: more of it could be JSON.
    pub is_truncated: bool,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for SyntaxError {}

type Parsed<T> = Result<T, Box<SyntaxError>>;

/// A text as a tree.
pub(crate) fn parse(text: &str) -> Parsed<Value> {
    let mut parser = Parser::new(text);
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

/// The members of an object, each as the text of its value: for what has to know where in the text a value stands, or
/// has long lists of numbers, of which a tree would be many times the size. None for JSON of another kind.
///
/// # Errors
/// The text is not JSON, or has two members of the same name.
pub fn members(text: &str) -> Parsed<Option<BTreeMap<String, &str>>> {
    let mut parser = Parser::new(text);
    let members = parser.members()?;
    parser.end()?;
    Ok(members)
}

/// The [`members()`] of each object of a list; none for JSON of another kind.
///
/// # Errors
/// As [`members()`].
pub fn members_of_items(text: &str) -> Parsed<Option<Vec<BTreeMap<String, &str>>>> {
    let mut parser = Parser::new(text);
    let mut items = Some(Vec::new());
    if parser.peek() == Some(b'[') {
        parser.list(&mut |parser| {
            match (&mut items, parser.members()?) {
                (Some(items), Some(members)) => items.push(members),
                _ => items = None,
            }
            Ok(())
        })?;
    } else {
        parser.skip()?;
        items = None;
    }
    parser.end()?;
    Ok(items)
}

struct Parser<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some(b'{') => self.object_of(Self::value).map(Value::Object),
            Some(b'[') => {
                let mut values = Vec::new();
                self.list(&mut |parser| {
                    values.push(parser.value()?);
                    Ok(())
                })?;
                Ok(Value::Array(values))
            }
            Some(b'"') => {
                self.at += 1;
                Ok(Value::String(self.string()?))
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = number(self.number()?);
                number.ok_or_else(|| self.fault("number out of range"))
            }
            _ => self.word(),
        }
    }

    /// The members of an object as text; goes past a value of another kind.
    fn members(&mut self) -> Parsed<Option<BTreeMap<String, &'a str>>> {
        if self.peek() != Some(b'{') {
            self.skip()?;
            return Ok(None);
        }
        self.object_of(Self::span).map(Some)
    }

    /// The members of an object, each as `read` gives it.
    fn object_of<V>(&mut self, read: fn(&mut Self) -> Parsed<V>) -> Parsed<BTreeMap<String, V>> {
        let mut members = BTreeMap::new();
        self.object(&mut |parser, name| match members.entry(name) {
            Entry::Vacant(place) => {
                place.insert(read(parser)?);
                Ok(())
            }
            Entry::Occupied(there) => Err(parser.twice(there.key())),
        })?;
        Ok(members)
    }

    /// Goes past a value.
    fn skip(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'{') => self.object(&mut |parser, _| parser.skip()),
            Some(b'[') => self.list(&mut Self::skip),
            Some(b'"') => {
                self.at += 1;
                self.string().map(drop)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => self.word().map(drop),
        }
    }

    /// The text of a value.
    fn span(&mut self) -> Parsed<&'a str> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(&self.text[start..self.at])
    }

    /// Nothing but white space comes.
    fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault_ahead("trailing characters")),
        }
    }

    fn object(&mut self, member: &mut dyn FnMut(&mut Self, String) -> Parsed<()>) -> Parsed<()> {
        self.enclosed(b'}', &mut |parser| {
            let name = parser.name()?;
            member(parser, name)
        })
    }

    fn list(&mut self, item: &mut dyn FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.enclosed(b']', item)
    }

    /// What stands between the bracket that comes next and `close`, separated by commas.
    fn enclosed(&mut self, close: u8, part: &mut dyn FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        let (cut_off, no_comma) = match close {
            b'}' => ("EOF while parsing an object", "expected `,` or `}`"),
            _ => ("EOF while parsing a list", "expected `,` or `]`"),
        };
        if self.depth == MAX_DEPTH {
            return Err(self.fault_ahead("recursion limit exceeded"));
        }
        self.at += 1;
        self.depth += 1;
        let mut is_first = true;
        loop {
            match self.peek() {
                None => return Err(self.truncated(cut_off)),
                Some(byte) if byte == close => break,
                Some(b',') if !is_first => {
                    self.at += 1;
                    match self.peek() {
                        None => return Err(self.truncated(EOF_VALUE)),
                        Some(byte) if byte == close => return Err(self.fault_ahead("trailing comma")),
                        Some(_) => {}
                    }
                }
                Some(_) if is_first => is_first = false,
                Some(_) => return Err(self.fault_ahead(no_comma)),
            }
            part(self)?;
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// The name of a member and the colon behind it.
    fn name(&mut self) -> Parsed<String> {
        if self.peek() != Some(b'"') {
            return Err(self.fault_ahead("key must be a string"));
        }
        self.at += 1;
        let name = self.string()?;
        match self.peek() {
            None => return Err(self.truncated("EOF while parsing an object")),
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.fault_ahead("expected `:`")),
        }
        Ok(name)
    }

    /// The rest of a text whose opening quote has been read.
    fn string(&mut self) -> Parsed<String> {
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.next(EOF_STRING)? {
                b'"' => return Ok(out),
                b'\\' => out.push(self.escaped()?),
                _ => {
                    return Err(
                        self.fault("control character (\\u0000-\\u001F) found while parsing a string")
                    );
                }
            }
        }
    }

    /// The character that stands behind a backslash.
    fn escaped(&mut self) -> Parsed<char> {
        Ok(match self.next(EOF_STRING)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let mut units = vec![first];
                // The first half of a pair.
                if (0xd800..0xdc00).contains(&first) {
                    for expected in [b'\\', b'u'] {
                        if self.next(EOF_STRING)? != expected {
                            return Err(self.fault("unexpected end of hex escape"));
                        }
                    }
                    units.push(self.unit()?);
                }
                match char::decode_utf16(units).next() {
                    Some(Ok(char)) => char,
                    _ => return Err(self.fault("lone leading surrogate in hex escape")),
                }
            }
            _ => return Err(self.fault("invalid escape")),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Parsed<u16> {
        let Some(digits) = self.text.as_bytes().get(self.at..self.at + 4) else {
            self.at = self.text.len();
            return Err(self.truncated(EOF_STRING));
        };
        self.at += 4;
        digits
            .iter()
            .try_fold(0, |unit, digit| {
                Some(unit << 4 | char::from(*digit).to_digit(16)?)
            })
            .map(|unit| unit as u16)
            .ok_or_else(|| self.fault("invalid escape"))
    }

    /// The text of a number.
    fn number(&mut self) -> Parsed<&'a str> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.next(EOF_VALUE)? {
            b'0' if self.byte().is_some_and(|byte| byte.is_ascii_digit()) => {
                return Err(self.fault_ahead(NO_NUMBER));
            }
            b'0'..=b'9' => self.digits(),
            _ => return Err(self.fault(NO_NUMBER)),
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            match self.byte() {
                Some(b'0'..=b'9') => self.digits(),
                Some(_) => return Err(self.fault_ahead(NO_NUMBER)),
                None => return Err(self.truncated(EOF_VALUE)),
            }
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            match self.next(EOF_VALUE)? {
                b'0'..=b'9' => self.digits(),
                _ => return Err(self.fault(NO_NUMBER)),
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let n = rest.iter().position(|byte| !byte.is_ascii_digit());
        self.at += n.unwrap_or(rest.len());
    }

    fn word(&mut self) -> Parsed<Value> {
        let (word, value) = match self.byte() {
            Some(b'n') => ("null", Value::Null),
            Some(b't') => ("true", Value::Bool(true)),
            Some(b'f') => ("false", Value::Bool(false)),
            Some(_) => return Err(self.fault_ahead("expected value")),
            None => return Err(self.truncated(EOF_VALUE)),
        };
        for expected in word.bytes() {
            if self.next(EOF_VALUE)? != expected {
                return Err(self.fault("expected ident"));
            }
        }
        Ok(value)
    }

    /// The next byte.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte after white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Reads a byte; there must be one.
    fn next(&mut self, cut_off: &'static str) -> Parsed<u8> {
        let byte = self.byte().ok_or_else(|| self.truncated(cut_off))?;
        self.at += 1;
        Ok(byte)
    }

    /// The last byte read is wrong.
    #[cold]
    fn fault(&self, what: impl Into<Cow<'static, str>>) -> Box<SyntaxError> {
        let before = &self.text.as_bytes()[..self.at];
        let lines = before.split(|byte| *byte == b'\n');
        Box::new(SyntaxError {
            what: what.into(),
            offset: self.at.saturating_sub(1),
            column: lines.clone().next_back().map_or(0, <[u8]>::len),
            line: lines.count(),
            is_truncated: false,
        })
    }

    /// The next byte is wrong.
    #[cold]
    fn fault_ahead(&mut self, what: &'static str) -> Box<SyntaxError> {
        self.at = self.text.len().min(self.at + 1);
        self.fault(what)
    }

    #[cold]
    fn truncated(&self, what: &'static str) -> Box<SyntaxError> {
        let mut error = self.fault(what);
        error.is_truncated = true;
        error
    }

    #[cold]
    fn twice(&self, name: &str) -> Box<SyntaxError> {
        self.fault(format!("the member `{name}` stands twice"))
    }
}

const EOF_VALUE: &str = "EOF while parsing a value";
const EOF_STRING: &str = "EOF while parsing a string";
const NO_NUMBER: &str = "invalid number";

/// A number by its text; none when it is too large.
fn number(text: &str) -> Option<Value> {
    if let Ok(value) = text.parse() {
        return Some(Value::Unsigned(value));
    }
    match text.parse() {
        // A negative zero is kept by a float only.
        Ok(value) if value != 0 => return Some(Value::Signed(value)),
        _ => {}
    }
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.map(Value::Float)
}
