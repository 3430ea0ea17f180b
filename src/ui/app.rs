//! The root component: contexts, bars, and the panels laid out for a wide screen or a narrow one.
//!
//! ```text
//! wide:   top bar                               narrow:  top bar
//!         run bar                                        run bar
//!         data | canvas over charts | tabs               one room
//!                                                        row of rooms
//! ```
//! Every panel is rendered once; the style sheet decides by `data-room` and the width of the screen which panels are visible.

use std::rc::Rc;

use yew::prelude::*;

use super::{
    canvas::{Canvas, state::CanvasState},
    data::DataPanel,
    documents::DocumentSheet,
    gallery::{DataSheet, PresetSheet},
    help::HelpSheet,
    icon::{IconKind, icon, sized_icon},
    inspector::Inspector,
    run_bar::RunBar,
    shortcuts::{use_file_drop, use_shortcuts},
    splitter::{Axis, Splitter},
    tabs::{Tab, tab_row},
    toasts::ToastList,
    top_bar::TopBar,
    train::TrainPanel,
    try_it::TryPanel,
    watch::WatchPanel,
};
use crate::{
    i18n::{Lang, shell::T, use_lang},
    state::{
        Playground, PlaygroundRef, Preferences, RightTab, Room, Sheet, use_playground, use_selected,
        use_store,
    },
};

/// Properties of `App`.
#[derive(Properties, PartialEq)]
pub struct AppProps {
    pub playground: PlaygroundRef,
}

/// The root component.
#[component]
pub fn App(props: &AppProps) -> Html {
    let lang = use_selected(&props.playground.preferences, |preferences| preferences.lang);
    let canvas = use_memo((), |()| CanvasState::default());
    html! {
        <ContextProvider<PlaygroundRef> context={props.playground.clone()}>
            <ContextProvider<Lang> context={lang}>
                <ContextProvider<CanvasState> context={CanvasState::clone(&canvas)}>
                    <Frame />
                </ContextProvider<CanvasState>>
            </ContextProvider<Lang>>
        </ContextProvider<PlaygroundRef>>
    }
}

#[component]
fn Frame() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let preferences = use_store(&playground.preferences);
    let has_selection = use_selected(&playground.selection, |selection| !selection.nodes.is_empty());
    let sheet = use_store(&playground.sheet);
    let close = {
        let sheets = playground.sheet.clone();
        Callback::from(move |()| sheets.set(None))
    };
    use_shortcuts();
    let drops = use_file_drop();
    // A click on a node opens the tab with its settings.
    {
        let playground = playground.clone();
        use_effect_with(has_selection, move |has_selection| {
            if *has_selection {
                playground
                    .preferences
                    .update_if_changed(|preferences| preferences.right_tab = RightTab::Layer);
            }
        });
    }
    let style = format!(
        "--left: {}px; --right: {}px; --watch: {}%;",
        preferences.left_width,
        preferences.right_width,
        preferences.watch_share * 100.0
    );
    html! {
        <div class="page" data-room={preferences.room.key()} data-left={if preferences.left_open { "open" } else { "closed" }}
            data-selected={has_selection.to_string()} ~{style}>
            <a class="skip" href="#design" title={T.skip_to_content.get(lang)}>{ T.skip_to_content.get(lang) }</a>
            <TopBar />
            <RunBar />
            <main class="rooms">
                <LeftPanel />
                <Centre />
                <RightPanel />
            </main>
            <RoomTabs />
            <ToastList />
            { match *sheet {
                Some(Sheet::Presets) => html! { <PresetSheet on_close={close} /> },
                Some(Sheet::Data) => html! { <DataSheet on_close={close} /> },
                Some(Sheet::Documents) => html! { <DocumentSheet on_close={close} /> },
                Some(Sheet::Help) => html! { <HelpSheet on_close={close} /> },
                None => Html::default(),
            } }
            if drops { <div class="drop-target">{ T.drop_here.get(lang) }</div> }
        </div>
    }
}

/// Updates the preferences after a splitter was dragged.
fn drag(playground: &Rc<Playground>, change: fn(&mut Preferences, f64)) -> Callback<f64> {
    let preferences = playground.preferences.clone();
    Callback::from(move |moved| preferences.update_if_changed(|preferences| change(preferences, moved)))
}

#[component]
fn LeftPanel() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let left_open = use_selected(&playground.preferences, |preferences| preferences.left_open);
    let left_width = use_selected(&playground.preferences, |preferences| preferences.left_width);
    let toggle = {
        let preferences = playground.preferences.clone();
        Callback::from(move |_: MouseEvent| {
            preferences.update(|preferences| preferences.left_open = !preferences.left_open)
        })
    };
    let label = if left_open { T.hide_data } else { T.show_data };
    html! {
        <>
            <section class="panel panel-left" id="data" aria-label={T.data.get(lang)}>
                <header class="panel-head">
                    <h2>{ icon(IconKind::Data) }<span>{ T.data.get(lang) }</span></h2>
                    <button type="button" class="button-icon panel-fold" aria-expanded={left_open.to_string()} aria-controls="data-body"
                        title={label.get(lang)} aria-label={label.get(lang)} onclick={toggle}>
                        { icon(if left_open { IconKind::Left } else { IconKind::Right }) }
                    </button>
                </header>
                <div class="panel-body" id="data-body"><DataPanel /></div>
            </section>
            <Splitter axis={Axis::Horizontal} label={T.resize_left.get(lang)} value={left_width as i32}
                on_move={drag(&playground, |preferences, moved| {
                    preferences.left_width = (preferences.left_width + moved).clamp(220.0, 480.0);
                })} />
        </>
    }
}

