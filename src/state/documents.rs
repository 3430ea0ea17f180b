//! The documents that the browser keeps: each a design with its name, choice of data set and settings. One is open; the
//! others lie in the database until they are opened. How they come there is told in [`keeping`](super::keeping).
//!
//! A document is written when it is changed for the first time: who only looks at a preset leaves nothing behind. Deleting
//! can be taken back for [`KEEP_DELETED_MS`].
//!
//! Without a database (blocked by the browser) documents lie in the small storage. An embedded page has documents of its own in
//! memory, and touches none of those that are kept.

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
    presets,
};
use mtl_training::protocol::{DataSource, RunSettings};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::{Playground, keeping::not_read, storage};
use crate::{
    i18n::{documents::T, faults, fill, fill_message},
    web::{
        database::{DOCUMENTS, Database},
        time::within,
    },
    worker::protocol::Failure,
};

/// Where earlier versions of this page kept the last document.
const SITTING: &str = "sitting";
/// Which document was open last.
pub(super) const OPEN: &str = "open-document";

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
    /// Grows by one with every save; of one that waits to be written, the revision that it is based on.
    pub revision: u64,
    /// When it was saved last.
    pub changed_ms: f64,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<f64>,
    /// The window that wrote it.
    #[serde(default)]
    pub writer: String,
    /// As which of its states.
    #[serde(default)]
    pub serial: u64,
    /// What it holds.
    pub sitting: Sitting,
}

impl Kept {
    pub(super) fn of(value: &JsValue) -> Option<Self> {
        json::read(&value.as_string()?).ok()
    }

    /// A document that is in no database yet.
    fn fresh(id: String, sitting: Sitting) -> Self {
        Self {
            id,
            revision: 0,
            changed_ms: js_sys::Date::now(),
            deleted_ms: None,
            writer: String::new(),
            serial: 0,
            sitting,
        }
    }
}

/// Which document is open, and what else there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The open one; empty until the page has opened what it opens with.
    pub open: String,
    /// Another window has it: what is changed here is kept in a copy.
    pub(super) is_elsewhere: bool,
    /// What of it is safe: saved, or what it was opened with.
    pub(super) safe: Option<Rc<Sitting>>,
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
pub(super) fn fresh_id() -> String {
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:011x}-{chance:08x}", js_sys::Date::now() as u64)
}

