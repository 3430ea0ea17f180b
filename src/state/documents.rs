//! The documents that the browser keeps: each a design with its name, choice of data set and settings. One is open; the
//! others lie in the database until they are opened.
//!
//! A document is written when it is changed for the first time: who only looks at a preset leaves nothing behind. Deleting
//! can be taken back for [`KEEP_DELETED_MS`]. Two windows on one document notice each other by its revision; the second
//! goes on in a copy, so that neither writes over the other.
//!
//! Without a database (blocked by the browser) the last document lies in the small storage, and there is no list. An embedded
//! page has documents of its own in memory, and touches none of those that are kept.

use std::rc::Rc;

use futures_channel::oneshot;
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::{
    Design,
    edit::{Edit, apply},
    history::Document,
};
use mtl_training::protocol::{DataSource, RunSettings};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::{Playground, ToastKind, storage};
use crate::{
    i18n::{documents::T, faults, fill, fill_message},
    web::{
        database::{DOCUMENTS, Database},
        time::within,
    },
    worker::protocol::Failure,
};

/// Where the last document lies when there is no database; where earlier versions of this page kept it.
const SITTING: &str = "sitting";
/// Which document was open last.
const OPEN: &str = "open-document";
/// What the last page had no time to write into the database.
const JOURNAL: &str = "journal";

/// A database that has not opened by then is done without.
const OPENS_WITHIN_MS: u32 = 4_000;

/// A deleted document can be taken back for so long: thirty days.
pub const KEEP_DELETED_MS: f64 = 30.0 * 24.0 * 3_600_000.0;

/// What a document holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sitting {
    /// The design.
    pub design: Design,
    /// The preset that it came from and still is.
    pub preset: Option<String>,
    /// The data set.
    pub source: DataSource,
    /// How it is prepared.
    pub data_settings: DataSettings,
    /// Settings of the run.
    pub settings: RunSettings,
}

/// A document as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Names it among the documents of this browser.
    pub id: String,
    /// Grows by one with every save.
    pub revision: u64,
    /// When it was saved last.
    pub changed_ms: f64,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<f64>,
    /// What it holds.
    pub sitting: Sitting,
}

impl Kept {
    fn of(value: &JsValue) -> Option<Self> {
        json::read(&value.as_string()?).ok()
    }
}

/// Which document is open, and what else there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The open one; empty until the page has opened what it opens with.
    pub open: String,
    /// Its revision in the database; 0 as long as it is not there.
    revision: u64,
    /// What of it is safe: saved, or what it was opened with.
    safe: Option<Rc<Sitting>>,
    /// Its choice of data set, as long as that could not be loaded.
    awaited_data: Option<(DataSource, DataSettings)>,
    /// All of them, the newest first, as of the last look; `None` before the first or without a database.
    pub list: Option<Rc<Vec<Kept>>>,
}

impl Documents {
    fn fresh() -> Self {
        Self {
            open: fresh_id(),
            ..Self::default()
        }
    }
}

/// A name that no other document has: the time and some chance.
fn fresh_id() -> String {
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:011x}-{chance:08x}", js_sys::Date::now() as u64)
}

fn database_error(error: &idb::Error) -> Message {
    fill_message(T.database_failed, &[error])
}

