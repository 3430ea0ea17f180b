//! Laws of names, settings and sharing: what renaming and changed settings keep, what a step touches.

use super::*;

/// `docs/weights-format.md` names every parameter of every layer in the row of its table that names the layer.
#[test]
fn every_parameter_is_in_the_documented_format() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/weights-format.md");
    let text = std::fs::read_to_string(path).expect("the document");
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let model = build(&bench, ROWS);
        let own = model
            .plan()
            .parameters
            .iter()
            .filter(|parameter| parameter.node == bench.under_test);
        for parameter in own {
            let key = format!("`{}`", sample.layer.key());
            let row = text.lines().find(|line| {
                let layers = line.strip_prefix("| ").and_then(|line| line.split(" | ").next());
                layers.is_some_and(|layers| layers.contains(&key))
            });
            let row = row.unwrap_or_else(|| panic!("{name}: no row for {key}"));
            let parameter = format!("`{}`", parameter.short_name);
            assert!(row.contains(&parameter), "{name}: {parameter} is not in `{row}`");
        }
    }
}

/// Parameters, dropout and noise are drawn by the node's id: what a node is called changes no bit of a run.
#[test]
fn renaming_a_node_changes_no_bit() {
    for (name, sample) in samples() {
        let mut bench = bench(&sample, true, 0);
        let mut model = build(&bench, ROWS);
        for node in &mut bench.design.nodes {
            node.name = format!("{} by another name", node.name);
        }
        let mut renamed = build(&bench, ROWS);
        assert_eq!(model.values(), renamed.values(), "{name}");
        for model in [&mut model, &mut renamed] {
            fill(model, ROWS, 3);
        }
        assert_eq!(results(&mut model, TRAIN), results(&mut renamed, TRAIN), "{name}");
    }
}

#[test]
fn settings_change_without_a_new_model() {
    for (name, sample) in samples() {
        let mut bench = bench(&sample, true, 0);
        let mut model = build(&bench, ROWS);
        fill(&mut model, ROWS, 3);
        bench.design.node_mut(bench.under_test).unwrap().frozen = true;
        bench.design.node_mut(bench.under_test).unwrap().name = "renamed".into();
        assert!(model.update_settings(&bench.design), "{name}");
        let values = model.values().to_vec();
        let mut fresh = build(&bench, ROWS);
        fresh.values_mut().copy_from_slice(&values);
        fill(&mut fresh, ROWS, 3);
        assert_eq!(results(&mut model, TRAIN), results(&mut fresh, TRAIN), "{name}");
    }
}

#[test]
fn only_looked_up_rows_are_touched() {
    let sample = Sample::new(
        Embedding {
            width: 2,
            ..Embedding::default()
        },
        [Shape::Tokens {
            length: 3,
            cardinality: 50,
        }],
    );
    let bench = bench(&sample, true, 0);
    let mut model = build(&bench, 2);
    let table = model
        .parameters()
        .iter()
        .position(|parameter| parameter.name == "under_test/embeddings")
        .unwrap();
    let range = model.parameters()[table].range.clone();
    for ids in [[4, 9, 0, 9, 0, 0], [7, 8, 1, 2, 0, 0]] {
        fill(&mut model, 2, 1);
        model.batch_mut().ids[0].copy_from_slice(&ids);
        model.batch_mut().targets[2].copy_from_slice(&[0.4, 0.5]);
        model.forward(TRAIN);
        model.backward(&WEIGHTS);
        let touched = model.touched_rows(table).unwrap().to_vec();
        for (row, gradient) in model.gradients()[range.clone()].chunks_exact(2).enumerate() {
            let looked_up = row > 0 && ids.contains(&(row as u32));
            assert_eq!(
                gradient.iter().any(|gradient| *gradient != 0.0),
                looked_up,
                "row {row}"
            );
            assert!(!looked_up || touched.contains(&(row as u32)));
        }
    }
}

#[test]
fn sharing_follows_from_the_wires() {
    let sample = Sample::new(Dense::default(), [Shape::Vector { width: 2 }]);
    let bench = bench(&sample, true, 0);
    let checked = check(&bench.design, &bench.schema);
    assert_eq!(checked.nodes[&bench.under_test].tasks, TaskSet::first(3));
    assert_eq!(checked.parameters.shared, 3 * 2 + 2 + 2 * 64 + 64);
    assert_eq!(checked.parameters.private, 65 + 3 * 65 + 65);
    assert_eq!(
        checked.parameters.total,
        checked.parameters.shared + checked.parameters.private
    );
    assert_eq!(Layer::from(Dense::default()).key(), Dense::KEY);
}
