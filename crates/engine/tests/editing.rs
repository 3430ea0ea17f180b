//! Laws of editing, over seeded random sequences of edits: whatever is done, the design stays valid; undo then redo is
//! the identity; what was written is read back equal; layouts never overlap.

#[path = "common/count.rs"]
mod count;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mtl_base::NodeId;
use mtl_base::settings::{FieldKind, Settings, Value};
use mtl_base::text::Message;
use mtl_engine::design::compose::{self, Fragment};
use mtl_engine::design::edit::{self, Edit, EditError, Ids, Refusal};
use mtl_engine::design::graph;
use mtl_engine::design::history::Document;
use mtl_engine::design::layout::{self, layout};
use mtl_engine::design::{Design, Node, Note, Port, Wire, WireId};
use mtl_engine::layers::Layer;

/// SplitMix64: enough for choosing edits, and independent of the engine's own generator.
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() {
            None
        } else {
            Some(items[self.below(items.len())].clone())
        }
    }

    fn number(&mut self) -> f32 {
        (self.below(4001) as f32 - 2000.0) / 2.0
    }

    fn node(&mut self, design: &Design) -> NodeId {
        // Now and then an id that does not exist.
        let ids: Vec<NodeId> = design.nodes.iter().map(|node| node.id).collect();
        if self.below(20) == 0 {
            NodeId(9999)
        } else {
            self.pick(&ids).unwrap_or(NodeId(0))
        }
    }

    fn nodes(&mut self, design: &Design) -> BTreeSet<NodeId> {
        (0..1 + self.below(4)).map(|_| self.node(design)).collect()
    }

    fn port(&mut self, design: &Design) -> Port {
        Port {
            node: self.node(design),
            handle: self.below(3) / 2,
        }
    }

    fn wire(&mut self, design: &Design) -> WireId {
        let ids: Vec<WireId> = design.wires.iter().map(|wire| wire.id).collect();
        self.pick(&ids).unwrap_or(WireId(0))
    }

    fn layer(&mut self) -> Layer {
        self.pick(&Layer::all()).expect("there are layers")
    }

    fn setting(&mut self, node: &Node) -> (String, Value) {
        let Some(field) = self.pick(node.layer.fields()) else {
            return ("none".to_owned(), Value::Flag(true));
        };
        let value = match field.kind {
            FieldKind::Flag => Value::Flag(self.below(2) == 0),
            FieldKind::Int { min, max, .. } => Value::Int(min + self.below((max - min + 3) as usize) as i64),
            FieldKind::Real { min, max, .. } => Value::Real(min + (max - min) * self.below(12) as f64 / 10.0),
            FieldKind::Choice { options } | FieldKind::Kinds { options } => {
                Value::Words(options[self.below(options.len())].0.to_owned())
            }
            FieldKind::Words { .. } | FieldKind::Feature | FieldKind::Label | FieldKind::Group => {
                Value::Words("text".to_owned())
            }
            FieldKind::LabelShares => Value::Shares([("like".to_owned(), 2.0)].into()),
            FieldKind::Reals { min, max, .. } => Value::Reals(vec![min, max, f64::midpoint(min, max)]),
        };
        (field.key.to_owned(), value)
    }

    fn edit(&mut self, design: &Design, ids: &mut Ids) -> Vec<Edit> {
        let one = match self.below(26) {
            0..=4 => {
                let layer = self.layer();
                let name = compose::Names::of(design).fresh(layer.name().en);
                let position = (self.below(3) > 0).then(|| [self.number(), self.number()]);
                Edit::AddNode {
                    node: Node {
                        id: ids.node(),
                        name,
                        layer,
                        position,
                        frozen: false,
                    },
                }
            }
            5..=10 => Edit::Connect {
                wire: Wire {
                    id: ids.wire(),
                    from: self.port(design),
                    to: self.port(design),
                },
            },
            11 => Edit::RemoveNodes {
                nodes: BTreeSet::from([self.node(design)]),
            },
            12 => Edit::Disconnect {
                wires: BTreeSet::from([self.wire(design)]),
            },
            13 => Edit::Reroute {
                wire: self.wire(design),
                from: self.port(design),
                to: self.port(design),
            },
            14 | 15 => {
                let id = self.node(design);
                let Some(node) = design.node(id) else {
                    return Vec::new();
                };
                let (key, value) = self.setting(node);
                Edit::SetSetting { node: id, key, value }
            }
            16 => Edit::Replace {
                node: self.node(design),
                layer: self.layer(),
            },
            17 => Edit::Rename {
                node: self.node(design),
                name: "n".repeat(self.below(100)),
            },
            18 => Edit::Move {
                positions: vec![(
                    self.node(design),
                    [
                        self.number(),
                        if self.below(9) == 0 {
                            f32::NAN
                        } else {
                            self.number()
                        },
                    ],
                )],
            },
            19 => Edit::Freeze {
                nodes: self.nodes(design),
                frozen: self.below(2) == 0,
            },
            20 => Edit::Group {
                name: "block".to_owned(),
                nodes: self.nodes(design),
            },
            21 => match self.below(3) {
                0 => Edit::Ungroup { block: self.below(3) },
                1 => Edit::FoldBlock {
                    block: self.below(3),
                    folded: true,
                },
                _ => Edit::RenameBlock {
                    block: self.below(3),
                    name: "other".to_owned(),
                },
            },
            22 => match self.below(4) {
                0 => Edit::AddNote {
                    note: Note {
                        id: ids.note(),
                        text: "注释".to_owned(),
                        position: [1.0, 2.0],
                        size: [90.0, 60.0],
                    },
                },
                1 => Edit::WriteNote {
                    note: self.below(4) as u32,
                    text: "longer".to_owned(),
                },
                2 => Edit::PlaceNote {
                    note: self.below(4) as u32,
                    position: [5.0, 5.0],
                    size: [30.0, self.number()],
                },
                _ => Edit::RemoveNote {
                    note: self.below(4) as u32,
                },
            },
            23 => Edit::SetTie {
                a: self.node(design),
                b: self.node(design),
                strength: self.number(),
            },
            24 => Edit::RemoveTie {
                a: self.node(design),
                b: self.node(design),
            },
            _ => return self.gesture(design, ids),
        };
        vec![one]
    }

    fn gesture(&mut self, design: &Design, ids: &mut Ids) -> Vec<Edit> {
        let nodes = self.nodes(design);
        match self.below(6) {
            0 => compose::remove_and_splice(design, &nodes, ids),
            1 => Fragment::copy(design, &nodes).paste(design, ids, [30.0, 30.0]).0,
            2 => compose::duplicate(design, &nodes, ids, [30.0, 30.0]).0,
            3 => compose::share(design, &nodes).unwrap_or_default(),
            4 => compose::separate(design, &nodes, ids).unwrap_or_default(),
            _ => {
                let layer = self.layer();
                let node = Node {
                    id: ids.node(),
                    name: "on wire".to_owned(),
                    layer,
                    position: None,
                    frozen: false,
                };
                compose::insert_on_wire(design, self.wire(design), &node, ids).unwrap_or_default()
            }
        }
    }
}

