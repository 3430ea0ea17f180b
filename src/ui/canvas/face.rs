//! The view model of a node: what it displays, derived from the design and its check.
//!
//! A node is rendered again only when its face has changed, so that an edit renders only the nodes that it affects.

use mtl_base::NodeId;
use mtl_engine::{
    design::{
        Design, Node,
        check::{Checked, NodeReport, Severity},
    },
    layers::{Arity, PortKind},
};

use super::scene::{NODE_WIDTH, Point, handle_offset, size_of};
use crate::{
    i18n::{Lang, canvas::T, fill, format},
    state::task_letter,
};

/// Width of a line of text in a node, in pixels.
pub const TEXT_WIDTH: f32 = NODE_WIDTH - 30.0;

/// The view model of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    pub id: NodeId,
    /// Its name, truncated to the width.
    pub title: String,
    /// Its name on one or two lines, for a zoomed-out canvas.
    pub far_title: Vec<String>,
    /// Type and main settings, truncated to the width.
    pub summary: String,
    /// Output shape, or loss and weight of a head.
    pub shape: String,
    /// Number of parameters, empty when there are none.
    pub parameters: String,
    /// Tasks whose losses reach it.
    pub tasks: Vec<usize>,
    /// Whether it is shared, private, or reaches no loss.
    pub reach: Reach,
    /// Its own task, when it is a head.
    pub task_idx: Option<usize>,
    /// Category of the layer, for the style sheet.
    pub category: &'static str,
    /// Whether its parameters are frozen.
    pub frozen: bool,
    /// Highest severity of its problems.
    pub problem: Option<Severity>,
    /// Width and height.
    pub size: Point,
    /// Handles on the left.
    pub inputs: Vec<HandleFace>,
    /// Handles on the right.
    pub outputs: Vec<HandleFace>,
    /// Text for screen readers.
    pub label: String,
}

/// Whether a node is shared between tasks, private to one, or reached by none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Two or more.
    Shared,
    /// Exactly one.
    Private,
    /// None.
    Nothing,
}

impl Reach {
    /// Value of the attribute that the style sheet reads.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Private => "private",
            Self::Nothing => "nothing",
        }
    }
}

/// The view model of a handle.
#[derive(Clone, Debug, PartialEq)]
pub struct HandleFace {
    /// Kind of value, which decides colour and shape.
    pub kind: PortKind,
    /// Whether it takes several wires, and is drawn long.
    pub many: bool,
    /// Centre, relative to the node's corner.
    pub at: Point,
    /// Text for screen readers and the tooltip.
    pub label: String,
}

/// Name of a kind of handle for the style sheet.
pub const fn kind_key(kind: PortKind) -> &'static str {
    match kind {
        PortKind::Tokens => "tokens",
        PortKind::Id => "id",
        PortKind::Ids => "ids",
        PortKind::Sequence => "sequence",
        PortKind::Vector => "vector",
        PortKind::Any => "any",
    }
}

/// Outline of a handle around its middle: square for ids, triangle for sequences, circle for vectors.
pub fn kind_outline(kind: PortKind, many: bool) -> &'static str {
    if many {
        return "M-5 -7a5 5 0 0 1 10 0v14a5 5 0 0 1 -10 0z";
    }
    match kind {
        PortKind::Tokens | PortKind::Ids => "M-5.5 -5.5h11v11h-11z",
        PortKind::Id => "M0 -7l7 7l-7 7l-7 -7z",
        PortKind::Sequence => "M-5 -7l11 7l-11 7z",
        PortKind::Vector | PortKind::Any => "M0 -6a6 6 0 1 0 0 12a6 6 0 1 0 0 -12z",
    }
}

/// Estimated width of a character at `font_px`.
fn advance(c: char, font_px: f32) -> f32 {
    font_px
        * match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | '|' | '\'' | ':' | ' ' => 0.3,
            'm' | 'w' | 'M' | 'W' => 0.86,
            'A'..='Z' => 0.68,
            c if (c as u32) >= 0x2E80 => 1.0,
            _ => 0.56,
        }
}

