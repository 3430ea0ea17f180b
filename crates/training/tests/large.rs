//! The largest data set and the largest model that are allowed train together within 1 GB: counted by an allocator.

#[path = "common/counting.rs"]
#[allow(dead_code, reason = "what is in use is for another test")]
mod counting;

use counting::most;
use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use mtl_data::asset;
use mtl_data::dataset::{Column, Dataset, DatasetInfo, Feature, IdColumn, LabelColumn, MAX_ROWS};
use mtl_data::prepare::DataSettings;
use mtl_engine::design::presets;
use mtl_engine::layers::Layer;
use mtl_training::protocol::{Backend, Command, DataSource, Event, Phase, Run, RunSettings};
use mtl_training::{Outgoing, Session};

/// Users of the largest model, and the width of their vectors: with the rest just under 20 million parameters.
const N_USERS: usize = 330_000;
const WIDTH: usize = 60;

/// As many rows as are allowed; a user likes an item when both are even or both odd.
fn dataset() -> Dataset {
    let ids = |key: &str, cardinality: usize, step: usize| Feature {
        key: key.to_owned(),
        name: Message::new(key, key),
        column: Column::Id(IdColumn {
            cardinality,
            ids: (0..MAX_ROWS)
                .map(|row| (row * step % cardinality) as u32)
                .collect(),
            names: Vec::new(),
        }),
    };
    let likes = |row: usize| f32::from(u8::from((row * 7 % N_USERS + row * 3 % 100).is_multiple_of(2)));
    Dataset {
        features: vec![ids("user", N_USERS, 7), ids("item", 100, 3)],
        labels: vec![LabelColumn {
            key: "like".to_owned(),
            name: Message::new("Like", "喜欢"),
            kind: LabelKind::Binary,
            classes: vec![Message::new("no", "否"), Message::new("yes", "是")],
            values: (0..MAX_ROWS).map(likes).collect(),
            next: None,
        }],
        info: DatasetInfo::default(),
        truth: Vec::new(),
    }
}

#[test]
fn the_largest_data_set_and_model_train_within_a_gigabyte() {
    let bytes = asset::encode(&dataset()).expect("an asset");
    let mut session = Session::new();
    let mut out = Vec::new();
    let settings = RunSettings {
        backend: Backend::Cpu,
        ..RunSettings::default()
    };
    session.handle(1, Command::Settings { settings }, vec![], &mut out);
    let source = DataSource::Asset { key: String::new() };
    session.handle(
        2,
        Command::Data {
            source,
            settings: DataSettings::default(),
        },
        vec![bytes],
        &mut out,
    );
    let schema = out
        .iter()
        .filter_map(Outgoing::event)
        .find_map(|event| match event {
            Event::Data { schema, .. } => Some(schema.clone()),
            _ => None,
        });
    let mut design = presets::design("ad-content", &schema.expect("a data set")).expect("a preset");
    for node in &mut design.nodes {
        if let Layer::Embedding(embedding) = &mut node.layer {
            embedding.width = WIDTH;
        }
    }
    session.handle(3, Command::Design { design }, vec![], &mut out);
    assert_eq!(session.status().phase, Phase::Paused);
    session.handle(
        4,
        Command::Run {
            run: Run::Steps { n: 3 },
        },
        vec![],
        &mut out,
    );
    while session.slice(&|| 0.0, 1.0, &mut out) {}
    let mut losses = out
        .iter()
        .filter_map(Outgoing::event)
        .filter_map(|event| match event {
            Event::Progress { progress } => progress.losses[0],
            _ => None,
        });
    assert!(losses.next_back().is_some_and(f32::is_finite), "it has trained");
    // Values, gradients and two slots of Adam of 19.8 million parameters are counted.
    assert!(most() > 316_000_000, "{} bytes at once", most());
    assert!(most() < 1_000_000_000, "{} bytes at once", most());
}
