//! Weights and designs as files: saved by the browser's download, opened by a picker, a drop or a script.

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    settings::Settings,
    text::{Explain, Message},
};
use mtl_engine::design::{DESIGN_VERSION, Design, edit};
use mtl_export::weights::{self, WeightsForm};
use mtl_training::protocol::DataSource;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;
use web_sys::{Blob, File};

use super::{Playground, ToastKind, actions::trained_part, data, documents::Sitting};
use crate::{
    i18n::{Lang, faults, fill_message, format, shell::T},
    web,
    worker::protocol::{Failure, FileReply, FileRequest, ToWorker, WeightsContents, WorkerReply},
};

/// Largest design file in bytes.
const MAX_DESIGN_BYTES: f64 = 4_000_000.0;

/// Value of the member `format` of a project file.
const PROJECT_FORMAT: &str = "mtl-playground-project";
/// Newest version of the format; see `docs/project-format.md`.
const PROJECT_VERSION: u32 = 1;
const PROJECT_EXTENSION: &str = ".mtl.json";

/// A weights file.
pub struct Written {
    /// File name.
    pub name: String,
    /// Content, in parts, so that the values need not be copied.
    pub parts: Vec<ArrayBuffer>,
    /// Number of parameters.
    pub n_parameters: usize,
    /// Number of training steps.
    pub step: u64,
}

impl Written {
    /// The file.
    pub fn blob(&self) -> Result<Blob, Message> {
        web::files::blob("application/octet-stream", &self.parts).map_err(browser_error)
    }
}

impl Playground {
    /// Writes a weights file of the current run.
    pub async fn write_weights(&self, form: WeightsForm) -> Result<Written, Failure> {
        let writing = self.file(FileRequest::WriteWeights { form }, Vec::new());
        match self
            .with_progress(faults::T.writing_weights.into(), writing)
            .await?
        {
            (
                FileReply::WeightsWritten {
                    name,
                    n_parameters,
                    step,
                },
                parts,
            ) => Ok(Written {
                name,
                parts,
                n_parameters,
                step,
            }),
            _ => Err(fill_message(T.internal_message, &[&"write"]).into()),
        }
    }

    /// Writes a weights file and offers it as a download; with `as_project` under the name of a project file, which it is too.
    pub async fn save_weights(&self, form: WeightsForm, as_project: bool) -> Result<(), Failure> {
        let mut written = self.write_weights(form).await?;
        if as_project {
            written.name = project_name(&self.document.get().design().name);
        }
        let blob = written.blob()?;
        web::files::save(&written.name, &blob).map_err(browser_error)?;
        self.report(fill_message(
            T.exported,
            &[
                &written.name,
                &format::count(written.n_parameters as u64),
                &format::count(written.step),
                &format::bytes(blob.size() as u64),
            ],
        ));
        Ok(())
    }

    /// Replaces data set, design, settings and run by those of a weights file. On an error nothing
    /// changes.
    pub async fn open_weights(&self, name: &str, bytes: ArrayBuffer) -> Result<WeightsContents, Failure> {
        let size = f64::from(bytes.byte_length());
        check_size(name, size, weights::MAX_TENSORS_BYTES as f64)?;
        let _turn = self.opening.take().await;
        let reading = self.file(FileRequest::ReadWeights, vec![bytes]);
        let named = fill_message(faults::T.reading_file, &[&name]);
        let contents = match self.with_progress(named, reading).await?.0 {
            FileReply::WeightsRead { contents } => contents,
            _ => return Err(fill_message(T.internal_message, &[&"read"]).into()),
        };
        let payloads = match &contents.source {
            DataSource::Asset { key }
                if self.data.get().source != contents.source || self.data.get().report.is_none() =>
            {
                let name = data::info(key).map_or_else(|| Message::new(key, key), |info| info.name);
                let asset = self.asset(key, &name, None).await;
                self.data.update(|data| data.loading = None);
                vec![asset?]
            }
            _ => Vec::new(),
        };
        let version = self.sent.borrow().version;
        self.file(FileRequest::OpenWeights, payloads).await?;
        // What was sent meanwhile has replaced the run: then the design of the file is sent again below.
        if self.sent.borrow().version == version {
            self.note_sent(&contents.design, &contents.settings);
        }
        // The open document is saved first, with its settings.
        if trained_part(self.document.get().design()) != trained_part(&contents.design) {
            self.put_design(contents.design.clone(), T.open_weights.into());
        }
        self.settings.set(contents.settings.clone());
        let names = contents
            .design
            .heads()
            .map(|head| head.name.clone())
            .collect::<Vec<_>>();
        if self.history.borrow().tasks.len() != names.len() {
            self.history.reset(names);
        }
        Ok(*contents)
    }

