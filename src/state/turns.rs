//! A fair asynchronous mutex.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use futures_channel::oneshot;

/// A fair asynchronous mutex: waiters are served in the order of arrival.
#[derive(Clone, Default)]
pub struct Turns(Rc<State>);

#[derive(Default)]
struct State {
    is_taken: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<Turn>>>,
}

/// A guard, which releases the mutex on drop.
pub struct Turn(Option<Rc<State>>);

impl Turns {
    /// Waits for the guard.
    pub async fn take(&self) -> Turn {
        if !self.0.is_taken.replace(true) {
            return Turn(Some(Rc::clone(&self.0)));
        }
        let (sender, turn) = oneshot::channel();
        self.0.waiting.borrow_mut().push_back(sender);
        // The sender is kept in the shared state until it is used, so receiving cannot fail.
        turn.await.unwrap_or_else(|_| Turn(Some(Rc::clone(&self.0))))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(state) = self.0.take() else { return };
        loop {
            let next = state.waiting.borrow_mut().pop_front();
            let Some(next) = next else {
                return state.is_taken.set(false);
            };
            match next.send(Turn(Some(Rc::clone(&state)))) {
                Ok(()) => return,
                // The waiter was dropped: the returned guard must not release the mutex again.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn turns_come_in_order_and_those_who_have_gone_are_passed_over() {
        let turns = Turns::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(turns.take());
        let Poll::Ready(turn) = first.as_mut().poll(&mut context) else {
            panic!("nobody is before the first");
        };
        let mut second = Box::pin(turns.take());
        let mut third = pin!(turns.take());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(second);
        drop(turn);
        let Poll::Ready(turn) = third.as_mut().poll(&mut context) else {
            panic!("the second has gone, so that it is the turn of the third");
        };
        let mut fourth = pin!(turns.take());
        assert!(fourth.as_mut().poll(&mut context).is_pending());
        drop(turn);
        assert!(fourth.as_mut().poll(&mut context).is_ready());
        let mut fifth = pin!(turns.take());
        assert!(
            fifth.as_mut().poll(&mut context).is_ready(),
            "all turns have ended"
        );
    }
}
