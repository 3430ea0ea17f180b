//! Observable values.
//!
//! Each part of the page's state is in a store of its own, so that a change renders only the components that use it. A store
//! is cheap to clone (a pointer) and independent of yew: the scripting API and the worker's events change it
//! in the same way as a click does.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use yew::prelude::*;

type Listener = Rc<dyn Fn()>;

/// The listeners of a store. Not generic over the value, so that it is compiled once for all stores.
#[derive(Default)]
struct Listeners {
    listeners: RefCell<Vec<(u64, Listener)>>,
    next_listener: Cell<u64>,
}

impl Listeners {
    fn subscribe(self: &Rc<Self>, listener: Listener) -> Subscription {
        let id = self.next_listener.get();
        self.next_listener.set(id + 1);
        self.listeners.borrow_mut().push((id, listener));
        let this = Rc::downgrade(self);
        Subscription::new(move || {
            if let Some(this) = this.upgrade() {
                this.listeners.borrow_mut().retain(|(other, _)| *other != id);
            }
        })
    }

    fn tell(&self) {
        // Iterates over a copy of the list, since a listener may subscribe, unsubscribe or set the value.
        let listeners = self.listeners.borrow().clone();
        for (_, listener) in listeners {
            listener();
        }
    }
}

impl PartialEq for Listeners {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

struct Inner<T> {
    value: RefCell<Rc<T>>,
    listeners: Rc<Listeners>,
}

/// An observable value; see the module.
pub struct Store<T>(Rc<Inner<T>>);

/// A subscription, which ends on drop.
#[must_use = "a dropped subscription hears nothing"]
pub struct Subscription(Option<Box<dyn FnOnce()>>);

impl Subscription {
    /// A subscription that calls `end` on drop.
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
            listeners: Rc::default(),
        }))
    }

    /// The current value.
    pub fn get(&self) -> Rc<T> {
        Rc::clone(&self.0.value.borrow())
    }

    /// Replaces the value and notifies the listeners.
    pub fn set(&self, value: T) {
        self.0.value.replace(Rc::new(value));
        self.0.listeners.tell();
    }

    /// Changes the value and notifies the listeners.
    pub fn update(&self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let mut value = T::clone(&self.get());
        change(&mut value);
        self.set(value);
    }

    /// Changes the value, and notifies the listeners only if it differs.
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

    /// Calls `listener` with the value after every change until the subscription is dropped.
    pub fn subscribe(&self, listener: impl Fn(&Rc<T>) + 'static) -> Subscription {
        let inner = Rc::downgrade(&self.0);
        self.0.listeners.subscribe(Rc::new(move || {
            if let Some(inner) = inner.upgrade() {
                let value = Rc::clone(&inner.value.borrow());
                listener(&value);
            }
        }))
    }
}

/// The value of `store`; the component is rendered after every change.
#[hook]
pub fn use_store<T: 'static>(store: &Store<T>) -> Rc<T> {
    let shown = store.get();
    let is_shown = {
        let (store, shown) = (store.clone(), Rc::clone(&shown));
        move || Rc::ptr_eq(&shown, &store.0.value.borrow())
    };
    use_listeners(&store.0.listeners, Box::new(is_shown));
    shown
}

/// A part of the value of `store`; the component is rendered only when that part changes.
#[hook]
pub fn use_selected<T: 'static, P: PartialEq + Clone + 'static>(store: &Store<T>, part: fn(&T) -> P) -> P {
    let shown = part(&store.get());
    let is_shown = {
        let (store, shown) = (store.clone(), shown.clone());
        move || part(&store.get()) == shown
    };
    use_listeners(&store.0.listeners, Box::new(is_shown));
    shown
}

/// Renders the component after a change after which `is_shown` is false: whether the rendered value is still that of the
/// store. Not generic over the value, so that it is compiled once.
#[hook]
fn use_listeners(listeners: &Rc<Listeners>, is_shown: Box<dyn Fn() -> bool>) {
    let draw_again = use_force_update();
    let newest = use_mut_ref(|| None);
    newest.replace(Some(is_shown));
    use_effect_with(Rc::clone(listeners), move |listeners| {
        let check = move || {
            let is_shown = newest.borrow().as_ref().is_none_or(|is_shown| is_shown());
            if !is_shown {
                draw_again.force_update();
            }
        };
        // A change between rendering and subscribing has not been noticed yet.
        check();
        let subscription = listeners.subscribe(Rc::new(check));
        move || drop(subscription)
    });
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
