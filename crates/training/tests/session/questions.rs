//! Questions to a session: predictions, evaluations, settings that are refused, data without end.

use super::*;

#[test]
fn predictions_and_what_drove_them() {
    let mut driver = Driver::ready();
    driver.run(Run::Play);
    driver.finish();
    let before = driver.fingerprint();
    let text = "The zzyzx phone is great";
    let (reply, _) = driver.ask(
        Request::Predict {
            input: text_input(text),
        },
        vec![],
    );
    let Ok(Reply::Prediction { tasks, tokens }) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(tokens.len(), 1);
    let words: Vec<&str> = tokens[0]
        .spans
        .iter()
        .map(|(start, end)| &text[*start..*end])
        .collect();
    assert_eq!(words, ["The", "zzyzx", "phone", "is", "great"]);
    assert!(tokens[0].known[2] && !tokens[0].known[1]);
    for task in &tasks {
        assert_eq!(task.classes.len(), task.outputs.len());
        assert!((task.outputs.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(task.attributions[0].len(), 5);
    }
    let domain = &tasks[0];
    let phone = domain
        .classes
        .iter()
        .position(|class| class.en == "phone")
        .unwrap();
    assert!(
        domain
            .outputs
            .iter()
            .all(|output| *output <= domain.outputs[phone]),
        "{domain:?}"
    );
    let drove = domain.attributions[0]
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .unwrap()
        .0;
    assert_eq!(words[drove], "phone", "{domain:?}");
    assert_eq!(
        driver.predict("")[0].outputs.len(),
        4,
        "a text without words has a prediction too"
    );
    let bad = PredictInput {
        text: [("title".into(), "x".into())].into(),
        ..PredictInput::default()
    };
    let (reply, _) = driver.ask(Request::Predict { input: bad }, vec![]);
    assert_eq!(
        reply,
        Err("the model reads no feature `title` of this kind; it reads text".into())
    );
    assert_eq!(driver.fingerprint(), before);
}

#[test]
fn a_recommender_predicts_by_ids() {
    let mut driver = Driver::new();
    driver.tell(Command::Data {
        source: impressions(),
        settings: DataSettings::default(),
    });
    let design = presets::design("ad-content", &driver.schema()).unwrap();
    driver.tell(Command::Design { design });
    driver.run(Run::Epoch);
    driver.finish();
    let mut predict = |user: u32| {
        let ids = [("user".into(), user), ("item".into(), 7)].into();
        driver
            .ask(
                Request::Predict {
                    input: PredictInput {
                        ids,
                        ..PredictInput::default()
                    },
                },
                vec![],
            )
            .0
    };
    let (Ok(Reply::Prediction { tasks: one, .. }), Ok(Reply::Prediction { tasks: other, .. })) =
        (predict(3), predict(4))
    else {
        panic!("two predictions")
    };
    assert_ne!(one, other);
    assert_eq!(one[0].outputs.len(), 2);
    assert_eq!(
        predict(20),
        Err("feature `user`: expected an ID below 20, got 20".into())
    );
}

#[test]
fn evaluations_on_request() {
    let mut driver = Driver::ready();
    driver.run(Run::Epoch);
    driver.finish();
    let (reply, _) = driver.ask(Request::Evaluate { split: Split::Test }, vec![]);
    let Ok(Reply::Evaluation {
        evaluation,
        baselines,
    }) = reply
    else {
        panic!("{reply:?}")
    };
    assert_eq!((evaluation.split, evaluation.step), (Split::Test, 15));
    assert!(baselines.iter().all(|label| label.split == Split::Test) && baselines.len() >= 2);
    assert_eq!(driver.evaluations().last(), Some(&evaluation));
    let request = Request::Evaluate { split: Split::Train };
    let command = Command::Ask { request };
    driver.session.handle(4, command, vec![], &mut driver.out);
    driver.run(Run::Reset);
    let replaced = Outgoing::Reply {
        id: 4,
        reply: Err(RunError::Replaced),
        payloads: vec![],
    };
    assert!(driver.out.contains(&replaced));
    let (rows, _) = driver.ask(
        Request::Rows {
            split: Split::Validation,
            n: 5,
            seed: 1,
        },
        vec![],
    );
    assert!(matches!(rows, Ok(Reply::Rows { rows, inputs })
        if rows.len() == 5 && !rows[0].features[0].is_empty() && inputs.len() == 5));
    let (rows, _) = driver.ask(
        Request::Rows {
            split: Split::Test,
            n: 5,
            seed: 1,
        },
        vec![],
    );
    assert!(rows.is_err());
    let (state, _) = driver.ask(Request::State, vec![]);
    let hash = format!("{:016x}", driver.fingerprint());
    assert!(matches!(state, Ok(Reply::State { fingerprint: Some(shown), .. }) if shown == hash));
}

/// A file or a link may ask for more rows than there is memory: it is refused before any work, and the run goes on.
#[test]
fn data_settings_out_of_bounds_are_refused_and_change_nothing() {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 3 });
    driver.finish();
    let before = (driver.fingerprint(), driver.status().step);
    let sources = [
        (
            r#"{"type": "reviews", "rows": 4294967295}"#,
            "{}",
            "`rows`: expected a whole number from 100 to 100000, got 4294967295",
        ),
        (
            r#"{"type": "impressions", "users": 4000000000}"#,
            "{}",
            "`users`: expected a whole number from 2 to 5000, got 4000000000",
        ),
        (
            r#"{"type": "reviews"}"#,
            r#"{"max_tokens": 0}"#,
            "`max_tokens`: expected a whole number from 1 to 512, got 0",
        ),
        (
            r#"{"type": "reviews"}"#,
            r#"{"max_tokens": 1000000000}"#,
            "`max_tokens`: expected a whole number from 1 to 512, got 1000000000",
        ),
    ];
    for (generator, settings, expected) in sources {
        driver.tell(Command::Data {
            source: DataSource::Generated {
                generator: serde_json::from_str(generator).expect("a generator"),
            },
            settings: serde_json::from_str(settings).expect("data settings"),
        });
        assert_eq!(
            driver.last_failure(),
            format!("the data set was not loaded: {expected}")
        );
        assert_eq!((driver.fingerprint(), driver.status().step), before);
    }
    // So is a weights file that holds them.
    let (mut snapshot, payloads) = driver.snapshot();
    snapshot.data_settings.max_tokens = 0;
    let (reply, _) = driver.ask(Request::Restore { snapshot }, payloads.to_vec());
    assert!(reply.expect_err("refused").contains("`max_tokens`: expected"));
    assert_eq!((driver.fingerprint(), driver.status().step), before);
}

