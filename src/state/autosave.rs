//! Nothing is lost on reload: the design, the choice of data set and the settings are kept by the browser as they change.
//! Trained parameters are not (a file keeps them).

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use mtl_data::prepare::DataSettings;
use mtl_engine::design::Design;
use mtl_training::protocol::{DataSource, RunSettings};
use serde::{Deserialize, Serialize};

use super::{Playground, storage, store::Subscription};

const KEY: &str = "sitting";
/// Changes within so many milliseconds are saved once.
const DELAY_MS: u32 = 400;

/// What is kept of a sitting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sitting {
    /// The design.
    pub design: Design,
    /// The preset that it came from.
    pub preset: Option<String>,
    /// The data set.
    pub source: DataSource,
    /// How it is prepared.
    pub data_settings: DataSettings,
    /// Settings of the run.
    pub settings: RunSettings,
}

/// The last sitting, if the browser kept one that can be read.
pub fn load() -> Option<Sitting> {
    storage::load(KEY)
}

/// Keeps the sitting from now on.
pub(super) fn keep(playground: &Playground) -> Vec<Subscription> {
    let waiting = Rc::new(RefCell::new(None::<Timeout>));
    let save_soon = {
        let me = playground.me.clone();
        move || {
            let me = me.clone();
            let timeout = Timeout::new(DELAY_MS, move || {
                if let Some(playground) = me.upgrade() {
                    save(&playground);
                }
            });
            // The one that was waiting is cancelled by being dropped.
            waiting.replace(Some(timeout));
        }
    };
    let save_soon = Rc::new(save_soon);
    let (on_design, on_settings, on_data) = (Rc::clone(&save_soon), Rc::clone(&save_soon), save_soon);
    vec![
        playground.document.subscribe(move |_| on_design()),
        playground.settings.subscribe(move |_| on_settings()),
        playground.data.subscribe(move |data| {
            if data.loading.is_none() {
                on_data();
            }
        }),
    ]
}

fn save(playground: &Playground) {
    let data = playground.data.get();
    if data.report.is_none() {
        return;
    }
    let sitting = Sitting {
        design: playground.document.get().design().as_ref().clone(),
        preset: playground.preset().map(|preset| preset.key.to_owned()),
        source: data.source.clone(),
        data_settings: data.settings.clone(),
        settings: playground.settings.get().as_ref().clone(),
    };
    storage::save(KEY, &sitting);
}
