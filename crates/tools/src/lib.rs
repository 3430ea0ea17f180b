//! What the page does with bytes and does not need before somebody asks for it: import and export.
//!
//! A tool is one variant of [`Request`], one of [`Reply`] and a pure function from bytes to bytes. They are compiled into a
//! WebAssembly module of their own (`tools/`), which the page fetches with the first request and runs in a worker of its own;
//! the page links the types of [`protocol`] alone. Natively they are an ordinary library.
//!
//! ```
//! use mtl_tools::{Reply, Request, answer};
//!
//! let (reply, _) = answer(Request::PackLink, vec![b"{\"name\": \"two towers\"}".to_vec()]);
//! let Ok(Reply::LinkPacked { text }) = reply else { panic!("it is short") };
//! let (reply, payloads) = answer(Request::UnpackLink { text }, vec![]);
//! assert_eq!(reply, Ok(Reply::LinkUnpacked));
//! assert_eq!(payloads, [b"{\"name\": \"two towers\"}"]);
//! ```

pub mod link;
pub mod protocol;

pub use protocol::{Reply, Request, ToolError};

/// The reply to a request, with its payloads.
pub fn answer(request: Request, payloads: Vec<Vec<u8>>) -> (Result<Reply, ToolError>, Vec<Vec<u8>>) {
    match try_answer(request, payloads) {
        Ok((reply, payloads)) => (Ok(reply), payloads),
        Err(error) => (Err(error), Vec::new()),
    }
}

fn try_answer(request: Request, payloads: Vec<Vec<u8>>) -> Result<(Reply, Vec<Vec<u8>>), ToolError> {
    let mut payloads = payloads.into_iter();
    let mut payload = || payloads.next().ok_or(ToolError::MissingPayload);
    match request {
        Request::PackLink => {
            let text = link::pack(&payload()?)?;
            Ok((Reply::LinkPacked { text }, Vec::new()))
        }
        Request::UnpackLink { text } => Ok((Reply::LinkUnpacked, vec![link::unpack(&text)?])),
    }
}