#[component]
fn Centre() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let watch_share = use_selected(&playground.preferences, |preferences| preferences.watch_share);
    let centre = use_node_ref();
    let on_move = {
        let (preferences, centre) = (playground.preferences.clone(), centre.clone());
        Callback::from(move |moved: f64| {
            let height = centre
                .cast::<web_sys::HtmlElement>()
                .map_or(0, |centre| centre.client_height());
            if height > 0 {
                preferences.update_if_changed(|preferences| {
                    preferences.watch_share =
                        (preferences.watch_share - moved / f64::from(height)).clamp(0.15, 0.85);
                });
            }
        })
    };
    html! {
        <div class="centre" ref={centre}>
            <section class="panel panel-design" id="design" tabindex="-1" aria-label={T.design.get(lang)}><Canvas /></section>
            <Splitter axis={Axis::Vertical} label={T.resize_watch.get(lang)} value={(watch_share * 100.0) as i32} {on_move} />
            <section class="panel panel-watch" id="watch" aria-label={T.watch.get(lang)}><WatchPanel /></section>
        </div>
    }
}

#[component]
fn RightPanel() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let open = use_selected(&playground.preferences, |preferences| preferences.right_tab);
    let right_width = use_selected(&playground.preferences, |preferences| preferences.right_width);
    let on_open = {
        let preferences = playground.preferences.clone();
        Callback::from(move |tab| preferences.update_if_changed(|preferences| preferences.right_tab = tab))
    };
    let tabs = [
        Tab {
            key: RightTab::Train,
            label: T.train.get(lang),
            hint: T.train_hint.get(lang),
            icon: IconKind::Train,
            panel: "train",
        },
        Tab {
            key: RightTab::Layer,
            label: T.layer.get(lang),
            hint: T.layer_hint.get(lang),
            icon: IconKind::Design,
            panel: "layer",
        },
        Tab {
            key: RightTab::Try,
            label: T.try_it.get(lang),
            hint: T.try_hint.get(lang),
            icon: IconKind::Try,
            panel: "try",
        },
    ];
    let panel = |tab: RightTab, id: &'static str, content: Html| {
        let heading = tabs.iter().find(|other| other.key == tab).map(|tab| tab.label);
        html! {
            <div class="panel-body" role="tabpanel" {id} aria-labelledby={format!("tab-{id}")} data-open={(open == tab).to_string()}>
                <h2 class="visually-hidden">{ heading }</h2>
                { content }
            </div>
        }
    };
    html! {
        <>
            <Splitter axis={Axis::Horizontal} label={T.resize_right.get(lang)} value={right_width as i32}
                on_move={drag(&playground, |preferences, moved| {
                    preferences.right_width = (preferences.right_width - moved).clamp(280.0, 560.0);
                })} />
            <div class="panel panel-right">
                { tab_row(T.rooms.get(lang), "tabs", &tabs, &open, &on_open) }
                { panel(RightTab::Train, "train", html! { <TrainPanel /> }) }
                { panel(RightTab::Layer, "layer", html! { <Inspector /> }) }
                { panel(RightTab::Try, "try", html! { <TryPanel /> }) }
            </div>
        </>
    }
}

/// The navigation bar at the bottom of a narrow screen.
#[component]
fn RoomTabs() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let room = use_selected(&playground.preferences, |preferences| preferences.room);
    let rooms = [
        (Room::Design, T.design, T.design_hint, IconKind::Design),
        (Room::Data, T.data, T.data_hint, IconKind::Data),
        (Room::Train, T.train, T.train_hint, IconKind::Train),
        (Room::Watch, T.watch, T.watch_hint, IconKind::Watch),
        (Room::Try, T.try_it, T.try_hint, IconKind::Try),
    ];
    html! {
        <nav class="room-tabs" aria-label={T.rooms.get(lang)}>
            { for rooms.into_iter().map(|(key, label, hint, icon)| {
                let preferences = playground.preferences.clone();
                html! {
                    <button type="button" data-opens={key.key()} title={hint.get(lang)} aria-current={(room == key).then_some("page")}
                        onclick={move |_| preferences.update_if_changed(|preferences| preferences.room = key)}>
                        { sized_icon(icon, 20) }
                        <span>{ label.get(lang) }</span>
                    </button>
                }
            }) }
        </nav>
    }
}
