//! Actions on the run, predictions and presets; handling of the worker's events.

use js_sys::ArrayBuffer;
use mtl_base::{
    NodeId,
    settings::{Settings, Value},
    text::{Explain, Message},
};
use mtl_engine::design::{
    Design,
    edit::Edit,
    presets::{self, Preset},
};
use mtl_training::{
    protocol::{
        Command, Evaluation, Event, Inspection, Phase, PredictInput, Reply, Request, Run, RunSettings,
        RunStatus, Split, StepProfile, TaskPrediction, TokenSpans,
    },
    recommended,
};

use super::{ModelState, Playground, Sent, ToastKind, data, store::Store};
use crate::{
    i18n::{faults, fill_message, shell::T, train},
    worker::{
        client::{Client, ClientEvent, Outcome},
        protocol::{Failure, FileReply, ToWorker, WorkerReply},
    },
};

impl Playground {
    // The run.

    /// Trains until paused or done.
    pub async fn play(&self) -> Result<RunStatus, Failure> {
        self.run(Run::Play).await
    }

    /// Stops after the current step.
    pub async fn pause(&self) -> Result<RunStatus, Failure> {
        self.run(Run::Pause).await
    }

    /// Trains `n` steps, and returns when they are done.
    pub async fn step(&self, n: u32) -> Result<RunStatus, Failure> {
        self.run(Run::Steps { n }).await
    }

    /// Trains to the end of the epoch, and returns when it is evaluated.
    pub async fn epoch(&self) -> Result<RunStatus, Failure> {
        self.run(Run::Epoch).await
    }

    /// Fresh parameters, empty history.
    pub async fn reset(&self) -> Result<RunStatus, Failure> {
        self.run(Run::Reset).await
    }

    /// Takes a run that has diverged back to its last good state.
    pub async fn rewind(&self) -> Result<RunStatus, Failure> {
        let status = self.run(Run::Rewind).await?;
        self.history.update(|history| history.truncate(status.step));
        Ok(status)
    }

    /// Plays, or pauses when it plays.
    pub async fn toggle_play(&self) -> Result<RunStatus, Failure> {
        if self.status.get().phase == Phase::Running {
            self.pause().await
        } else {
            self.play().await
        }
    }

    /// The state of the run and the fingerprint of its parameters, from the worker.
    pub async fn state(&self) -> Result<(RunStatus, Option<String>), Message> {
        match self.ask(Request::State).await? {
            Reply::State { status, fingerprint } => Ok((status, fingerprint)),
            _ => Err(fill_message(T.internal_message, &[&"state"])),
        }
    }

    async fn run(&self, run: Run) -> Result<RunStatus, Failure> {
        if run != Run::Pause {
            self.ready().await?;
        }
        match self.command(Command::Run { run }, Vec::new()).await? {
            Reply::Status { status } => Ok(status),
            _ => Err(fill_message(T.internal_message, &[&"run"]).into()),
        }
    }

    /// Returns an error with the reason when the design cannot be trained.
    async fn ready(&self) -> Result<(), Failure> {
        if self.client.borrow().is_none() {
            // It was given up, or the browser did not start it.
            self.start_again().await?;
        }
        let is_ready = || self.status.get().phase != Phase::NotReady;
        if !is_ready() {
            // A script may play right after opening a design: the worker's result for that design arrives before this reply.
            self.state().await?;
        }
        if is_ready() {
            return Ok(());
        }
        Err(self.obstacle().unwrap_or_else(|| train::T.starting.into()).into())
    }

    /// A problem that prevents a run, as far as the page knows.
    fn obstacle(&self) -> Option<Message> {
        let loading = self.data.get().loading.as_ref().map(data::Loading::message);
        loading
            .or_else(|| self.checked.get().first_error().map(Explain::explain))
            .or_else(|| self.model.get().problem.clone())
            .or_else(|| self.status.get().note.clone())
            .or_else(|| {
                (*self.has_opened.get() && self.data.get().report.is_none()).then(|| faults::T.no_data.into())
            })
    }

    // Requests.

    /// Predictions for one example.
    pub async fn predict(
        &self,
        input: PredictInput,
    ) -> Result<(Vec<TaskPrediction>, Vec<TokenSpans>), Message> {
        match self.ask(Request::Predict { input }).await? {
            Reply::Prediction { tasks, tokens } => Ok((tasks, tokens)),
            _ => Err(fill_message(T.internal_message, &[&"predict"])),
        }
    }

    /// All metrics on a split. The baselines on the same rows are stored beside those of the other splits.
    pub async fn evaluate(&self, split: Split) -> Result<Evaluation, Message> {
        match self.ask(Request::Evaluate { split }).await? {
            Reply::Evaluation {
                evaluation,
                baselines,
            } => {
                if !baselines.is_empty() {
                    self.data.update(|data| {
                        let mut kept = data
                            .baselines
                            .iter()
                            .filter(|b| b.split != split)
                            .cloned()
                            .collect::<Vec<_>>();
                        kept.extend(baselines);
                        data.baselines = kept.into();
                    });
                }
                Ok(evaluation)
            }
            _ => Err(fill_message(T.internal_message, &[&"evaluate"])),
        }
    }

