//! A run that was saved and opened goes on with the same bits.

use mtl_balance::BalanceConfig;
use mtl_balance::options::{BalanceOptions, Domain, Heads, Metric, Reduction};
use mtl_data::datasets::Generator;
use mtl_data::datasets::generated_reviews::ReviewSettings;
use mtl_data::prepare::DataSettings;
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::protocol::{Command, DataSource, Reply, Request, Run, RunSettings, Snapshot};
use mtl_training::{Outgoing, Session};

use crate::designs::{settings, three_tasks};

struct Talk {
    session: Session,
    out: Vec<Outgoing>,
}

impl Talk {
    fn new(settings: &RunSettings) -> Self {
        let mut talk = Self {
            session: Session::new(),
            out: Vec::new(),
        };
        let generator = Generator::Reviews(ReviewSettings {
            rows: 160,
            missing: 0.2,
            ..ReviewSettings::default()
        });
        talk.tell(Command::Settings {
            settings: settings.clone(),
        });
        talk.tell(Command::Data {
            source: DataSource::Generated { generator },
            settings: DataSettings::default(),
        });
        talk.tell(Command::Design {
            design: three_tasks(true),
        });
        talk
    }

    fn tell(&mut self, command: Command) {
        self.session.handle(1, command, vec![], &mut self.out);
        while self.session.slice(&|| 0.0, 1.0, &mut self.out) {}
    }

    fn epoch(&mut self) {
        self.tell(Command::Run { run: Run::Epoch });
    }

    fn ask(&mut self, request: Request, payloads: Vec<Vec<u8>>) -> (Result<Reply, String>, Vec<Vec<u8>>) {
        self.out.clear();
        self.session
            .handle(3, Command::Ask { request }, payloads, &mut self.out);
        while self.session.slice(&|| 0.0, 1.0, &mut self.out) {}
        let reply = self.out.drain(..).find_map(|outgoing| match outgoing {
            Outgoing::Reply {
                id: 3,
                reply,
                payloads,
            } => Some((reply.map_err(|error| error.to_string()), payloads)),
            _ => None,
        });
        reply.expect("a reply")
    }

    fn save(&mut self) -> (Box<Snapshot>, Vec<Vec<u8>>) {
        match self.ask(Request::Snapshot, vec![]) {
            (Ok(Reply::Snapshot { snapshot }), payloads) => (snapshot, payloads),
            other => panic!("{other:?}"),
        }
    }

    fn fingerprint(&self) -> u64 {
        self.session.fingerprint().expect("a run")
    }
}

/// Through the text that a file holds.
fn as_text(snapshot: &Snapshot) -> Box<Snapshot> {
    let text = serde_json::to_string(snapshot).expect("a snapshot is JSON");
    serde_json::from_str(&text).expect("it was written")
}

fn check(name: &str, settings: &RunSettings) {
    let mut straight = Talk::new(settings);
    straight.epoch();
    let (snapshot, payloads) = straight.save();
    assert_eq!(payloads.len(), 2, "{name}");
    straight.epoch();
    straight.tell(Command::Run {
        run: Run::Steps { n: 2 },
    });
    let mut opened = Talk {
        session: Session::new(),
        out: Vec::new(),
    };
    let request = Request::Restore {
        snapshot: as_text(&snapshot),
    };
    assert_eq!(opened.ask(request, payloads).0, Ok(Reply::Done), "{name}");
    assert_eq!(opened.session.status().note, None, "{name}");
    opened.epoch();
    opened.tell(Command::Run {
        run: Run::Steps { n: 2 },
    });
    assert_eq!(opened.fingerprint(), straight.fingerprint(), "{name}");
    let ((a, numbers), (b, others)) = (straight.save(), opened.save());
    assert_eq!((a.state.clone(), numbers), (b.state.clone(), others), "{name}");
    assert!(
        a.state
            .is_some_and(|state| state.first_losses.iter().all(Option::is_some))
    );
}