/// The longest prefix of `text` that fits into `width` pixels.
fn start_of(text: &str, mut width: f32, font_px: f32) -> &str {
    let end = text.char_indices().find(|(_, c)| {
        width -= advance(*c, font_px);
        width < 0.0
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// `text` truncated to `width` pixels at `font_px`, by estimated character widths.
pub fn fit_text(text: &str, width: f32, font_px: f32) -> String {
    if start_of(text, width, font_px).len() == text.len() {
        return text.to_owned();
    }
    let cut = start_of(text, width - font_px * 0.8, font_px);
    format!("{}…", cut.trim_end())
}

/// `text` on one line or two, broken between words where it can be.
pub fn two_lines(text: &str, width: f32, font_px: f32) -> Vec<String> {
    let first = start_of(text, width, font_px);
    if first.len() == text.len() {
        return vec![text.to_owned()];
    }
    let end = match first.rfind([' ', '_']) {
        // A single word that is a little too long is condensed instead of broken.
        None | Some(0) if start_of(text, width * 1.3, font_px).len() == text.len() && text.is_ascii() => {
            return vec![text.to_owned()];
        }
        None | Some(0) => first.len(),
        // A line is broken after an underscore.
        Some(at) => at + usize::from(first[at..].starts_with('_')),
    };
    vec![
        text[..end].to_owned(),
        fit_text(text[end..].trim_start(), width, font_px),
    ]
}

/// The face of `node`; `task_idx` is its position among the heads.
pub fn face(node: &Node, checked: &Checked, task_idx: Option<usize>, lang: Lang) -> Face {
    let nothing = NodeReport::default();
    let report = checked.nodes.get(&node.id).unwrap_or(&nothing);
    let size = size_of(node);
    let tasks: Vec<usize> = report.tasks.iter().collect();
    let reach = match tasks.len() {
        0 => Reach::Nothing,
        1 => Reach::Private,
        _ => Reach::Shared,
    };
    let problem = checked
        .problems
        .iter()
        .filter(|problem| problem.node == Some(node.id))
        .map(|problem| problem.severity)
        .max();
    let kind = node.layer.name().get(lang);
    let details = node.layer.summary();
    // A head that is named after its label does not repeat it.
    let summary = if details.is_empty() || (node.layer.is_head() && details == node.name) {
        kind.to_owned()
    } else {
        format!("{kind} · {details}")
    };
    let shape = match node.layer.loss_weight() {
        Some(weight) => {
            let weight = format::plain(weight_of(weight));
            match node.layer.loss() {
                Some(loss) => format!("{} · {}", loss.get(lang), fill(T.head_weight, lang, &[&weight])),
                None => fill(T.head_weight, lang, &[&weight]),
            }
        }
        None => report
            .outputs
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" | "),
    };
    let parameters = if report.n_parameters == 0 {
        String::new()
    } else {
        format::short_count(report.n_parameters as f64, lang)
    };
    let label = [
        node.name.clone(),
        summary.clone(),
        if shape.is_empty() {
            T.no_shape.get(lang).to_owned()
        } else {
            fill(T.shape_is, lang, &[&shape])
        },
        fill(
            T.parameters_are,
            lang,
            &[&format::count(report.n_parameters as u64)],
        ),
        reach_text(&tasks, checked, lang),
        problem.map_or_else(String::new, |_| T.has_problem.get(lang).to_owned()),
    ];
    let label = label
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    let text_width = TEXT_WIDTH;
    let handle =
        |name: &str, what: &str, kind: PortKind, many: bool, x: f32, index: usize, count: usize| HandleFace {
            kind,
            many,
            at: [x, handle_offset(size[1], index, count)],
            label: fill(
                if x == 0.0 { T.input_handle } else { T.output_handle },
                lang,
                &[&name, &node.name, &what],
            ),
        };
    let (inputs, outputs) = (node.layer.inputs(), node.layer.outputs());
    Face {
        id: node.id,
        title: fit_text(&node.name, text_width, 15.0),
        far_title: two_lines(&node.name, text_width, 20.0),
        summary: fit_text(&summary, text_width, 13.0),
        shape: fit_text(&shape, text_width - 8.0 * parameters.chars().count() as f32, 13.0),
        parameters,
        reach,
        task_idx,
        category: node.layer.category().key(),
        frozen: node.frozen,
        problem,
        size,
        inputs: inputs
            .iter()
            .enumerate()
            .map(|(index, port)| {
                let (name, what) = (port.name.get(lang), port.kind.label().get(lang));
                handle(
                    name,
                    what,
                    port.kind,
                    port.arity == Arity::Many,
                    0.0,
                    index,
                    inputs.len(),
                )
            })
            .collect(),
        outputs: outputs
            .iter()
            .enumerate()
            .map(|(index, port)| {
                // The shape of the handle follows the actual value where it is known, since some outputs give either a vector or a sequence.
                let kind = report
                    .outputs
                    .get(index)
                    .map_or(port.kind, |shape| known_kind(port.kind, *shape));
                let (name, what) = (port.name.get(lang), kind.label().get(lang));
                handle(name, what, kind, false, size[0], index, outputs.len())
            })
            .collect(),
        tasks,
        label,
    }
}

fn known_kind(declared: PortKind, shape: mtl_engine::layers::Shape) -> PortKind {
    use mtl_engine::layers::Shape;
    match (declared, shape) {
        (PortKind::Any, Shape::Sequence { .. }) => PortKind::Sequence,
        (PortKind::Any, Shape::Vector { .. }) => PortKind::Vector,
        _ => declared,
    }
}

fn weight_of(weight: f32) -> f64 {
    // Formatted as the shortest decimal: 0.1_f32 is shown as 0.1.
    weight.to_string().parse().unwrap_or(f64::from(weight))
}

/// Description of the tasks that share it.
pub fn reach_text(tasks: &[usize], checked: &Checked, lang: Lang) -> String {
    let name = |task_idx: &usize| {
        checked
            .tasks
            .get(*task_idx)
            .map_or_else(|| task_letter(*task_idx), |task| task.name.clone())
    };
    let comma = if lang == Lang::Zh { "、" } else { ", " };
    let names = tasks.iter().map(name).collect::<Vec<_>>().join(comma);
    match tasks.len() {
        0 => T.reaches_no_loss.get(lang).to_owned(),
        1 => fill(T.private_to, lang, &[&names]),
        _ => fill(T.shared_by, lang, &[&names]),
    }
}

/// Faces of all nodes, in the order of the design.
pub fn faces(design: &Design, checked: &Checked, lang: Lang) -> Vec<Face> {
    let mut n_tasks = 0;
    design
        .nodes
        .iter()
        .map(|node| {
            let task_idx = node.layer.is_head().then(|| {
                n_tasks += 1;
                n_tasks - 1
            });
            face(node, checked, task_idx, lang)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_short_ones_are_not() {
        assert_eq!(fit_text("Dense", 100.0, 12.0), "Dense");
        let cut = fit_text("a very long name of a layer", 100.0, 12.0);
        assert!(cut.ends_with('…') && cut.chars().count() < 20, "{cut}");
        assert_eq!(fit_text("很长的中文名称", 40.0, 12.0), "很长…");
        assert_eq!(two_lines("Dense", 100.0, 20.0), ["Dense"]);
        assert_eq!(two_lines("Average pooling", 120.0, 20.0), ["Average", "pooling"]);
        assert_eq!(two_lines("tower_sentiment", 120.0, 20.0), ["tower_", "sentiment"]);
        assert_eq!(two_lines("全局平均池化层", 100.0, 20.0), ["全局平均池", "化层"]);
        assert_eq!(two_lines("concatenate", 120.0, 20.0), ["concatenate"]);
    }
}
