//! The worker's end of the transport: receives requests, works in slices, posts replies and events.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

use js_sys::{Array, ArrayBuffer};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort, Performance};

use super::transport::{describe, kind};

/// The work of a worker.
pub trait Job {
    /// Handles a request, with the buffers that were transferred with it. It gets one [reply](Outbox::reply), now or later.
    fn command(&mut self, id: u32, text: &str, buffers: Vec<ArrayBuffer>, outbox: &Outbox);

    /// Works for some ten milliseconds and returns whether there is more to do.
    ///
    /// `now_ms` reads the browser's monotonic clock.
    fn slice(&mut self, now_ms: &dyn Fn() -> f64, outbox: &Outbox) -> Next;

    /// Sets the waker that requests another slice; a job that waits for requests only does not need it.
    fn set_waker(&mut self, _waker: Waker) {}
}

/// What comes after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another slice, after the commands that have arrived meanwhile.
    Again,
    /// Nothing until the next command, or until the waker is used.
    Idle,
}

/// Posts replies and events to the page.
pub struct Outbox {
    scope: DedicatedWorkerGlobalScope,
    /// Ids of the requests without a reply.
    owed: RefCell<BTreeSet<u32>>,
}

impl Outbox {
    /// Posts an event.
    pub fn event(&self, text: &str) {
        // Texts can always be posted.
        let _ = self
            .scope
            .post_message(&Array::of2(&kind::EVENT.into(), &text.into()));
    }

    /// Posts the reply to a request; `buffers` are moved to the page.
    ///
    /// # Panics
    /// When one of the buffers was posted before.
    pub fn reply(&self, id: u32, text: &str, buffers: Vec<ArrayBuffer>) {
        self.owed.borrow_mut().remove(&id);
        let message = Array::of3(&kind::REPLY.into(), &id.into(), &text.into());
        let transfer = Array::new();
        for buffer in buffers {
            message.push(&buffer);
            transfer.push(&buffer);
        }
        if let Err(error) = self.scope.post_message_with_transfer(&message, &transfer) {
            panic!("a reply could not be posted: {}", describe(&error));
        }
    }
}

/// Makes the worker serve the page with `job` from now on.
///
/// # Panics
/// When it is not called in a dedicated worker.
pub fn run(job: impl Job + 'static) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global()
        .dyn_into()
        .expect("worker_main is called by worker.js, in a dedicated worker");
    report_panics();
    let host = Host::new(Box::new(job), scope.clone());
    HOST.with(|own| {
        own.get_or_init(|| Rc::clone(&host))
            .job
            .borrow_mut()
            .set_waker(Arc::new(Bell).into())
    });
    let on_command = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| host.command(&event));
    scope.set_onmessage(Some(on_command.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    on_command.forget();
    scope
        .post_message(&Array::of1(&kind::READY.into()))
        .expect("a text can always be posted");
}

thread_local! {
    /// The worker's one host: a waker must be `Send`, which the host is not, so that it looks it up.
    static HOST: OnceCell<Rc<Host>> = const { OnceCell::new() };
}

/// Wakes the host.
struct Bell;

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        HOST.with(|host| host.get().map(|host| host.wake_up()));
    }
}

struct Host {
    job: RefCell<Box<dyn Job>>,
    outbox: Outbox,
    clock: Performance,
    /// A message to oneself is delivered after those that have arrived before, and without the 4 ms that browsers add
    /// to repeated timers.
    wake: MessagePort,
    awake: Cell<bool>,
}

impl Host {
    fn new(job: Box<dyn Job>, scope: DedicatedWorkerGlobalScope) -> Rc<Self> {
        let channel = MessageChannel::new().expect("every browser with workers has message channels");
        let host = Rc::new(Self {
            job: RefCell::new(job),
            clock: scope.performance().expect("every worker has a clock"),
            outbox: Outbox {
                scope,
                owed: RefCell::default(),
            },
            wake: channel.port1(),
            awake: Cell::new(false),
        });
        let on_wake = {
            let host = Rc::clone(&host);
            Closure::<dyn FnMut()>::new(move || host.slice())
        };
        channel
            .port2()
            .set_onmessage(Some(on_wake.as_ref().unchecked_ref()));
        on_wake.forget();
        host
    }

    fn command(&self, event: &MessageEvent) {
        if let Some(ping) = event.data().as_f64() {
            return self.pong(ping);
        }
        let message: Array = event.data().unchecked_into();
        let mut parts = message.iter();
        let id = parts.next().and_then(|part| part.as_f64()).unwrap_or_default() as u32;
        let text = parts.next().and_then(|part| part.as_string()).unwrap_or_default();
        let buffers = parts.filter_map(|part| part.dyn_into().ok()).collect();
        self.outbox.owed.borrow_mut().insert(id);
        self.job.borrow_mut().command(id, &text, buffers, &self.outbox);
        // Any request may bring work, which the next slice finds.
        self.wake_up();
    }

    fn pong(&self, ping: f64) {
        let message = Array::of2(&kind::PONG.into(), &ping.into());
        for id in &*self.outbox.owed.borrow() {
            message.push(&(*id).into());
        }
        // Texts and numbers can always be posted.
        let _ = self.outbox.scope.post_message(&message);
    }

    fn slice(&self) {
        self.awake.set(false);
        let next = self.job.borrow_mut().slice(&|| self.clock.now(), &self.outbox);
        if next == Next::Again {
            self.wake_up();
        }
    }

    fn wake_up(&self) {
        if !self.awake.replace(true) {
            self.wake
                .post_message(&JsValue::NULL)
                .expect("null can always be posted");
        }
    }
}

/// Posts the text of a panic, which ends the worker, to the page.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        // The hook must be `Send`, which the scope is not: it is looked up when it is needed.
        if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
            let message = Array::of2(&kind::PANIC.into(), &info.to_string().into());
            // If even this fails, the page still receives the error event of the trap that follows.
            let _ = scope.post_message(&message);
        }
    }));
}
