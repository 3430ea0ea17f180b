//! The files of a built page.

use std::collections::BTreeMap;

/// The files of the folder, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What follows the last dot of a name; nothing without one.
pub fn extension_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}
