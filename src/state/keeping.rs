//! How documents come into the browser's database, and what happens to those that do not.
//!
//! What is to be written waits in memory, one entry per document: a newer state takes the place of an older one. One entry is
//! written at a time, so that two saves of this window never overlap. What could not be written stays in the queue: it is said
//! once, offered as a file, listed with the others and tried again.
//!
//! ```text
//! edit --300 ms--> note(document) -> [ waiting ] -> write_waiting: decide(own, stored) -> stored | a copy | tried again
//!                                         |
//!                                         +-> journal, in local storage: when the page is hidden or closed, when the
//!                                             database is slow, and instead of one
//! ```
//!
//! Each entry says which window wrote it, as which of its states, and on which revision it is based. From these alone (never
//! from the clock) [`decide`] sees whether another window has changed the document. Then this window goes on in a copy.
//! The window that opened a document first has its lock; another one says so and keeps what is changed there in a copy.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use gloo_timers::callback::Timeout;
use mtl_base::{json, text::Message};
use wasm_bindgen::JsValue;
use yew::Callback;

use super::{
    Playground, ToastKind,
    actions::wait_for,
    documents::{Kept, OPEN, fresh_id},
    storage,
    store::Store,
};
use crate::{
    i18n::{documents::T, fill_message},
    web::{
        database::{DOCUMENTS, Database, StoreError},
        locks::Lock,
        time::within,
    },
};

/// What could not be written into the database lies under this key and the writer's name in the small storage.
pub(super) const JOURNAL: &str = "journal";

/// A write that takes longer is noted in the journal meanwhile.
const SLOW_MS: u32 = 500;
/// A write that takes longer is given up, and tried again.
const WRITTEN_WITHIN_MS: u32 = 20_000;
/// What could not be written is tried again after this time, if not before.
const RETRY_MS: u32 = 10_000;
/// A lock that is not granted by then is held by another window. (One that has just been closed lets go of it in less.)
const LOCKED_WITHIN_MS: u32 = 1_000;

/// The documents that wait to be written, and what is known of those in the database.
pub(super) struct Keeping {
    pub(super) database: RefCell<Option<Rc<Database>>>,
    /// Names this window among those that write.
    writer: String,
    /// Number of the state that was noted last.
    serial: Cell<u64>,
    /// The revision of each document that this window has read or written last.
    known: RefCell<BTreeMap<String, u64>>,
    waiting: RefCell<BTreeMap<String, Rc<Kept>>>,
    is_writing: Store<bool>,
    is_journaled: Cell<bool>,
    /// What stood in the way the last time, and the message that says so.
    trouble: RefCell<Option<(StoreError, u32)>>,
    retry: RefCell<Option<Timeout>>,
    holding: RefCell<Option<Holding>>,
}

/// The lock of the open document.
struct Holding {
    id: String,
    _lock: Option<Lock>,
    _timeout: Timeout,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            database: RefCell::default(),
            writer: fresh_id(),
            serial: Cell::new(0),
            known: RefCell::default(),
            waiting: RefCell::default(),
            is_writing: Store::new(false),
            is_journaled: Cell::new(false),
            trouble: RefCell::default(),
            retry: RefCell::default(),
            holding: RefCell::default(),
        }
    }
}

/// What becomes of a document that is to be written.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It is written with this revision.
    Write(u64),
    /// It is there already, or a newer state of the same window is.
    Stored(u64),
    /// Another window has written something else.
    Conflict,
}

/// What becomes of `own`, which is based on the revision that it names, when `there` is in the database.
fn decide(own: &Kept, there: Option<&Kept>) -> Decision {
    let Some(there) = there else {
        return Decision::Write(own.revision + 1);
    };
    if there.sitting == own.sitting && there.deleted_ms == own.deleted_ms {
        return Decision::Stored(there.revision);
    }
    if there.writer == own.writer && !own.writer.is_empty() {
        return if there.serial < own.serial {
            Decision::Write(there.revision + 1)
        } else {
            Decision::Stored(there.revision)
        };
    }
    if there.revision <= own.revision {
        Decision::Write(own.revision + 1)
    } else {
        Decision::Conflict
    }
}