    /// An inspection of the run, and of one of its layers.
    pub async fn inspect(&self, node: Option<NodeId>) -> Result<Inspection, Message> {
        match self.ask(Request::Inspect { node }).await? {
            Reply::Inspection { inspection } => Ok(*inspection),
            _ => Err(fill_message(T.internal_message, &[&"inspect"])),
        }
    }

    /// Times steps of the run for about half a second.
    pub async fn measure_step(&self) -> Result<StepProfile, Message> {
        self.ready().await?;
        match self.request(&ToWorker::Measure, Vec::new()).await? {
            (
                WorkerReply::File {
                    reply: FileReply::StepMeasured { profile },
                },
                _,
            ) => Ok(profile),
            _ => Err(fill_message(T.internal_message, &[&"measure"])),
        }
    }

    /// Sends a request to the session.
    pub async fn ask(&self, request: Request) -> Result<Reply, Message> {
        Ok(self.command(Command::Ask { request }, Vec::new()).await?)
    }

    /// Sends a command to the session, at once; `payloads` are moved.
    pub(super) fn command(
        &self,
        command: Command,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = Result<Reply, Failure>> + use<> {
        let outcome = self.request(&ToWorker::Session { command }, payloads);
        async move {
            match outcome.await?.0 {
                WorkerReply::Session { reply } => Ok(reply),
                WorkerReply::File { .. } => Err(fill_message(T.internal_message, &[&"command"]).into()),
            }
        }
    }

    /// Sends a message to the worker, at once; `payloads` are moved.
    pub(super) fn request(
        &self,
        message: &ToWorker,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = Outcome> + use<> {
        let outcome = self
            .client
            .borrow()
            .as_ref()
            .map(|client| client.request(message, payloads));
        async move {
            match outcome {
                Some(outcome) => outcome.await,
                None => Err(Failure::worker_lost()),
            }
        }
    }

    // Design and settings.

    /// Opens a preset on the loaded data set, or on a suitable one when features or labels are missing.
    pub async fn open_preset(&self, key: &str) -> Result<(), Failure> {
        let preset = presets::find(key).ok_or_else(|| unknown_preset(key))?;
        if !preset.fits(&self.schema()) {
            self.load_data_for(preset).await?;
        }
        self.put_preset(preset);
        Ok(())
    }

    /// Replaces the design by a preset for the data set, with the recommended settings for both.
    pub(super) fn put_preset(&self, preset: &Preset) {
        self.fit_preset(preset);
        self.settings
            .set(recommended::run_settings(preset.key, self.data.get().key()));
    }

    /// Replaces the design by a preset for the data set; settings are kept.
    pub(super) fn fit_preset(&self, preset: &Preset) {
        self.put_design(preset.design(&self.schema()), preset.name.into());
        self.preset.set(Some(preset.key));
    }

    /// Replaces the design, as a step that can be undone. When the current design is the user's own work, its
    /// document is left as it is, and the new design becomes another document.
    pub fn put_design(&self, design: Design, name: Message) -> bool {
        let mut document = self.document.get().as_ref().clone();
        if let Err(error) = document.replace(name, design) {
            self.show_problem(error.explain());
            return false;
        }
        self.keep_own_work();
        self.preset.set(None);
        self.selection
            .update_if_changed(|selection| *selection = super::Selection::default());
        self.document.set(document);
        true
    }

    /// Changes settings of the run, with the same checks as the form: values out of bounds are refused.
    pub fn set_settings(&self, settings: RunSettings) -> Result<(), Message> {
        settings.check().map_err(|error| error.explain())?;
        self.settings.update_if_changed(|kept| *kept = settings);
        Ok(())
    }

    /// Edits the design; consecutive edits of the same box are one step.
    pub fn edit(&self, edit: &Edit) -> Result<(), Message> {
        let mut document = self.document.get().as_ref().clone();
        document.edit(edit).map_err(|error| error.explain())?;
        self.document.set(document);
        Ok(())
    }

    /// Makes several edits as one step, or none of them.
    pub fn edit_all(&self, name: Message, edits: &[Edit]) -> Result<(), Message> {
        let mut document = self.document.get().as_ref().clone();
        document.edit_all(name, edits).map_err(|error| error.explain())?;
        self.document.set(document);
        Ok(())
    }

    /// Sets the loss weight of a task.
    pub fn set_task_weight(&self, task_idx: usize, weight: f64) -> Result<(), Message> {
        let node = self.checked.get().tasks.get(task_idx).map(|task| task.node);
        match node {
            Some(node) => self.edit(&Edit::SetSetting {
                node,
                key: "weight".to_owned(),
                value: Value::Real(weight),
            }),
            None => Err(train::T.no_tasks.into()),
        }
    }

    /// Undoes the last step.
    pub fn undo(&self) {
        let mut document = self.document.get().as_ref().clone();
        if document.undo().is_some() {
            self.document.set(document);
        }
    }

    /// Redoes the last undone step.
    pub fn redo(&self) {
        let mut document = self.document.get().as_ref().clone();
        if document.redo().is_some() {
            self.document.set(document);
        }
    }

    /// The preset that the design equals, if any.
    pub fn preset(&self) -> Option<&'static Preset> {
        let preset = presets::find(self.preset.get()?)?;
        let as_drawn = preset.design(&self.schema());
        (trained_part(&as_drawn) == trained_part(self.document.get().design())).then_some(preset)
    }

    // The worker.

    fn send(&self, command: Command) {
        self.attempt(self.command(command, Vec::new()));
    }

    /// Sends the design, unless only parts have changed that are irrelevant to the run. Without a worker nothing is sent: the next one
    /// gets the design when it is [connected](Self::connect).
    pub(super) fn send_design(&self) {
        if self.client.borrow().is_none() {
            return;
        }
        let design = trained_part(self.document.get().design());
        if self.sent.borrow().design.as_ref() != Some(&design) {
            self.sent.borrow_mut().put_design(design.clone());
            self.send(Command::Design { design });
        }
    }

    pub(super) fn send_settings(&self) {
        if self.client.borrow().is_none() {
            return;
        }
        let settings = RunSettings::clone(&self.settings.get());
        if self.sent.borrow().settings.as_ref() != Some(&settings) {
            self.sent.borrow_mut().put_settings(settings.clone());
            self.send(Command::Settings { settings });
        }
    }

    /// Records that the worker already has this design and these settings.
    pub(super) fn note_sent(&self, design: &Design, settings: &RunSettings) {
        let mut sent = self.sent.borrow_mut();
        sent.put_design(trained_part(design));
        sent.put_settings(settings.clone());
    }

    /// Starts a worker, and sends it the settings and the design.
    pub(super) fn connect(&self) {
        let me = self.me.clone();
        let client = Client::spawn(&self.worker_url, move |event| {
            if let Some(this) = me.upgrade() {
                this.handle_client_event(event);
            }
        });
        match client {
            Ok(client) => {
                self.client.replace(Some(client));
                self.sent.replace(Sent::default());
                self.send_settings();
                self.send_design();
            }
            Err(error) => self.show_problem(error.explain()),
        }
    }

    fn handle_client_event(&self, event: ClientEvent) {
        match event {
            ClientEvent::Silent {
                seconds,
                gives_up_after_s,
            } => self.toasts.show(
                ToastKind::Info,
                fill_message(faults::T.worker_silent, &[&seconds, &gives_up_after_s]),
            ),
            ClientEvent::Session(event) => self.handle_event(*event),
            ClientEvent::Unreadable(message) => self.show_problem(message),
            ClientEvent::Failed(failure) => {
                let this = self.rc();
                // Not from within the listener of the dead worker, which is dropped with it.
                wasm_bindgen_futures::spawn_local(async move { this.recover(&failure) });
            }
        }
    }

    fn handle_event(&self, event: Event) {
        match event {
            Event::Data {
                source,
                settings,
                report,
                schema,
                baselines,
            } => self.data_changed(source, settings, *report, schema, baselines),
            Event::Model {
                reset,
                resources,
                problem,
            } => {
                self.model
                    .update_if_changed(|model| *model = ModelState { resources, problem });
                if reset {
                    self.history
                        .reset(self.checked.get().tasks.iter().map(|task| task.name.clone()));
                }
            }
            Event::Status { status } => {
                let stands = self.status.get().phase == Phase::Running && status.phase != Phase::Running;
                self.status.set(status);
                if stands {
                    self.take_copy();
                }
            }
            Event::Progress { progress } => self.history.update(|history| history.push(&progress)),
            Event::Evaluation { evaluation } => {
                self.evaluated.set(evaluation.step);
                self.history.update(|history| history.push_evaluation(evaluation));
                self.take_copy();
            }
        }
    }
}

/// The error for an unknown preset.
pub(super) fn unknown_preset(key: &str) -> Message {
    let keys = presets::all()
        .iter()
        .map(|preset| preset.key)
        .collect::<Vec<_>>()
        .join(", ");
    fill_message(T.preset_not_found, &[&key, &keys])
}

/// The parts of a design that are relevant to the run: without positions and comments.
pub fn trained_part(design: &Design) -> Design {
    let mut part = design.clone();
    part.notes.clear();
    part.blocks.clear();
    for node in &mut part.nodes {
        node.position = None;
    }
    part
}

/// Waits until the value of `store` fulfils a condition.
pub async fn wait_for<T: 'static>(store: &Store<T>, is_wanted: impl Fn(&T) -> bool + 'static) {
    if is_wanted(&store.get()) {
        return;
    }
    let (sender, receiver) = futures_channel::oneshot::channel();
    let sender = std::cell::Cell::new(Some(sender));
    let subscription = store.subscribe(move |value| {
        if is_wanted(value)
            && let Some(sender) = sender.take()
        {
            // The waiter may have been dropped.
            let _ = sender.send(());
        }
    });
    // The subscription owns the sender, so that it is not dropped before it has sent.
    let _ = receiver.await;
    drop(subscription);
}

impl Playground {
    /// Shows a success message.
    pub fn report(&self, message: Message) {
        self.toasts.show(ToastKind::Done, message);
    }
}
