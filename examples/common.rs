//! Shared by the examples: loading a data set, training with output on the terminal, and writing the weights file.
//!
//! They use the same crates and commands as the page, with a native clock and file system.

#[path = "../src/worker/weights.rs"]
pub mod weights;

pub mod sharing_cases;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mtl_base::schema::Schema;
use mtl_data::datasets::{self, Generator};
use mtl_engine::design::{Design, presets};
use mtl_engine::metrics::{Metric, TaskMetrics};
use mtl_training::protocol::{
    Command, DataSource, Evaluation, Event, LabelBaselines, Phase, PredictInput, Reply, Request, Run,
    RunSettings, Split, TaskPrediction,
};
use mtl_training::{Outgoing, Session, recommended};

/// Duration of a slice of training between two polls for events, in milliseconds.
const SLICE_MS: f64 = 200.0;

/// A result whose error is printed by `main`.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The buffers that accompany a command or a reply.
type Payloads = Vec<Vec<u8>>;

/// Command-line arguments.
#[derive(Clone, Debug)]
pub struct Options {
    /// Key of the data set.
    pub data: String,
    /// Key of the preset.
    pub preset: String,
    /// Folder of the weights file.
    pub out: PathBuf,
    /// Remaining arguments: settings of the run by name.
    pub settings: BTreeMap<String, String>,
}

impl Options {
    /// Reads `--data`, `--preset`, `--out`, and the settings `--epochs`, `--batch-size`, `--learning-rate`, `--seed`.
    pub fn parse(data: &str, preset: &str) -> Result<Self, String> {
        let mut settings = BTreeMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next();
            match (word.strip_prefix("--"), value) {
                (Some(name), Some(value)) => drop(settings.insert(name.to_owned(), value)),
                _ => return Err(format!("expected --NAME VALUE, got {word}")),
            }
        }
        let mut take =
            |name: &str, default: &str| settings.remove(name).unwrap_or_else(|| default.to_owned());
        let (data, preset, out) = (
            take("data", data),
            take("preset", preset),
            take("out", "target").into(),
        );
        Ok(Self {
            data,
            preset,
            out,
            settings,
        })
    }

    fn apply(&self, to: &mut RunSettings) -> Outcome<()> {
        for (name, value) in &self.settings {
            match name.as_str() {
                "epochs" => to.epochs = value.parse()?,
                "batch-size" => to.batch_size = value.parse()?,
                "learning-rate" => to.learning_rate = value.parse()?,
                "seed" => to.seed = value.parse()?,
                _ => return Err(format!("there is no option --{name}").into()),
            }
        }
        Ok(())
    }
}

/// Source of the rows: the asset if `cargo xtask data` has written it, else generated rows.
fn source(key: &str, generated: &str) -> Outcome<(DataSource, Payloads)> {
    if let Some(generator) = Generator::with_key(key) {
        return Ok((DataSource::Generated { generator }, Vec::new()));
    }
    if datasets::find(key).is_none() {
        let known: Vec<&str> = datasets::ALL.iter().map(|entry| entry.key).collect();
        return Err(format!("there is no data set {key}; there are {}", known.join(", ")).into());
    }
    let asset = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../data-cache/assets")
        .join(format!("{key}.mtld"));
    match std::fs::read(&asset) {
        Ok(bytes) => Ok((DataSource::Asset { key: key.to_owned() }, vec![bytes])),
        Err(error) => {
            println!(
                "{key} is not there ({}: {error}); run `cargo xtask data`. Training on {generated}.",
                asset.display()
            );
            source(generated, generated)
        }
    }
}

/// A session with blocking requests.
pub struct Trainer {
    session: Session,
    started: Instant,
    schema: Schema,
    baselines: Vec<LabelBaselines>,
    design: Design,
}

