//! Drives the built page in headless Chromium.
//!
//! ```text
//! check("opens", Setup::default(), async |page| {
//!     page.open("").await?;
//!     page.click("[data-testid=play]").await?;
//!     page.wait_for("step > 0", "(await mtlPlayground.state()).step > 0").await?;
//!     page.screenshot("opens").await
//! });
//! ```
//! Every `check` has a browser of its own with an empty profile. It fails on an error of the test, and on any
//! warning or error in the console that the test did not announce with `Page::expect_console`.
#![cfg(feature = "browser")]

mod browser;
mod host;
pub mod large;
pub mod mouse;
mod page;

pub use browser::{Setup, check};
pub use host::{Fault, Host};
pub use page::Page;