fn is_acyclic(design: &Design) -> bool {
    let place: BTreeMap<NodeId, usize> = graph::topological(design)
        .into_iter()
        .enumerate()
        .map(|(place, id)| (id, place))
        .collect();
    design
        .wires
        .iter()
        .all(|wire| place[&wire.from.node] < place[&wire.to.node])
}

/// A document after `n_edits` random edits, and how many were accepted.
fn random_document(seed: u64, n_edits: usize, mut each: impl FnMut(&Document)) -> (Document, usize) {
    let mut choices = Choices(seed);
    let mut document = Document::new(Design::new("random"));
    let mut accepted = 0;
    for _ in 0..n_edits {
        let mut ids = document.ids();
        let edits = choices.edit(document.design(), &mut ids);
        let before = Rc::clone(document.design());
        let result = match edits.as_slice() {
            [one] => document.edit(one),
            many => document.edit_all(Message::new("gesture", "手势"), many),
        };
        match result {
            Ok(()) => accepted += 1,
            Err(_) => assert_eq!(
                before,
                *document.design(),
                "a refused edit changed the design: {edits:?}"
            ),
        }
        each(&document);
    }
    (document, accepted)
}

#[test]
fn any_sequence_of_edits_leaves_a_valid_document() {
    let mut accepted = 0;
    // So many edits in all, in documents of 120 each.
    let n_documents = count::count_or("MTL_RANDOM_EDITS", 150 * 120) / 120;
    for seed in 0..n_documents {
        accepted += random_document(seed, 120, |document| {
            let design = document.design();
            assert_eq!(edit::validate(design), Ok(()), "seed {seed}: {design:#?}");
            assert!(is_acyclic(design), "seed {seed}: a cycle was closed");
        })
        .1;
    }
    assert!(
        accepted as u64 > n_documents * 40,
        "the generator is refused too often to show anything: {accepted}"
    );
}

