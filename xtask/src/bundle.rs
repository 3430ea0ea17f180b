//! The page as files: its wasm modules, their JavaScript, the shell and the styles, each under a name
//! that changes with its content.
//!
//! ```text
//! modules/page                   ->  wasm-bindgen  ->  assets/app-HASH.{js,wasm}
//! modules/trainer                ->  wasm-bindgen  ->  assets/trainer-HASH.{js,wasm}
//! the same with relaxed SIMD     ->  wasm-bindgen  ->  assets/trainer-relaxed-HASH.wasm
//! modules/tools                  ->  wasm-bindgen  ->  assets/tools-HASH.{js,wasm}
//! static/boot.js                                    ->  at the end of app.js
//! static/*.{js,css,svg,...}                         ->  assets/NAME-HASH.EXT
//! index.html (names replaced, checksums added)      ->  index.html
//! static/*.json                                     ->  static/*.json (stable addresses: schemas)
//! data-cache/assets/                                ->  data/
//! ```
//! Every path in it is relative, so that the folder works under any path of any static host.
//! Only cargo and this program take part: no `wasm-opt` and no other tool that may or may not
//! be installed, so that the same sources give the same bytes on every machine. (Measured on the page:
//! see `docs/hosting.md`.)

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::command::{cargo, line_of, root, step, target_dir};
use crate::compress::{Encoding, compressed};
use crate::files::{Files, extension_of};
use crate::{integrity, setup, shrink, weight};

/// Incremented when the same module is to be bound differently, so that older outputs are not reused.
const BINDING_VERSION: u32 = 5;

/// Where `cargo xtask data` leaves the files that the page loads, and where they go.
const DATA_ASSETS: &str = "data-cache/assets";

/// The script that starts the page.
const BOOT: &str = "boot.js";

/// Files of these kinds hold text that names other files.
const TEXT_KINDS: [&str; 3] = ["css", "js", "html"];

/// Kinds that are compressed already.
const PACKED_KINDS: [&str; 8] = ["png", "jpg", "webp", "woff2", "gz", "br", "zip", "mtld"];

/// Builds of the module, by the instructions that they use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// 128-bit vectors, which every current browser has; the same bits everywhere.
    Baseline,
    /// Also fused multiply-add (`relaxed-simd`), for browsers that support it.
    Relaxed,
    /// The baseline, compiled in a fraction of the time and twice as large: for development.
    Quick,
}

impl Build {
    /// Name in tables and rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "wasm-simd128",
            Self::Quick => "wasm-simd128, quick",
            Self::Relaxed => "wasm-relaxed-simd",
        }
    }

    /// Cargo's profile for it. Each has its own folder: modules have no hash in their names, and in a shared folder each build
    /// would overwrite the other's, so that both would be linked anew every time.
    const fn profile(self) -> &'static str {
        match self {
            Self::Baseline => "page",
            Self::Relaxed => "page-relaxed",
            Self::Quick => "page-quick",
        }
    }
}

/// Options of a build.
pub struct Options {
    /// Output folder; its contents are replaced.
    pub out: PathBuf,
    /// Also write `.gz` and `.br` copies, and check the sizes.
    pub compress: bool,
    /// Without the trainer's second build: browsers with relaxed SIMD get the baseline too.
    pub baseline_only: bool,
    /// The [quick](Build::Quick) build in the place of every other.
    pub quick: bool,
}

/// `cargo xtask dist`.
pub fn run(args: Vec<OsString>) -> Result<()> {
    let mut options = Options {
        out: root().join("dist"),
        compress: true,
        baseline_only: false,
        quick: false,
    };
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            lexopt::Arg::Long("out") => options.out = PathBuf::from(parser.value()?),
            other => return Err(other.unexpected().into()),
        }
    }
    build(&options)
}