    /// Opens a file that the user picked or dropped: weights, a project, or a design.
    pub async fn open_file(&self, file: File) -> Result<(), Failure> {
        let name = file.name();
        // The size is checked before the file is read.
        check_size(&name, file.size(), weights::MAX_TENSORS_BYTES as f64)?;
        self.toasts
            .show(ToastKind::Done, fill_message(T.importing, &[&name]));
        let bytes = web::files::read(&file)
            .await
            .map_err(|error| fill_message(T.file_unreadable, &[&name, &web::describe(&error)]))?;
        if starts_with(&bytes, PROJECT_FORMAT) {
            return self.open_project(&name, &bytes).await;
        }
        if looks_like_design(&bytes) {
            return Ok(self.open_design(&name, &bytes)?);
        }
        let contents = self.open_weights(&name, bytes).await?;
        self.report(fill_message(
            T.imported,
            &[
                &name,
                &format::count(contents.n_parameters as u64),
                &format::count(contents.step),
            ],
        ));
        Ok(())
    }

    fn open_design(&self, name: &str, bytes: &ArrayBuffer) -> Result<(), Message> {
        check_size(name, f64::from(bytes.byte_length()), MAX_DESIGN_BYTES)?;
        let text = Uint8Array::new(bytes).to_vec();
        let design = read_design(&text).map_err(|why| not_a_project(name, &why))?;
        if self.put_design(design, T.open_design.into()) {
            self.report(fill_message(T.design_opened, &[&name]));
        }
        Ok(())
    }

    /// Offers the project as a download: design, choice of data set, settings. With weights see
    /// [`Playground::save_weights`].
    pub fn save_project(&self) -> Result<(), Message> {
        let sitting = self.sitting().ok_or(T.nothing_to_save)?;
        self.save_sitting(sitting)
    }

    /// Offers any document as a download.
    pub(super) fn save_sitting(&self, sitting: Sitting) -> Result<(), Message> {
        let name = project_name(&sitting.design.name);
        let text = json::write_pretty(&Project::of(sitting));
        let bytes = Uint8Array::from(text.as_bytes()).buffer();
        web::files::blob("application/json", &[bytes])
            .and_then(|blob| web::files::save(&name, &blob))
            .map_err(browser_error)?;
        self.report(fill_message(T.design_saved, &[&name]));
        Ok(())
    }

    async fn open_project(&self, name: &str, bytes: &ArrayBuffer) -> Result<(), Failure> {
        check_size(name, f64::from(bytes.byte_length()), MAX_DESIGN_BYTES)?;
        let project =
            read_project(&Uint8Array::new(bytes).to_vec()).map_err(|why| not_a_project(name, &why))?;
        self.show_as_new(project).await?;
        self.report(fill_message(T.design_opened, &[&name]));
        Ok(())
    }

    pub(super) async fn file(
        &self,
        request: FileRequest,
        payloads: Vec<ArrayBuffer>,
    ) -> Result<(FileReply, Vec<ArrayBuffer>), Message> {
        match self.request(&ToWorker::File { request }, payloads).await? {
            (WorkerReply::File { reply }, payloads) => Ok((reply, payloads)),
            _ => Err(fill_message(T.internal_message, &[&"file"])),
        }
    }
}

/// Name of a project's file.
fn project_name(design: &str) -> String {
    weights::file_name("project", design, 0).replace("_step-0.json", PROJECT_EXTENSION)
}

/// The text of a project file.
pub(super) fn project_text(project: Sitting) -> String {
    json::write(&Project::of(project))
}

/// A project as a file.
#[derive(Serialize, Deserialize)]
pub(super) struct Project {
    format: String,
    version: u32,
    project: Sitting,
}

impl Project {
    fn of(project: Sitting) -> Self {
        Self {
            format: PROJECT_FORMAT.to_owned(),
            version: PROJECT_VERSION,
            project,
        }
    }
}

