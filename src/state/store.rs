//! A value that components follow.
//!
//! Each part of the page's state lies in a store of its own, so that a change draws only what shows that part. A store
//! is cheap to clone (a pointer) and lives outside of yew: the script interface and the worker's events change it
//! the same way as a click does.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use yew::prelude::*;

type Listener<T> = Rc<dyn Fn(&Rc<T>)>;

struct Inner<T> {
    value: RefCell<Rc<T>>,
    listeners: RefCell<Vec<(u64, Listener<T>)>>,
    next_listener: Cell<u64>,
}

/// A value that components follow; see the module.
pub struct Store<T>(Rc<Inner<T>>);

/// Keeps a listener alive; dropping it ends the subscription.
#[must_use = "a dropped subscription hears nothing"]
pub struct Subscription(Option<Box<dyn FnOnce()>>);

impl Subscription {
    /// A subscription that ends by calling `end`.
    pub fn new(end: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Store<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: 'static> Store<T> {
    /// A store that holds `value`.
    pub fn new(value: T) -> Self {
        Self(Rc::new(Inner {
            value: RefCell::new(Rc::new(value)),
            listeners: RefCell::default(),
            next_listener: Cell::new(0),
        }))
    }

    /// The value as it is now.
    pub fn get(&self) -> Rc<T> {
        Rc::clone(&self.0.value.borrow())
    }

    /// Puts another value in its place and tells the listeners.
    pub fn set(&self, value: T) {
        self.set_rc(Rc::new(value));
    }

    /// Changes the value and tells the listeners.
    pub fn update(&self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let mut value = T::clone(&self.get());
        change(&mut value);
        self.set(value);
    }

    /// Changes the value, and tells the listeners only when it became another one.
    pub fn update_if_changed(&self, change: impl FnOnce(&mut T))
    where
        T: Clone + PartialEq,
    {
        let before = self.get();
        let mut value = T::clone(&before);
        change(&mut value);
        if value != *before {
            self.set(value);
        }
    }

    /// Calls `listener` after every change until the subscription is dropped.
    pub fn subscribe(&self, listener: impl Fn(&Rc<T>) + 'static) -> Subscription {
        let id = self.0.next_listener.get();
        self.0.next_listener.set(id + 1);
        self.0.listeners.borrow_mut().push((id, Rc::new(listener)));
        let inner = Rc::downgrade(&self.0);
        Subscription::new(move || {
            if let Some(inner) = inner.upgrade() {
                inner.listeners.borrow_mut().retain(|(other, _)| *other != id);
            }
        })
    }

    fn set_rc(&self, value: Rc<T>) {
        *self.0.value.borrow_mut() = Rc::clone(&value);
        // A listener may subscribe, unsubscribe or set again: it works on a copy of the list.
        let listeners = self.0.listeners.borrow().clone();
        for (_, listener) in listeners {
            listener(&value);
        }
    }
}

/// The value of `store`; the component is drawn again after every change of it.
#[hook]
pub fn use_store<T: 'static>(store: &Store<T>) -> Rc<T> {
    use_part(store, Rc::clone, |before, after| Rc::ptr_eq(before, after))
}

/// A part of what `store` holds; the component is drawn again only when that part becomes another one.
#[hook]
pub fn use_selected<T: 'static, P: PartialEq + Clone + 'static>(store: &Store<T>, part: fn(&T) -> P) -> P {
    use_part(store, move |value| part(value), |before, after| before == after)
}

#[hook]
fn use_part<T: 'static, P: Clone + 'static>(
    store: &Store<T>,
    part: impl Fn(&Rc<T>) -> P + 'static,
    same: fn(&P, &P) -> bool,
) -> P {
    let draw_again = use_force_update();
    let shown = part(&store.get());
    let last_shown = use_mut_ref(|| shown.clone());
    *last_shown.borrow_mut() = shown.clone();
    use_effect_with(store.clone(), move |store| {
        // What changed between drawing and now was heard by nobody.
        if !same(&last_shown.borrow(), &part(&store.get())) {
            draw_again.force_update();
        }
        let subscription = store.subscribe(move |value| {
            if !same(&last_shown.borrow(), &part(value)) {
                draw_again.force_update();
            }
        });
        move || drop(subscription)
    });
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_hear_every_change_until_they_are_dropped() {
        let store = Store::new(1);
        let heard = Rc::new(RefCell::new(Vec::new()));
        let subscription = store.subscribe({
            let heard = Rc::clone(&heard);
            move |value| heard.borrow_mut().push(**value)
        });
        store.set(2);
        store.update(|value| *value += 5);
        store.update_if_changed(|value| *value = 7);
        drop(subscription);
        store.set(9);
        assert_eq!(*heard.borrow(), [2, 7]);
        assert_eq!(*store.get(), 9);
    }

    #[test]
    fn a_listener_may_set_the_store_again() {
        let store = Store::new(0);
        let inner = store.clone();
        let _subscription = store.subscribe(move |value| {
            if **value < 3 {
                inner.set(**value + 1);
            }
        });
        store.set(1);
        assert_eq!(*store.get(), 3);
    }
}
