//! Small elements that several panels use. Each is built by one function, since `html!` expands to a lot of code
//! wherever it is used.

use yew::prelude::*;

use super::icon::{IconKind, sized_icon};

/// One row of a list of facts (`<dl>`).
pub fn fact(term: impl Into<AttrValue>, value: impl Into<AttrValue>) -> Html {
    explained_fact(term, None, value)
}

/// The same with a tooltip.
pub fn explained_fact(
    term: impl Into<AttrValue>,
    meaning: Option<&'static str>,
    value: impl Into<AttrValue>,
) -> Html {
    let (term, value): (AttrValue, AttrValue) = (term.into(), value.into());
    html! { <><dt title={meaning}>{ term }</dt><dd>{ value }</dd></> }
}

/// One value of a row of figures.
pub fn figure(term: &'static str, value: impl Into<AttrValue>) -> Html {
    html! { <div>{ fact(term, value) }</div> }
}

/// One row of a table: a label and a value.
pub fn table_row(heading: impl Into<Html>, value: impl Into<AttrValue>) -> Html {
    let (heading, value): (Html, AttrValue) = (heading.into(), value.into());
    html! { <tr><th scope="row">{ heading }</th><td>{ value }</td></tr> }
}

/// An icon button; `label` is its accessible name and tooltip.
pub fn icon_button(
    kind: IconKind,
    size_px: u32,
    label: impl Into<AttrValue>,
    onclick: Callback<MouseEvent>,
) -> Html {
    let label: AttrValue = label.into();
    html! {
        <button type="button" class="button-icon" aria-label={label.clone()} title={label} {onclick}>
            { sized_icon(kind, size_px) }
        </button>
    }
}
