//! The transport between the page and the training worker.
//!
//! Page and worker run the same wasm module: the page posts its compiled `WebAssembly.Module` to the worker's
//! script (`static/worker.js`), so nothing is downloaded or compiled twice. A message is one JSON text (the
//! protocol's enums) and any number of `ArrayBuffer`s, which are transferred and not copied. A request has an id, which its
//! reply has too; the id stands beside the text.
//!
//! ```text
//! page                                     worker
//! Worker::new(worker.js), post(module) ->  init(module), worker_main()
//!                                      <-  ready
//! send(id, text, buffers)              ->  Job::command(id, text, buffers)
//!                                          Job::slice() again and again, until it returns Idle
//!      on_message(Reply)               <-  Outbox::reply(id, text, buffers)
//!      on_message(Event)               <-  Outbox::event(text)
//! ping(number)                         ->
//!      on_message(Pong)                <-  the number, and the ids of the requests without a reply
//!      on_message(Failed)              <-  panic, trap, script that did not load
//! ```
//! Between two slices the worker returns to its event loop, so that commands (in particular Pause) are received.

pub mod client;
pub mod connection;
mod host;
pub mod protocol;
pub mod serve;
pub mod tools;
mod transport;
pub mod watch;
pub mod weights;

pub use host::{Job, Next, Outbox, run};
pub use transport::{FromWorker, Script, SpawnError, WorkerFailure, WorkerHandle};
