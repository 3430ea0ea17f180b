//! Autosave: the open document is saved a moment after every change, and at once when the page
//! is closed. Trained parameters are not saved (a weights file has them).

use std::{cell::RefCell, rc::Rc};

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;

use super::{Playground, store::Subscription};

/// Debounce delay of saving, in milliseconds.
const DELAY_MS: u32 = 300;

/// Starts autosave.
pub(super) fn keep(playground: &Playground) -> Vec<Subscription> {
    let waiting = Rc::new(RefCell::new(None::<Timeout>));
    let save_soon = {
        let me = playground.me.clone();
        move || {
            let me = me.clone();
            let timeout = Timeout::new(DELAY_MS, move || {
                if let Some(playground) = me.upgrade() {
                    wasm_bindgen_futures::spawn_local(async move { playground.save_document().await });
                }
            });
            // Dropping the pending timer cancels it.
            waiting.replace(Some(timeout));
        }
    };
    let save_soon = Rc::new(save_soon);
    let (on_design, on_settings, on_data) = (Rc::clone(&save_soon), Rc::clone(&save_soon), save_soon);
    let mut subscriptions = vec![
        playground.document.subscribe(move |_| on_design()),
        playground.settings.subscribe(move |_| on_settings()),
        playground.data.subscribe(move |data| {
            if data.loading.is_none() {
                on_data();
            }
        }),
    ];
    if let Some(window) = web_sys::window() {
        let me = playground.me.clone();
        let listener = EventListener::new(&window, "pagehide", move |_| {
            if let Some(playground) = me.upgrade() {
                playground.journal();
            }
        });
        subscriptions.push(Subscription::new(move || drop(listener)));
    }
    subscriptions
}
