//! Actions on the run, predictions and presets; handling of the worker's events.

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
        client::{Client, News},
        protocol::FileReply,
    },
};

impl Playground {
    // The run.

    /// Trains until paused or done.
    pub async fn play(&self) -> Result<(), Message> {
        self.move_run(Run::Play).await.map(|_| ())
    }

    /// Stops after the step under way.
    pub async fn pause(&self) -> Result<(), Message> {
        self.move_run(Run::Pause).await.map(|_| ())
    }

    /// Trains `n` steps; done when they are.
    pub async fn step(&self, n: u32) -> Result<RunStatus, Message> {
        self.move_run(Run::Steps { n }).await?;
        self.stopped().await
    }

    /// Trains to the end of the epoch; done when it is.
    pub async fn epoch(&self) -> Result<RunStatus, Message> {
        self.move_run(Run::Epoch).await?;
        self.stopped().await
    }

    /// Fresh parameters, empty history.
    pub async fn reset(&self) -> Result<(), Message> {
        self.forget_run();
        self.move_run(Run::Reset).await.map(|_| ())
    }

    /// Plays, or pauses when it plays.
    pub async fn toggle_play(&self) -> Result<(), Message> {
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

    async fn move_run(&self, run: Run) -> Result<RunStatus, Message> {
        if run != Run::Pause {
            self.ready().await?;
        }
        // A refused command causes a failure event, which arrives before the reply to the next request.
        let (refusal, mut refused) = futures_channel::oneshot::channel();
        self.awaited_moves.borrow_mut().push_back(refusal);
        self.send(Command::Run { run });
        let state = self.state().await;
        match refused.try_recv() {
            Ok(Some(message)) => Err(message),
            _ => {
                self.awaited_moves.borrow_mut().pop_front();
                state.map(|(status, _)| status)
            }
        }
    }

    /// Returns an error with the reason when the design cannot be trained.
    async fn ready(&self) -> Result<(), Message> {
        if self.client.borrow().is_none() {
            // It was given up, or the browser would not start it.
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
        Err(self.obstacle().unwrap_or_else(|| train::T.starting.into()))
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

    async fn stopped(&self) -> Result<RunStatus, Message> {
        wait_for(&self.status, |status| status.phase != Phase::Running).await;
        self.state().await.map(|(status, _)| status)
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
        let answer = match &*self.client.borrow() {
            Some(client) => client.measure(),
            None => return Err(T.worker_gone.into()),
        };
        match answer.await? {
            (FileReply::StepMeasured { profile }, _) => Ok(profile),
            _ => Err(fill_message(T.internal_message, &[&"measure"])),
        }
    }

    /// Sends a request to the worker.
    pub async fn ask(&self, request: Request) -> Result<Reply, Message> {
        let answer = match &*self.client.borrow() {
            Some(client) => client.ask(request),
            None => return Err(T.worker_gone.into()),
        };
        answer.await
    }

    // Design and settings.

    /// Opens a preset on the loaded data set, or on a suitable one when features or labels are missing.
    pub async fn open_preset(&self, key: &str) -> Result<(), Message> {
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
            self.complain(error.explain());
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

    pub(super) fn send(&self, command: Command) {
        if let Some(client) = &*self.client.borrow() {
            client.send(command, Vec::new());
        }
    }

    /// Sends the design, unless only parts have changed that are irrelevant to the run.
    pub(super) fn send_design(&self) {
        let design = trained_part(self.document.get().design());
        if self.sent.borrow().design.as_ref() != Some(&design) {
            self.sent.borrow_mut().design = Some(design.clone());
            self.send(Command::Design { design });
        }
    }

    pub(super) fn send_settings(&self) {
        let settings = RunSettings::clone(&self.settings.get());
        if self.sent.borrow().settings.as_ref() != Some(&settings) {
            self.sent.borrow_mut().settings = Some(settings.clone());
            self.send(Command::Settings { settings });
        }
    }

    /// Records that the worker already has this design and these settings.
    pub(super) fn note_sent(&self, design: &Design, settings: &RunSettings) {
        self.sent.replace(Sent {
            design: Some(trained_part(design)),
            settings: Some(settings.clone()),
        });
    }

    /// Starts a worker.
    pub(super) fn connect(&self) {
        let me = self.me.clone();
        let client = Client::spawn(&self.worker_url, move |news| {
            if let Some(this) = me.upgrade() {
                this.hear(news);
            }
        });
        match client {
            Ok(client) => {
                self.client.replace(Some(client));
            }
            Err(error) => self.complain(error.explain()),
        }
    }

    fn hear(&self, news: News) {
        match news {
            News::Silent {
                seconds,
                gives_up_after_s,
            } => self.toasts.show(
                ToastKind::Info,
                fill_message(faults::T.worker_silent, &[&seconds, &gives_up_after_s]),
            ),
            News::Event(event) => self.hear_event(*event),
            News::Failed(failure) => {
                let this = self.rc();
                // Not from within the listener of the dead worker, which is dropped with it.
                wasm_bindgen_futures::spawn_local(async move { this.recover(&failure) });
            }
        }
    }

    fn hear_event(&self, event: Event) {
        match event {
            Event::Data {
                report,
                schema,
                baselines,
            } => self.data_arrived(*report, schema, baselines),
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
            Event::Progress { progress } => {
                self.history.update(|history| history.push(&progress));
                self.take_copy();
            }
            Event::Evaluation { evaluation } => {
                self.evaluated.set(evaluation.step);
                self.history.update(|history| history.push_evaluation(evaluation));
                self.take_copy();
            }
            Event::Failure { message } => {
                if self.data_failed(&message) {
                    return;
                }
                let waiting = self.awaited_moves.borrow_mut().pop_front();
                let untold = match waiting {
                    Some(waiting) => waiting.send(message).err(),
                    None => Some(message),
                };
                if let Some(message) = untold {
                    self.complain(message);
                }
            }
            // The client resolves requests itself.
            Event::Reply { .. } => {}
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
