//! The browser's database (IndexedDB): values by key, in a few stores. It may be blocked, full or deleted: then calls return errors, and
//! the page works without it.

use std::{cell::RefCell, collections::BTreeMap};

use idb::{DatabaseEvent, Factory, ObjectStoreParams, Transaction, TransactionMode, TransactionResult};
use thiserror::Error;
use wasm_bindgen::JsValue;
use web_sys::IdbTransaction;

const VERSION: u32 = 1;

/// The store of documents, in the database of this page's name.
pub const DOCUMENTS: &str = "documents";
/// The store of runs, in a database of its own: its values are large, and losing them is no misfortune.
pub const RUNS: &str = "runs";

/// The database that a store lies in.
fn database_of(store: &str) -> String {
    match store {
        DOCUMENTS => "mtl-playground".to_owned(),
        other => format!("mtl-playground-{other}"),
    }
}

/// Why the database did not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The browser gives this site no more room, or the disk is full.
    #[error("there is no room left")]
    Quota,
    /// The connection is closed: the browser has deleted the site's data, or a newer page upgrades the database.
    #[error("its connection was closed")]
    Closed,
    /// No answer for a long time.
    #[error("it does not answer")]
    Silent,
    /// Anything else, in the browser's words.
    #[error("{0}")]
    Unavailable(String),
}

impl From<idb::Error> for StoreError {
    fn from(error: idb::Error) -> Self {
        // Every variant shows the name of the browser's exception.
        let text = error.to_string();
        if text.contains("QuotaExceeded") {
            Self::Quota
        } else if text.contains("InvalidStateError") {
            Self::Closed
        } else {
            Self::Unavailable(text)
        }
    }
}

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

    /// Opens the browser's database of a store, creating it the first time. `on_lost` is called when the browser closes it by itself, as it
    /// does before it deletes the data of a site.
    pub async fn open(store: &'static str, on_lost: impl FnOnce() + 'static) -> Result<Self, StoreError> {
        let mut request = Factory::new()?.open(&database_of(store), Some(VERSION))?;
        request.on_upgrade_needed(move |event| {
            if let Ok(database) = event.database() {
                // If a store cannot be created, reading from it returns an error.
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        });
        let mut database = request.await?;
        // Closes the database when a newer page in another window wants to upgrade it.
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close();
            }
        });
        database.on_close(|_| on_lost());
        database.forget_callbacks();
        Ok(Self::Indexed(database))
    }

    /// The value under `key`.
    pub async fn get(&self, store: &str, key: &str) -> Result<Option<JsValue>, StoreError> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
                Ok(transaction.object_store(store)?.get(JsValue::from(key))?.await?)
            }
            Self::Memory(values) => Ok(values.borrow().get(&place(store, key)).cloned()),
        }
    }

    /// Every value, in the order of the keys.
    pub async fn all(&self, store: &str) -> Result<Vec<JsValue>, StoreError> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
                Ok(transaction.object_store(store)?.get_all(None, None)?.await?)
            }
            Self::Memory(values) => {
                let values = values.borrow();
                let own = values.iter().filter(|((of, _), _)| of == store);
                Ok(own.map(|(_, value)| value.clone()).collect())
            }
        }
    }

    /// Puts the value that `decide` makes of the one under `key`, if it makes one: read and written in one transaction, whatever
    /// other windows do. Returns what else `decide` says, once the value is stored.
    pub async fn update<T>(
        &self,
        store: &str,
        key: &str,
        decide: impl FnOnce(Option<&JsValue>) -> (T, Option<JsValue>),
    ) -> Result<T, StoreError> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
                let values = transaction.object_store(store)?;
                let key = JsValue::from(key);
                let there = values.get(key.clone())?.await?;
                let (said, value) = decide(there.as_ref());
                if let Some(value) = value {
                    values.put(&value, Some(&key))?.await?;
                    committed(transaction).await?;
                }
                Ok(said)
            }
            Self::Memory(values) => {
                let mut values = values.borrow_mut();
                let place = place(store, key);
                let (said, value) = decide(values.get(&place));
                if let Some(value) = value {
                    values.insert(place, value);
                }
                Ok(said)
            }
        }
    }

    /// Removes the value under `key`.
    pub async fn remove(&self, store: &str, key: &str) -> Result<(), StoreError> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
                transaction
                    .object_store(store)?
                    .delete(JsValue::from(key))?
                    .await?;
                committed(transaction).await
            }
            Self::Memory(values) => {
                values.borrow_mut().remove(&place(store, key));
                Ok(())
            }
        }
    }

    /// Removes every value.
    pub async fn clear(&self, store: &str) -> Result<(), StoreError> {
        match self {
            Self::Indexed(database) => {
                let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
                transaction.object_store(store)?.clear()?.await?;
                committed(transaction).await
            }
            Self::Memory(values) => {
                values.borrow_mut().clear();
                Ok(())
            }
        }
    }
}

/// Waits until what was written is stored: a full disk is noticed not before the end of the transaction.
async fn committed(transaction: Transaction) -> Result<(), StoreError> {
    let transaction = IdbTransaction::from(transaction);
    match Transaction::from(transaction.clone()).await? {
        TransactionResult::Committed => Ok(()),
        TransactionResult::Aborted => Err(match transaction.error() {
            Some(error) => idb::Error::DomException(error).into(),
            None => StoreError::Unavailable("the transaction was aborted".to_owned()),
        }),
    }
}

fn place(store: &str, key: &str) -> (String, String) {
    (store.to_owned(), key.to_owned())
}
