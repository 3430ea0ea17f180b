//! Precompressed copies (`.gz`, `.br`) of the files that the page loads, cached by content.

use std::fs;
use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::target_dir;

/// Compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// gzip by zopfli, a twentieth smaller than gzip's best level.
    Gzip,
    /// Brotli, with a lower level for larger files: the best level takes a second per megabyte.
    Brotli,
}

impl Encoding {
    /// Suffix of the file name.
    pub fn extension(self) -> &'static str {
        match self {
            Encoding::Gzip => "gz",
            Encoding::Brotli => "br",
        }
    }
}

/// The compressed copy of `bytes`, from the cache if there is one for `hash`.
pub fn compressed(bytes: &[u8], hash: &str, encoding: Encoding) -> Result<Vec<u8>> {
    let cache = target_dir()
        .join("xtask/compressed-3")
        .join(format!("{hash}.{}", encoding.extension()));
    if let Ok(known) = fs::read(&cache) {
        return Ok(known);
    }
    let packed = match encoding {
        Encoding::Gzip => {
            let mut packed = Vec::new();
            zopfli::compress(zopfli_options(), zopfli::Format::Gzip, bytes, &mut packed)?;
            packed
        }
        Encoding::Brotli => {
            let quality = if bytes.len() > 4_000_000 { 9 } else { 11 };
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 22);
            encoder.write_all(bytes)?;
            encoder.into_inner()
        }
    };
    write_atomically(&cache, &packed)?;
    Ok(packed)
}

/// One iteration: four more take twice the time and save 0.3 %. The number of blocks with codes of their own is not
/// limited: with the library's limit of 15 per megabyte, the module is a fiftieth larger.
fn zopfli_options() -> zopfli::Options {
    zopfli::Options {
        iteration_count: NonZeroU64::MIN,
        maximum_block_splits: 1000,
        ..zopfli::Options::default()
    }
}

/// Writes to a temporary name and renames, so that an interrupted run leaves no partial file in the cache.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    let draft = path.with_extension("draft");
    fs::write(&draft, bytes).with_context(|| format!("writing {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn copies_unpack_to_the_original_and_are_cached() {
        let original = b"one shared layer, two towers ".repeat(400);
        let hash = "test-copies-unpack";
        for encoding in [Encoding::Gzip, Encoding::Brotli] {
            let first = compressed(&original, hash, encoding).unwrap();
            let mut unpacked = Vec::new();
            match encoding {
                Encoding::Gzip => flate2::read::GzDecoder::new(&first[..]).read_to_end(&mut unpacked),
                Encoding::Brotli => brotli::Decompressor::new(&first[..], 4096).read_to_end(&mut unpacked),
            }
            .unwrap();
            assert_eq!(unpacked, original);
            assert!(first.len() * 10 < original.len(), "{} bytes", first.len());
            // The second call reads the cache and not the bytes.
            assert_eq!(compressed(b"", hash, encoding).unwrap(), first);
        }
    }
}