impl Playground {
    /// Opens the database, brings in what earlier pages left elsewhere, and forgets what was deleted long ago.
    pub(super) async fn begin_documents(&self) {
        if storage::keeps_nothing() {
            self.database.replace(Some(Rc::new(Database::in_memory())));
            return;
        }
        let (sender, opened) = oneshot::channel();
        let this = self.rc();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(Ok(database)) = sender.send(Database::open().await) {
                this.adopt(database).await;
            }
        });
        let database = match within(OPENS_WITHIN_MS, opened).await {
            Some(Ok(Ok(database))) => Rc::new(database),
            Some(Ok(Err(error))) => {
                return self.show_problem(fill_message(faults::T.store_closed, &[&error]));
            }
            Some(Err(_)) | None => return self.show_problem(faults::T.store_silent.into()),
        };
        self.database.replace(Some(Rc::clone(&database)));
        let journal = storage::load::<Kept>(JOURNAL);
        let old = storage::load::<Sitting>(SITTING).map(|sitting| Kept {
            id: fresh_id(),
            revision: 1,
            changed_ms: js_sys::Date::now(),
            deleted_ms: None,
            sitting,
        });
        for (key, kept) in [(JOURNAL, journal), (SITTING, old)] {
            let Some(kept) = kept else { continue };
            if write(&database, &kept).await.is_ok() {
                storage::remove(key);
                if key == SITTING {
                    storage::save(OPEN, &kept.id);
                }
            }
        }
        let now_ms = js_sys::Date::now();
        for kept in all(&database).await.unwrap_or_default() {
            if kept
                .deleted_ms
                .is_some_and(|deleted_ms| now_ms - deleted_ms > KEEP_DELETED_MS)
            {
                // It is tried again the next time.
                let _ = database.remove(DOCUMENTS, &kept.id).await;
            }
        }
    }

    /// A database that has opened when nobody waited for it any more: from now on documents are kept in it, the open one first.
    async fn adopt(&self, database: Database) {
        self.database.replace(Some(Rc::new(database)));
        self.documents.update(|documents| documents.safe = None);
        self.save_document().await;
        if self.documents.get().revision > 0 {
            storage::remove(SITTING);
        }
        self.report(faults::T.store_late.into());
    }

    /// The document that was open last, if it is there and can be read.
    pub(super) async fn last_document(&self) -> Option<Kept> {
        let Some(database) = self.database.borrow().clone() else {
            let sitting = storage::load::<Sitting>(SITTING)?;
            return Some(Kept {
                id: fresh_id(),
                revision: 0,
                changed_ms: js_sys::Date::now(),
                deleted_ms: None,
                sitting,
            });
        };
        let all = all(&database).await.ok()?;
        let last = storage::load::<String>(OPEN);
        let mut there = all.into_iter().filter(|kept| kept.deleted_ms.is_none());
        let newest = there.next();
        match newest {
            Some(newest) if last.as_ref().is_some_and(|last| *last != newest.id) => Some(
                there
                    .find(|kept| Some(&kept.id) == last.as_ref())
                    .unwrap_or(newest),
            ),
            newest => newest,
        }
    }

    /// What the open document holds; `None` while there is nothing to keep.
    pub(super) fn sitting(&self) -> Option<Sitting> {
        let data = self.data.get();
        let (source, data_settings) = match &self.documents.get().awaited_data {
            Some(awaited) => awaited.clone(),
            None if data.report.is_none() => return None,
            None => (data.source.clone(), data.settings.clone()),
        };
        Some(Sitting {
            design: self.document.get().design().as_ref().clone(),
            preset: self.preset().map(|preset| preset.key.to_owned()),
            source,
            data_settings,
            settings: self.settings.get().as_ref().clone(),
        })
    }

    /// The page has opened what it opens with, which is safe where it comes from: it is kept from the first change on.
    pub(super) fn begin_keeping(&self) {
        let is_changed = self.document.get().undo_name().is_some();
        let safe = self.sitting().filter(|_| !is_changed).map(Rc::new);
        self.documents.update(|documents| {
            if documents.open.is_empty() {
                *documents = Documents {
                    safe,
                    awaited_data: documents.awaited_data.clone(),
                    ..Documents::fresh()
                };
            }
        });
    }

    /// What would have to be written; `None` when all is safe.
    fn unsaved(&self) -> Option<Kept> {
        let sitting = self.sitting()?;
        let documents = self.documents.get();
        if documents.open.is_empty() || documents.safe.as_deref() == Some(&sitting) {
            return None;
        }
        Some(Kept {
            id: documents.open.clone(),
            revision: documents.revision + 1,
            changed_ms: js_sys::Date::now(),
            deleted_ms: None,
            sitting,
        })
    }

    /// Writes the open document, if it has changed.
    pub async fn save_document(&self) {
        let Some(mut kept) = self.unsaved() else { return };
        let Some(database) = self.database.borrow().clone() else {
            storage::save(SITTING, &kept.sitting);
            return;
        };
        let before = self.documents.get();
        let mut written = write(&database, &kept).await;
        if matches!(written, Ok(false)) && self.documents.get().open == kept.id {
            // Another window has written this document: this one goes on in a copy.
            let name = kept.sitting.design.name.clone();
            kept.id = fresh_id();
            kept.revision = 1;
            written = write(&database, &kept).await;
            self.toasts
                .show(ToastKind::Info, fill_message(T.split_in_two, &[&name]));
        }
        match written {
            Ok(_) => {
                storage::save(OPEN, &kept.id);
                self.documents.update(|documents| {
                    // Another one may have been opened meanwhile.
                    if documents.open == before.open {
                        documents.open = kept.id.clone();
                        documents.revision = kept.revision;
                        documents.safe = Some(Rc::new(kept.sitting));
                    }
                });
            }
            Err(error) => self.show_problem(database_error(&error)),
        }
    }

    /// Notes at once what there is no time any more to write: the page is being closed.
    pub(super) fn journal(&self) {
        if let Some(kept) = self.unsaved() {
            if self.database.borrow().is_some() {
                storage::save(OPEN, &kept.id);
                storage::save(JOURNAL, &kept);
            } else {
                storage::save(SITTING, &kept.sitting);
            }
        }
    }

    /// Looks what documents there are.
    pub async fn list_documents(&self) {
        let Some(database) = self.database.borrow().clone() else {
            return;
        };
        match all(&database).await {
            Ok(all) => self
                .documents
                .update(|documents| documents.list = Some(Rc::new(all))),
            Err(error) => self.show_problem(database_error(&error)),
        }
    }

    /// What follows is another document; the open one is written and left as it is.
    pub(super) fn leave_document(&self) {
        if let (Some(kept), Some(database)) = (self.unsaved(), self.database.borrow().clone()) {
            let this = self.rc();
            wasm_bindgen_futures::spawn_local(async move {
                if let Err(error) = write(&database, &kept).await {
                    this.show_problem(database_error(&error));
                }
            });
        }
        let list = self.documents.get().list.clone();
        self.documents.set(Documents {
            list,
            ..Documents::fresh()
        });
    }

    /// Leaves the open document when it holds a person's own work, which a preset or a file must not take the place of.
    pub(super) fn keep_own_work(&self) {
        if self.documents.get().open.is_empty() {
            return;
        }
        let is_own = self.preset().is_none() && !self.document.get().design().nodes.is_empty();
        if is_own {
            self.leave_document();
        }
    }

    /// Opens a document of the list.
    pub async fn open_document(&self, id: &str) -> Result<(), Failure> {
        self.save_document().await;
        let kept = self.kept(id).await?;
        self.show_document(kept).await
    }

    /// Puts a document in the place of what is open; its undo history begins here.
    pub(super) async fn show_document(&self, kept: Kept) -> Result<(), Failure> {
        let Kept {
            id,
            revision,
            sitting,
            ..
        } = kept;
        if let Err(error) = mtl_engine::design::edit::validate(&sitting.design) {
            return Err(error.explain().into());
        }
        storage::save(OPEN, &id);
        let list = self.documents.get().list.clone();
        self.documents.set(Documents {
            open: id,
            revision,
            safe: Some(Rc::new(sitting.clone())),
            awaited_data: Some((sitting.source.clone(), sitting.data_settings.clone())),
            list,
        });
        let data = self.data.get();
        let is_loaded = data.report.is_some()
            && data.loading.is_none()
            && data.source == sitting.source
            && data.settings == sitting.data_settings;
        self.settings.set(sitting.settings);
        self.selection
            .update_if_changed(|selection| *selection = super::Selection::default());
        self.preset.set(
            sitting
                .preset
                .as_deref()
                .and_then(mtl_engine::design::presets::find)
                .map(|preset| preset.key),
        );
        self.document.set(Document::new(sitting.design));
        if !is_loaded {
            self.load(sitting.source, sitting.data_settings).await?;
        }
        self.data_is_there();
        Ok(())
    }

    /// Opens what comes from a file as a document of its own.
    pub(super) async fn show_as_new(&self, sitting: Sitting) -> Result<(), Failure> {
        self.leave_document();
        let kept = Kept {
            id: self.documents.get().open.clone(),
            revision: 0,
            changed_ms: js_sys::Date::now(),
            deleted_ms: None,
            sitting,
        };
        let shown = self.show_document(kept).await;
        self.documents.update(|documents| documents.safe = None);
        self.save_document().await;
        shown
    }

    /// The data set of the open document has been loaded, or another one was chosen.
    pub(super) fn data_is_there(&self) {
        self.documents
            .update_if_changed(|documents| documents.awaited_data = None);
    }

    /// Begins an empty document on the data set that is loaded.
    pub fn new_document(&self) {
        self.leave_document();
        let name = T.new_name.get(self.preferences.get().lang);
        self.preset.set(None);
        self.selection
            .update_if_changed(|selection| *selection = super::Selection::default());
        self.document.set(Document::new(Design::new(name)));
    }

    /// Makes a copy of a document and opens it.
    pub async fn duplicate_document(&self, id: &str) -> Result<(), Message> {
        self.save_document().await;
        let mut kept = self.kept(id).await?;
        kept.id = fresh_id();
        kept.revision = 1;
        kept.changed_ms = js_sys::Date::now();
        let lang = self.preferences.get().lang;
        kept.sitting.design.name = fill(T.copy_of, lang, &[&kept.sitting.design.name]);
        self.write_kept(&kept).await?;
        Ok(self.show_document(kept).await?)
    }

    /// Gives a document another name.
    pub async fn rename_document(&self, id: &str, name: &str) -> Result<(), Message> {
        let edit = Edit::RenameDesign {
            name: name.to_owned(),
        };
        if self.documents.get().open == id {
            self.edit(&edit)?;
            self.save_document().await;
        } else {
            let mut kept = self.kept(id).await?;
            apply(&mut kept.sitting.design, &edit).map_err(|error| error.explain())?;
            kept.revision += 1;
            self.write_kept(&kept).await?;
        }
        self.list_documents().await;
        Ok(())
    }

    /// Deletes a document; it can be taken back. When it is the open one, the newest of the others is opened.
    pub async fn delete_document(&self, id: &str) -> Result<(), Message> {
        self.save_document().await;
        let mut kept = self.kept(id).await?;
        kept.deleted_ms = Some(js_sys::Date::now());
        kept.revision += 1;
        self.write_kept(&kept).await?;
        self.list_documents().await;
        if self.documents.get().open == id {
            // What is deleted is not written again.
            let safe = self.sitting().map(Rc::new);
            self.documents.update(|documents| documents.safe = safe);
            let list = self.documents.get().list.clone().unwrap_or_default();
            match list.iter().find(|kept| kept.deleted_ms.is_none()) {
                Some(next) => self.show_document(next.clone()).await?,
                None => self.new_document(),
            }
        }
        Ok(())
    }

    /// Takes a deleted document back.
    pub async fn restore_document(&self, id: &str) -> Result<(), Message> {
        let mut kept = self.kept(id).await?;
        kept.deleted_ms = None;
        kept.revision += 1;
        self.write_kept(&kept).await?;
        self.list_documents().await;
        Ok(())
    }

    async fn kept(&self, id: &str) -> Result<Kept, Message> {
        let Some(database) = self.database.borrow().clone() else {
            return Err(T.no_database.into());
        };
        let value = database
            .get(DOCUMENTS, id)
            .await
            .map_err(|error| database_error(&error))?;
        value
            .as_ref()
            .and_then(Kept::of)
            .ok_or_else(|| T.document_gone.into())
    }

    async fn write_kept(&self, kept: &Kept) -> Result<(), Message> {
        let Some(database) = self.database.borrow().clone() else {
            return Err(T.no_database.into());
        };
        match write(&database, kept).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(T.changed_elsewhere.into()),
            Err(error) => Err(database_error(&error)),
        }
    }
}

/// Writes a document over the revision before it; false when there is a newer one.
async fn write(database: &Database, kept: &Kept) -> Result<bool, idb::Error> {
    let text = json::write(kept);
    database
        .put_if(DOCUMENTS, &kept.id, &JsValue::from(text), |there| {
            there
                .and_then(Kept::of)
                .is_none_or(|there| there.revision < kept.revision)
        })
        .await
}

/// Every document that can be read, the newest first.
async fn all(database: &Database) -> Result<Vec<Kept>, idb::Error> {
    let mut all: Vec<Kept> = database
        .all(DOCUMENTS)
        .await?
        .iter()
        .filter_map(Kept::of)
        .collect();
    all.sort_by(|a, b| b.changed_ms.total_cmp(&a.changed_ms));
    Ok(all)
}