#[test]
fn ids_at_the_end_of_their_type_are_refused_and_those_before_work() {
    for (id, is_valid) in [(edit::MAX_ID, true), (edit::MAX_ID + 1, false), (u32::MAX, false)] {
        let mut design = Design::new("ids");
        let layer = Layer::from_key("add").expect("a layer of the catalogue");
        design.nodes.push(Node {
            id: NodeId(id),
            name: "last".to_owned(),
            layer: layer.clone(),
            position: None,
            frozen: false,
        });
        assert_eq!(edit::validate(&design).is_ok(), is_valid, "{id}");
        if is_valid {
            let mut document = Document::new(design);
            let node = Node {
                id: document.ids().node(),
                name: "after it".to_owned(),
                layer,
                position: None,
                frozen: false,
            };
            document
                .edit(&Edit::AddNode { node })
                .expect("there is an id for it");
        }
    }
}

#[test]
fn undo_then_redo_is_the_identity() {
    for seed in 1000..1100 {
        let mut states = vec![Rc::new(Design::new("random"))];
        let (mut document, _) = random_document(seed, 80, |document| {
            let n_steps = document.done().len();
            states.truncate(n_steps.max(1));
            states.resize(n_steps + 1, Rc::clone(document.design()));
            states[n_steps] = Rc::clone(document.design());
        });
        let last = Rc::clone(document.design());
        let n_steps = document.done().len();
        for step in (0..n_steps).rev() {
            let expected = document.undo_name().cloned();
            assert_eq!(document.undo(), expected);
            assert_eq!(
                *document.design(),
                states[step],
                "seed {seed}: undo of step {step}"
            );
        }
        assert_eq!(document.undo(), None);
        for step in 0..n_steps {
            assert!(document.redo().is_some());
            assert_eq!(
                *document.design(),
                states[step + 1],
                "seed {seed}: redo of step {step}"
            );
        }
        assert_eq!(document.redo(), None);
        assert_eq!(*document.design(), last);
    }
}

#[test]
fn what_was_written_is_read_back_equal() {
    for seed in 2000..2100 {
        let (document, _) = random_document(seed, 60, |_| ());
        let written = serde_json::to_string(&**document.design()).unwrap();
        assert_eq!(
            serde_json::from_str::<Design>(&written).unwrap(),
            **document.design(),
            "seed {seed}"
        );
        let mut choices = Choices(seed);
        let mut ids = document.ids();
        for edit in choices.edit(document.design(), &mut ids) {
            let written = serde_json::to_string(&edit).unwrap();
            if !written.contains("null") {
                assert_eq!(serde_json::from_str::<Edit>(&written).unwrap(), edit);
            }
        }
    }
}

#[test]
fn layouts_are_on_the_grid_repeatable_and_free_of_overlaps() {
    for seed in 3000..3060 {
        let (document, _) = random_document(seed, 150, |_| ());
        let design = document.design();
        let sizes: BTreeMap<NodeId, [f32; 2]> = design
            .nodes
            .iter()
            .map(|node| (node.id, [180.0, 60.0 + 15.0 * (node.id.0 % 4) as f32]))
            .collect();
        let corners = layout(design, &sizes);
        assert_eq!(corners, layout(design, &sizes));
        assert_eq!(corners.len(), design.nodes.len());
        for (id, [x, y]) in &corners {
            assert_eq!([layout::snap(*x), layout::snap(*y)], [*x, *y]);
            for (other, [other_x, other_y]) in corners.iter().take_while(|(other, _)| *other < id) {
                let apart = (x - other_x).abs() >= 180.0
                    || if y < other_y {
                        other_y - y >= sizes[id][1]
                    } else {
                        y - other_y >= sizes[other][1]
                    };
                assert!(
                    apart,
                    "seed {seed}: {id:?} at {x},{y} overlaps {other:?} at {other_x},{other_y}"
                );
            }
        }
        for wire in &design.wires {
            assert!(
                corners[&wire.from.node][0] < corners[&wire.to.node][0],
                "a wire runs backwards"
            );
        }
    }
}