/// Parses a project from JSON, of this version or an older one, and validates it.
pub(super) fn read_project(text: &[u8]) -> Result<Sitting, Message> {
    // The version is checked first, since the content of a newer version may not be readable.
    let Version { version } = parse(text)?;
    if version > PROJECT_VERSION {
        return Err(fill_message(T.design_too_new, &[&version, &PROJECT_VERSION]));
    }
    let Project { project, .. } = parse(text)?;
    check_design(&project.design)?;
    let generator = match &project.source {
        DataSource::Generated { generator } => generator.check(),
        DataSource::Asset { .. } => Ok(()),
    };
    project
        .settings
        .check()
        .and_then(|()| project.data_settings.check())
        .and(generator)
        .map_err(|why| why.explain())?;
    // A number that is infinite as `f32` has no JSON: it is refused here, by its place, and not when the document is opened again.
    parse::<Sitting>(json::write(&project).as_bytes())?;
    Ok(project)
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Message> {
    let text = str::from_utf8(bytes).map_err(plain_error)?;
    json::read(text).map_err(plain_error)
}

fn plain_error(error: impl ToString) -> Message {
    Message::new(error.to_string(), error.to_string())
}

fn not_a_project(name: &str, why: &Message) -> Message {
    let said = |lang, why: &str| crate::i18n::fill(T.file_not_design, lang, &[&name, &why]);
    Message::new(said(Lang::En, &why.en), said(Lang::Zh, &why.zh))
}

/// Parses a design from JSON, of this version or an older one, and validates it.
pub fn read_design(text: &[u8]) -> Result<Design, Message> {
    let design: Design = parse(text)?;
    check_design(&design)?;
    parse::<Design>(json::write(&design).as_bytes())?;
    Ok(design)
}

fn check_design(design: &Design) -> Result<(), Message> {
    if design.version > DESIGN_VERSION {
        return Err(fill_message(
            T.design_too_new,
            &[&design.version, &DESIGN_VERSION],
        ));
    }
    edit::validate(design).map_err(|why| why.explain())
}

/// Formats are recognised by the first members of the file.
fn looks_like_design(bytes: &ArrayBuffer) -> bool {
    !starts_with(bytes, weights::FORMAT) && starts_with(bytes, "\"nodes\"")
}

/// Whether `word` occurs near the start of a file.
fn starts_with(bytes: &ArrayBuffer, word: &str) -> bool {
    let start = Uint8Array::new(bytes).subarray(0, 512).to_vec();
    String::from_utf8_lossy(&start).contains(word)
}

fn check_size(name: &str, size: f64, limit: f64) -> Result<(), Message> {
    if size <= limit {
        return Ok(());
    }
    Err(fill_message(
        T.file_too_large,
        &[&name, &format::bytes(size as u64), &format::bytes(limit as u64)],
    ))
}

fn browser_error(error: JsValue) -> Message {
    let what = web::describe(&error);
    Message::new(what.clone(), what)
}

#[cfg(test)]
mod tests {
    use mtl_engine::design::{edit::validate, presets};
    use mtl_kernels::random::Random;
    use mtl_training::protocol::RunSettings;

    use super::*;
    use crate::state::data::DataState;

    fn projects() -> Vec<Vec<u8>> {
        let DataState { source, settings, .. } = DataState::default();
        let schema = mtl_base::schema::Schema::default();
        let of = |preset: &presets::Preset| {
            project_text(Sitting {
                design: preset.design(&schema),
                preset: Some(preset.key.to_owned()),
                source: source.clone(),
                data_settings: settings.clone(),
                settings: RunSettings::default(),
            })
            .into_bytes()
        };
        presets::all().iter().map(of).collect()
    }

    /// One edit of a text: a byte, a number that is too large, a member of another place.
    fn mutate(text: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(text.len());
        match random.below(5) {
            0 => text[at] = random.next_u32() as u8,
            1 => text.insert(at, b"{}[]\",:0-9eN\\"[random.below(13)]),
            2 => drop(text.remove(at)),
            3 => {
                let claim =
                    ["4294967295", "-1", "1e309", "18446744073709551616", "null", "[[["][random.below(6)];
                // In the place of a number, if there is one.
                let start = (at..text.len())
                    .find(|at| text[*at].is_ascii_digit())
                    .unwrap_or(at);
                let n_digits = text[start..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                text.splice(start..start + n_digits, claim.bytes());
            }
            _ => {
                let end = (at + random.below(60)).min(text.len());
                let copied = text[at..end].to_vec();
                let to = random.below(text.len());
                text.splice(to..to, copied);
            }
        }
    }

    #[test]
    fn faults_no_project_makes_the_reader_panic_and_what_it_takes_is_valid() {
        let mut random = Random::stream(21, "projects");
        let (mut n_taken, mut n_refused) = (0, 0);
        for good in projects() {
            read_project(&good).expect("a project that can be read");
            for _ in 0..1_500 {
                let mut text = good.clone();
                for _ in 0..1 + random.below(3) {
                    mutate(&mut text, &mut random);
                }
                match read_project(&text) {
                    Ok(sitting) => {
                        n_taken += 1;
                        assert_eq!(validate(&sitting.design), Ok(()));
                        assert!(sitting.settings.check().is_ok());
                        // What was read is written and read again.
                        let again = read_project(project_text(sitting.clone()).as_bytes());
                        assert!(
                            again.is_ok_and(|again| again == sitting),
                            "{}",
                            String::from_utf8_lossy(&text)
                        );
                    }
                    Err(message) => {
                        n_refused += 1;
                        assert!(!message.en.is_empty() && !message.zh.is_empty());
                    }
                }
            }
        }
        assert!(
            n_taken > 100 && n_refused > 1_000,
            "{n_taken} taken, {n_refused} refused"
        );
    }
}
