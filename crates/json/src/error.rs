//! What is wrong, and where.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// Why something could not be read. Boxed, since every function of the derived code hands it on.
#[derive(Debug)]
pub struct Error(Box<Fault>);

#[derive(Debug)]
struct Fault {
    /// `.nodes[3].units`; grows at its front on the way out.
    path: String,
    what: String,
}

impl Error {
    #[cold]
    #[inline(never)]
    pub(crate) fn plain(what: &dyn fmt::Display) -> Self {
        Self(Box::new(Fault {
            path: String::new(),
            what: what.to_string(),
        }))
    }

    /// The same, of the member `name` of something.
    #[cold]
    #[inline(never)]
    pub fn in_member(mut self, name: &str) -> Self {
        self.0.path = format!(".{name}{}", self.0.path);
        self
    }

    /// The same, of item `index` of something.
    #[cold]
    #[inline(never)]
    pub fn in_item(mut self, index: usize) -> Self {
        self.0.path = format!("[{index}]{}", self.0.path);
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn unexpected(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::plain(&format_args!("expected {expected}, got {got}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { path, what } = &*self.0;
        match path.strip_prefix('.').unwrap_or(path) {
            "" => f.write_str(what),
            path => write!(f, "{path}: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::plain(&what)
    }

    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(got, expected)
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unexpected(got, expected)
    }

    #[cold]
    fn invalid_length(got: usize, expected: &dyn Expected) -> Self {
        Self::plain(&format_args!("expected {expected}, got a list of {got}"))
    }
}