impl Playground {
    /// Opens the database; when the browser closes it, it is opened again.
    pub(super) async fn open_database(&self) -> Result<Database, StoreError> {
        let me = self.me.clone();
        Database::open(DOCUMENTS, move || {
            if let Some(this) = me.upgrade() {
                wasm_bindgen_futures::spawn_local(async move { this.database_lost().await });
            }
        })
        .await
    }

    /// The browser has closed the database. When it has deleted what was in it, what is open here is stored again.
    async fn database_lost(&self) {
        let Ok(database) = self.open_database().await else {
            // The next save says so.
            return;
        };
        self.keeping.database.replace(Some(Rc::new(database)));
        let open = self.documents.get().open.clone();
        let was_there = self.keeping.known.borrow().contains_key(&open);
        let there = self
            .with_database(async |database| database.get(DOCUMENTS, &open).await)
            .await;
        if was_there && there == Ok(None) {
            self.keeping.known.borrow_mut().clear();
            self.documents.update(|documents| documents.safe = None);
            self.save_document().await;
            self.toasts.show(ToastKind::Info, T.evicted.into());
        }
    }

    /// Queues a document, in the place of an older state of it. Its revision is the one that it is based on.
    pub(super) fn note(&self, mut kept: Kept) {
        kept.serial = self.keeping.serial.get() + 1;
        self.keeping.serial.set(kept.serial);
        kept.writer = self.keeping.writer.clone();
        if let Some(revision) = self.keeping.known.borrow().get(&kept.id) {
            kept.revision = *revision;
        }
        let mut waiting = self.keeping.waiting.borrow_mut();
        waiting.insert(kept.id.clone(), Rc::new(kept));
    }

    /// Queues the open document, if it has changed.
    fn note_open(&self) {
        let Some(kept) = self.open_kept() else { return };
        let waiting = self.keeping.waiting.borrow().get(&kept.id).cloned();
        let is_noted = match waiting {
            Some(waiting) => waiting.sitting == kept.sitting,
            None => self.documents.get().safe.as_deref() == Some(&kept.sitting),
        };
        if !is_noted {
            self.note(kept);
        }
    }

    /// Writes the open document, if it has changed, and all that waits to be written.
    pub async fn save_document(&self) {
        self.note_open();
        self.write_waiting().await;
    }

    /// Queues the open document before another one takes its place.
    pub(super) fn note_before_leaving(&self) {
        self.note_open();
        let this = self.rc();
        wasm_bindgen_futures::spawn_local(async move { this.write_waiting().await });
    }

    /// Writes what waits; when somebody does already, waits for that.
    pub(super) async fn write_waiting(&self) {
        let keeping = &self.keeping;
        if *keeping.is_writing.get() {
            return wait_for(&keeping.is_writing, |is_writing| !is_writing).await;
        }
        keeping.is_writing.set(true);
        let slow = {
            let this = self.rc();
            Timeout::new(SLOW_MS, move || {
                this.journal();
            })
        };
        let mut failed = BTreeMap::new();
        let mut trouble = None;
        loop {
            let is_next = |kept: &&Rc<Kept>| failed.get(&kept.id) != Some(&kept.serial);
            let next = keeping.waiting.borrow().values().find(is_next).cloned();
            let Some(kept) = next else { break };
            if let Err(error) = self.write(&kept).await {
                failed.insert(kept.id.clone(), kept.serial);
                trouble = error.map(|error| (error, kept.sitting.design.name.clone()));
            }
        }
        drop(slow);
        if keeping.waiting.borrow().is_empty() && keeping.is_journaled.replace(false) {
            storage::remove(&self.journal_key());
        }
        keeping.is_writing.set(false);
        self.tell_trouble(trouble);
    }

