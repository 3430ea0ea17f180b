//! Nothing piles up in the gradients, whatever a run is asked between two steps.

use mtl_data::datasets::Generator;
use mtl_data::datasets::generated_reviews::ReviewSettings;
use mtl_data::prepare::DataSettings;
use mtl_engine::design::Tie;
use mtl_engine::layers::{ClassesHead, Layer};
use mtl_program::optimizers::OptimizerConfig;
use mtl_training::protocol::{Command, DataSource, PredictInput, Request, Run, RunSettings, Split};
use mtl_training::{Outgoing, Session};

use crate::designs::{a_task_without_weight, reviews, run, settings, three_tasks, train};

fn sgd() -> RunSettings {
    RunSettings {
        learning_rate: 0.1,
        optimizer: OptimizerConfig::from_key("sgd").expect("an optimizer"),
        ..settings()
    }
}

#[test]
fn a_penalty_without_a_loss_shrinks_as_its_formula_says() {
    let data = reviews(200, 0.0);
    let mut run = run(&a_task_without_weight(), &data, &sgd());
    let kernel = |run: &mtl_training::TrainingRun| {
        let mut parameters = run.model().parameters().iter();
        let range = parameters
            .find(|parameter| parameter.name == "sentiment/kernel")
            .expect("a kernel")
            .range
            .clone();
        run.model().values()[range].to_vec()
    };
    let start = kernel(&run);
    train(&mut run, 22);
    // w <- w - 0.1 (2 · 0.1 w), 22 times.
    let factor = 0.98_f32.powi(22);
    for (got, start) in kernel(&run).iter().zip(start) {
        assert!(
            (got - factor * start).abs() < 1e-6,
            "{got}, not {factor} of {start}"
        );
    }
}

