//! Reads single files out of wheels (zip) and source distributions (tar.gz), in memory, by the end of their path, and unpacks
//! compressed files.

use std::io::{Cursor, Read};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

/// Largest size of an unpacked file.
const MAX_BYTES: u64 = 200_000_000;

/// The file of a tar.gz whose path ends in `end`.
pub fn from_tar_gz(archive: &[u8], end: &str) -> Result<Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().context("not a tar.gz archive")? {
        let entry = entry.context("a damaged tar.gz archive")?;
        if entry.path_bytes().ends_with(end.as_bytes()) && is_whole_name(&entry.path_bytes(), end) {
            return read(entry, end);
        }
    }
    bail!("the archive has no file {end}")
}

/// The file of a zip whose path is `path`.
pub fn from_zip(archive: &[u8], path: &str) -> Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).context("not a zip archive")?;
    let file = archive
        .by_name(path)
        .with_context(|| format!("the archive has no file {path}"))?;
    read(file, path)
}

/// The content of a gz file.
pub fn from_gz(file: &[u8], name: &str) -> Result<Vec<u8>> {
    read(GzDecoder::new(file), name)
}

/// A file as text.
pub fn text(bytes: Vec<u8>, name: &str) -> Result<String> {
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
}

/// `a/b.txt` is the end of `x/a/b.txt` but not of `xa/b.txt`; macOS side files (`._b.txt`) are none either.
fn is_whole_name(path: &[u8], end: &str) -> bool {
    let before = &path[..path.len() - end.len()];
    before.is_empty() || before.ends_with(b"/")
}

fn read(file: impl Read, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be unpacked"))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{name} is larger than {MAX_BYTES} bytes");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    #[test]
    fn a_file_is_found_by_the_end_of_its_path() {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, content) in [
            ("p-1/data/._a.txt", "no"),
            ("p-1/data/ba.txt", "no"),
            ("p-1/data/a.txt", "yes"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder
                .append_data(&mut header, path, content.as_bytes())
                .unwrap();
        }
        let archive = builder.into_inner().unwrap().finish().unwrap();
        assert_eq!(from_tar_gz(&archive, "a.txt").unwrap(), b"yes");
        assert_eq!(from_tar_gz(&archive, "data/a.txt").unwrap(), b"yes");
        assert!(from_tar_gz(&archive, "b.txt").is_err());
        assert!(from_tar_gz(&archive[..40], "a.txt").is_err());
        assert!(from_zip(&archive, "a.txt").is_err());
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::Write::write_all(&mut packed, b"lines").unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(from_gz(&packed, "a.gz").unwrap(), b"lines");
        assert!(from_gz(&packed[..8], "a.gz").is_err());
    }
}