    /// Writes one document; without a database, all of them into the journal. An error without a cause is none.
    async fn write(&self, kept: &Rc<Kept>) -> Result<(), Option<StoreError>> {
        if self.keeping.database.borrow().is_none() {
            return Err((!self.journal()).then_some(StoreError::Quota));
        }
        let documents = self.documents.get();
        if documents.open == kept.id && documents.is_elsewhere {
            self.go_on_in_a_copy(kept);
            return Ok(());
        }
        let mut decision = self.put(kept).await;
        if decision == Err(StoreError::Closed) {
            let database = self.open_database().await?;
            self.keeping.database.replace(Some(Rc::new(database)));
            decision = self.put(kept).await;
        }
        match decision? {
            Decision::Write(revision) | Decision::Stored(revision) => self.note_stored(kept, revision),
            Decision::Conflict if kept.deleted_ms.is_some() => {
                self.keeping.waiting.borrow_mut().remove(&kept.id);
                self.show_problem(T.changed_elsewhere.into());
            }
            Decision::Conflict => self.go_on_in_a_copy(kept),
        }
        Ok(())
    }

    async fn put(&self, kept: &Kept) -> Result<Decision, StoreError> {
        let mut own = kept.clone();
        if let Some(revision) = self.keeping.known.borrow().get(&own.id) {
            own.revision = *revision;
        }
        let id = own.id.clone();
        self.with_database(async move |database| {
            database
                .update(DOCUMENTS, &id, move |there| {
                    let decision = match there.map(Kept::of) {
                        // Of a newer page.
                        Some(None) => Decision::Conflict,
                        Some(Some(there)) => decide(&own, Some(&there)),
                        None => decide(&own, None),
                    };
                    let text = match &decision {
                        Decision::Write(revision) => {
                            own.revision = *revision;
                            Some(JsValue::from(json::write(&own)))
                        }
                        Decision::Stored(_) | Decision::Conflict => None,
                    };
                    (decision, text)
                })
                .await
        })
        .await
    }

    /// Does something with the database, within a bounded time.
    async fn with_database<T>(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = self.keeping.database.borrow().clone();
        let database = database.ok_or(StoreError::Closed)?;
        within(WRITTEN_WITHIN_MS, work(&database))
            .await
            .unwrap_or(Err(StoreError::Silent))
    }

    fn note_stored(&self, kept: &Kept, revision: u64) {
        let keeping = &self.keeping;
        self.know(&kept.id, revision);
        {
            let mut waiting = keeping.waiting.borrow_mut();
            // A newer state may have been noted meanwhile.
            if waiting
                .get(&kept.id)
                .is_some_and(|there| there.serial == kept.serial)
            {
                waiting.remove(&kept.id);
            }
        }
        if self.documents.get().open == kept.id {
            self.remember_open(&kept.id);
            self.documents
                .update(|documents| documents.safe = Some(Rc::new(kept.sitting.clone())));
        }
    }

    /// The revision of a document in the database.
    pub(super) fn know(&self, id: &str, revision: u64) {
        self.keeping.known.borrow_mut().insert(id.to_owned(), revision);
    }

    /// What is opened the next time.
    pub(super) fn remember_open(&self, id: &str) {
        // Without it the newest document is opened.
        let _ = storage::save(OPEN, &id);
    }

    /// Another window has this document: what was changed here becomes a document of its own.
    fn go_on_in_a_copy(&self, kept: &Kept) {
        let newest = self.keeping.waiting.borrow_mut().remove(&kept.id);
        let mut copy = newest.map_or_else(|| kept.clone(), |newest| Kept::clone(&newest));
        copy.id = fresh_id();
        copy.revision = 0;
        let name = copy.sitting.design.name.clone();
        if self.documents.get().open == kept.id {
            self.remember_open(&copy.id);
            self.documents.update(|documents| {
                documents.open = copy.id.clone();
                documents.is_elsewhere = false;
            });
        }
        self.note(copy);
        self.toasts
            .show(ToastKind::Info, fill_message(T.split_in_two, &[&name]));
    }

