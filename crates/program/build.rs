//! Packs the shaders for the binary: without comments and without the white space that nobody reads. They come out as
//! `OUT_DIR/NAME.wgsl`, where NAME is a file of `gpu` or `operation/gpu`, an op's folder for its `kernel.wgsl`, or `FOLDER_FILE`.

#![expect(
    clippy::disallowed_macros,
    reason = "a build script speaks to cargo by printing"
)]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Signs that separate words by themselves.
const SEPARATORS: &str = "(){}[];,:";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_GPU").is_none() {
        return Ok(());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for folder in ["src/ops", "src/operation/gpu", "src/gpu"] {
        println!("cargo:rerun-if-changed={folder}");
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
                continue;
            };
            if path.is_dir() {
                for kernel in fs::read_dir(&path)? {
                    let kernel = kernel?.path();
                    let name = match kernel.file_stem().and_then(|stem| stem.to_str()) {
                        Some("kernel") | None => name.to_owned(),
                        Some(part) => format!("{name}_{part}"),
                    };
                    write(&kernel, &out.join(name))?;
                }
            } else {
                write(&path, &out.join(name))?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, to: &Path) -> io::Result<()> {
    if path.extension().is_some_and(|extension| extension == "wgsl") {
        fs::write(to.with_extension("wgsl"), pack(&fs::read_to_string(path)?))?;
    }
    Ok(())
}

/// The same program in fewer letters; WGSL has no strings, and block comments are not used. A line with a # is there eight
/// times, with 0 to 7 in its place.
fn pack(source: &str) -> String {
    let lines = source.lines().flat_map(|line| {
        let line = line.split("//").next().unwrap_or_default();
        let n_times = if line.contains('#') { 8 } else { 1 };
        (0..n_times).map(move |time| line.replace('#', &time.to_string()) + "\n")
    });
    let mut packed = String::new();
    for word in lines.collect::<String>().split_whitespace() {
        let touches = packed.chars().last().into_iter().chain(word.chars().next());
        if !packed.is_empty() && !touches.into_iter().any(|sign| SEPARATORS.contains(sign)) {
            packed.push(' ');
        }
        packed.push_str(word);
    }
    packed.push('\n');
    packed
}
