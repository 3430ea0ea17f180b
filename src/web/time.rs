//! Futures with a time limit, and a monotonic clock.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;

/// Awaits `work`; `None` if it takes longer than `limit_ms`, in which case it is dropped.
pub async fn within<T>(limit_ms: u32, work: impl Future<Output = T>) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    // The timer is cancelled at the end of this function.
    let _timeout = Timeout::new(limit_ms, move || {
        // Both can be ready at the same time.
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
