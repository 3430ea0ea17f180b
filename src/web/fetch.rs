//! Downloads from this site, with progress, time limit and checksum.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::time::within;

/// Error of a download.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FetchError {
    /// The server does not have the file, or refuses it.
    #[error("HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// The connection failed.
    #[error("{0}")]
    Network(String),
    /// The file is larger than the limit.
    #[error("{bytes} bytes")]
    TooLarge {
        /// Lower bound of its size in bytes.
        bytes: u64,
    },
    /// No data arrived for a long time, although the connection is open.
    #[error("nothing came for {seconds} s")]
    Silent {
        /// Duration in seconds.
        seconds: u32,
    },
    /// The download was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The checksum differs: the file was truncated, changed, or has another version.
    #[error("sha256 {got}, not {expected}")]
    Checksum {
        /// Expected SHA-256 in hexadecimal digits.
        expected: String,
        /// SHA-256 of the received bytes.
        got: String,
    },
}

/// Properties of a file that are known before the download.
#[derive(Clone, Copy, Debug)]
pub struct Promise<'a> {
    /// Size in bytes. (The header of a compressed response does not contain it.)
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: &'a str,
}

impl From<JsValue> for FetchError {
    fn from(error: JsValue) -> Self {
        Self::Network(super::describe(&error))
    }
}

/// Time without data after which a download fails, in milliseconds.
const SILENT_AFTER_MS: u32 = 20_000;

/// The result of a promise, or an error after a time limit.
async fn settled(promise: js_sys::Promise) -> Result<JsValue, FetchError> {
    match within(SILENT_AFTER_MS, JsFuture::from(promise)).await {
        Some(settled) => Ok(settled?),
        None => Err(FetchError::Silent {
            seconds: SILENT_AFTER_MS / 1000,
        }),
    }
}

async fn request(url: &str) -> Result<Response, FetchError> {
    let window = web_sys::window().ok_or_else(|| FetchError::Network("no window".to_owned()))?;
    let response: Response = settled(window.fetch_with_str(url)).await?.unchecked_into();
    if response.ok() {
        Ok(response)
    } else {
        Err(FetchError::Status {
            status: response.status(),
        })
    }
}

/// Downloads a small text.
pub async fn text(url: &str) -> Result<String, FetchError> {
    let response = request(url).await?;
    Ok(settled(response.text()?).await?.as_string().unwrap_or_default())
}

/// Downloads a file of at most `limit` bytes and verifies its checksum; `on_progress` is called with the received and the total number
/// of bytes and returns whether to continue.
///
/// # Errors
/// The download fails, is too large, or has another checksum.
pub async fn bytes(
    url: &str,
    promise: Promise<'_>,
    limit: u64,
    on_progress: impl Fn(u64, Option<u64>) -> bool,
) -> Result<ArrayBuffer, FetchError> {
    let response = request(url).await?;
    let Some(body) = response.body() else {
        let all: ArrayBuffer = settled(response.array_buffer()?).await?.unchecked_into();
        let mut hasher = Sha256::new();
        hasher.update(Uint8Array::new(&all).to_vec());
        return checked(hasher, promise, all);
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut received = 0_u64;
    let mut hasher = Sha256::new();
    let mut all = Uint8Array::new_with_length(promise.bytes.min(limit) as u32);
    on_progress(0, Some(promise.bytes));
    loop {
        let piece = settled(reader.read()).await?;
        if Reflect::get(&piece, &"done".into())?.is_truthy() {
            break;
        }
        let piece: Uint8Array = Reflect::get(&piece, &"value".into())?.unchecked_into();
        let needed = received + u64::from(piece.length());
        if needed > limit {
            // Cancels the rest; whether the browser stops in time does not matter.
            let _ = reader.cancel();
            return Err(FetchError::TooLarge { bytes: needed });
        }
        if needed > u64::from(all.length()) {
            let larger = Uint8Array::new_with_length((needed * 2).min(limit) as u32);
            larger.set(&all, 0);
            all = larger;
        }
        hasher.update(piece.to_vec());
        all.set(&piece, received as u32);
        received = needed;
        if !on_progress(received, Some(promise.bytes)) {
            let _ = reader.cancel();
            return Err(FetchError::Cancelled);
        }
    }
    let all = if received == u64::from(all.length()) {
        all.buffer()
    } else {
        all.slice(0, received as u32).buffer()
    };
    checked(hasher, promise, all)
}

/// Returns `all` if its hash is the expected one.
fn checked(hasher: Sha256, promise: Promise<'_>, all: ArrayBuffer) -> Result<ArrayBuffer, FetchError> {
    let got: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if got.eq_ignore_ascii_case(promise.sha256) {
        Ok(all)
    } else {
        Err(FetchError::Checksum {
            expected: promise.sha256.to_owned(),
            got,
        })
    }
}
