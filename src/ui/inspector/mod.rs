//! The inspector: settings of the selection, generated from the layers' declared settings; with nothing selected, the
//! design as a whole.

mod inside;
mod many;
mod node;
mod overview;
mod wire;

use yew::prelude::*;

use self::{many::ManyView, node::NodePanel, overview::Overview, wire::WirePanel};
use crate::{
    state::{use_playground, use_store},
    ui::canvas::editor::use_editor,
};

/// The inspector.
#[component]
pub fn Inspector() -> Html {
    let playground = use_playground();
    let editor = use_editor();
    let selection = use_store(&playground.selection);
    let document = use_store(&playground.document);
    let design = document.design();
    if let Some(node) = selection.single().filter(|node| design.node(*node).is_some()) {
        return html! { <NodePanel key={node.0} {node} /> };
    }
    if selection.nodes.len() > 1 {
        return html! { <ManyView nodes={selection.nodes.clone()} /> };
    }
    let wire = selection
        .wires
        .first()
        .filter(|wire| design.wires.iter().any(|other| other.id == **wire));
    match wire {
        Some(wire) => html! { <WirePanel wire={*wire} /> },
        None => html! { <Overview {editor} /> },
    }
}
