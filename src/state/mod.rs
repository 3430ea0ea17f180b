//! The state of the page, split by how often it changes, and the actions of users and scripts on it.
//!
//! A [`Playground`] is made once and never replaced; components reach it with [`use_playground`] and follow the parts
//! that they show with [`use_store`] or [`use_selected`]:
//!
//! | part | changes | holds |
//! |---|---|---|
//! | `preferences` | seldom | language, colours, sizes; remembered |
//! | `document` | on an edit | the design with its history |
//! | `documents` | on saving and opening | which document is open, and what others the browser keeps |
//! | `checked` | on an edit or another data set | shapes, costs, tasks, problems |
//! | `selection` | on a click | selected nodes and wires |
//! | `data` | on another data set | what was chosen, schema, report, progress of loading |
//! | `model` | when the worker has compiled | what it costs, why it cannot train |
//! | `settings` | on a change of the run's settings | epochs, optimizer, ... |
//! | `status` | when the run changes state | phase, step, note |
//! | `toasts` | on a message | what is shown in the corner |
//! | `history` | 20 times a second | losses and metrics: **not** a store; drawn on animation frames |
//!
//! The actions are in [`actions`] (run, predictions, presets), [`loading`] (data sets), [`files`] (weights, designs) and
//! [`documents`]. Each is a method that buttons, keys and scripts call; it fails with the message that they show.

pub mod actions;
pub mod autosave;
pub mod data;
pub mod documents;
pub mod files;
pub mod history;
pub mod insight;
mod keeping;
pub mod link;
pub mod loading;
pub mod palette;
pub mod preferences;
mod progress;
mod recovery;
mod resume;
mod share;
pub mod storage;
pub mod store;
pub mod tasks;
pub mod toasts;
pub mod turns;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ops::Deref,
    pin::Pin,
    rc::{Rc, Weak},
};

use mtl_base::{NodeId, schema::Schema, text::Message};
use mtl_engine::{
    design::{
        Design, WireId,
        check::{Checked, batch_problems, check},
        history::Document,
    },
    model::Resources,
};
use mtl_training::{
    findings,
    protocol::{Phase, RunSettings, RunStatus, RunsOn},
};
use yew::prelude::*;

use crate::work::{self, Counter};
use crate::worker::{
    client::Client,
    part::Part,
    protocol::{Cause, Failure},
    tools::Tools,
};
pub use data::DataState;
pub use history::{HistoryStore, RunHistory};

pub use palette::{task_color, task_letter, task_rgb};
pub use preferences::{Preferences, RightTab, Room, Theme};
pub use store::{Store, Subscription, use_selected, use_store};
pub use toasts::{Toast, ToastAction, ToastKind, Toasts};

/// Selection on the canvas.
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

/// The result of compiling the design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelState {
    /// Costs of the design; `None` when it cannot be trained.
    pub resources: Option<Resources>,
    /// Why it cannot be trained.
    pub problem: Option<Message>,
}

/// A dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// The presets.
    Presets,
    /// The data sets.
    Data,
    /// The documents that the browser keeps.
    Documents,
    /// Help and shortcuts.
    Help,
}

