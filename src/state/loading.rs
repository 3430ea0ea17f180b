//! Loading data sets: the bytes by the page, with progress; reading and preparing by the worker.

use std::rc::Rc;

use futures_channel::oneshot;
use mtl_base::{schema::Schema, text::Message};
use mtl_data::{
    datasets::{self, Origin},
    prepare::DataSettings,
    report::DataReport,
};
use mtl_engine::design::presets::{self, Preset};
use mtl_training::{
    protocol::{Command, DataSource, LabelBaselines},
    recommended,
};

use super::{
    Playground,
    actions::wait_for,
    data::{self, Index, Loading, Stage},
};
use crate::i18n::{faults, shell::T};

/// A data set that the worker is preparing.
pub struct Awaited {
    source: DataSource,
    settings: DataSettings,
    /// The preset that it is loaded for.
    preset: Option<&'static str>,
    done: oneshot::Sender<Result<(), Message>>,
}

impl Playground {
    /// Loads the data set named `key` with the settings that suit it.
    pub async fn load_named(&self, key: &str) -> Result<(), Message> {
        self.load(data::source(key)?, recommended::data_settings(key))
            .await
    }

    /// Loads a data set. The one that was there stays until the new one is ready, and when it cannot be loaded.
    pub async fn load(&self, source: DataSource, settings: DataSettings) -> Result<(), Message> {
        self.load_with(source, settings, None).await
    }

    /// Loads a data set that has what `preset` needs: its own if this site has it, else a generated one. The preset is
    /// put on it by the time that it is there.
    pub(super) async fn load_data_for(&self, preset: &'static Preset) -> Result<(), Message> {
        let index = self.index().await;
        let is_here = |key: &str| {
            datasets::find(key).is_some_and(|entry| entry.origin == Origin::Generated)
                || index.find(key).is_some()
        };
        let generated = datasets::ALL
            .iter()
            .filter(|entry| entry.origin == Origin::Generated)
            .map(|entry| entry.key);
        let mut outcome = Ok(());
        for key in std::iter::once(preset.data)
            .filter(|key| is_here(key))
            .chain(generated)
        {
            outcome = self
                .load_with(
                    data::source(key)?,
                    recommended::data_settings(key),
                    Some(preset.key),
                )
                .await;
            if outcome.is_ok() && preset.fits(&self.schema()) {
                break;
            }
        }
        outcome
    }

    pub(super) async fn load_with(
        &self,
        source: DataSource,
        settings: DataSettings,
        preset: Option<&'static str>,
    ) -> Result<(), Message> {
        let number = self.load_number.get() + 1;
        self.load_number.set(number);
        let key = data::source_key(&source);
        let name = data::info(key).map_or_else(|| Message::new(key, key), |info| info.name);
        let outcome = self.load_numbered(number, &name, source, settings, preset).await;
        if self.load_number.get() == number {
            self.data.update_if_changed(|data| data.loading = None);
        }
        outcome
    }

    async fn load_numbered(
        &self,
        number: u32,
        name: &Message,
        source: DataSource,
        settings: DataSettings,
        preset: Option<&'static str>,
    ) -> Result<(), Message> {
        let payloads = match &source {
            DataSource::Asset { key } => vec![self.asset(key, name, Some(number)).await?],
            DataSource::Generated { .. } => Vec::new(),
        };
        if self.load_number.get() != number {
            return Err(T.data_superseded.into());
        }
        self.data.update(|data| {
            data.loading = Some(Loading {
                name: name.clone(),
                stage: Stage::Prepare,
            })
        });
        let (done, outcome) = oneshot::channel();
        let awaited = Awaited {
            source: source.clone(),
            settings: settings.clone(),
            preset,
            done,
        };
        if let Some(before) = self.awaited_data.replace(Some(awaited)) {
            // Whoever waited for it may have gone.
            let _ = before.done.send(Err(T.data_superseded.into()));
        }
        match &*self.client.borrow() {
            Some(client) => client.send(Command::Data { source, settings }, payloads),
            None => return Err(T.worker_gone.into()),
        }
        outcome.await.unwrap_or_else(|_| Err(T.worker_gone.into()))
    }