#[test]
fn an_epoch_saved_and_opened_and_one_more_is_two_epochs() {
    for (key, _) in OptimizerConfig::OPTIONS {
        let optimizer = OptimizerConfig::from_key(key).expect("an optimizer");
        check(
            key,
            &RunSettings {
                optimizer,
                ..settings()
            },
        );
    }
    let momentum = serde_json::from_str(r#"{"type":"sgd","momentum":0.9}"#).expect("settings");
    check(
        "momentum",
        &RunSettings {
            optimizer: momentum,
            ..settings()
        },
    );
    check(
        "lazy rows",
        &RunSettings {
            lazy_rows: true,
            ..settings()
        },
    );
    for (key, _) in BalanceConfig::OPTIONS {
        let balance = BalanceConfig::from_key(key).expect("a method");
        check(
            key,
            &RunSettings {
                balance,
                ..settings()
            },
        );
    }
    let balance_options = BalanceOptions {
        reduction: Reduction::Mean,
        heads: Heads::Scaled,
        domain: Domain::Representation,
        metric: Metric::Optimizer,
    };
    for key in ["mgda", "db_mtl", "uncertainty"] {
        let balance = BalanceConfig::from_key(key).expect("a method");
        let options = balance_options.clone();
        check(
            key,
            &RunSettings {
                balance,
                balance_options: options,
                ..settings()
            },
        );
    }
}

#[test]
fn a_state_that_does_not_fit_is_named_and_changes_nothing() {
    let balance = BalanceConfig::from_key("uncertainty").expect("a method");
    let mut talk = Talk::new(&RunSettings {
        balance,
        ..settings()
    });
    talk.epoch();
    let (snapshot, payloads) = talk.save();
    let before = (talk.fingerprint(), talk.session.status());
    let mut refuse = |change: &dyn Fn(&mut Snapshot, &mut Vec<Vec<u8>>), expected: &str| {
        let (mut snapshot, mut payloads) = (as_text(&snapshot), payloads.clone());
        change(&mut snapshot, &mut payloads);
        let (reply, _) = talk.ask(Request::Restore { snapshot }, payloads);
        let error = reply.expect_err(expected);
        assert!(error.contains(expected), "{error}");
        assert_eq!((talk.fingerprint(), talk.session.status()), before);
    };
    let state = |snapshot: &mut Snapshot| snapshot.state.as_mut().expect("a state").clone();
    refuse(
        &|_, payloads| payloads.truncate(1),
        "the bytes of the state of the training did not arrive",
    );
    refuse(&|_, payloads| payloads[1].truncate(8), "8 bytes, expected");
    refuse(&|_, payloads| payloads[1].fill(0xff), "not finite");
    refuse(
        &|snapshot, _| {
            let mut changed = state(snapshot);
            changed.optimizer.method = "sgd".into();
            snapshot.state = Some(changed);
        },
        "the optimizer `sgd`, not to `adam`",
    );
    refuse(
        &|snapshot, _| {
            let mut changed = state(snapshot);
            changed.optimizer.slots = usize::MAX;
            snapshot.state = Some(changed);
        },
        "expected",
    );
    refuse(
        &|snapshot, _| {
            let mut changed = state(snapshot);
            changed.balancer.method = "mgda".into();
            snapshot.state = Some(changed);
        },
        "the method `mgda`",
    );
    refuse(
        &|snapshot, _| {
            let mut changed = state(snapshot);
            changed.first_losses.pop();
            snapshot.state = Some(changed);
        },
        "to 2 tasks, the design has 3",
    );
}

#[test]
fn a_snapshot_without_a_state_says_that_the_moments_start_afresh() {
    let mut talk = Talk::new(&settings());
    talk.epoch();
    let (mut snapshot, mut payloads) = talk.save();
    snapshot.state = None;
    payloads.truncate(1);
    let fingerprint = talk.fingerprint();
    assert_eq!(
        talk.ask(Request::Restore { snapshot }, payloads).0,
        Ok(Reply::Done)
    );
    assert_eq!(talk.fingerprint(), fingerprint);
    let note = talk.session.status().note.expect("a note");
    assert!(
        note.en.contains("start anew") && note.zh.contains("重新开始"),
        "{note:?}"
    );
    talk.epoch();
    assert_eq!(talk.session.status().note, None);
}
