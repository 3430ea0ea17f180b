//! Weights and designs as files: saved by the browser's download, opened by a picker, a drop or a script.

use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    settings::Settings,
    text::{Explain, Message},
};
use mtl_engine::design::{DESIGN_VERSION, Design, edit};
use mtl_export::weights;
use mtl_training::protocol::DataSource;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;
use web_sys::File;

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
    /// Content.
    pub bytes: ArrayBuffer,
    /// Number of parameters.
    pub n_parameters: usize,
    /// Number of training steps.
    pub step: u64,
}

impl Playground {
    /// Writes a weights file of the current run.
    pub async fn write_weights(&self) -> Result<Written, Failure> {
        let writing = self.file(FileRequest::WriteWeights, Vec::new());
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
                mut payloads,
            ) => match payloads.pop() {
                Some(bytes) => Ok(Written {
                    name,
                    bytes,
                    n_parameters,
                    step,
                }),
                None => Err(fill_message(T.internal_message, &[&"no bytes"]).into()),
            },
            _ => Err(fill_message(T.internal_message, &[&"write"]).into()),
        }
    }

    /// Writes a weights file and offers it as a download; with `as_project` under the name of a project file, which it is too.
    pub async fn save_weights(&self, as_project: bool) -> Result<(), Failure> {
        let mut written = self.write_weights().await?;
        if as_project {
            written.name = project_name(&self.document.get().design().name);
        }
        let bytes = Uint8Array::new(&written.bytes);
        let n_bytes = u64::from(bytes.length());
        web::files::save(&written.name, "application/json", &bytes).map_err(browser_error)?;
        self.report(fill_message(
            T.exported,
            &[
                &written.name,
                &format::count(written.n_parameters as u64),
                &format::count(written.step),
                &format::bytes(n_bytes),
            ],
        ));
        Ok(())
    }

    /// Replaces data set, design, settings and run by those of a weights file. On an error nothing
    /// changes.
    pub async fn open_weights(&self, name: &str, bytes: ArrayBuffer) -> Result<WeightsContents, Failure> {
        let size = f64::from(bytes.byte_length());
        check_size(name, size, weights::MAX_BYTES as f64)?;
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
        check_size(&name, file.size(), weights::MAX_BYTES as f64)?;
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
        let Some(sitting) = self.sitting() else {
            return Err(T.nothing_to_save.into());
        };
        let name = project_name(&sitting.design.name);
        let text = json::write_pretty(&Project::of(sitting));
        web::files::save(
            &name,
            "application/json",
            &JsValue::from(Uint8Array::from(text.as_bytes())),
        )
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
    project.settings.check().map_err(|why| why.explain())?;
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
