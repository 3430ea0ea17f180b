//! What the page opens with: what its address says, else the document that was open last, else a preset on generated data.
//!
//! ```text
//! https://host/path/#preset=shared-lstm&data=chinese-reviews&lang=zh&theme=dark&embed=https://lesson.example
//! ```

use mtl_base::text::{Explain, Message};
use mtl_engine::design::{edit, history::Document, presets};
use mtl_training::recommended;

use super::{
    Playground, Theme,
    actions::unknown_preset,
    data::{self, DataState, Index},
};
use crate::{
    i18n::{Lang, faults, fill},
    worker::protocol::{Cause, Failure},
};

/// What a link can hide, for a class: the style sheet knows what belongs to each.
pub const HIDEABLE: [&str; 7] = [
    "data",
    "watch",
    "settings",
    "files",
    "presets",
    "documents",
    "canvas",
];

/// What the address says after `#`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Key of a preset.
    pub preset: Option<String>,
    /// Key of a data set.
    pub data: Option<String>,
    /// Language.
    pub lang: Option<Lang>,
    /// Colours.
    pub theme: Option<Theme>,
    /// A whole document: see [`share`](super::share).
    pub project: Option<String>,
    /// What is not shown, of [`HIDEABLE`], separated by spaces.
    pub hide: String,
    /// Origin of the page that may drive this one by `postMessage`.
    pub embed: Option<String>,
}

impl Link {
    /// What the address of this page says.
    pub fn of_page() -> Self {
        let hash = web_sys::window()
            .and_then(|window| window.location().hash().ok())
            .unwrap_or_default();
        Self::read(&hash)
    }

    /// Whether it names a preset or a data set.
    fn names_something(&self) -> bool {
        self.preset.is_some() || self.data.is_some()
    }

    /// Reads `#key=value&...`; what is not known is passed over.
    pub fn read(hash: &str) -> Self {
        let mut link = Self::default();
        for pair in hash.trim_start_matches('#').split('&') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let value = decode(value);
            match (key, value.as_str()) {
                ("preset", _) => link.preset = Some(value),
                ("data", _) => link.data = Some(value),
                ("lang", "zh") => link.lang = Some(Lang::Zh),
                ("lang", "en") => link.lang = Some(Lang::En),
                ("theme", "light") => link.theme = Some(Theme::Light),
                ("theme", "dark") => link.theme = Some(Theme::Dark),
                ("theme", "auto") => link.theme = Some(Theme::Auto),
                ("project", _) => link.project = Some(value),
                ("hide", names) => {
                    let known = names.split(',').filter(|name| HIDEABLE.contains(name));
                    link.hide = known.collect::<Vec<_>>().join(" ");
                }
                ("embed", _) => link.embed = Some(value),
                _ => {}
            }
        }
        link
    }
}

/// Undoes `%3A` and the like; what is malformed stays as it is.
fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

impl Playground {
    /// Opens what the page is to open with.
    pub(super) fn open_first(&self) {
        let link = Link::of_page();
        self.preferences.update_if_changed(|preferences| {
            preferences.lang = link.lang.unwrap_or(preferences.lang);
            preferences.theme = link.theme.unwrap_or(preferences.theme);
        });
        {
            let this = self.rc();
            wasm_bindgen_futures::spawn_local(async move {
                let index: Index = data::load_index().await;
                this.data.update(|data| data.index = Some(index.into()));
            });
        }
        let body = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.body());
        if let Some(body) = body
            && !link.hide.is_empty()
        {
            // An element of the page takes any attribute.
            let _ = body.set_attribute("data-hide", &link.hide);
        }
        self.follow_links();
        let this = self.rc();
        self.attempt(async move {
            this.begin_documents().await;
            let opened = this.open_linked(link).await;
            this.begin_keeping();
            this.has_opened.update_if_changed(|has_opened| *has_opened = true);
            opened
        });
    }

    /// Opens what the link says, else the document that was open last, else a preset on generated data. After a reload the
    /// document comes before the link that it was begun with. A link that cannot be followed is as if there were none, but for
    /// the message.
    async fn open_linked(&self, link: Link) -> Result<(), Failure> {
        let is_reload = is_reload();
        let mut problem = Ok(());
        if let Some(text) = &link.project
            && !is_reload
        {
            problem = self.open_shared(text).await;
            if problem.is_ok() {
                return problem;
            }
        } else if !is_reload && link.names_something() {
            problem = self.open_named(&link).await;
            if problem.is_ok() || is_superseded(&problem) {
                return problem;
            }
        }
        if let Some(kept) = self.last_document().await {
            match edit::validate(&kept.sitting.design) {
                Ok(()) => return self.show_document(kept).await.and(problem),
                // Of a page that allowed more than this one does.
                Err(error) => self.show_problem(unreadable(&kept.sitting.design.name, &error.explain())),
            }
        }
        if is_reload && link.names_something() {
            problem = self.open_named(&link).await;
            if problem.is_ok() || is_superseded(&problem) {
                return problem;
            }
        }
        let DataState { source, .. } = DataState::default();
        let settings = recommended::data_settings(data::source_key(&source));
        self.load(source, settings).await?;
        if let Some(preset) = presets::all().iter().find(|preset| preset.fits(&self.schema())) {
            self.put_preset(preset);
        }
        self.begin_history();
        problem
    }

    /// Opens the preset and the data set that a link names.
    async fn open_named(&self, link: &Link) -> Result<(), Failure> {
        if let Some(key) = &link.preset {
            presets::find(key).ok_or_else(|| unknown_preset(key))?;
        }
        if let Some(key) = &link.data {
            // With no design named, the first preset that fits the data set is opened on it.
            let preset = match &link.preset {
                Some(_) => None,
                None => presets::all().first().map(|preset| preset.key),
            };
            self.load_with(data::source(key)?, recommended::data_settings(key), preset)
                .await?;
        }
        if let Some(key) = &link.preset {
            self.open_preset(key).await?;
        }
        self.begin_history();
        Ok(())
    }

    /// The design as it is becomes where the history begins.
    fn begin_history(&self) {
        let design = self.document.get().design().as_ref().clone();
        self.document.set(Document::new(design));
    }
}

/// Whether the user has chosen another data set meanwhile, or cancelled loading.
fn is_superseded(outcome: &Result<(), Failure>) -> bool {
    outcome
        .as_ref()
        .is_err_and(|failure| failure.cause == Cause::Replaced)
}

fn unreadable(name: &str, why: &Message) -> Message {
    let text = faults::T.document_unreadable;
    Message::new(
        fill(text, Lang::En, &[&name, &why.en]),
        fill(text, Lang::Zh, &[&name, &why.zh]),
    )
}

/// Whether the page was loaded again, and not come to.
fn is_reload() -> bool {
    web_sys::window()
        .and_then(|window| window.performance())
        .is_some_and(|clock| clock.navigation().type_() == web_sys::PerformanceNavigation::TYPE_RELOAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read() {
        let link = Link::read(
            "#preset=shared-lstm&data=chinese-reviews&lang=zh&project=1.ab-_&hide=data,x,files&embed=https%3A%2F%2Fa.example&x=1&y",
        );
        assert_eq!(
            link,
            Link {
                preset: Some("shared-lstm".to_owned()),
                data: Some("chinese-reviews".to_owned()),
                lang: Some(Lang::Zh),
                theme: None,
                project: Some("1.ab-_".to_owned()),
                hide: "data files".to_owned(),
                embed: Some("https://a.example".to_owned()),
            }
        );
        assert_eq!(Link::read(""), Link::default());
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