impl Playground {
    /// Opens the database, brings in what earlier pages left elsewhere, and forgets what was deleted long ago.
    pub(super) async fn begin_documents(&self) {
        let database = &self.keeping.database;
        if storage::keeps_nothing() {
            database.replace(Some(Rc::new(Database::in_memory())));
            return;
        }
        let (sender, opened) = oneshot::channel();
        let this = self.rc();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(Ok(database)) = sender.send(this.open_database().await) {
                this.adopt(database).await;
            }
        });
        match within(OPENS_WITHIN_MS, opened).await {
            Some(Ok(Ok(opened))) => drop(database.replace(Some(Rc::new(opened)))),
            Some(Ok(Err(error))) => self.show_problem(fill_message(faults::T.store_closed, &[&error])),
            Some(Err(_)) | None => self.show_problem(faults::T.store_silent.into()),
        }
        let old = storage::load::<Sitting>(SITTING).map(|sitting| Kept::fresh(fresh_id(), sitting));
        if let Some(old) = &old {
            self.remember_open(&old.id);
        }
        self.bring_in_journals(old).await;
        storage::remove(SITTING);
        self.forget_deleted().await;
    }

    async fn forget_deleted(&self) {
        let Some(database) = self.keeping.database.borrow().clone() else {
            return;
        };
        let now_ms = js_sys::Date::now();
        for kept in self.all_documents().await.unwrap_or_default() {
            if kept
                .deleted_ms
                .is_some_and(|deleted_ms| now_ms - deleted_ms > KEEP_DELETED_MS)
            {
                // It is tried again the next time.
                let _ = database.remove(DOCUMENTS, &kept.id).await;
            }
        }
    }

    /// A database that has opened when nobody waited for it any more: from now on documents are kept in it, those that wait first.
    async fn adopt(&self, database: Database) {
        self.keeping.database.replace(Some(Rc::new(database)));
        self.save_document().await;
        self.report(faults::T.store_late.into());
    }

    /// The document that was open last, if it is there and can be read.
    pub(super) async fn last_document(&self) -> Option<Kept> {
        let mut there = self.all_documents().await.ok()?;
        there.retain(|kept| kept.deleted_ms.is_none());
        let last = storage::load::<String>(OPEN);
        let position = there.iter().position(|kept| Some(&kept.id) == last.as_ref());
        (!there.is_empty()).then(|| there.swap_remove(position.unwrap_or(0)))
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

    /// The open document as it is; `None` while there is nothing to keep.
    pub(super) fn open_kept(&self) -> Option<Kept> {
        let id = self.documents.get().open.clone();
        Some(Kept::fresh(id, self.sitting()?)).filter(|kept| !kept.id.is_empty())
    }

    /// Looks what documents there are.
    pub async fn list_documents(&self) {
        match self.all_documents().await {
            Ok(all) => self
                .documents
                .update(|documents| documents.list = Some(Rc::new(all))),
            Err(error) => self.show_problem(not_read(&error)),
        }
    }

    /// What follows is another document; the open one is written and left as it is.
    pub(super) fn leave_document(&self) {
        self.note_before_leaving();
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
        self.remember_open(&id);
        if revision > 0 {
            self.know(&id, revision);
        }
        let list = self.documents.get().list.clone();
        self.documents.set(Documents {
            open: id,
            is_elsewhere: false,
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
        let preset = sitting.preset.as_deref().and_then(presets::find);
        // Not before the data are there: to a preset they bring its settings, and these are the document's own.
        self.preset.set(None);
        self.document.set(Document::new(sitting.design));
        let loaded = if is_loaded {
            Ok(())
        } else {
            self.load(sitting.source, sitting.data_settings).await
        };
        if self.preset.get().is_none() {
            self.preset.set(preset.map(|preset| preset.key));
        }
        loaded?;
        self.data_is_there();
        Ok(())
    }

    /// Opens what comes from a file or a link as a document of its own; what is kept already as it comes is not kept twice.
    pub(super) async fn show_as_new(&self, sitting: Sitting) -> Result<(), Failure> {
        self.save_document().await;
        let is_same = |kept: &Kept| {
            let there = &kept.sitting;
            kept.deleted_ms.is_none()
                && there.design == sitting.design
                && (&there.source, &there.data_settings) == (&sitting.source, &sitting.data_settings)
                && there.settings == sitting.settings
        };
        let all = self.all_documents().await.unwrap_or_default();
        if let Some(kept) = all.into_iter().find(is_same) {
            return self.show_document(kept).await;
        }
        self.leave_document();
        let kept = Kept::fresh(self.documents.get().open.clone(), sitting);
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
        let Kept { mut sitting, .. } = self.kept(id).await?;
        let lang = self.preferences.get().lang;
        sitting.design.name = fill(T.copy_of, lang, &[&sitting.design.name]);
        let copy = Kept::fresh(fresh_id(), sitting);
        self.note(copy.clone());
        self.write_waiting().await;
        Ok(self.show_document(copy).await?)
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
            self.note(kept);
            self.write_waiting().await;
        }
        self.list_documents().await;
        Ok(())
    }

    /// Deletes a document; it can be taken back. When it is the open one, the newest of the others is opened.
    pub async fn delete_document(&self, id: &str) -> Result<(), Message> {
        self.save_document().await;
        let mut kept = self.kept(id).await?;
        kept.deleted_ms = Some(js_sys::Date::now());
        self.note(kept);
        self.write_waiting().await;
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
        self.note(kept);
        self.write_waiting().await;
        self.list_documents().await;
        Ok(())
    }

    async fn kept(&self, id: &str) -> Result<Kept, Message> {
        let stored = self.stored(id).await.map_err(|error| not_read(&error))?;
        stored.ok_or_else(|| T.document_gone.into())
    }
}
