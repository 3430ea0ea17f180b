//! Loading of data sets: the page downloads the bytes, the worker reads and prepares them.

use std::rc::Rc;

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
use crate::{
    i18n::{faults, shell::T},
    worker::protocol::{Cause, Failure},
};

/// Which preset the design is, unchanged, and whether the settings of the run are those that are recommended for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recommended {
    preset: Option<&'static Preset>,
    has_own_settings: bool,
}

impl Playground {
    /// Loads the data set named `key` with the settings that suit it.
    pub async fn load_named(&self, key: &str) -> Result<(), Failure> {
        self.load(data::source(key)?, recommended::data_settings(key))
            .await
    }

    /// Loads a data set. The previous one stays until the new one is ready, and when that fails.
    pub async fn load(&self, source: DataSource, settings: DataSettings) -> Result<(), Failure> {
        self.load_with(source, settings, None).await
    }

    /// Loads a data set with the features and labels of `preset`: its own if this site has it, else a generated one; then opens the
    /// preset on it.
    pub(super) async fn load_data_for(&self, preset: &'static Preset) -> Result<(), Failure> {
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
    ) -> Result<(), Failure> {
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
    ) -> Result<(), Failure> {
        let payloads = match &source {
            DataSource::Asset { key } => vec![self.asset(key, name, Some(number)).await?],
            DataSource::Generated { .. } => Vec::new(),
        };
        if self.load_number.get() != number {
            return Err(Failure::new(Cause::Replaced, T.data_superseded));
        }
        self.data.update(|data| {
            data.loading = Some(Loading {
                name: name.clone(),
                stage: Stage::Prepare,
            })
        });
        let outcome = self.command(Command::Data { source, settings }, payloads).await;
        outcome.map_err(|failure| self.replaced(number, failure))?;
        // After a later load the design is fitted to this data set all the same, as the worker has it until then.
        let wanted = preset.filter(|_| self.load_number.get() == number);
        self.fit_to_data(wanted.and_then(presets::find));
        Ok(())
    }

    /// The failure of a load that was cancelled or followed by another.
    fn replaced(&self, number: u32, failure: Failure) -> Failure {
        match failure.cause {
            Cause::WorkerLost if self.cancelled_load.get() == number => {
                Failure::new(Cause::Replaced, faults::T.load_cancelled)
            }
            _ => failure,
        }
    }

    /// Downloads a real data set and shows the progress. `number` is that of the load: the progress of a later one replaces it, and
    /// cancels this one.
    pub(super) async fn asset(
        &self,
        key: &str,
        name: &Message,
        number: Option<u32>,
    ) -> Result<js_sys::ArrayBuffer, Failure> {
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

    /// Cancels loading; the data set that was there stays.
    pub fn cancel_loading(&self) {
        let Some(loading) = self.data.get().loading.clone() else {
            return;
        };
        self.cancelled_load.set(self.load_number.get());
        self.load_number.set(self.load_number.get() + 1);
        self.data.update_if_changed(|data| data.loading = None);
        if loading.stage != Stage::Prepare {
            return;
        }
        // The worker prepares it in one go: another one takes its place, and continues from the last copy of the run.
        self.leave_worker(None);
        if self.data.get().report.is_some() {
            let this = self.rc();
            self.attempt(async move { this.start_again().await });
        } else {
            self.connect();
        }
    }

    /// The index of the real data sets of this site.
    pub async fn index(&self) -> Rc<Index> {
        wait_for(&self.data, |data| data.index.is_some()).await;
        self.data.get().index.clone().unwrap_or_default()
    }

    /// The worker has another data set.
    pub(super) fn data_changed(
        &self,
        source: DataSource,
        settings: DataSettings,
        report: DataReport,
        schema: Schema,
        baselines: Vec<LabelBaselines>,
    ) {
        let preset = self.preset();
        let is_own = |preset: &Preset| {
            *self.settings.get() != recommended::run_settings(preset.key, self.data.get().key())
        };
        self.before_data.set(Recommended {
            preset,
            has_own_settings: self.data.get().report.is_some() && preset.is_some_and(is_own),
        });
        self.data.update(|data| {
            data.source = source;
            data.settings = settings;
            data.schema = Rc::new(schema);
            data.report = Some(Rc::new(report));
            data.baselines = Rc::new(baselines);
            data.loading = None;
        });
        self.data_is_there();
    }

    /// Opens a preset on the data set that was loaded: the requested one, or the one that the design is, or another that fits. A design
    /// of the user's own is kept, with its problems shown.
    fn fit_to_data(&self, wanted: Option<&'static Preset>) {
        let before = self.before_data.take();
        let Some(preset) = wanted.or(before.preset) else {
            return;
        };
        let schema = self.schema();
        let fitting = if preset.fits(&schema) {
            preset
        } else {
            let mut others = presets::all().iter();
            others.find(|other| other.fits(&schema)).unwrap_or(preset)
        };
        if before.has_own_settings {
            self.fit_preset(fitting);
        } else {
            self.put_preset(fitting);
        }
    }
}