fn layer(key: &str) -> Layer {
    Layer::from_key(key).expect("a known layer")
}

/// tokens -> embedding -> pooling -> dense -> two heads.
fn two_tasks() -> (Design, [NodeId; 6]) {
    let mut design = Design::new("two tasks");
    let keys = [
        "token_input",
        "embedding",
        "global_average_pooling",
        "dense",
        "classes_head",
        "binary_head",
    ];
    let ids = keys.map(|key| design.add(key, layer(key)));
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 4), (3, 5)] {
        design.connect(ids[from], ids[to], 0);
    }
    (design, ids)
}

fn sources(design: &Design, node: NodeId) -> Vec<NodeId> {
    design
        .wires
        .iter()
        .filter(|wire| wire.to.node == node)
        .map(|wire| wire.from.node)
        .collect()
}

#[test]
fn deleting_reconnects_the_neighbours_when_types_allow() {
    let (design, [_, embedding, pooling, dense, classes, binary]) = two_tasks();
    let mut after = design.clone();
    let edits = compose::remove_and_splice(&design, &BTreeSet::from([dense]), &mut Ids::after(&design));
    edit::apply_all(&mut after, &edits).unwrap();
    assert_eq!(
        (sources(&after, classes), sources(&after, binary)),
        (vec![pooling], vec![pooling])
    );

    let mut after = design.clone();
    let edits = compose::remove_and_splice(&design, &BTreeSet::from([embedding]), &mut Ids::after(&design));
    edit::apply_all(&mut after, &edits).unwrap();
    assert_eq!(sources(&after, pooling), vec![], "tokens cannot be pooled");
}

#[test]
fn a_layer_goes_on_a_wire_where_it_fits() {
    let (design, [_, _, pooling, dense, ..]) = two_tasks();
    let wire = design.wires.iter().find(|wire| wire.to.node == dense).unwrap().id;
    let mut ids = Ids::after(&design);
    let node = Node {
        id: ids.node(),
        name: "drop".into(),
        layer: layer("dropout"),
        position: None,
        frozen: false,
    };
    let mut after = design.clone();
    edit::apply_all(
        &mut after,
        &compose::insert_on_wire(&design, wire, &node, &mut ids).unwrap(),
    )
    .unwrap();
    assert_eq!(
        (sources(&after, node.id), sources(&after, dense)),
        (vec![pooling], vec![node.id])
    );

    let misfit = Node {
        layer: layer("token_input"),
        ..node
    };
    let refused = compose::insert_on_wire(&design, wire, &misfit, &mut ids);
    assert_eq!(refused, Err(EditError::Refused(Refusal::NoHandle)));
}

#[test]
fn separate_gives_each_task_its_own_and_share_merges_again() {
    let (design, [tokens, embedding, pooling, dense, classes, binary]) = two_tasks();
    let mut ids = Ids::after(&design);
    let mut own = design.clone();
    edit::apply_all(
        &mut own,
        &compose::separate(&design, &BTreeSet::from([pooling]), &mut ids).unwrap(),
    )
    .unwrap();
    assert_eq!(
        own.nodes.len(),
        design.nodes.len() + 2,
        "pooling and the Dense behind it are copied"
    );
    let tasks = compose::tasks_by_node(&own);
    assert_eq!(tasks[&embedding], BTreeSet::from([classes, binary]));
    assert_eq!(tasks[&pooling].len(), 1);
    assert_eq!(tasks[&dense].len(), 1);
    assert_ne!(sources(&own, classes), sources(&own, binary));
    assert_eq!(
        compose::separate(&own, &BTreeSet::from([pooling]), &mut ids),
        Err(compose::ShareError::NothingShared)
    );

    let all: BTreeSet<NodeId> = own.nodes.iter().map(|node| node.id).collect();
    let mut shared = own.clone();
    edit::apply_all(&mut shared, &compose::share(&own, &all).unwrap()).unwrap();
    assert_eq!(shared.nodes.len(), design.nodes.len());
    assert_eq!(sources(&shared, classes), sources(&shared, binary));
    assert_eq!(
        compose::share(&shared, &all),
        Err(compose::ShareError::NothingEqual)
    );
    assert_eq!(compose::tasks_by_node(&shared)[&tokens].len(), 2);
}