    /// Says once that something could not be stored, tries again later, and says when it worked.
    fn tell_trouble(&self, trouble: Option<(StoreError, String)>) {
        let before = self.keeping.trouble.take();
        let Some((error, name)) = trouble else {
            if let Some((_, toast)) = before {
                self.toasts.dismiss(toast);
                self.report(T.stored_again.into());
            }
            return;
        };
        let this = self.rc();
        let timeout = Timeout::new(RETRY_MS, move || {
            wasm_bindgen_futures::spawn_local(async move { this.save_document().await });
        });
        self.keeping.retry.replace(Some(timeout));
        let toast = match before {
            Some((known, toast)) if known == error => toast,
            before => {
                if let Some((_, toast)) = before {
                    self.toasts.dismiss(toast);
                }
                let message = match &error {
                    StoreError::Quota => fill_message(T.store_full, &[&name]),
                    _ => fill_message(T.store_failed, &[&name, &error]),
                };
                let (retry, save) = (self.rc(), self.rc());
                self.toasts.show_with_choices(
                    message,
                    Callback::from(move |()| {
                        let this = retry.clone();
                        wasm_bindgen_futures::spawn_local(async move { this.save_document().await });
                    }),
                    Callback::from(move |()| save.save_unstored()),
                )
            }
        };
        self.keeping.trouble.replace(Some((error, toast)));
    }

    /// Offers what could not be stored as files.
    fn save_unstored(&self) {
        let waiting: Vec<Rc<Kept>> = self.keeping.waiting.borrow().values().cloned().collect();
        for kept in waiting.iter().filter(|kept| kept.deleted_ms.is_none()) {
            if let Err(message) = self.save_sitting(kept.sitting.clone()) {
                self.show_problem(message);
            }
        }
    }

    /// Whether closing the page would lose something.
    pub(super) fn would_lose(&self) -> bool {
        self.keeping.trouble.borrow().is_some() && !self.journal()
    }

    fn journal_key(&self) -> String {
        format!("{JOURNAL}/{}", self.keeping.writer)
    }

    /// Notes at once what is not in the database yet: the page may be closed. Returns whether that worked.
    pub(super) fn journal(&self) -> bool {
        self.note_open();
        let waiting = self.keeping.waiting.borrow();
        if waiting.is_empty() {
            return true;
        }
        let documents = self.documents.get();
        if !documents.open.is_empty() {
            self.remember_open(&documents.open);
        }
        let all: Vec<&Kept> = waiting.values().map(|kept| &**kept).collect();
        let is_journaled = storage::save(&self.journal_key(), &all);
        self.keeping.is_journaled.set(is_journaled);
        is_journaled
    }

    /// Queues what earlier pages had no time to write, and what they kept without a database.
    pub(super) async fn bring_in_journals(&self, old: Option<Kept>) {
        let keys = storage::keys(JOURNAL);
        {
            let mut waiting = self.keeping.waiting.borrow_mut();
            let journals = keys.iter().filter_map(|key| {
                let all = storage::load::<Vec<Kept>>(key);
                all.or_else(|| storage::load::<Kept>(key).map(|kept| vec![kept]))
            });
            for kept in journals.flatten().chain(old) {
                let is_older = |there: &Rc<Kept>| there.writer == kept.writer && there.serial > kept.serial;
                if !waiting.get(&kept.id).is_some_and(is_older) {
                    waiting.insert(kept.id.clone(), Rc::new(kept));
                }
            }
        }
        self.write_waiting().await;
        if self.keeping.waiting.borrow().is_empty() || self.journal() {
            keys.iter().for_each(|key| storage::remove(key));
        }
    }

    /// The state of a document that waits, else the one in the database.
    pub(super) async fn stored(&self, id: &str) -> Result<Option<Kept>, StoreError> {
        if let Some(kept) = self.keeping.waiting.borrow().get(id) {
            return Ok(Some(Kept::clone(kept)));
        }
        let value = self
            .with_database(async |database| database.get(DOCUMENTS, id).await)
            .await?;
        let kept = value.as_ref().and_then(Kept::of);
        // What another window has made of the open document is not what is shown here.
        if let Some(kept) = kept.as_ref().filter(|_| self.documents.get().open != id) {
            self.know(id, kept.revision);
        }
        Ok(kept)
    }

