//! The top bar: name, presets, data set, files, language, theme, help.

use mtl_engine::design::edit::{Edit, MAX_NAME_CHARS};
use mtl_export::weights::WeightsForm;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{
    icon::{IconKind, icon, sized_icon},
    menu::{Menu, MenuItem},
};
use crate::{
    i18n::{Lang, documents, shell::T, use_lang},
    state::{Sheet, Theme, data, use_playground, use_selected},
};

/// The top bar.
#[component]
pub fn TopBar() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let data_key = use_selected(&playground.data, |data| data.key().to_owned());
    let data_name = data::info(&data_key).map_or(data_key, |info| info.name.get(lang).to_owned());
    let open = |sheet: Sheet| {
        let sheets = playground.sheet.clone();
        Callback::from(move |_: MouseEvent| sheets.set(Some(sheet)))
    };
    html! {
        <header class="top-bar">
            <div class="brand"><Brand /><h1 class="brand-name">{ T.brand.get(lang) }</h1></div>
            <span class="divider" />
            <DocumentName />
            <button type="button" class="button-icon" id="documents" title={documents::T.title.get(lang)}
                aria-label={documents::T.title.get(lang)} aria-keyshortcuts="O" onclick={open(Sheet::Documents)}>
                { icon(IconKind::Documents) }
            </button>
            <button type="button" class="button" id="presets" title={T.presets_title.get(lang)} aria-label={T.presets.get(lang)}
                aria-keyshortcuts="P" onclick={open(Sheet::Presets)}>
                { icon(IconKind::Presets) }<span class="button-label">{ T.presets.get(lang) }</span>
            </button>
            <button type="button" class="button button-data" id="datasets" title={T.data_title.get(lang)}
                aria-label={format!("{data_name}: {}", T.data_title.get(lang))}
                aria-keyshortcuts="D" onclick={open(Sheet::Data)}>
                { icon(IconKind::Data) }<span class="button-label">{ data_name }</span>
            </button>
            <span class="spacer" />
            <Files />
            <span class="divider" />
            <LanguageSwitch />
            <ThemeSwitch />
            <button type="button" class="button-icon" id="help" title={T.help.get(lang)} aria-label={T.help.get(lang)}
                aria-keyshortcuts="?" onclick={open(Sheet::Help)}>
                { sized_icon(IconKind::Help, 20) }
            </button>
        </header>
    }
}

/// The logo: one trunk, two tasks.
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

/// The editable name of the design.
#[component]
fn DocumentName() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let name = use_selected(&playground.document, |document| document.design().name.clone());
    let onchange = {
        let this = playground.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Err(message) = this.edit(&Edit::RenameDesign {
                name: input.value().trim().to_owned(),
            }) {
                this.show_problem(message);
            }
        })
    };
    html! {
        <input type="text" class="document-name" value={name} maxlength={MAX_NAME_CHARS.to_string()} autocomplete="off"
            spellcheck="false" placeholder={T.untitled.get(lang)} title={T.document_name_hint.get(lang)} aria-label={T.document_name.get(lang)} {onchange} />
    }
}

/// The menu for saving and opening.
#[component]
fn Files() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let picker = use_node_ref();
    let save_weights = |form: WeightsForm, as_project: bool| {
        let this = playground.clone();
        Callback::from(move |()| {
            let playground = this.rc();
            this.attempt(async move { playground.save_weights(form, as_project).await });
        })
    };
    let save_project = {
        let this = playground.clone();
        Callback::from(move |()| {
            if let Err(message) = this.save_project() {
                this.show_problem(message);
            }
        })
    };
    let copy_link = {
        let this = playground.clone();
        Callback::from(move |()| {
            let playground = this.rc();
            this.attempt(async move { playground.copy_link().await });
        })
    };
    let pick = {
        let picker = picker.clone();
        Callback::from(move |()| {
            if let Some(picker) = picker.cast::<HtmlInputElement>() {
                picker.click();
            }
        })
    };
    let onchange = {
        let this = playground.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                let playground = this.rc();
                this.attempt(async move { playground.open_file(file).await });
            }
            // Cleared so that the same file can be picked again.
            input.set_value("");
        })
    };
    let items = vec![
        MenuItem {
            id: "save-weights",
            icon: IconKind::Save,
            label: T.export_weights.get(lang),
            help: Some(T.export_weights_help.get(lang)),
            on_choose: save_weights(WeightsForm::Json, false),
        },
        MenuItem {
            id: "save-tensors",
            icon: IconKind::Save,
            label: T.export_tensors.get(lang),
            help: Some(T.export_tensors_help.get(lang)),
            on_choose: save_weights(WeightsForm::Safetensors, false),
        },
        MenuItem {
            id: "open-file",
            icon: IconKind::Open,
            label: T.import_weights.get(lang),
            help: Some(T.import_weights_help.get(lang)),
            on_choose: pick,
        },
        MenuItem {
            id: "save-project",
            icon: IconKind::Design,
            label: T.export_project.get(lang),
            help: Some(T.export_project_help.get(lang)),
            on_choose: save_project,
        },
        MenuItem {
            id: "save-project-weights",
            icon: IconKind::Design,
            label: T.export_project_weights.get(lang),
            help: Some(T.export_project_weights_help.get(lang)),
            on_choose: save_weights(WeightsForm::Json, true),
        },
        MenuItem {
            id: "copy-link",
            icon: IconKind::Copy,
            label: T.copy_link.get(lang),
            help: Some(T.copy_link_help.get(lang)),
            on_choose: copy_link,
        },
    ];
    html! {
        <>
            <div class="files"><Menu label={T.files.get(lang)} icon={IconKind::Save} {items} /></div>
            <input ref={picker} type="file" id="file-picker" accept=".json,.safetensors,application/json" class="visually-hidden" tabindex="-1"
                aria-hidden="true" {onchange} />
        </>
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
        <div class="segmented" role="group" aria-label={T.language.get(lang)} title={T.language.get(lang)}>
            <button type="button" lang="zh-CN" id="lang-zh" aria-pressed={(lang == Lang::Zh).to_string()} onclick={choose(Lang::Zh)}>
                { "中文" }
            </button>
            <button type="button" lang="en" id="lang-en" aria-pressed={(lang == Lang::En).to_string()} onclick={choose(Lang::En)}>
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
        <button type="button" class="button-icon" id="theme" title={label.get(lang)} aria-label={label.get(lang)} {onclick}>
            { sized_icon(icon, 20) }
        </button>
    }
}
