//! The transport between the page and the training worker.
//!
//! Page and worker run the same wasm module: the page posts its compiled `WebAssembly.Module` to the worker's
//! script (`static/worker.js`), so nothing is downloaded or compiled twice. A message is one JSON text (the
//! protocol's enums) and any number of `ArrayBuffer`s, which are transferred and not copied.
//!
//! ```text
//! page                                     worker
//! Worker::new(worker.js), post(module) ->  init(module), worker_main()
//!                                      <-  ready
//! send(command, buffers)               ->  Job::command(text, buffers)
//!                                          Job::slice() again and again, until it answers Idle
//!      on_message(Event)               <-  Outbox::post(event, buffers)
//! ping(number)                         ->
//!      on_message(Pong)                <-  the number, and which questions are still to be answered
//!      on_message(Failed)              <-  panic, trap, script that did not load
//! ```
//! Between two slices the worker returns to its event loop, so that commands (in particular Pause) are received.

pub mod client;
mod host;
pub mod protocol;
pub mod serve;
pub mod tools;
mod transport;
pub mod watch;
pub mod weights;

pub use host::{Job, Next, Outbox, run};
pub use transport::{FromWorker, Script, SpawnError, WorkerFailure, WorkerHandle};
