//! The state of the page, split by how often it changes, and everything that a person (or a script) can do with it.
//!
//! A [`Playground`] is made once and never replaced; components reach it with [`use_playground`] and follow the parts
//! that they show with [`use_store`] or [`use_selected`]:
//!
//! | part | changes | holds |
//! |---|---|---|
//! | `preferences` | seldom | language, colours, sizes; remembered |
//! | `document` | on an edit | the design with its history |
//! | `checked` | on an edit or another data set | shapes, costs, tasks, problems |
//! | `selection` | on a click | selected nodes and wires |
//! | `data` | on another data set | what was chosen, schema, report, progress of loading |
//! | `settings` | on a change of the run's settings | epochs, optimizer, ... |
//! | `status` | when the run changes state | phase, step, note |
//! | `toasts` | on a message | what is shown in the corner |
//! | `history` | 20 times a second | losses and metrics: **not** a store; drawn on animation frames |

pub mod palette;
pub mod preferences;
pub mod storage;
pub mod store;
pub mod toasts;

use std::{collections::BTreeSet, ops::Deref, rc::Rc};

use mtl_engine::{
    design::{Design, NodeId, WireId, check::Checked, history::Document},
    schema::Schema,
};
use yew::prelude::*;

pub use palette::{task_color, task_letter, task_rgb};
pub use preferences::{Preferences, RightTab, Room, Theme};
pub use store::{Store, Subscription, use_selected, use_store};
pub use toasts::{Toast, ToastKind, Toasts};

/// What is selected on the canvas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Selected nodes.
    pub nodes: BTreeSet<NodeId>,
    /// Selected wires.
    pub wires: BTreeSet<WireId>,
}

impl Selection {
    /// The selected node, when it is the only thing that is selected.
    pub fn single(&self) -> Option<NodeId> {
        (self.nodes.len() == 1 && self.wires.is_empty())
            .then(|| self.nodes.first().copied())
            .flatten()
    }
}

/// All state of the page; see the module.
pub struct Playground {
    /// What a person chose about the page itself.
    pub preferences: Store<Preferences>,
    /// The design with its history.
    pub document: Store<Document>,
    /// What checking the design against the data set found: follows `document` and `data` by itself.
    pub checked: Store<Checked>,
    /// What is selected on the canvas.
    pub selection: Store<Selection>,
    /// The data set.
    pub data: Store<DataState>,
    /// Messages in the corner.
    pub toasts: Store<Toasts>,
    /// Whether the page is dark now.
    pub dark: Store<bool>,
}

impl Playground {
    /// The state that the page opens with.
    pub fn new() -> Rc<Self> {
        let preferences = Preferences::load();
        let dark = preferences::is_dark(preferences.theme);
        Rc::new(Self {
            preferences: Store::new(preferences),
            document: Store::new(Document::new(Design::default())),
            checked: Store::new(Checked::default()),
            data: Store::new(DataState::default()),
            selection: Store::new(Selection::default()),
            toasts: Store::new(Toasts::default()),
            dark: Store::new(dark),
        })
    }

    /// What the data set offers a design.
    pub fn schema(&self) -> Rc<Schema> {
        Rc::clone(&self.data.get().schema)
    }
}

/// The data set that is loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataState {
    /// What it offers a design.
    pub schema: Rc<Schema>,
}

/// The page's one [`Playground`], in a yew context that never changes.
#[derive(Clone)]
pub struct PlaygroundRef(pub Rc<Playground>);

impl PartialEq for PlaygroundRef {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for PlaygroundRef {
    type Target = Rc<Playground>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The page's one [`Playground`].
#[hook]
pub fn use_playground() -> PlaygroundRef {
    use_context::<PlaygroundRef>().expect("`App` is above every component and provides it")
}
