//! The browser's database (IndexedDB): values by key, in a few stores. It may be blocked, full or deleted: then calls return errors, and
//! the page works without it.

use std::{cell::RefCell, collections::BTreeMap};

use idb::{DatabaseEvent, Error, Factory, ObjectStoreParams, TransactionMode, TransactionResult};
use wasm_bindgen::JsValue;

const NAME: &str = "mtl-playground";
const VERSION: u32 = 1;

/// The store of documents.
pub const DOCUMENTS: &str = "documents";

/// An open database.
pub enum Database {
    /// IndexedDB.
    Indexed(idb::Database),
    /// In memory, with the same stores, for a page that stores nothing.
    Memory(RefCell<BTreeMap<(String, String), JsValue>>),
}

impl Database {
    /// An empty in-memory database.
    pub fn in_memory() -> Self {
        Self::Memory(RefCell::default())
    }

    /// Opens the browser's database, creating it the first time.
    pub async fn open() -> Result<Self, Error> {
        let mut request = Factory::new()?.open(NAME, Some(VERSION))?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                // If a store cannot be created, reading from it returns an error.
                let _ = database.create_object_store(DOCUMENTS, ObjectStoreParams::new());
            }
        });
        let mut database = request.await?;
        // Closes the database when a newer page in another window wants to upgrade it.
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close();
            }
        });
        database.forget_callbacks();
        Ok(Self::Indexed(database))
    }

    /// The value under `key`.
    pub async fn get(&self, store: &str, key: &str) -> Result<Option<JsValue>, Error> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
                transaction.object_store(store)?.get(JsValue::from(key))?.await
            }
            Self::Memory(values) => Ok(values.borrow().get(&place(store, key)).cloned()),
        }
    }

    /// Every value, in the order of the keys.
    pub async fn all(&self, store: &str) -> Result<Vec<JsValue>, Error> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
                transaction.object_store(store)?.get_all(None, None)?.await
            }
            Self::Memory(values) => {
                let values = values.borrow();
                let own = values.iter().filter(|((of, _), _)| of == store);
                Ok(own.map(|(_, value)| value.clone()).collect())
            }
        }
    }

    /// Puts `value` under `key`, provided that what lies there may be replaced: looked at and written in one go, whatever
    /// other windows do. Says whether it was written.
    pub async fn put_if(
        &self,
        store: &str,
        key: &str,
        value: &JsValue,
        may_replace: impl FnOnce(Option<&JsValue>) -> bool,
    ) -> Result<bool, Error> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
                let values = transaction.object_store(store)?;
                let key = JsValue::from(key);
                let there = values.get(key.clone())?.await?;
                if !may_replace(there.as_ref()) {
                    return Ok(false);
                }
                values.put(value, Some(&key))?.await?;
                Ok(matches!(transaction.await?, TransactionResult::Committed))
            }
            Self::Memory(values) => {
                let mut values = values.borrow_mut();
                let place = place(store, key);
                let may_replace = may_replace(values.get(&place));
                if may_replace {
                    values.insert(place, value.clone());
                }
                Ok(may_replace)
            }
        }
    }

    /// Removes the value under `key`.
    pub async fn remove(&self, store: &str, key: &str) -> Result<(), Error> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
                transaction
                    .object_store(store)?
                    .delete(JsValue::from(key))?
                    .await?;
                transaction.await.map(drop)
            }
            Self::Memory(values) => {
                values.borrow_mut().remove(&place(store, key));
                Ok(())
            }
        }
    }
}

fn place(store: &str, key: &str) -> (String, String) {
    (store.to_owned(), key.to_owned())
}
