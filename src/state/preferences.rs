//! User preferences: language, theme, sizes. Stored by the browser.

use serde::{Deserialize, Serialize};

use super::{storage, store::Store};
use crate::i18n::{Lang, html_lang};

const KEY: &str = "preferences";

/// Theme of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// The system's theme.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The next theme in the cycle of the button.
    pub const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// Tab of the right panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightTab {
    /// Settings of the run.
    #[default]
    Train,
    /// Settings of the selected layer.
    Layer,
    /// Predictions.
    Try,
}

/// Panel that a narrow screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// The canvas, and the settings of the selected layer.
    #[default]
    Design,
    /// The data set.
    Data,
    /// Settings of the run.
    Train,
    /// Charts.
    Watch,
    /// Predictions.
    Try,
}

impl Room {
    /// Value of the attribute for the style sheet.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Design => "design",
            Self::Data => "data",
            Self::Train => "train",
            Self::Watch => "watch",
            Self::Try => "try",
        }
    }
}

/// User preferences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Language; by default that of the browser.
    pub lang: Lang,
    /// Theme.
    pub theme: Theme,
    /// Whether the data panel is open on a wide screen.
    pub left_open: bool,
    /// Width of the data panel in pixels.
    pub left_width: f64,
    /// Width of the right panel in pixels.
    pub right_width: f64,
    /// Share of the centre's height that the charts take, 0 to 1.
    pub watch_share: f64,
    /// Open tab of the right panel.
    pub right_tab: RightTab,
    /// Open panel on a narrow screen.
    pub room: Room,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            lang: Lang::En,
            theme: Theme::Auto,
            left_open: true,
            left_width: 280.0,
            right_width: 340.0,
            watch_share: 0.46,
            right_tab: RightTab::Train,
            room: Room::Design,
        }
    }
}

impl Preferences {
    /// The stored preferences, or the defaults in the browser's language.
    pub fn load() -> Self {
        let mut preferences = storage::load::<Self>(KEY).unwrap_or_else(|| Self {
            lang: browser_lang(),
            ..Self::default()
        });
        preferences.left_width = preferences.left_width.clamp(220.0, 480.0);
        preferences.right_width = preferences.right_width.clamp(280.0, 560.0);
        preferences.watch_share = preferences.watch_share.clamp(0.15, 0.85);
        preferences
    }
}

fn browser_lang() -> Lang {
    let tag = web_sys::window()
        .and_then(|window| window.navigator().language())
        .unwrap_or_default();
    if tag.to_ascii_lowercase().starts_with("zh") {
        Lang::Zh
    } else {
        Lang::En
    }
}

/// Stores every change, and updates `<html lang data-scheme>`. The subscription lives as long as the page.
pub fn keep(preferences: &Store<Preferences>) -> super::store::Subscription {
    apply(&preferences.get());
    preferences.subscribe(|preferences| {
        // Without it the next visit begins with other colours and sizes.
        let _ = storage::save(KEY, &**preferences);
        apply(preferences);
    })
}

fn apply(preferences: &Preferences) {
    let Some(root) = web_sys::window().and_then(|window| window.document()?.document_element()) else {
        return;
    };
    // A failure affects the appearance only.
    let _ = root.set_attribute(
        "data-scheme",
        if is_dark(preferences.theme) {
            "dark"
        } else {
            "light"
        },
    );
    let _ = root.set_attribute("lang", html_lang(preferences.lang));
}

/// Whether the page is dark, by choice or by the system's theme.
pub fn is_dark(theme: Theme) -> bool {
    match theme {
        Theme::Light => false,
        Theme::Dark => true,
        Theme::Auto => web_sys::window()
            .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok()?)
            .is_some_and(|query| query.matches()),
    }
}

/// Updates `dark` when the preference or the system's theme changes.
pub fn follow_theme(preferences: &Store<Preferences>, dark: &Store<bool>) -> super::store::Subscription {
    let set = {
        let (preferences, dark) = (preferences.clone(), dark.clone());
        move || {
            apply(&preferences.get());
            dark.update_if_changed(|dark| *dark = is_dark(preferences.get().theme));
        }
    };
    let query = web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok()?)
        .map(|query| {
            let set = set.clone();
            gloo_events::EventListener::new(&query, "change", move |_| set())
        });
    let chosen = preferences.subscribe(move |_| set());
    super::store::Subscription::new(move || drop((query, chosen)))
}