/// All state of the page; see the module.
pub struct Playground {
    /// Preferences of the user for the page.
    pub preferences: Store<Preferences>,
    /// The design with its history.
    pub document: Store<Document>,
    /// The open document and the list of the others.
    pub documents: Store<documents::Documents>,
    /// Result of checking the design against the data set; updated when `document` or `data` change.
    pub checked: Store<Checked>,
    /// Selection on the canvas.
    pub selection: Store<Selection>,
    /// The data set.
    pub data: Store<DataState>,
    /// Result of compiling the design.
    pub model: Store<ModelState>,
    /// Settings of the run.
    pub settings: Store<RunSettings>,
    /// State of the run.
    pub status: Store<RunStatus>,
    /// Whether the initial document is open: calls of scripts wait for that.
    pub has_opened: Store<bool>,
    /// The step of the newest evaluation.
    pub evaluated: Store<u64>,
    /// The open dialog.
    pub sheet: Store<Option<Sheet>>,
    /// Messages in the corner.
    pub toasts: Store<Toasts>,
    /// Whether the page is dark now.
    pub dark: Store<bool>,
    /// Losses and metrics.
    pub history: Rc<HistoryStore>,
    /// The comparison with each task alone.
    pub comparison: Store<insight::ComparisonState>,
    /// Looks at conflict between the tasks.
    pub conflict: Store<insight::ConflictState>,
    me: Weak<Self>,
    trainer: Part,
    tools: Rc<Tools>,
    keeping: keeping::Keeping,
    client: RefCell<Option<Client>>,
    sent: RefCell<Sent>,
    preset: Cell<Option<&'static str>>,
    /// The recommended preset and settings before the last change of the data set.
    before_data: Cell<loading::Recommended>,
    /// Weights files are opened one after the other.
    opening: turns::Turns,
    load_number: Cell<u32>,
    /// Number of the load that was cancelled last.
    cancelled_load: Cell<u32>,
    crashes_ms: RefCell<Vec<f64>>,
    copy: RefCell<Option<recovery::Copy>>,
    runs: RefCell<Option<Rc<crate::web::database::Database>>>,
    copied_ms: Cell<Option<f64>>,
    subscriptions: RefCell<Vec<Subscription>>,
}

/// The design and the settings that were sent to the worker last.
#[derive(Default)]
struct Sent {
    design: Option<Design>,
    settings: Option<RunSettings>,
    /// Number of changes of these.
    version: u32,
}

impl Sent {
    fn put_design(&mut self, design: Design) {
        self.design = Some(design);
        self.version += 1;
    }

    fn put_settings(&mut self, settings: RunSettings) {
        self.settings = Some(settings);
        self.version += 1;
    }
}

impl Playground {
    /// The initial state; nothing runs before [`Playground::start`]. `trainer` is the training
    /// worker's module.
    pub fn new(trainer: Part, tools: Tools) -> Rc<Self> {
        if link::Link::of_page().embed.is_some() {
            storage::keep_nothing();
        }
        let preferences = Preferences::load();
        let dark = preferences::is_dark(preferences.theme);
        Rc::new_cyclic(|me| Self {
            preferences: Store::new(preferences),
            document: Store::new(Document::new(Design::default())),
            documents: Store::new(documents::Documents::default()),
            checked: Store::new(Checked::default()),
            selection: Store::new(Selection::default()),
            data: Store::new(DataState::default()),
            model: Store::new(ModelState::default()),
            settings: Store::new(RunSettings::default()),
            status: Store::new(RunStatus {
                phase: Phase::NotReady,
                step: 0,
                epoch: 0.0,
                steps_per_epoch: 0,
                elapsed_ms: 0.0,
                note: None,
                runs_on: RunsOn::default(),
                rewind_step: None,
            }),
            has_opened: Store::new(false),
            evaluated: Store::new(0),
            sheet: Store::new(None),
            toasts: Store::new(Toasts::default()),
            dark: Store::new(dark),
            history: HistoryStore::new(),
            comparison: Store::new(insight::ComparisonState::default()),
            conflict: Store::new(insight::ConflictState::default()),
            me: me.clone(),
            trainer,
            tools: Rc::new(tools),
            keeping: keeping::Keeping::default(),
            client: RefCell::new(None),
            sent: RefCell::default(),
            preset: Cell::new(None),
            before_data: Cell::default(),
            opening: turns::Turns::default(),
            load_number: Cell::new(0),
            cancelled_load: Cell::new(0),
            crashes_ms: RefCell::default(),
            copy: RefCell::new(None),
            runs: RefCell::new(None),
            copied_ms: Cell::new(None),
            subscriptions: RefCell::default(),
        })
    }

