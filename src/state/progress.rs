//! Actions that may take long: named after a while, with a button that cancels them.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, task::Poll};

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use mtl_base::text::Message;
use yew::Callback;

use super::Playground;
use crate::{
    i18n::faults,
    worker::protocol::{Cause, Failure},
};

/// An action that takes longer is shown.
const SHOWN_AFTER_MS: u32 = 300;

impl Playground {
    /// Runs an action. When it takes longer than [`SHOWN_AFTER_MS`], `name` is shown until it is done, with a button that cancels it:
    /// the action is dropped then.
    ///
    /// # Errors
    /// Those of the action, and [`Cause::Replaced`] when it was cancelled.
    pub(super) async fn with_progress<T>(
        &self,
        name: Message,
        action: impl Future<Output = Result<T, Message>>,
    ) -> Result<T, Failure> {
        let (cancel, cancelled) = oneshot::channel();
        let shown = Rc::new(Cell::new(None));
        // Ends with this function.
        let _timer = Timeout::new(SHOWN_AFTER_MS, {
            let (toasts, shown, cancel) = (self.toasts.clone(), Rc::clone(&shown), Cell::new(Some(cancel)));
            move || {
                let cancel = Callback::from(move |()| {
                    if let Some(cancel) = cancel.take() {
                        // The action may be done in the same moment.
                        let _ = cancel.send(());
                    }
                });
                shown.set(Some(toasts.show_progress(name, cancel)));
            }
        });
        let (mut action, mut cancelled) = (pin!(action), pin!(cancelled));
        let outcome = poll_fn(move |context| {
            if let Poll::Ready(outcome) = action.as_mut().poll(context) {
                return Poll::Ready(outcome.map_err(Failure::from));
            }
            match cancelled.as_mut().poll(context) {
                Poll::Ready(Ok(())) => Poll::Ready(Err(Failure::new(Cause::Replaced, faults::T.cancelled))),
                // The message was closed: the action goes on.
                Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if let Some(toast) = shown.get() {
            self.toasts.dismiss(toast);
        }
        outcome
    }
}