/// Slices, pauses and looks in between do not change which rows are drawn; WebGPU is not asked.
#[test]
fn data_without_end_gives_the_same_bits_however_it_is_sliced() {
    let run = |budget: f64, backend| {
        let mut driver = Driver::new();
        driver.tell(Command::Settings {
            settings: RunSettings {
                epochs: 2,
                backend,
                ..settings()
            },
        });
        driver.tell(Command::Data {
            source: DataSource::Generated {
                generator: serde_json::from_str(
                    r#"{"type": "regression", "rows": 400, "width": 6, "streaming": true}"#,
                )
                .expect("a generator"),
            },
            settings: DataSettings::default(),
        });
        let design = presets::design("numbers-towers", &driver.schema()).expect("a preset");
        driver.tell(Command::Design { design });
        driver.run(Run::Play);
        while driver.slice(budget) {
            driver.run(Run::Pause);
            driver.run(Run::Play);
        }
        driver
    };
    let (whole, parts) = (run(1e9, Backend::Cpu), run(1.0, Backend::Webgpu));
    assert_eq!(whole.fingerprint(), parts.fingerprint());
    assert_eq!(parts.status().phase, Phase::Finished);
    if cfg!(feature = "gpu") {
        let why = parts.status().runs_on.why.expect("a reason");
        assert!(why.en.contains("new rows in every epoch") && why.zh.contains("每轮抽取新行"));
    }
    let losses = whole.evaluations();
    let of = |place: usize| losses[place].losses[0].expect("a loss");
    assert!(of(losses.len() - 1) < of(0), "it learns");
}

#[test]
fn nothing_is_asked_of_an_empty_session_in_vain() {
    let mut driver = Driver::new();
    assert_eq!(driver.status().phase, Phase::NotReady);
    assert_eq!(
        driver.status().note.unwrap().en,
        "no data set is loaded; choose one first"
    );
    let evaluate = Request::Evaluate { split: Split::Test };
    for request in [
        Request::Snapshot,
        evaluate,
        Request::Predict {
            input: PredictInput::default(),
        },
    ] {
        assert!(driver.ask(request, vec![]).0.is_err());
    }
    let source = DataSource::Asset {
        key: "opinion-domains".into(),
    };
    let asset = Command::Data {
        source,
        settings: DataSettings::default(),
    };
    driver.tell(asset.clone());
    assert!(driver.last_failure().contains("did not arrive"));
    driver
        .session
        .handle(2, asset, vec![vec![1, 2, 3]], &mut driver.out);
    assert!(driver.last_failure().starts_with("the data set was not loaded: "));
    driver.tell(Command::Design {
        design: Design::new("empty"),
    });
    driver.tell(Command::Data {
        source: reviews(),
        settings: data_settings(),
    });
    let (reset, problem) = driver.last_model();
    assert!(!reset && problem.is_some());
    assert_eq!(driver.status().phase, Phase::NotReady);
}