    /// Every document that can be read, the newest first: those in the database, and those that wait.
    pub(super) async fn all_documents(&self) -> Result<Vec<Kept>, StoreError> {
        let mut all = Vec::new();
        if self.keeping.database.borrow().is_some() {
            let values = self
                .with_database(async |database| database.all(DOCUMENTS).await)
                .await?;
            all.extend(values.iter().filter_map(Kept::of));
        }
        let waiting = self.keeping.waiting.borrow();
        all.retain(|kept| !waiting.contains_key(&kept.id));
        all.extend(waiting.values().map(|kept| Kept::clone(kept)));
        all.sort_by(|a, b| b.changed_ms.total_cmp(&a.changed_ms));
        Ok(all)
    }

    /// Asks for the lock of the open document; says so when another window has it.
    pub(super) fn hold_open(&self) {
        let id = self.documents.get().open.clone();
        let is_held = |holding: &Holding| holding.id == id;
        if id.is_empty()
            || storage::keeps_nothing()
            || self.keeping.holding.borrow().as_ref().is_some_and(is_held)
        {
            return;
        }
        let is_granted = Rc::new(Cell::new(false));
        let lock = {
            let (me, id, is_granted) = (self.me.clone(), id.clone(), Rc::clone(&is_granted));
            Lock::request(&format!("mtl-playground/{id}"), move || {
                is_granted.set(true);
                if let Some(this) = me.upgrade() {
                    this.set_elsewhere(&id, false);
                }
            })
        };
        let timeout = {
            let (me, id, has_locks) = (self.me.clone(), id.clone(), lock.is_some());
            Timeout::new(LOCKED_WITHIN_MS, move || {
                if has_locks
                    && !is_granted.get()
                    && let Some(this) = me.upgrade()
                {
                    this.set_elsewhere(&id, true);
                }
            })
        };
        // The lock of another document is released.
        self.keeping.holding.replace(Some(Holding {
            id,
            _lock: lock,
            _timeout: timeout,
        }));
    }

    fn set_elsewhere(&self, id: &str, is_elsewhere: bool) {
        let documents = self.documents.get();
        if documents.open != id || documents.is_elsewhere == is_elsewhere {
            return;
        }
        self.documents
            .update(|documents| documents.is_elsewhere = is_elsewhere);
        if is_elsewhere {
            let name = self.document.get().design().name.clone();
            self.toasts
                .show(ToastKind::Info, fill_message(T.open_elsewhere, &[&name]));
        }
    }
}

/// What could not be read from the database, in words.
pub(super) fn not_read(error: &StoreError) -> Message {
    fill_message(T.database_failed, &[error])
}

#[cfg(test)]
mod tests {
    use mtl_engine::design::Design;
    use mtl_training::protocol::RunSettings;

    use super::*;
    use crate::state::{data::DataState, documents::Sitting};

    fn kept(name: &str, writer: &str, serial: u64, revision: u64) -> Kept {
        let data = DataState::default();
        Kept {
            id: "one".to_owned(),
            revision,
            changed_ms: 0.0,
            deleted_ms: None,
            writer: writer.to_owned(),
            serial,
            sitting: Sitting {
                design: Design::new(name),
                preset: None,
                source: data.source,
                data_settings: data.settings,
                settings: RunSettings::default(),
            },
        }
    }

    #[test]
    fn faults_a_window_follows_itself_and_gives_way_to_others() {
        let own = kept("new", "a", 5, 3);
        for (there, expected) in [
            (None, Decision::Write(4)),
            (Some(kept("old", "a", 4, 3)), Decision::Write(4)),
            // An earlier write of the same window, whose answer never came.
            (Some(kept("old", "a", 4, 9)), Decision::Write(10)),
            // A journal that is older than what was written after it.
            (Some(kept("newer", "a", 6, 9)), Decision::Stored(9)),
            (Some(kept("old", "b", 70, 3)), Decision::Write(4)),
            (Some(kept("other", "b", 1, 4)), Decision::Conflict),
            (Some(kept("new", "b", 1, 4)), Decision::Stored(4)),
        ] {
            assert_eq!(decide(&own, there.as_ref()), expected, "{there:?}");
        }
        // Documents of earlier versions of the page name no writer.
        let old = kept("new", "", 0, 3);
        assert_eq!(decide(&old, Some(&kept("old", "", 0, 3))), Decision::Write(4));
        assert_eq!(decide(&old, Some(&kept("old", "", 0, 4))), Decision::Conflict);
    }
}
