//! The open document in a link: `#project=VERSION.TEXT`, packed and unpacked by the tools ([`mtl_tools::link`]).
//!
//! Later versions of the page open links of this version: the text is a project file, which has its own
//! version. A damaged link causes an error message and leaves the open document as it is.

use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::text::{Explain, Message};
use mtl_tools::{Reply, Request};
use wasm_bindgen::JsValue;
use yew::Callback;

use super::{
    Playground,
    files::{project_text, read_project},
    link::Link,
};
use crate::{
    i18n::{fill_message, shell::T},
    web,
    worker::{client::bytes_of, protocol::Failure, tools::ToolsError},
};

impl Playground {
    /// Asks the tools. When they cannot be loaded, the message has a button that does `retry`.
    async fn ask_tools(
        &self,
        request: Request,
        payloads: Vec<ArrayBuffer>,
        retry: impl Fn(Rc<Self>) + 'static,
    ) -> Result<(Reply, Vec<ArrayBuffer>), Message> {
        let tools = Rc::clone(&self.tools);
        tools.request(request, payloads).await.map_err(|error| {
            let message = error.explain();
            if matches!(error, ToolsError::NotLoaded(_)) {
                let this = self.rc();
                let retry = Callback::from(move |()| retry(this.clone()));
                self.toasts.show_with_retry(message.clone(), retry);
            }
            message
        })
    }

    /// The URL that opens this document.
    async fn share_link(&self) -> Result<String, Message> {
        let sitting = self.sitting().ok_or(T.nothing_to_save)?;
        let project = Uint8Array::from(project_text(sitting).as_bytes()).buffer();
        let again = |this: Rc<Self>| this.clone().attempt(async move { this.copy_link().await });
        let (reply, _) = self.ask_tools(Request::PackLink, vec![project], again).await?;
        let Reply::LinkPacked { text } = reply else {
            return Err(fill_message(T.internal_message, &[&"link"]));
        };
        let href = web_sys::window().and_then(|window| window.location().href().ok());
        let href = href.unwrap_or_default();
        let page = href.split('#').next().unwrap_or_default();
        Ok(format!("{page}#project={text}"))
    }

    /// Copies the URL to the clipboard, or puts it into the address bar where the browser does not allow that.
    pub async fn copy_link(&self) -> Result<(), Message> {
        let link = self.share_link().await?;
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
    pub(super) async fn open_shared(&self, text: &str) -> Result<(), Failure> {
        let request = Request::UnpackLink {
            text: text.to_owned(),
        };
        let again = {
            let text = text.to_owned();
            move |this: Rc<Self>| {
                let text = text.clone();
                this.clone().attempt(async move { this.open_shared(&text).await });
            }
        };
        let (_, payloads) = self.ask_tools(request, Vec::new(), again).await?;
        let project = payloads.first().map(bytes_of).unwrap_or_default();
        self.show_as_new(read_project(&project)?).await
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
