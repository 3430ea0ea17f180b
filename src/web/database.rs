//! The browser's database: values by key, in a few stores. It may be blocked, full or taken away: then a call says so, and
//! the page goes on without.

use std::{cell::RefCell, collections::BTreeMap};

use idb::{DatabaseEvent, Error, Factory, ObjectStoreParams, TransactionMode, TransactionResult};
use wasm_bindgen::JsValue;

const NAME: &str = "mtl-playground";
const VERSION: u32 = 1;

/// The store of documents.
pub const DOCUMENTS: &str = "documents";

/// An open database.
pub enum Database {
    /// The browser's.
    Indexed(idb::Database),
    /// In memory, with the same stores: for a page that keeps nothing.
    Memory(RefCell<BTreeMap<(String, String), JsValue>>),
}

impl Database {
    /// An empty database that is gone with the page.
    pub fn in_memory() -> Self {
        Self::Memory(RefCell::default())
    }

    /// Opens the browser's database, which is made the first time.
    pub async fn open() -> Result<Self, Error> {
        let mut request = Factory::new()?.open(NAME, Some(VERSION))?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                // A store that cannot be made is missed by whoever reads from it, who says so.
                let _ = database.create_object_store(DOCUMENTS, ObjectStoreParams::new());
            }
        });
        let mut database = request.await?;
        // Another window with a newer page may want to upgrade: this one must not stand in its way.
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

    /// Takes the value under `key` out.
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
