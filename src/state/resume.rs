//! A run that outlives its page: a tab that the browser discards, that crashes or is reloaded in mid-run goes on from the last copy of
//! what it had learnt, with the optimizer's state.
//!
//! The copies that [`recovery`](super::recovery) takes are also put into a database of their own, under what they belong to (design,
//! settings and data set), so that none is ever put into another run. They are looked for after a reload only: who opens a page or
//! a link anew begins anew.

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer};
use mtl_base::json;
use mtl_training::protocol::Phase;
use wasm_bindgen::{JsCast, JsValue};

use super::{Playground, ToastKind, link::is_fresh_visit, storage};
use crate::{
    i18n::{documents::T, fill_message},
    web::{
        database::{Database, RUNS},
        time::within,
    },
};

/// A database that does not answer within this time is done without.
const ANSWERS_WITHIN_MS: u32 = 4_000;

impl Playground {
    /// Under this key lies the copy of a run of what is open.
    pub(super) fn run_key(&self) -> String {
        let (design, settings, source) = self.belongs_to();
        json::write(&(design, settings, source, &self.data.get().settings))
    }

    /// The database of runs; `None` where there is none.
    async fn runs(&self) -> Option<Rc<Database>> {
        if storage::keeps_nothing() {
            return None;
        }
        if self.runs.borrow().is_none() {
            // Without it a run lives as long as its page.
            let opened = within(ANSWERS_WITHIN_MS, Database::open(RUNS, || {})).await?;
            self.runs.replace(opened.ok().map(Rc::new));
        }
        self.runs.borrow().clone()
    }

    /// Stores a copy; a run that is over has none. What cannot be stored lives as long as the page.
    pub(super) async fn store_run(&self, key: &str, step: u64, payloads: Vec<ArrayBuffer>) {
        let Some(runs) = self.runs().await else { return };
        let value = Array::of1(&JsValue::from(step as f64));
        for payload in &payloads {
            value.push(payload);
        }
        let stored = if self.status.get().phase == Phase::Finished {
            runs.remove(RUNS, key).await
        } else {
            runs.update(RUNS, key, |_| ((), Some(value.into()))).await
        };
        if stored.is_err() {
            // The next copy tries again, with another connection.
            self.runs.replace(None);
        }
    }

    /// The run begins anew: what an earlier one has learnt is not wanted back.
    pub(super) fn forget_run(&self) {
        self.copy.replace(None);
        let (this, key) = (self.rc(), self.run_key());
        wasm_bindgen_futures::spawn_local(async move {
            if let Some(runs) = this.runs().await {
                // What stays is put back at most after a reload of the same settings.
                let _ = runs.remove(RUNS, &key).await;
            }
        });
    }

    /// After a reload: the run of what is open goes on from the copy that was stored last. Copies of other runs are removed.
    pub(super) async fn resume_run(&self) {
        let Some(runs) = self.runs().await else { return };
        let key = self.run_key();
        let stored = if is_fresh_visit() {
            None
        } else {
            within(ANSWERS_WITHIN_MS, runs.get(RUNS, &key))
                .await
                .and_then(|stored| stored.ok().flatten())
        };
        // Those of other windows are stored again with their next copy.
        let _ = runs.clear(RUNS).await;
        let Some(stored) = stored.and_then(|stored| stored.dyn_into::<Array>().ok()) else {
            return;
        };
        let step = stored.get(0).as_f64().unwrap_or(0.0) as u64;
        let payloads: Vec<ArrayBuffer> = stored
            .iter()
            .filter_map(|payload| payload.dyn_into().ok())
            .collect();
        if step == 0 || payloads.is_empty() {
            return;
        }
        self.store_run(&key, step, payloads.clone()).await;
        self.copy.replace(Some(self.copy_of(step, payloads)));
        if let Some(step) = self.restore_copy().await {
            self.toasts
                .show(ToastKind::Info, fill_message(T.run_resumed, &[&step]));
        }
    }
}