#[test]
fn a_tie_without_a_loss_pulls_together() {
    let data = reviews(200, 0.0);
    let mut design = a_task_without_weight();
    for node in &mut design.nodes {
        if let Layer::ClassesHead(ClassesHead {
            label, weight, l2, ..
        }) = &mut node.layer
        {
            // The same shapes, and no loss at either.
            (*label, *weight, *l2) = ("domain".into(), 0.0, 0.0);
        }
    }
    let [a, b] = [design.nodes[2].id, design.nodes[3].id];
    design.ties.push(Tie { a, b, strength: 0.5 });
    let mut run = run(&design, &data, &sgd());
    let distance = |run: &mtl_training::TrainingRun| -> f64 {
        let of = |name: &str| {
            let mut parameters = run.model().parameters().iter();
            let range = parameters
                .find(|parameter| parameter.name == name)
                .expect("a kernel")
                .range
                .clone();
            run.model().values()[range].to_vec()
        };
        let (a, b) = (of("domain/kernel"), of("sentiment/kernel"));
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let start = distance(&run);
    train(&mut run, 10);
    // Each step takes 2 · 0.1 · 2 · 0.5 of the distance.
    let expected = 0.8_f64.powi(10) * start;
    assert!(
        (distance(&run) - expected).abs() < 1e-5 * start,
        "{} of {start}",
        distance(&run)
    );
}

/// A session that trains a design, asked after every so many steps.
fn asked(design: &mtl_engine::design::Design, settings: &RunSettings, slices: &[u32], peeks: bool) -> u64 {
    let mut session = Session::new();
    let mut out = Vec::new();
    let mut tell = |session: &mut Session, command| {
        session.handle(1, command, vec![], &mut out);
        while session.slice(&|| 0.0, 1.0, &mut out) {}
    };
    let generator = Generator::Reviews(ReviewSettings {
        rows: 200,
        missing: 0.3,
        ..ReviewSettings::default()
    });
    tell(
        &mut session,
        Command::Data {
            source: DataSource::Generated { generator },
            settings: DataSettings::default(),
        },
    );
    tell(
        &mut session,
        Command::Settings {
            settings: settings.clone(),
        },
    );
    tell(
        &mut session,
        Command::Design {
            design: design.clone(),
        },
    );
    for (index, n) in slices.iter().enumerate() {
        tell(
            &mut session,
            Command::Run {
                run: Run::Steps { n: *n },
            },
        );
        if !peeks {
            continue;
        }
        let request = match index % 4 {
            0 => Request::Predict {
                input: PredictInput {
                    text: [("text".into(), "the hotel is terrible".into())].into(),
                    ..PredictInput::default()
                },
            },
            1 => Request::Inspect {
                node: design.nodes.last().map(|node| node.id),
            },
            2 => Request::Evaluate {
                split: Split::Validation,
            },
            _ => Request::Snapshot,
        };
        tell(&mut session, Command::Ask { request });
        session.profile_step(&|| 1000.0 * index as f64).expect("a run");
    }
    let is_failure = |out: &Outgoing| matches!(out, Outgoing::Reply { reply: Err(_), .. });
    assert!(!out.iter().any(is_failure));
    session.fingerprint().expect("a run")
}

#[test]
fn slices_and_looks_change_no_bit() {
    let mut tied = three_tasks(true);
    let towers: Vec<_> = tied
        .nodes
        .iter()
        .filter(|node| node.name.ends_with("tower"))
        .map(|node| node.id)
        .collect();
    tied.ties.push(Tie {
        a: towers[0],
        b: towers[1],
        strength: 0.1,
    });
    for node in &mut tied.nodes {
        match &mut node.layer {
            Layer::Embedding(table) => table.l2 = 0.01,
            Layer::RegressionHead(head) => (head.weight, head.l2) = (0.0, 0.2),
            _ => {}
        }
    }
    for design in [a_task_without_weight(), three_tasks(false), tied] {
        for (lazy_rows, method) in [
            (false, "equal"),
            (true, "equal"),
            (false, "pcgrad"),
            (true, "uncertainty"),
        ] {
            let settings = RunSettings {
                lazy_rows,
                balance: mtl_balance::BalanceConfig::from_key(method).expect("a method"),
                ..settings()
            };
            let whole = asked(&design, &settings, &[22], false);
            let name = format!("{}, {method}, lazy {lazy_rows}", design.name);
            assert_eq!(asked(&design, &settings, &[1; 22], false), whole, "{name}");
            assert_eq!(
                asked(&design, &settings, &[1; 22], true),
                whole,
                "{name}: looked at"
            );
            assert_eq!(
                asked(&design, &settings, &[5, 1, 1, 9, 6], true),
                whole,
                "{name}: looked at"
            );
        }
    }
}

#[test]
fn lazy_rows_with_a_penalty_change_looked_up_rows_only() {
    let data = reviews(200, 0.0);
    let mut design = three_tasks(false);
    for node in &mut design.nodes {
        if let Layer::Embedding(table) = &mut node.layer {
            table.l2 = 0.05;
        }
    }
    let lazy = RunSettings {
        lazy_rows: true,
        batch_size: 4,
        ..settings()
    };
    let mut run = run(&design, &data, &lazy);
    let mut parameters = run.model().parameters().iter();
    let table = parameters
        .find(|parameter| parameter.name == "table/embeddings")
        .expect("a table")
        .clone();
    let mut n_changed = 0;
    for _ in 0..5 {
        let before = run.model().values()[table.range.clone()].to_vec();
        run.train_step().expect("a step");
        let after = &run.model().values()[table.range.clone()];
        let looked_up = run.model().batch().ids[0].clone();
        let rows = before.chunks_exact(6).zip(after.chunks_exact(6));
        for (row, (before, after)) in rows.enumerate() {
            if !looked_up.contains(&(row as u32)) {
                assert_eq!(before, after, "row {row}");
            } else if before != after {
                n_changed += 1;
            }
        }
    }
    assert!(n_changed > 20, "{n_changed}");
}

#[test]
fn interleaved_runs_give_the_bits_of_each_alone() {
    let data = reviews(200, 0.2);
    let method = |key: &str| mtl_balance::BalanceConfig::from_key(key).expect("a method");
    let several = [
        (three_tasks(true), settings()),
        (
            three_tasks(true),
            RunSettings {
                seed: 7,
                balance: method("cagrad"),
                ..settings()
            },
        ),
        (
            a_task_without_weight(),
            RunSettings {
                reproducible: false,
                batch_size: 16,
                ..settings()
            },
        ),
    ];
    let mut alone = Vec::new();
    for (design, settings) in &several {
        let mut run = run(design, &data, settings);
        train(&mut run, 25);
        alone.push(run.fingerprint());
    }
    let build = |(design, settings): &(_, RunSettings)| run(design, &data, settings);
    let mut runs: Vec<_> = several.iter().map(build).collect();
    for step in 0..25 {
        for run in &mut runs {
            run.train_step().expect("a step");
        }
        if step == 10 {
            // Another run is built and thrown away.
            train(&mut build(&several[0]), 2);
        }
    }
    let together: Vec<u64> = runs.iter().map(|run| run.fingerprint()).collect();
    assert_eq!(together, alone);
}
