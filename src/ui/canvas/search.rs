//! Layer search: finds a layer by its name, in either language, and adds it.

use mtl_engine::layers::Layer;
use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::{
    dom,
    editor::use_editor,
    state::{Link, Search},
};
use crate::{
    i18n::{Lang, canvas::T, fill_message, use_lang},
    ui::icon::{IconKind, icon},
};

/// Properties of `SearchBox`.
#[derive(Properties, PartialEq)]
pub struct SearchBoxProps {
    /// Position of the box, and what the chosen layer is connected with.
    pub search: Search,
}

/// Layers whose name, key or search words contain all typed words, best match first.
pub fn find(typed: &str, may: impl Fn(&Layer) -> bool) -> Vec<Layer> {
    let typed = typed.to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut found: Vec<(usize, Layer)> = Layer::all()
        .into_iter()
        .filter(may)
        .filter_map(|layer| {
            let names = [
                layer.name().en.to_lowercase(),
                layer.name().zh.to_lowercase(),
                layer.key().replace('_', " "),
            ];
            let everywhere = format!("{} {}", names.join(" "), layer.search_words());
            let [en, zh, _] = &names;
            let rank = if names.contains(&typed) {
                0
            } else if en.starts_with(&typed) || zh.starts_with(&typed) {
                1
            } else {
                2
            };
            words
                .iter()
                .all(|word| everywhere.contains(word))
                .then_some((rank, layer))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, layer)| layer).collect()
}

/// The search box.
#[component]
pub fn SearchBox(props: &SearchBoxProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let typed = use_state_eq(String::new);
    let chosen = use_state_eq(|| 0_usize);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let link = props.search.link;
    // Layers that cannot be connected with the pending wire are not offered.
    let found = {
        let (design, schema) = (editor.design(), editor.schema());
        find(&typed, |layer| may_link(layer, link, &design, &schema))
    };
    let choose = {
        let (editor, search) = (editor.clone(), props.search.clone());
        Callback::from(move |layer: Layer| {
            editor.canvas.popup.set(None);
            if let Some(node) = editor.add_layer(&layer, Some(search.place), search.link) {
                // The node is rendered in the next task. If the search is open again by then, it keeps the focus.
                let popup = editor.canvas.popup.clone();
                gloo_timers::callback::Timeout::new(30, move || {
                    if popup.get().is_some() {
                        return;
                    }
                    if let Some(body) = web_sys::window()
                        .and_then(|window| window.document()?.get_element_by_id(&dom::node_id(node)))
                        .and_then(|node| node.query_selector(".node-body").ok().flatten())
                    {
                        use wasm_bindgen::JsCast;
                        if let Some(body) = body.dyn_ref::<web_sys::SvgElement>() {
                            let _ = body.focus();
                        }
                    }
                })
                .forget();
            }
        })
    };
    let oninput = {
        let (typed, chosen, editor) = (typed.clone(), chosen.clone(), editor.clone());
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let n_found = find(&input.value(), |_| true).len();
            editor.say(fill_message(T.found_layers, &[&n_found]));
            typed.set(input.value());
            chosen.set(0);
        })
    };
    let onkeydown = {
        let (editor, chosen, found, choose) = (editor.clone(), chosen.clone(), found.clone(), choose.clone());
        Callback::from(move |event: KeyboardEvent| {
            let last = found.len().saturating_sub(1);
            match event.key().as_str() {
                "Escape" => editor.canvas.popup.set(None),
                "Enter" => {
                    if let Some(layer) = found.get(*chosen) {
                        choose.emit(layer.clone());
                    }
                }
                "ArrowDown" => chosen.set((*chosen + 1).min(last)),
                "ArrowUp" => chosen.set(chosen.saturating_sub(1)),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    // Clamped to the canvas.
    let [width, height] = dom::surface_size(&editor.canvas.surface);
    let [x, y] = props.search.at;
    let style = format!(
        "left: {}px; top: {}px",
        x.min(width - 270.0).max(8.0),
        y.min(height - 260.0).max(8.0)
    );
    let active = found.get(*chosen).map(|layer| format!("find-{}", layer.key()));
    html! {
        <div class="canvas-search" ~{style}>
            <div class="search-box">
                { icon(IconKind::Search) }
                <input ref={input} type="text" role="combobox" title={T.search_help.get(lang)} aria-expanded="true" aria-controls="search-list" autocomplete="off"
                    spellcheck="false" aria-activedescendant={active} aria-label={T.search.get(lang)} placeholder={T.search.get(lang)}
                    value={(*typed).clone()} {oninput} {onkeydown} />
            </div>
            <ul id="search-list" role="listbox" aria-label={T.layers.get(lang)}>
                { for found.iter().enumerate().map(|(place, layer)| {
                    let (choose, chosen_layer) = (choose.clone(), layer.clone());
                    html! {
                        <li id={format!("find-{}", layer.key())} role="option" aria-selected={(place == *chosen).to_string()}
                            onclick={move |_| choose.emit(chosen_layer.clone())} title={layer.about().get(lang)}>
                            <span>{ layer.name().get(lang) }</span>
                            <small>{ other_name(layer, lang) }</small>
                        </li>
                    }
                }) }
                if found.is_empty() { <li class="search-none" role="option" aria-selected="false" aria-disabled="true">{ T.nothing_found.get(lang) }</li> }
            </ul>
        </div>
    }
}

fn other_name(layer: &Layer, lang: Lang) -> &'static str {
    let other = if lang == Lang::Zh { Lang::En } else { Lang::Zh };
    let (name, here) = (layer.name().get(other), layer.name().get(lang));
    if name == here {
        layer.category().label().get(lang)
    } else {
        name
    }
}

/// Whether a layer could be connected as asked, by the kinds of the handles.
fn may_link(
    layer: &Layer,
    link: Link,
    design: &mtl_engine::design::Design,
    schema: &mtl_base::schema::Schema,
) -> bool {
    use super::scene::Side;
    let layer = super::editor::fitted(layer, schema, design);
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    match link {
        Link::Free => true,
        Link::With(handle) => design
            .node(handle.port.node)
            .is_none_or(|node| match handle.side {
                Side::Output => node
                    .layer
                    .outputs()
                    .get(handle.port.handle)
                    .is_some_and(|from| inputs.iter().any(|to| to.kind.may_take(from.kind))),
                Side::Input => node
                    .layer
                    .inputs()
                    .get(handle.port.handle)
                    .is_some_and(|to| outputs.iter().any(|from| to.kind.may_take(from.kind))),
            }),
        Link::On(_) => !inputs.is_empty() && !outputs.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_found_in_both_languages() {
        let first = |typed: &str| find(typed, |_| true).first().map(Layer::key);
        assert_eq!(first("dense"), Some("dense"));
        assert_eq!(first("全连接"), Some("dense"));
        assert_eq!(first("max pool"), Some("global_max_pooling"));
        assert_eq!(find("", |_| true).len(), Layer::all().len());
        assert_eq!(first("no such layer"), None);
    }
}
