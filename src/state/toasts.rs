//! Messages to a person: never a box that must be clicked away before the work goes on.

use gloo_timers::callback::Timeout;

use super::store::Store;
use crate::i18n::Message;

/// How a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// Something was done; goes by itself.
    Done,
    /// Something to know; goes by itself, later.
    Info,
    /// Something did not work; stays until it is dismissed.
    Problem,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Names it among the messages of this sitting.
    pub id: u32,
    /// How it is shown.
    pub kind: ToastKind,
    /// What it says.
    pub message: Message,
}

/// The messages that are shown, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toasts {
    /// What is shown.
    pub shown: Vec<Toast>,
    next_id: u32,
}

const MAX_SHOWN: usize = 4;

impl Store<Toasts> {
    /// Shows a message.
    pub fn show(&self, kind: ToastKind, message: Message) {
        let id = self.get().next_id;
        self.update(|toasts| {
            toasts.next_id += 1;
            // The same message twice is one message, again at the end.
            toasts.shown.retain(|toast| toast.message != message);
            toasts.shown.push(Toast { id, kind, message });
            if toasts.shown.len() > MAX_SHOWN {
                toasts.shown.remove(0);
            }
        });
        let shown_ms = match kind {
            ToastKind::Done => 5_000,
            ToastKind::Info => 9_000,
            ToastKind::Problem => return,
        };
        let toasts = self.clone();
        Timeout::new(shown_ms, move || toasts.dismiss(id)).forget();
    }

    /// Takes a message away.
    pub fn dismiss(&self, id: u32) {
        self.update_if_changed(|toasts| toasts.shown.retain(|toast| toast.id != id));
    }
}
