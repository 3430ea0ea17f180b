//! Cost of a step by size of the vocabulary, when Adam updates all rows of the embedding (as in Keras) and only those that the
//! batch has looked up (“Lazy rows”).
//!
//! ```text
//! cargo run --release -p mtl-examples --example lazy_rows
//! ```

use std::time::Instant;

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use mtl_data::asset;
use mtl_data::dataset::{Column, Dataset, DatasetInfo, Feature, IdColumn, LabelColumn};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::presets;
use mtl_engine::layers::Layer;
use mtl_examples::Outcome;
use mtl_training::protocol::{Backend, Command, DataSource, Event, Run, RunSettings};
use mtl_training::{Outgoing, Session};

const VOCABULARIES: [usize; 3] = [5_000, 50_000, 500_000];
const N_ROWS: usize = 20_000;
/// Users that occur, spread over the vocabulary: the same work for each, and the same rows in the processor's caches.
const N_USERS: usize = 5_000;
const N_ITEMS: usize = 1_000;
const WIDTH: usize = 32;
const BATCH_SIZE: usize = 128;
/// Number of blocks, of which the median is printed.
const N_BLOCKS: usize = 7;

fn main() -> Outcome<()> {
    println!("| vocabulary | parameters | lazy rows, µs per step | all rows, µs per step |");
    println!("|---|---|---|---|");
    for vocabulary in VOCABULARIES {
        let (n_parameters, lazy_us) = step_us(vocabulary, true, 200)?;
        // Updating all rows of a large table is slow.
        let (_, dense_us) = step_us(vocabulary, false, (2_000_000 / vocabulary).min(200) as u32)?;
        println!("| {vocabulary} | {n_parameters} | {lazy_us:.0} | {dense_us:.0} |");
    }
    Ok(())
}

/// A data set of users out of a vocabulary, with items that they like or not.
fn dataset(vocabulary: usize) -> Dataset {
    let ids = |key: &str, cardinality: usize, id: fn(usize, usize) -> usize| Feature {
        key: key.to_owned(),
        name: Message::new(key, key),
        column: Column::Id(IdColumn {
            cardinality,
            ids: (0..N_ROWS).map(|row| id(row, cardinality) as u32).collect(),
            names: Vec::new(),
        }),
    };
    Dataset {
        features: vec![
            ids("user", vocabulary, |row, vocabulary| {
                row * 2_741 % N_USERS * (vocabulary / N_USERS)
            }),
            ids("item", N_ITEMS, |row, n_items| row * 7 % n_items),
        ],
        labels: vec![LabelColumn {
            key: "like".to_owned(),
            name: Message::new("Like", "喜欢"),
            kind: LabelKind::Binary,
            classes: vec![Message::new("no", "否"), Message::new("yes", "是")],
            values: (0..N_ROWS).map(|row| (row % 3 % 2) as f32).collect(),
            next: None,
        }],
        info: DatasetInfo::default(),
        truth: Vec::new(),
    }
}

/// Parameters of the model, and microseconds per step.
fn step_us(vocabulary: usize, lazy_rows: bool, n_steps: u32) -> Outcome<(usize, f64)> {
    let (mut session, mut out) = (Session::new(), Vec::new());
    let settings = RunSettings {
        backend: Backend::Cpu,
        batch_size: BATCH_SIZE,
        epochs: 1_000,
        lazy_rows,
        ..RunSettings::default()
    };
    session.handle(1, Command::Settings { settings }, vec![], &mut out);
    let (source, settings) = (DataSource::Asset { key: String::new() }, DataSettings::default());
    let rows = vec![asset::encode(&dataset(vocabulary))?];
    session.handle(2, Command::Data { source, settings }, rows, &mut out);
    let schema = out
        .iter()
        .filter_map(Outgoing::event)
        .find_map(|event| match event {
            Event::Data { schema, .. } => Some(schema),
            _ => None,
        });
    let mut design = presets::design("ad-content", schema.ok_or("no data set")?).ok_or("no preset")?;
    for node in &mut design.nodes {
        if let Layer::Embedding(embedding) = &mut node.layer {
            embedding.width = WIDTH;
        }
    }
    session.handle(3, Command::Design { design }, vec![], &mut out);
    let n_parameters = out
        .iter()
        .filter_map(Outgoing::event)
        .find_map(|event| match event {
            Event::Model { resources, .. } => resources.as_ref().map(|resources| resources.parameters),
            _ => None,
        });
    let n_parameters = n_parameters.ok_or("the design does not train")?;
    let mut blocks = Vec::new();
    for _ in 0..=N_BLOCKS {
        let start = Instant::now();
        let run = Run::Steps { n: n_steps };
        session.handle(4, Command::Run { run }, vec![], &mut out);
        while session.slice(&|| start.elapsed().as_secs_f64() * 1e3, 1e3, &mut out) {}
        blocks.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(n_steps));
        out.clear();
    }
    // The first block warms up.
    let timed = &mut blocks[1..];
    timed.sort_by(f64::total_cmp);
    Ok((n_parameters, timed[N_BLOCKS / 2]))
}
