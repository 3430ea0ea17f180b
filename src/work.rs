//! Counters of the work that the page has done since it was opened: `mtlPlayground.work()`.
//!
//! Tests assert these counts, which are the same on every machine, instead of times; times are printed by
//! `cargo xtask bench --page`.

use std::cell::Cell;

use serde::Serialize;

macro_rules! counters {
    ($( $(#[$doc:meta])* $variant:ident => $field:ident ),+ $(,)?) => {
        /// A counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $( $(#[$doc])* $variant ),+
        }

        /// All counters.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct Counts {
            $( $(#[$doc])* pub $field: u64 ),+
        }

        impl Counts {
            fn add(&mut self, counter: Counter, n: u64) {
                match counter { $( Counter::$variant => self.$field += n ),+ }
            }
        }
    };
}

counters! {
    /// Checks of the whole design: shapes, sharing, costs, problems.
    DesignChecks => design_checks,
    /// Nodes of the canvas that were rendered as components.
    NodeViews => node_views,
    /// Wires of the canvas that were rendered as components.
    WireViews => wire_views,
    /// Charts that were drawn.
    ChartDraws => chart_draws,
    /// Messages to the training worker.
    MessagesSent => messages_sent,
    /// Messages from the training worker.
    MessagesReceived => messages_received,
    /// UTF-16 units of text in messages of both directions, which are copied.
    TextCopied => text_copied,
    /// Bytes of buffers in messages of both directions, which are moved and not copied.
    BytesTransferred => bytes_transferred,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts {
        design_checks: 0, node_views: 0, wire_views: 0, chart_draws: 0,
        messages_sent: 0, messages_received: 0, text_copied: 0, bytes_transferred: 0,
    }) };
}

/// Adds `n` to a counter.
pub fn add(counter: Counter, n: u64) {
    COUNTS.with(|counts| {
        let mut now = counts.get();
        now.add(counter, n);
        counts.set(now);
    });
}

/// The counters of this thread, which is the page's.
pub fn counts() -> Counts {
    COUNTS.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_its_own() {
        add(Counter::NodeViews, 2);
        add(Counter::NodeViews, 1);
        add(Counter::BytesTransferred, 40);
        let counts = counts();
        assert_eq!((counts.node_views, counts.bytes_transferred), (3, 40));
        assert_eq!(counts.wire_views, 0);
    }
}
