//! Autosave: the open document is saved a moment after every change, however many follow, and noted at once when the page
//! is hidden or closed. Trained parameters are not saved (a weights file has them).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;

use super::{Playground, store::Subscription};

/// A change is saved after this time, together with those that follow meanwhile.
const DELAY_MS: u32 = 300;

/// Starts autosave.
pub(super) fn keep(playground: &Playground) -> Vec<Subscription> {
    let timeout = RefCell::new(None::<Timeout>);
    let is_waiting = Rc::new(Cell::new(false));
    let save_soon = {
        let me = playground.me.clone();
        move || {
            // The time counts from the first change: a hand that never rests is saved too.
            if is_waiting.replace(true) {
                return;
            }
            let (me, is_waiting) = (me.clone(), Rc::clone(&is_waiting));
            timeout.replace(Some(Timeout::new(DELAY_MS, move || {
                is_waiting.set(false);
                if let Some(playground) = me.upgrade() {
                    wasm_bindgen_futures::spawn_local(async move { playground.save_document().await });
                }
            })));
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
        playground
            .documents
            .subscribe(playground.listener(|this, _| this.hold_open())),
    ];
    let Some(window) = web_sys::window() else {
        return subscriptions;
    };
    let mut listen = |kind: &'static str, hear: fn(&Playground, &web_sys::Event)| {
        let me = playground.me.clone();
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&window, kind, options, move |event| {
            if let Some(playground) = me.upgrade() {
                hear(&playground, event);
            }
        });
        subscriptions.push(Subscription::new(move || drop(listener)));
    };
    let note = |this: &Playground, _: &web_sys::Event| {
        this.journal();
    };
    listen("pagehide", note);
    // A hidden page may be discarded without another word. (The event bubbles from the document.)
    listen("visibilitychange", note);
    listen("beforeunload", |this, event| {
        if this.would_lose() {
            event.prevent_default();
        }
    });
    subscriptions
}