    /// Starts the worker, connects the stores, and opens the document of the link or the one that was open last.
    pub fn start(&self) {
        let mut subscriptions = vec![
            preferences::keep(&self.preferences),
            preferences::follow_theme(&self.preferences, &self.dark),
        ];
        subscriptions.push(self.document.subscribe(self.listener(|this, _| {
            this.check_design();
            this.send_design();
        })));
        let batch_size = Cell::new(self.settings.get().batch_size);
        subscriptions.push(self.settings.subscribe(self.listener(
            move |this, settings: &Rc<RunSettings>| {
                if batch_size.replace(settings.batch_size) != settings.batch_size {
                    this.check_design();
                }
                this.send_settings();
            },
        )));
        let schema = RefCell::new(self.schema());
        subscriptions.push(
            self.data
                .subscribe(self.listener(move |this, data: &Rc<DataState>| {
                    if !Rc::ptr_eq(&data.schema, &*schema.borrow()) {
                        schema.replace(Rc::clone(&data.schema));
                        this.check_design();
                    }
                })),
        );
        subscriptions.extend(autosave::keep(self));
        self.subscriptions.replace(subscriptions);
        self.connect();
        self.open_first();
    }

    /// A shared reference to this state.
    pub fn rc(&self) -> Rc<Self> {
        self.me
            .upgrade()
            .expect("a playground is only ever made in an Rc, by `new`")
    }

    /// Features and labels of the data set.
    pub fn schema(&self) -> Rc<Schema> {
        Rc::clone(&self.data.get().schema)
    }

    /// Shows an error message.
    pub fn show_problem(&self, message: Message) {
        self.toasts.show(ToastKind::Problem, message);
    }

    /// Runs an asynchronous action, and shows a message when it fails.
    pub fn attempt<T, E: Into<Failure>>(&self, action: impl Future<Output = Result<T, E>> + 'static) {
        self.spawn_attempt(Box::pin(
            async move { action.await.map(drop).map_err(Into::into) },
        ));
    }

    /// The part that does not depend on the type of the action, compiled once.
    fn spawn_attempt(&self, action: Pin<Box<dyn Future<Output = Result<(), Failure>>>>) {
        let this = self.rc();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(failure) = action.await {
                match failure.cause {
                    Cause::Other => this.show_problem(failure.message),
                    // The user has caused it, the status shows it, or it is reported once for all requests.
                    Cause::Replaced | Cause::Diverged | Cause::WorkerLost => {}
                }
            }
        });
    }

    fn listener<T>(&self, listen: impl Fn(&Self, &Rc<T>) + 'static) -> impl Fn(&Rc<T>) + 'static {
        let me = self.me.clone();
        move |value| {
            if let Some(this) = me.upgrade() {
                listen(&this, value);
            }
        }
    }

    fn check_design(&self) {
        work::add(Counter::DesignChecks, 1);
        let document = self.document.get();
        let mut checked = check(document.design(), &self.schema());
        if let Some(report) = &self.data.get().report {
            checked
                .problems
                .extend(findings::problems(document.design(), &report.findings));
        }
        let batch_size = self.settings.get().batch_size;
        let of_batches = batch_problems(document.design(), &checked, batch_size);
        checked.problems.extend(of_batches);
        let names = checked
            .tasks
            .iter()
            .map(|task| task.name.clone())
            .collect::<Vec<_>>();
        self.checked.set(checked);
        // A task may be renamed while it trains.
        let renamed = {
            let history = self.history.borrow();
            history.tasks.len() == names.len()
                && history
                    .tasks
                    .iter()
                    .zip(&names)
                    .any(|(task, name)| task.name != *name)
        };
        if renamed {
            self.history.update(|history| {
                for (task, name) in history.tasks.iter_mut().zip(names) {
                    task.name = name;
                }
                history.version += 1;
            });
        }
    }
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