    /// The bytes of a real data set; a person sees how far they are. `number` is that of the load they are for: a later load
    /// takes the bar.
    pub(super) async fn asset(
        &self,
        key: &str,
        name: &Message,
        number: Option<u32>,
    ) -> Result<js_sys::ArrayBuffer, Message> {
        let show = |received, total| {
            let is_wanted = number.is_none_or(|number| self.load_number.get() == number);
            if is_wanted {
                let stage = Stage::Download { received, total };
                self.data.update(|data| {
                    data.loading = Some(Loading {
                        name: name.clone(),
                        stage,
                    })
                });
            }
            is_wanted
        };
        show(0, None);
        let index = self.index().await;
        data::download(&index, key, show).await
    }

    /// Gives up the data set that is on its way; the one that was there stays.
    pub fn cancel_loading(&self) {
        let Some(loading) = self.data.get().loading.clone() else {
            return;
        };
        self.load_number.set(self.load_number.get() + 1);
        self.data.update_if_changed(|data| data.loading = None);
        self.data_failed(&faults::T.load_cancelled.into());
        if loading.stage != Stage::Prepare {
            return;
        }
        // The worker prepares it in one go: another one takes its place, and goes on where the run was last copied.
        self.leave_worker(None);
        if self.data.get().report.is_some() {
            let this = self.rc();
            self.attempt(async move { this.start_again().await });
        } else {
            self.connect();
            self.send_settings();
            self.send_design();
        }
    }

    /// What this site has of the real data sets.
    pub async fn index(&self) -> Rc<Index> {
        wait_for(&self.data, |data| data.index.is_some()).await;
        self.data.get().index.clone().unwrap_or_default()
    }

    /// The worker has prepared a data set.
    pub(super) fn data_arrived(&self, report: DataReport, schema: Schema, baselines: Vec<LabelBaselines>) {
        let awaited = self.awaited_data.take();
        // Asked before the data set changes: whether the design is a preset as it was drawn for it, and whether the
        // settings are those that suit both.
        let preset = match &awaited {
            Some(awaited) => awaited.preset.and_then(presets::find).or_else(|| self.preset()),
            None => None,
        };
        let keeps_settings = preset.is_some_and(|preset| {
            *self.settings.get() != recommended::run_settings(preset.key, self.data.get().key())
                && self.data.get().report.is_some()
        });
        self.data.update(|data| {
            if let Some(awaited) = &awaited {
                data.source = awaited.source.clone();
                data.settings = awaited.settings.clone();
            }
            data.schema = Rc::new(schema);
            data.report = Some(Rc::new(report));
            data.baselines = Rc::new(baselines);
            data.loading = None;
        });
        self.data_is_there();
        if awaited.is_some() {
            let schema = self.schema();
            // A design that a person has made their own is left to them, with what is wrong with it shown.
            let fitting = preset.map(|preset| {
                if preset.fits(&schema) {
                    return preset;
                }
                presets::all()
                    .iter()
                    .find(|other| other.fits(&schema))
                    .unwrap_or(preset)
            });
            if let Some(fitting) = fitting {
                if keeps_settings {
                    self.fit_preset(fitting);
                } else {
                    self.put_preset(fitting);
                }
            }
        }
        if let Some(awaited) = awaited {
            let _ = awaited.done.send(Ok(()));
        }
    }

    /// The worker refused something; says whether it was the data set that is awaited.
    pub(super) fn data_failed(&self, message: &Message) -> bool {
        match self.awaited_data.take() {
            Some(awaited) => awaited.done.send(Err(message.clone())).is_ok(),
            None => false,
        }
    }
}
