//! Toasts: non-blocking messages.

use gloo_timers::callback::Timeout;
use yew::Callback;

use super::store::Store;
use crate::i18n::Message;

/// Kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    /// Success; disappears by itself.
    Done,
    /// Information; disappears by itself, later.
    Info,
    /// An action in progress; disappears with it.
    Progress,
    /// Error; stays until it is dismissed.
    Problem,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub id: u32,
    pub kind: ToastKind,
    pub message: Message,
    /// A button beside the message.
    pub action: Option<ToastAction>,
}

/// The button of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum ToastAction {
    /// Repeats what has failed.
    Retry(Callback<()>),
    /// Cancels what is in progress.
    Cancel(Callback<()>),
}

/// The messages that are shown, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toasts {
    pub shown: Vec<Toast>,
    next_id: u32,
}

const MAX_SHOWN: usize = 4;

impl Store<Toasts> {
    /// Shows a message. When it is shown already, it keeps its [`action`](Toast::action).
    pub fn show(&self, kind: ToastKind, message: Message) {
        self.put(kind, message, None);
    }

    /// Shows a problem that may be gone the next time, with a button that tries again.
    pub fn show_with_retry(&self, message: Message, retry: Callback<()>) {
        self.put(ToastKind::Problem, message, Some(ToastAction::Retry(retry)));
    }

    /// Shows an action in progress, with a button that cancels it, until the toast with this id is dismissed.
    pub fn show_progress(&self, message: Message, cancel: Callback<()>) -> u32 {
        self.put(ToastKind::Progress, message, Some(ToastAction::Cancel(cancel)))
    }

    fn put(&self, kind: ToastKind, message: Message, action: Option<ToastAction>) -> u32 {
        let id = self.get().next_id;
        self.update(|toasts| {
            toasts.next_id += 1;
            // A repeated message is shown once, at the end.
            let is_same = |toast: &mut Toast| toast.message == message;
            let same = toasts.shown.extract_if(.., is_same).last();
            let action = action.or_else(|| same.and_then(|toast| toast.action));
            toasts.shown.push(Toast {
                id,
                kind,
                message,
                action,
            });
            if toasts.shown.len() > MAX_SHOWN {
                toasts.shown.remove(0);
            }
        });
        let shown_ms = match kind {
            ToastKind::Done => 5_000,
            ToastKind::Info => 9_000,
            ToastKind::Progress | ToastKind::Problem => return id,
        };
        let toasts = self.clone();
        Timeout::new(shown_ms, move || toasts.dismiss(id)).forget();
        id
    }

    /// Removes a message.
    pub fn dismiss(&self, id: u32) {
        self.update_if_changed(|toasts| toasts.shown.retain(|toast| toast.id != id));
    }
}