/// Builds the folder.
pub fn build(options: &Options) -> Result<()> {
    setup::wasm_target()?;
    let build = if options.quick {
        Build::Quick
    } else {
        Build::Baseline
    };
    let app = module("page", "app", build)?;
    let trainer = module("trainer", "trainer", build)?;
    let trainer_relaxed = if options.baseline_only || options.quick {
        trainer.clone()
    } else {
        module("trainer", "trainer", Build::Relaxed)?
    };
    let tools = module("tools", "tools", build)?;
    let mut files = assemble(&Modules {
        app,
        trainer,
        trainer_relaxed,
        tools,
    })?;
    add_data(&mut files, &root().join(DATA_ASSETS))?;
    if options.compress {
        step("compress", || add_compressed_copies(&mut files))?;
    }
    write_folder(&options.out, &files)?;
    if options.compress {
        weight::report(&options.out, &files)?;
    }
    Ok(())
}

/// Compiles the package in `modules/FOLDER` and returns the folder of wasm-bindgen's output, `NAME.js` and `NAME_bg.wasm`.
fn module(folder: &str, name: &str, build: Build) -> Result<PathBuf> {
    let wasm = step(
        &format!("compile the {folder} to WebAssembly ({})", build.name()),
        || compile_wasm(&format!("mtl-{folder}-module"), build),
    )?;
    bind(&wasm, name)
}

/// The folders of wasm-bindgen's output of each module.
struct Modules {
    app: PathBuf,
    trainer: PathBuf,
    /// That of `trainer` when there is no second build.
    trainer_relaxed: PathBuf,
    tools: PathBuf,
}

/// Builds another package of the workspace as `app.js` and `app.wasm` in `out`, whose other files are kept.
pub fn build_module(package: &str, build: Build, out: &Path) -> Result<()> {
    let wasm = step(
        &format!("compile {package} to WebAssembly ({})", build.name()),
        || compile_wasm(package, build),
    )?;
    write_module(&wasm, out)
}

