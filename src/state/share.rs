//! Links that contain the open document: `#project=VERSION.TEXT`, where the text is the project file, deflated, in URL-safe base64.
//!
//! Later versions of the page open links of this version: the text is a project file, which has its own
//! version. A damaged link causes an error message and leaves the open document as it is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gloo_events::EventListener;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use mtl_base::text::Message;
use wasm_bindgen::JsValue;

use super::{
    Playground,
    files::{project_text, read_project},
    link::Link,
};
use crate::{
    i18n::{fill_message, shell::T},
    web,
};

/// Version of the encoding.
const VERSION: &str = "1";
/// Longest text of a link; browsers, mail programs and chats truncate longer ones. (A design of 300 nodes takes a fifth of it.)
const MAX_CHARS: usize = 60_000;
/// Largest project in a link, decompressed.
const MAX_BYTES: usize = 4_000_000;
/// Compression level of deflate.
const LEVEL: u8 = 10;

/// Encodes the text of a project.
fn pack(project: &str) -> Result<String, Message> {
    let packed = URL_SAFE_NO_PAD.encode(compress_to_vec(project.as_bytes(), LEVEL));
    if packed.len() > MAX_CHARS {
        return Err(fill_message(T.link_too_long, &[&packed.len(), &MAX_CHARS]));
    }
    Ok(format!("{VERSION}.{packed}"))
}

/// Decodes the result of [`pack`].
fn unpack(text: &str) -> Result<Vec<u8>, Message> {
    let damaged = || Message::from(T.link_damaged);
    let (version, packed) = text.split_once('.').ok_or_else(damaged)?;
    if version != VERSION {
        return Err(fill_message(T.link_version, &[&version, &VERSION]));
    }
    if packed.len() > MAX_CHARS {
        return Err(fill_message(T.link_too_long, &[&packed.len(), &MAX_CHARS]));
    }
    let bytes = URL_SAFE_NO_PAD.decode(packed).map_err(|_| damaged())?;
    decompress_to_vec_with_limit(&bytes, MAX_BYTES).map_err(|_| damaged())
}

impl Playground {
    /// The URL that opens this document.
    pub fn share_link(&self) -> Result<String, Message> {
        let sitting = self.sitting().ok_or(T.nothing_to_save)?;
        let project = project_text(sitting);
        let href = web_sys::window().and_then(|window| window.location().href().ok());
        let href = href.unwrap_or_default();
        let page = href.split('#').next().unwrap_or_default();
        Ok(format!("{page}#project={}", pack(&project)?))
    }

    /// Copies the URL to the clipboard, or puts it into the address bar where the browser does not allow that.
    pub async fn copy_link(&self) -> Result<(), Message> {
        let link = self.share_link()?;
        let Some(window) = web_sys::window() else {
            return Ok(());
        };
        let clipboard = window.navigator().clipboard();
        // The clipboard is undefined on pages without https, although the type says otherwise.
        let copied = !clipboard.is_undefined()
            && wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&link))
                .await
                .is_ok();
        if copied {
            self.report(T.link_copied.into());
            return Ok(());
        }
        let history = window.history();
        let put = history.and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&link)));
        put.map_err(|error| fill_message(T.internal_message, &[&web::describe(&error)]))?;
        self.report(T.link_in_address.into());
        Ok(())
    }

    /// Opens the document in a link as a new document.
    pub(super) async fn open_shared(&self, text: &str) -> Result<(), Message> {
        let sitting = read_project(&unpack(text)?)?;
        self.show_as_new(sitting).await
    }

    /// Opens a link that is entered into the address bar of the open page.
    pub(super) fn follow_links(&self) {
        let Some(window) = web_sys::window() else { return };
        let this = self.rc();
        let listener = EventListener::new(&window, "hashchange", move |_| {
            if let Some(text) = Link::of_page().project {
                let playground = this.clone();
                this.attempt(async move { playground.open_shared(&text).await });
            }
        });
        // The listener lives as long as the page.
        listener.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_survives_a_link() {
        let project = "{\"name\": \"网络\"}".repeat(100);
        let link = pack(&project).unwrap();
        assert!(link.len() < project.len() / 4, "{link}");
        assert!(
            link.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        );
        assert_eq!(unpack(&link).unwrap(), project.as_bytes());
    }

    #[test]
    fn a_damaged_link_is_refused_and_a_newer_one_named() {
        let link = pack("{}").unwrap();
        for damaged in ["", "1", "1.***", &link[..link.len() - 2], "1.AAAA"] {
            assert_eq!(
                unpack(damaged).unwrap_err(),
                Message::from(T.link_damaged),
                "{damaged}"
            );
        }
        assert!(unpack("7.abc").unwrap_err().en.contains('7'));
        let long = format!("1.{}", "a".repeat(MAX_CHARS + 1));
        assert!(unpack(&long).unwrap_err().en.contains("60001"));
    }
}