#[test]
fn refusals_say_why() {
    let (design, [tokens, embedding, pooling, dense, classes, _]) = two_tasks();
    let port = |node| Port { node, handle: 0 };
    let why = |from, to| edit::can_connect(&design, port(from), port(to)).unwrap_err();
    assert!(matches!(why(dense, dense), Refusal::OwnOutput { .. }));
    assert!(matches!(why(dense, classes), Refusal::Duplicate { .. }));
    assert!(matches!(why(pooling, classes), Refusal::Taken { .. }));
    assert!(matches!(why(tokens, dense), Refusal::Kind { .. }));
    assert!(matches!(why(classes, dense), Refusal::NoHandle));
    let mut open = design.clone();
    open.wires.retain(|wire| wire.to.node != dense);
    let add = open.add("add", layer("add"));
    open.connect(add, dense, 0);
    let cycle = edit::can_connect(&open, port(dense), port(add)).unwrap_err();
    assert!(matches!(cycle, Refusal::Cycle { .. }), "{cycle:?}");
    assert_eq!(edit::can_connect(&open, port(pooling), port(add)), Ok(()));
    assert!(matches!(why(embedding, pooling), Refusal::Duplicate { .. }));
}

#[test]
fn faults_a_design_with_too_many_parts_is_refused_with_the_numbers() {
    let mut design = Design::new("crowd");
    for _ in 0..edit::MAX_NODES {
        design.add("add", layer("add"));
    }
    assert_eq!(edit::validate(&design), Ok(()));
    let node = Node {
        id: NodeId(u32::MAX - 1),
        ..design.nodes[0].clone()
    };
    let full = design.clone();
    let error = edit::apply(&mut design, &Edit::AddNode { node: node.clone() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the design has 1001 layers, at most 1000 are allowed"
    );
    assert_eq!(design, full, "a refused edit changes nothing");
    design.nodes.push(node);
    assert!(matches!(
        edit::validate(&design),
        Err(EditError::TooMany { got: 1001, .. })
    ));

    // Counted before anything is looked at: these wires go nowhere.
    let (mut design, _) = two_tasks();
    let wire = design.wires[0].clone();
    design.wires = vec![wire; edit::MAX_WIRES + 1];
    assert!(matches!(
        edit::validate(&design),
        Err(EditError::TooMany { got: 4001, .. })
    ));
}

#[test]
fn typing_in_one_box_is_one_step() {
    let (design, [.., dense, classes, _]) = two_tasks();
    let mut document = Document::new(design.clone());
    let units = |n: i64| Edit::SetSetting {
        node: dense,
        key: "units".into(),
        value: Value::Int(n),
    };
    for n in [3, 32, 320] {
        document.edit(&units(n)).unwrap();
    }
    document
        .edit(&Edit::Rename {
            node: classes,
            name: "d".into(),
        })
        .unwrap();
    document
        .edit(&Edit::Rename {
            node: classes,
            name: "do".into(),
        })
        .unwrap();
    assert_eq!(document.done().len(), 2);
    document.seal();
    document
        .edit(&Edit::Rename {
            node: classes,
            name: "domain".into(),
        })
        .unwrap();
    assert_eq!(document.undo_name().unwrap().en, "rename do to domain");
    document.undo();
    document.undo();
    assert_eq!(document.undo_name().unwrap().en, "set Units of dense to 320");
    document.undo();
    assert_eq!(**document.design(), design);
    // Typed and typed back: nothing happened.
    let before = design.node(dense).unwrap().layer.get("units").unwrap();
    document.edit(&units(7)).unwrap();
    document
        .edit(&Edit::SetSetting {
            node: dense,
            key: "units".into(),
            value: before,
        })
        .unwrap();
    assert_eq!(document.done().len(), 0);
}

#[test]
fn a_large_design_is_laid_out_whole() {
    let mut design = Design::new("large");
    for i in 0..300 {
        design.add(format!("n{i}"), layer("add"));
    }
    assert_eq!(layout(&design, &BTreeMap::new()).len(), 300);
}