/// Builds a package that is a workspace of its own, as `app.js` and `app.wasm` in `out`.
pub fn build_foreign_module(manifest: &Path, package: &str, out: &Path) -> Result<()> {
    let wasm = step(&format!("compile {package} to WebAssembly"), || {
        let mut command = cargo();
        command
            .args(["build", "--release", "--lib", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(target_dir().join(package));
        module_of(command, package)
    })?;
    write_module(&wasm, out)
}

fn write_module(wasm: &Path, out: &Path) -> Result<()> {
    let glue = bind(wasm, "app")?;
    let mut files = Files::new();
    add_folder(&mut files, &glue, "")?;
    for (name, bytes) in files {
        let name = name.trim_start_matches('/').replace("app_bg.wasm", "app.wasm");
        write_file(&out.join(name), &bytes)?;
    }
    Ok(())
}

/// Compiles a package to WebAssembly and returns the path of the module.
fn compile_wasm(package: &str, build: Build) -> Result<PathBuf> {
    let mut command = cargo();
    if build == Build::Relaxed {
        // These replace the flags in `.cargo/config.toml`.
        command.env(
            "RUSTFLAGS",
            "-C target-feature=+simd128,+bulk-memory,+relaxed-simd",
        );
    }
    command.args([
        "build",
        "--profile",
        build.profile(),
        "--lib",
        "--package",
        package,
    ]);
    module_of(command, package)
}

/// Runs a `cargo build` for WebAssembly and returns the path of the module.
fn module_of(mut command: Command, package: &str) -> Result<PathBuf> {
    let target_name = package.replace('-', "_");
    command
        .args([
            "--target",
            "wasm32-unknown-unknown",
            "--message-format",
            "json-render-diagnostics",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let line = line_of(&command);
    let mut child = command
        .spawn()
        .with_context(|| format!("`{line}` could not be started"))?;
    let stdout = child.stdout.take().context("cargo's output is not readable")?;
    let mut module = None;
    for message in BufReader::new(stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(&message?)?;
        if message["reason"] == "compiler-artifact" && message["target"]["name"] == target_name {
            let names = message["filenames"].as_array().into_iter().flatten();
            module = names
                .filter_map(|name| name.as_str())
                .find(|name| name.ends_with(".wasm"))
                .map(PathBuf::from)
                .or(module);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    module.with_context(|| format!("cargo built no .wasm file for the package {package}"))
}

/// Runs wasm-bindgen unless its output for the same bytes is cached, and returns the folder of its output: `NAME.js` and `NAME_bg.wasm`.
fn bind(wasm: &Path, name: &str) -> Result<PathBuf> {
    let bytes = fs::read(wasm).with_context(|| format!("reading {}", wasm.display()))?;
    let cache = target_dir().join("xtask/bindgen");
    let out = cache.join(format!("{name}-{BINDING_VERSION}-{}", content_hash(&bytes)));
    let module = format!("{name}_bg.wasm");
    if out.join(&module).is_file() {
        return Ok(out);
    }
    step("write the JavaScript side (wasm-bindgen)", || {
        let draft = cache.join("draft");
        if draft.exists() {
            fs::remove_dir_all(&draft)?;
        }
        Bindgen::new()
            .input_bytes(name, bytes)
            .out_name(name)
            .web(true)?
            .typescript(false)
            .omit_default_module_path(true)
            // The names are needed for the order of the functions, and dropped after that.
            .remove_name_section(false)
            .remove_producers_section(true)
            .generate(&draft)?;
        let module = draft.join(&module);
        fs::write(&module, shrink::merge_and_order(&read(&module)?)?)?;
        fs::rename(&draft, &out)?;
        forget_old_builds(&cache)?;
        Ok(out)
    })
}

/// Keeps the newest few outputs, since the page's and the tests' modules alternate.
fn forget_old_builds(cache: &Path) -> Result<()> {
    let mut builds: Vec<_> = fs::read_dir(cache)?
        .filter_map(|entry| {
            Some((
                entry.as_ref().ok()?.metadata().ok()?.modified().ok()?,
                entry.ok()?.path(),
            ))
        })
        .collect();
    builds.sort();
    let n_old = builds.len().saturating_sub(8);
    for (_, path) in &builds[..n_old] {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Gives every file its hashed name, innermost first, and replaces the names in the files that use them.
///
/// A source file names another as it lies in `static/`: `./worker.js`, `static/style.css`; the module and
/// its glue are named as if they lay there too: `./app.js`, `./app.wasm`, `./trainer-relaxed.wasm` and so on.
fn assemble(modules: &Modules) -> Result<Files> {
    let mut files = Files::new();
    let mut names = BTreeMap::new();
    let add_hashed = |files: &mut Files, name: &str, bytes: Vec<u8>, names: &mut BTreeMap<_, _>| {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let hashed = format!("{stem}-{}.{extension}", &content_hash(&bytes)[..12]);
        files.insert(format!("assets/{hashed}"), bytes);
        names.insert(name.to_owned(), hashed);
    };

    let [app, trainer, relaxed, tools] = [
        &modules.app,
        &modules.trainer,
        &modules.trainer_relaxed,
        &modules.tools,
    ];
    add_hashed(
        &mut files,
        "app.wasm",
        read(&app.join("app_bg.wasm"))?,
        &mut names,
    );
    let boot = fs::read_to_string(root().join("static").join(BOOT)).context("reading boot.js")?;
    let script = with_boot(&fs::read_to_string(app.join("app.js"))?, &boot)?;
    add_hashed(&mut files, "app.js", script.into_bytes(), &mut names);
    for (name, folder) in [("trainer", trainer), ("tools", tools)] {
        let (glue, module) = (format!("{name}.js"), format!("{name}.wasm"));
        add_hashed(&mut files, &glue, read(&folder.join(&glue))?, &mut names);
        let bytes = read(&folder.join(format!("{name}_bg.wasm")))?;
        add_hashed(&mut files, &module, bytes, &mut names);
    }
    if relaxed == trainer {
        // There is no second build: its name stands for the first.
        let name = names["trainer.wasm"].clone();
        names.insert("trainer-relaxed.wasm".to_owned(), name);
    } else {
        if read(&relaxed.join("trainer.js"))? != read(&trainer.join("trainer.js"))? {
            bail!("the JavaScript sides of the trainer's two builds differ, and the page has but one");
        }
        let module = read(&relaxed.join("trainer_bg.wasm"))?;
        add_hashed(&mut files, "trainer-relaxed.wasm", module, &mut names);
    }
    for folder in [app, trainer, tools] {
        let snippets = folder.join("snippets");
        if snippets.is_dir() {
            add_folder(&mut files, &snippets, "assets/snippets")?;
        }
    }

    let static_dir = root().join("static");
    let mut texts = BTreeMap::new();
    for path in files_under(&static_dir)? {
        let name = relative_name(&path, &static_dir);
        let bytes = read(&path)?;
        match extension_of(&name) {
            // It is in the module's JavaScript side.
            _ if name == BOOT => {}
            "json" => {
                files.insert(format!("static/{name}"), bytes);
            }
            kind if TEXT_KINDS.contains(&kind) => {
                texts.insert(
                    name,
                    String::from_utf8(bytes).with_context(|| path.display().to_string())?,
                );
            }
            _ => add_hashed(&mut files, &name, bytes, &mut names),
        }
    }

    // A text is ready when it names no other text that is not ready yet: innermost first.
    while !texts.is_empty() {
        let ready = texts
            .iter()
            .find(|(name, text)| {
                !texts
                    .keys()
                    .any(|other| other != *name && names_file(text, other))
            })
            .map(|(name, _)| name.clone());
        let Some(name) = ready else {
            bail!(
                "these files in static/ name each other in a circle: {:?}",
                texts.keys()
            );
        };
        if let Some(text) = texts.remove(&name) {
            let text = replace_names(&text, &names, "./");
            add_hashed(&mut files, &name, text.into_bytes(), &mut names);
        }
    }

    let shell = fs::read_to_string(root().join("index.html")).context("reading index.html")?;
    let shell = replace_names(&shell, &names, "static/").replace("\"static/", "\"assets/");
    // A name that was not replaced is a file with a stable name, which stays in `static/`.
    let shell = restore_stable_names(shell, &files);
    let shell = integrity::add_checksums(&shell, files.iter());
    files.insert("index.html".to_owned(), shell.into_bytes());
    Ok(files)
}

/// The JavaScript glue of the module with the code that starts the page appended, as one script whose checksum a browser verifies.
fn with_boot(glue: &str, boot: &str) -> Result<String> {
    let import = "import init, { page_main } from \"./app.js\";";
    let init = "__wbg_init as default";
    match boot.split_once(import) {
        Some((_, rest)) if glue.contains(init) => {
            // In a block, so that its names are local.
            Ok(format!(
                "{glue}\n{{\nconst init = __wbg_init;\n{}\n}}\n",
                rest.trim()
            ))
        }
        Some(_) => bail!("the JavaScript side does not export `{init}`"),
        None => bail!("{BOOT} lacks the line `{import}`"),
    }
}

fn names_file(text: &str, name: &str) -> bool {
    text.contains(&format!("./{name}"))
}

/// Replaces `PREFIXname` by `PREFIXname-HASH` wherever a quote, a bracket or a blank follows.
fn replace_names(text: &str, names: &BTreeMap<String, String>, prefix: &str) -> String {
    let mut text = text.to_owned();
    for (name, hashed) in names {
        for end in ['"', '\'', ')', '`', ' '] {
            text = text.replace(&format!("{prefix}{name}{end}"), &format!("{prefix}{hashed}{end}"));
        }
    }
    text
}

fn restore_stable_names(mut shell: String, files: &Files) -> String {
    for name in files.keys().filter_map(|path| path.strip_prefix("static/")) {
        shell = shell.replace(&format!("\"assets/{name}\""), &format!("\"static/{name}\""));
    }
    shell
}

/// Copies the converted data sets, if they were fetched. Otherwise writes an empty index, since a request for a missing
/// file would log an error in the browser's console.
fn add_data(files: &mut Files, dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return add_folder(files, dir, "data");
    }
    eprintln!("  no real data sets here (`cargo xtask data` fetches them); the generated ones are built in");
    files.insert(
        "data/index.json".to_owned(),
        br#"{ "version": 1, "assets": [] }"#.to_vec(),
    );
    Ok(())
}

fn add_folder(files: &mut Files, dir: &Path, under: &str) -> Result<()> {
    for path in files_under(dir)? {
        files.insert(format!("{under}/{}", relative_name(&path, dir)), read(&path)?);
    }
    Ok(())
}

/// Writes `.gz` and `.br` copies of every file that becomes at least a tenth smaller.
fn add_compressed_copies(files: &mut Files) -> Result<()> {
    let mut copies = Files::new();
    for (name, bytes) in files.iter() {
        if bytes.len() < 512 || PACKED_KINDS.contains(&extension_of(name)) {
            continue;
        }
        let hash = content_hash(bytes);
        for encoding in [Encoding::Gzip, Encoding::Brotli] {
            let copy = compressed(bytes, &hash, encoding)?;
            if copy.len() * 10 < bytes.len() * 9 {
                copies.insert(format!("{name}.{}", encoding.extension()), copy);
            }
        }
    }
    files.append(&mut copies);
    Ok(())
}

/// Writes the folder under a temporary name and renames it, so that a server never sees a half-built page.
fn write_folder(out: &Path, files: &Files) -> Result<()> {
    let draft = out.with_extension("new");
    let old = out.with_extension("old");
    for leftover in [&draft, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).with_context(|| format!("removing {}", leftover.display()))?;
        }
    }
    for (name, bytes) in files {
        write_file(&draft.join(name), bytes)?;
    }
    if out.exists() {
        fs::rename(out, &old).with_context(|| format!("moving {} away", out.display()))?;
    }
    fs::rename(&draft, out).with_context(|| format!("writing {}", out.display()))?;
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    Ok(())
}

/// SHA-256 in hexadecimal digits.
pub fn content_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Every file under a folder, in the order of its path.
pub fn files_under(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    Ok(found)
}

fn relative_name(path: &Path, dir: &Path) -> String {
    let relative = path.strip_prefix(dir).unwrap_or(path);
    relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let names = BTreeMap::from([
            ("app.js".to_owned(), "app-1.js".to_owned()),
            ("app.wasm".to_owned(), "app-2.wasm".to_owned()),
        ]);
        assert_eq!(replace_names(text, &names, "./"), expected);
    }

    #[test]
    fn the_page_starts_at_the_end_of_its_module_s_script() {
        let boot = "// Why.\nimport init, { page_main } from \"./app.js\";\n\npage_main(await init());\n";
        assert_eq!(
            with_boot("glue\nexport { __wbg_init as default };", boot).unwrap(),
            "glue\nexport { __wbg_init as default };\n{\nconst init = __wbg_init;\npage_main(await init());\n}\n"
        );
        assert!(with_boot("glue", boot).is_err() && with_boot("__wbg_init as default", "").is_err());
    }

    #[test]
    fn names_are_replaced_whole_only() {
        check(
            r#"import init from "./app.js";"#,
            r#"import init from "./app-1.js";"#,
        );
        check("fetch('./app.wasm')", "fetch('./app-2.wasm')");
        check(r#""./app.json" "./my-app.js""#, r#""./app.json" "./my-app.js""#);
    }

    #[test]
    fn without_data_sets_there_is_an_empty_list_of_them() {
        let mut files = Files::new();
        add_data(&mut files, Path::new("no/such/folder")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&files["data/index.json"]).unwrap();
        assert_eq!(index["assets"], serde_json::json!([]));
    }

    #[test]
    fn bytes_are_named_by_their_hash() {
        assert_eq!(&content_hash(b"abc")[..12], "ba7816bf8f01");
    }
}
