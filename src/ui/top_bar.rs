//! The bar at the top: name, presets, files, language, colours, help.

use yew::prelude::*;

use super::icon::{Icon, IconKind};
use crate::{
    i18n::{Lang, shell::T, use_lang},
    state::{Theme, use_playground, use_selected},
};

/// What the bar is told.
#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    /// Opens the help sheet.
    pub on_help: Callback<()>,
}

/// The bar at the top.
#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let lang = use_lang();
    html! {
        <header class="top-bar">
            <div class="brand"><Brand /><span class="brand-name">{ T.brand.get(lang) }</span></div>
            <span class="spacer" />
            <LanguageSwitch />
            <ThemeSwitch />
            <button type="button" class="button-icon" title={T.help.get(lang)} aria-label={T.help.get(lang)}
                onclick={props.on_help.reform(|_| ())}>
                <Icon kind={IconKind::Help} size={20} />
            </button>
        </header>
    }
}

/// One trunk, two tasks.
#[component]
fn Brand() -> Html {
    html! {
        <svg class="brand-mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" class="brand-ground" />
            <path class="brand-line" d="M9 16h5M14 16c5 0 4-7 9-7M14 16c5 0 4 7 9 7" />
            <circle class="brand-trunk" cx="9" cy="16" r="3.5" />
            <circle class="brand-a" cx="23" cy="9" r="3.5" />
            <circle class="brand-b" cx="23" cy="23" r="3.5" />
        </svg>
    }
}

/// 中文 / EN: both are shown, the chosen one pressed.
#[component]
pub fn LanguageSwitch() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let choose = |chosen: Lang| {
        let preferences = playground.preferences.clone();
        Callback::from(move |_: MouseEvent| {
            preferences.update_if_changed(|preferences| preferences.lang = chosen)
        })
    };
    html! {
        <div class="segmented" role="group" aria-label={T.language.get(lang)}>
            <button type="button" lang="zh-CN" aria-pressed={(lang == Lang::Zh).to_string()} onclick={choose(Lang::Zh)}>
                { "中文" }
            </button>
            <button type="button" lang="en" aria-pressed={(lang == Lang::En).to_string()} onclick={choose(Lang::En)}
                aria-label="English">
                { "EN" }
            </button>
        </div>
    }
}

#[component]
fn ThemeSwitch() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let theme = use_selected(&playground.preferences, |preferences| preferences.theme);
    let (icon, label) = match theme {
        Theme::Auto => (IconKind::Theme, T.theme_auto),
        Theme::Light => (IconKind::Sun, T.theme_light),
        Theme::Dark => (IconKind::Moon, T.theme_dark),
    };
    let preferences = playground.preferences.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        preferences.update(|preferences| preferences.theme = theme.next())
    });
    html! {
        <button type="button" class="button-icon" title={label.get(lang)} aria-label={label.get(lang)} {onclick}>
            <Icon kind={icon} size={20} />
        </button>
    }
}
