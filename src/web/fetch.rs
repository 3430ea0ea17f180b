//! Files of this site, piece by piece so that a person sees how far it is.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

/// Why a file did not come.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FetchError {
    /// The server has no such file, or does not give it.
    #[error("HTTP {status}")]
    Status {
        /// What it answered.
        status: u16,
    },
    /// The connection failed.
    #[error("{0}")]
    Network(String),
    /// More bytes than are taken.
    #[error("{bytes} bytes")]
    TooLarge {
        /// At least so many.
        bytes: u64,
    },
}

impl From<JsValue> for FetchError {
    fn from(error: JsValue) -> Self {
        Self::Network(super::describe(&error))
    }
}

async fn request(url: &str) -> Result<Response, FetchError> {
    let window = web_sys::window().ok_or_else(|| FetchError::Network("no window".to_owned()))?;
    let response: Response = JsFuture::from(window.fetch_with_str(url)).await?.unchecked_into();
    if response.ok() {
        Ok(response)
    } else {
        Err(FetchError::Status {
            status: response.status(),
        })
    }
}

/// A small text.
pub async fn text(url: &str) -> Result<String, FetchError> {
    let response = request(url).await?;
    Ok(JsFuture::from(response.text()?)
        .await?
        .as_string()
        .unwrap_or_default())
}

/// Bytes, at most `limit`; `on_progress` hears how many have arrived of how many. `expected` is their number if it is
/// known: the header does not say it of a compressed file.
pub async fn bytes(
    url: &str,
    expected: Option<u64>,
    limit: u64,
    on_progress: impl Fn(u64, Option<u64>),
) -> Result<ArrayBuffer, FetchError> {
    let response = request(url).await?;
    let Some(body) = response.body() else {
        return Ok(JsFuture::from(response.array_buffer()?).await?.unchecked_into());
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut received = 0_u64;
    let mut all = Uint8Array::new_with_length(expected.unwrap_or(1 << 16).min(limit) as u32);
    on_progress(0, expected);
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        if Reflect::get(&piece, &"done".into())?.is_truthy() {
            break;
        }
        let piece: Uint8Array = Reflect::get(&piece, &"value".into())?.unchecked_into();
        let needed = received + u64::from(piece.length());
        if needed > limit {
            // The rest is not wanted; whether the browser stops in time does not matter.
            let _ = reader.cancel();
            return Err(FetchError::TooLarge { bytes: needed });
        }
        if needed > u64::from(all.length()) {
            let larger = Uint8Array::new_with_length((needed * 2).min(limit) as u32);
            larger.set(&all, 0);
            all = larger;
        }
        all.set(&piece, received as u32);
        received = needed;
        on_progress(received, expected);
    }
    Ok(if received == u64::from(all.length()) {
        all.buffer()
    } else {
        all.slice(0, received as u32).buffer()
    })
}
