//! Subresource integrity: `index.html` contains the checksums of its scripts, styles and modules, so that a browser
//! rejects other bytes than the published ones.
//!
//! ```text
//! <script src="assets/shell-HASH.js" data-module="assets/app-HASH.wasm">
//! <script src="assets/shell-HASH.js" integrity="sha256-..." data-module="assets/app-HASH.wasm" data-module-integrity="sha256-...">
//! ```
//! A script passes the URLs in its `data-` attributes to `fetch` together with the checksums. Scripts that are imported by others
//! are not checked: the page imports none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Kinds of files that are checked: what a browser runs or applies.
const KINDS: [&str; 3] = ["css", "js", "wasm"];

/// The checksum of `bytes` in the format of the attribute `integrity`.
pub fn checksum(bytes: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(bytes)))
}

/// Adds the checksum to each attribute of `html` that names one of `files`, given by path and bytes.
pub fn add_checksums<'a>(html: &str, files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> String {
    let mut html = html.to_owned();
    for (path, bytes) in files {
        let is_checked = KINDS
            .iter()
            .any(|kind| path.rsplit_once('.').is_some_and(|(_, own)| own == *kind));
        let value = format!("=\"{path}\"");
        if !is_checked || !html.contains(&value) {
            continue;
        }
        let mut checked = String::with_capacity(html.len() + 128);
        let mut rest = html.as_str();
        while let Some(at) = rest.find(&value) {
            let name = rest[..at].rsplit([' ', '\n']).next().unwrap_or_default();
            let attribute = match name {
                "src" | "href" => "integrity".to_owned(),
                other => format!("{other}-integrity"),
            };
            let (done, left) = rest.split_at(at + value.len());
            checked.push_str(done);
            checked.push_str(&format!(" {attribute}=\"{}\"", checksum(bytes)));
            rest = left;
        }
        checked.push_str(rest);
        html = checked;
    }
    html
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_specification() {
        // Example of the Content-Security-Policy specification.
        assert_eq!(
            checksum(b"alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn each_name_gets_the_checksum_of_its_file() {
        let files = BTreeMap::from([
            ("assets/a-1.js".to_owned(), b"a".to_vec()),
            ("assets/b-2.wasm".to_owned(), b"b".to_vec()),
            ("assets/c-3.svg".to_owned(), b"c".to_vec()),
        ]);
        let html = "<script\n  src=\"assets/a-1.js\" data-module=\"assets/b-2.wasm\" data-other=\"assets/b-2.wasm\"></script>\
                    <link rel=\"preload\" href=\"assets/a-1.js\" /><link href=\"assets/c-3.svg\" />";
        let (a, b) = (checksum(b"a"), checksum(b"b"));
        assert_eq!(
            add_checksums(html, files.iter()),
            format!(
                "<script\n  src=\"assets/a-1.js\" integrity=\"{a}\" data-module=\"assets/b-2.wasm\" data-module-integrity=\"{b}\" \
                 data-other=\"assets/b-2.wasm\" data-other-integrity=\"{b}\"></script>\
                 <link rel=\"preload\" href=\"assets/a-1.js\" integrity=\"{a}\" /><link href=\"assets/c-3.svg\" />"
            )
        );
    }
}