impl Trainer {
    /// Loads the data set and compiles the preset, with the recommended settings for both.
    pub fn new(options: &Options, generated: &str) -> Outcome<Self> {
        let (source, payloads) = source(&options.data, generated)?;
        let key = match &source {
            DataSource::Asset { key } => key.clone(),
            DataSource::Generated { generator } => generator.key().to_owned(),
        };
        let mut trainer = Self {
            session: Session::new(),
            started: Instant::now(),
            schema: Schema::default(),
            baselines: Vec::new(),
            design: Design::default(),
        };
        let mut settings = recommended::run_settings(&options.preset, &key);
        options.apply(&mut settings)?;
        trainer.tell(
            Command::Settings {
                settings: settings.clone(),
            },
            Vec::new(),
        )?;
        let data_settings = recommended::data_settings(&key);
        trainer.tell(
            Command::Data {
                source,
                settings: data_settings,
            },
            payloads,
        )?;
        let design = presets::design(&options.preset, &trainer.schema);
        trainer.design = design.ok_or_else(|| format!("there is no preset {}", options.preset))?;
        trainer.tell(
            Command::Design {
                design: trainer.design.clone(),
            },
            Vec::new(),
        )?;
        println!(
            "{} on {key}, {} epochs of batches of {}",
            options.preset, settings.epochs, settings.batch_size
        );
        Ok(trainer)
    }

