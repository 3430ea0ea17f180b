//! Drives a session as the page does, with a clock that ticks once per batch.

use std::cell::Cell;

use mtl_base::schema::Schema;
use mtl_base::text::Explain;
use mtl_data::datasets::Generator;
use mtl_data::datasets::generated_impressions::ImpressionSettings;
use mtl_data::datasets::generated_reviews::ReviewSettings;
use mtl_data::prepare::DataSettings;
use mtl_engine::design::{Design, presets};
use mtl_training::protocol::{
    Backend, Command, DataSource, Evaluation, Event, Phase, PredictInput, Progress, Reply, Request, Run,
    RunSettings, RunStatus, Snapshot, TaskPrediction,
};
use mtl_training::{Outgoing, Session};

/// A session with what it has said so far, and a clock.
pub struct Driver {
    pub session: Session,
    pub out: Vec<Outgoing>,
    pub clock: Cell<f64>,
    /// As they were last sent.
    pub settings: RunSettings,
}

pub fn reviews() -> DataSource {
    let settings = ReviewSettings {
        rows: 600,
        missing: 0.1,
        ..ReviewSettings::default()
    };
    DataSource::Generated {
        generator: Generator::Reviews(settings),
    }
}

pub fn impressions() -> DataSource {
    let settings = ImpressionSettings {
        rows: 500,
        users: 20,
        items: 30,
        ..ImpressionSettings::default()
    };
    DataSource::Generated {
        generator: Generator::Impressions(settings),
    }
}

pub fn data_settings() -> DataSettings {
    DataSettings {
        max_tokens: 16,
        vocabulary_size: 200,
        ..DataSettings::default()
    }
}

pub fn settings() -> RunSettings {
    RunSettings {
        epochs: 3,
        batch_size: 32,
        learning_rate: 0.01,
        // What is promised to the bit is promised of the CPU, where a run is to be reproducible.
        backend: Backend::Cpu,
        reproducible: true,
        ..RunSettings::default()
    }
}

impl Driver {
    pub fn new() -> Self {
        Self {
            session: Session::new(),
            out: Vec::new(),
            clock: Cell::new(0.0),
            settings: settings(),
        }
    }

    /// Text towers on generated reviews, ready to train: 480 rows, 15 steps an epoch.
    pub fn ready() -> Self {
        let mut driver = Self::new();
        driver.tell(Command::Settings { settings: settings() });
        driver.tell(Command::Data {
            source: reviews(),
            settings: data_settings(),
        });
        let design = driver.design();
        driver.tell(Command::Design { design });
        assert_eq!(driver.status().phase, Phase::Paused);
        driver
    }

    pub fn schema(&self) -> Schema {
        let schema = |event: &Event| match event {
            Event::Data { schema, .. } => Some(schema.clone()),
            _ => None,
        };
        self.all(schema).pop().expect("a data set")
    }

    pub fn design(&self) -> Design {
        presets::design("text-towers", &self.schema()).expect("a preset")
    }

    pub fn tell(&mut self, command: Command) {
        if let Command::Settings { settings } = &command {
            self.settings = settings.clone();
        }
        self.session.handle(1, command, vec![], &mut self.out);
    }

    pub fn run(&mut self, run: Run) {
        self.tell(Command::Run { run });
    }

    /// One slice of `budget` batches; true when there is more to do.
    pub fn slice(&mut self, budget: f64) -> bool {
        let clock = &self.clock;
        let tick = || {
            clock.set(clock.get() + 1.0);
            clock.get()
        };
        self.session.slice(&tick, budget, &mut self.out)
    }

    pub fn finish(&mut self) {
        while self.slice(7.0) {}
    }

    /// Asks, works until there is nothing left to do, and takes the one reply away.
    pub fn ask(&mut self, request: Request, payloads: Vec<Vec<u8>>) -> (Result<Reply, String>, Vec<Vec<u8>>) {
        self.session
            .handle(9, Command::Ask { request }, payloads, &mut self.out);
        self.finish();
        let is_reply = |out: &Outgoing| matches!(out, Outgoing::Reply { id: 9, .. });
        let place = self.out.iter().position(is_reply).expect("a reply");
        let Outgoing::Reply { reply, payloads, .. } = self.out.remove(place) else {
            unreachable!()
        };
        assert!(!self.out.iter().any(is_reply), "only one reply");
        let reply = reply.map_err(|error| {
            let message = error.explain();
            assert!(
                message.zh.chars().any(|letter| letter > '\u{4e00}'),
                "{message:?}"
            );
            message.en
        });
        (reply, payloads)
    }

    pub fn predict(&mut self, text: &str) -> Vec<TaskPrediction> {
        match self.ask(
            Request::Predict {
                input: text_input(text),
            },
            vec![],
        ) {
            (Ok(Reply::Prediction { tasks, .. }), _) => tasks,
            other => panic!("{other:?}"),
        }
    }

    /// A snapshot with its payloads: the values, and the numbers of the training's state.
    pub fn snapshot(&mut self) -> (Box<Snapshot>, [Vec<u8>; 2]) {
        match self.ask(Request::Snapshot, vec![]) {
            (Ok(Reply::Snapshot { snapshot }), payloads) => {
                (snapshot, payloads.try_into().expect("two payloads"))
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn status(&self) -> RunStatus {
        self.session.status()
    }

    pub fn fingerprint(&self) -> u64 {
        self.session.fingerprint().expect("a run")
    }

    fn all<T>(&self, of: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.out
            .iter()
            .filter_map(Outgoing::event)
            .filter_map(of)
            .collect()
    }

    pub fn last_failure(&self) -> String {
        let failure = |out: &Outgoing| match out {
            Outgoing::Reply {
                reply: Err(error), ..
            } => Some(error.to_string()),
            _ => None,
        };
        self.out.iter().rev().find_map(failure).expect("a failure")
    }

    pub fn evaluations(&self) -> Vec<Evaluation> {
        self.all(|event| match event {
            Event::Evaluation { evaluation } => Some(evaluation.clone()),
            _ => None,
        })
    }

    pub fn progress(&self) -> Vec<Progress> {
        self.all(|event| match event {
            Event::Progress { progress } => Some(progress.clone()),
            _ => None,
        })
    }

    /// `reset` of the newest model event, and its problem.
    pub fn last_model(&self) -> (bool, Option<String>) {
        let model = |event: &Event| match event {
            Event::Model { reset, problem, .. } => Some((*reset, problem.clone().map(|message| message.en))),
            _ => None,
        };
        self.all(model).pop().expect("a model event")
    }
}

pub fn text_input(text: &str) -> PredictInput {
    PredictInput {
        text: [("text".into(), text.into())].into(),
        ..PredictInput::default()
    }
}
