//! The text of a link that holds a project file: `VERSION.TEXT`, where the text is the file, deflated, in base64 for URLs.
//!
//! What stands behind the version is a project file, which says its own version too.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

use crate::ToolError;

/// How the text behind the version is packed.
pub const VERSION: &str = "1";
/// Longest text of a link: browsers, mail programs and chats cut longer ones. (A design of 300 nodes takes a fifth of it.)
pub const MAX_CHARS: usize = 60_000;
/// Largest project in a link, unpacked.
pub const MAX_BYTES: usize = 4_000_000;
/// Level of deflate: the best, as links are short.
const LEVEL: u8 = 10;

/// Packs a project file.
///
/// # Errors
/// [`ToolError::LinkTooLong`].
pub fn pack(project: &[u8]) -> Result<String, ToolError> {
    let packed = URL_SAFE_NO_PAD.encode(compress_to_vec(project, LEVEL));
    check_length(&packed)?;
    Ok(format!("{VERSION}.{packed}"))
}

/// The project file that [`pack`] packed.
///
/// # Errors
/// The link is damaged, of another version, or too long.
pub fn unpack(text: &str) -> Result<Vec<u8>, ToolError> {
    let (version, packed) = text.split_once('.').ok_or(ToolError::LinkDamaged)?;
    if version != VERSION {
        return Err(ToolError::LinkVersion {
            got: version.chars().take(20).collect(),
            expected: VERSION.to_owned(),
        });
    }
    check_length(packed)?;
    let bytes = URL_SAFE_NO_PAD
        .decode(packed)
        .map_err(|_| ToolError::LinkDamaged)?;
    decompress_to_vec_with_limit(&bytes, MAX_BYTES).map_err(|_| ToolError::LinkDamaged)
}

fn check_length(packed: &str) -> Result<(), ToolError> {
    if packed.len() > MAX_CHARS {
        return Err(ToolError::LinkTooLong {
            chars: packed.len(),
            limit: MAX_CHARS,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_survives_a_link() {
        let project = "{\"name\": \"网络\"}".repeat(100);
        let link = pack(project.as_bytes()).unwrap();
        assert!(link.len() < project.len() / 4, "{link}");
        assert!(
            link.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        );
        assert_eq!(unpack(&link).unwrap(), project.as_bytes());
    }

    /// A link of the first version of the page, which every later one opens.
    #[test]
    fn an_old_link_opens() {
        assert_eq!(
            unpack("1.q1bKS8xNVbJSKskvTy0qVqoFAA").unwrap(),
            b"{\"name\":\"towers\"}"
        );
    }

    #[test]
    fn a_damaged_link_is_refused_and_another_version_named() {
        let link = pack(b"{}").unwrap();
        for damaged in ["", "1", "1.***", &link[..link.len() - 2], "1.AAAA"] {
            assert_eq!(unpack(damaged), Err(ToolError::LinkDamaged), "{damaged}");
        }
        let version = ToolError::LinkVersion {
            got: "7".to_owned(),
            expected: VERSION.to_owned(),
        };
        assert_eq!(unpack("7.abc"), Err(version));
        let long = ToolError::LinkTooLong {
            chars: MAX_CHARS + 1,
            limit: MAX_CHARS,
        };
        assert_eq!(unpack(&format!("1.{}", "a".repeat(MAX_CHARS + 1))), Err(long));
    }

    /// A small generator, so that the module needs no other crate for its tests.
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as usize
    }

    /// No text of a link makes it panic or give more than the ceiling; what it gives packs again.
    #[test]
    fn faults_no_link_panics_or_unpacks_beyond_the_ceiling() {
        let good = pack(
            "{\"name\": \"网络\", \"numbers\": [0.25, 1, 4294967295]}"
                .repeat(40)
                .as_bytes(),
        )
        .unwrap();
        let bomb = pack(&vec![b'0'; MAX_BYTES]).unwrap();
        let too_much = URL_SAFE_NO_PAD.encode(compress_to_vec(&vec![b'0'; MAX_BYTES + 1], LEVEL));
        assert_eq!(unpack(&format!("1.{too_much}")), Err(ToolError::LinkDamaged));
        assert_eq!(unpack(&bomb).map(|bytes| bytes.len()), Ok(MAX_BYTES));
        let mut state = 88_172_645_463_325_252;
        let mut n_taken = 0;
        for _ in 0..20_000 {
            let mut text = good.clone().into_bytes();
            for _ in 0..1 + next(&mut state) % 3 {
                if text.len() < 2 {
                    break;
                }
                let at = next(&mut state) % text.len();
                match next(&mut state) % 4 {
                    0 => text[at] = b"ABCabc019-_.=%/ "[next(&mut state) % 16],
                    1 => drop(text.remove(at)),
                    2 => text.insert(at, b"Az0_-."[next(&mut state) % 6]),
                    _ => text.truncate(at.max(1)),
                }
            }
            let text = String::from_utf8(text).expect("ASCII");
            if let Ok(bytes) = unpack(&text) {
                n_taken += 1;
                assert!(bytes.len() <= MAX_BYTES);
                assert_eq!(unpack(&pack(&bytes).unwrap()).unwrap(), bytes);
            }
        }
        assert!(n_taken > 0, "no edit leaves a link as it is");
    }
}