    /// Trains to the end and prints every epoch.
    pub fn train(&mut self) -> Outcome<()> {
        let mut trained_on = None;
        self.tell(Command::Run { run: Run::Play }, Vec::new())?;
        loop {
            let mut out = Vec::new();
            let started = self.started;
            let more = self
                .session
                .slice(&|| started.elapsed().as_secs_f64() * 1000.0, SLICE_MS, &mut out);
            for outgoing in out {
                let Outgoing::Event(event) = outgoing else {
                    continue;
                };
                match event {
                    Event::Evaluation { evaluation } if evaluation.split == Split::Train => {
                        trained_on = Some(evaluation)
                    }
                    Event::Evaluation { evaluation } => self.print_epoch(trained_on.as_ref(), &evaluation),
                    Event::Status { status } if status.phase == Phase::Diverged => {
                        return Err(status.note.map_or_else(String::new, |note| note.en).into());
                    }
                    Event::Status { status } => {
                        if let Some(note) = status.note {
                            println!("{}", note.en);
                        }
                    }
                    _ => {}
                }
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Evaluates on the test rows and prints every task beside its baselines.
    pub fn test(&mut self) -> Outcome<Evaluation> {
        let (reply, _) = self.ask(Request::Evaluate { split: Split::Test }, Vec::new())?;
        let Reply::Evaluation {
            evaluation,
            baselines,
        } = reply
        else {
            return Err("no evaluation came".into());
        };
        println!("test rows, after {} steps:", evaluation.step);
        for (task, label) in self.tasks(&evaluation) {
            let line = |name: &str, metrics: &TaskMetrics| println!("  {name:<24}{}", figures(metrics));
            line(&label, task);
            for of_label in baselines.iter().filter(|of_label| of_label.label == label) {
                for (method, metrics) in &of_label.methods {
                    line(&format!("  {}", method.label().en), metrics);
                }
            }
        }
        Ok(evaluation)
    }

    /// Predicts one example.
    pub fn predict(&mut self, input: PredictInput) -> Outcome<Vec<TaskPrediction>> {
        match self.ask(Request::Predict { input }, Vec::new())? {
            (Reply::Prediction { tasks, .. }, _) => Ok(tasks),
            _ => Err("no prediction came".into()),
        }
    }

    /// Writes the weights file and prints its path.
    pub fn save(&mut self, folder: &Path) -> Outcome<PathBuf> {
        let (Reply::Snapshot { snapshot }, payloads) = self.ask(Request::Snapshot, Vec::new())? else {
            return Err("no snapshot came".into());
        };
        let bytes = weights::encode(&snapshot, &payloads[0])?;
        std::fs::create_dir_all(folder)?;
        let path = folder.join(weights::file_name(
            &snapshot,
            mtl_export::weights::WeightsForm::Json,
        ));
        std::fs::write(&path, &bytes)?;
        println!("{} ({:.1} MB)", path.display(), bytes.len() as f64 / 1e6);
        Ok(path)
    }

    /// Sends a command; a failure is returned as an error.
    fn tell(&mut self, command: Command, payloads: Payloads) -> Outcome<()> {
        let mut out = Vec::new();
        self.session.handle(1, command, payloads, &mut out);
        for outgoing in out {
            match outgoing {
                Outgoing::Reply { reply, .. } => drop(reply?),
                Outgoing::Event(Event::Model {
                    problem: Some(message),
                    ..
                }) => return Err(message.en.into()),
                Outgoing::Event(Event::Data {
                    schema,
                    baselines,
                    report,
                    ..
                }) => {
                    println!(
                        "{}: {} rows. {}",
                        report.info.name.en, report.n_rows, report.info.attribution.en
                    );
                    self.schema = schema;
                    self.baselines = baselines;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends a request and runs slices until its reply arrives.
    fn ask(&mut self, request: Request, payloads: Payloads) -> Outcome<(Reply, Payloads)> {
        let mut out: Vec<Outgoing> = Vec::new();
        self.session
            .handle(2, Command::Ask { request }, payloads, &mut out);
        let started = self.started;
        while self
            .session
            .slice(&|| started.elapsed().as_secs_f64() * 1000.0, SLICE_MS, &mut out)
        {}
        for outgoing in out {
            if let Outgoing::Reply { reply, payloads, .. } = outgoing {
                return Ok((reply?, payloads));
            }
        }
        Err("no answer came".into())
    }

    fn tasks<'a>(
        &self,
        evaluation: &'a Evaluation,
    ) -> impl Iterator<Item = (&'a TaskMetrics, String)> + use<'a> {
        let labels: Vec<String> = self
            .design
            .heads()
            .map(|head| head.layer.label().unwrap_or_default().to_owned())
            .collect();
        evaluation.tasks.iter().zip(labels)
    }

    fn print_epoch(&self, trained_on: Option<&Evaluation>, evaluation: &Evaluation) {
        println!(
            "epoch {:>3}, step {}, {:.1} s",
            evaluation.epoch,
            evaluation.step,
            evaluation.elapsed_ms / 1000.0
        );
        for (task_idx, (task, label)) in self.tasks(evaluation).enumerate() {
            let loss = |evaluation: &Evaluation| evaluation.losses[task_idx].unwrap_or(f64::NAN);
            let train_loss = trained_on.map_or(f64::NAN, loss);
            println!(
                "  {label:<24}loss {train_loss:.4} train, {:.4} validation; {}",
                loss(evaluation),
                figures(task)
            );
            let of_label = self.baselines.iter().filter(|of_label| of_label.label == label);
            for (method, metrics) in of_label.flat_map(|of_label| &of_label.methods) {
                if evaluation.epoch <= 1.0 {
                    println!("  {:<24}{}", format!("  {}", method.label().en), figures(metrics));
                }
            }
        }
    }
}

/// The main metrics.
fn figures(metrics: &TaskMetrics) -> String {
    const SHOWN: [Metric; 6] = [
        Metric::Accuracy,
        Metric::F1Macro,
        Metric::Auc,
        Metric::LogLoss,
        Metric::Rmse,
        Metric::R2,
    ];
    let shown = SHOWN
        .iter()
        .filter_map(|metric| metrics.get(*metric).map(|value| (metric.label().en, value)));
    shown
        .map(|(name, value)| format!("{name} {value:.4}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The outputs of a task in one line, the most probable first.
pub fn in_words(task: &TaskPrediction) -> String {
    const N_SHOWN: usize = 4;
    if task.classes.is_empty() {
        return format!("{:.3}", task.outputs.first().copied().unwrap_or(f32::NAN));
    }
    let mut order: Vec<usize> = (0..task.outputs.len()).collect();
    order.sort_by(|a, b| task.outputs[*b].total_cmp(&task.outputs[*a]));
    let shown = order
        .iter()
        .take(N_SHOWN)
        .map(|class| format!("{} {:.3}", task.classes[*class].en, task.outputs[*class]));
    shown.collect::<Vec<_>>().join(", ")
}
