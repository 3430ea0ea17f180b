//! Waiting, but not for ever; a clock that nobody sets.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;

/// What `work` comes to; `None` when that takes longer than `limit_ms`. The work is dropped then.
pub async fn within<T>(limit_ms: u32, work: impl Future<Output = T>) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    // Ends with this function.
    let _timeout = Timeout::new(limit_ms, move || {
        // The work may be done in the same moment.
        let _ = sender.send(());
    });
    let (mut work, mut receiver) = (pin!(work), pin!(receiver));
    poll_fn(move |context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        receiver.as_mut().poll(context).map(|_| None)
    })
    .await
}

/// Milliseconds since the page was opened: unlike the time of day it never goes back.
pub fn monotonic_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}
