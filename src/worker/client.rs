//! The page's conversation with the worker: commands out, events in, questions answered as futures.
//!
//! Every second the worker is asked for a sign of life ([`watch`](super::watch)). One that has not answered for
//! [`NOTICED_AFTER_MS`](super::watch::NOTICED_AFTER_MS) is told of, and after some more it is given up. A question whose answer is lost, although the
//! worker lives, fails as soon as the worker says that it owes none: no future waits for ever.

use std::collections::BTreeMap;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_channel::oneshot;
use gloo_timers::callback::Interval;
use js_sys::{ArrayBuffer, Uint8Array};
use mtl_base::{
    json,
    text::{Explain, Message},
};
use mtl_training::protocol::{Command, Event, Reply, Request};
use wasm_bindgen::JsValue;

use super::{
    FromWorker, Script, SpawnError, WorkerFailure, WorkerHandle,
    protocol::{FileReply, FileRequest, FromTrainer, ToWorker},
    watch::{BEAT_MS, Beat, Watch},
};
use crate::{
    i18n::{faults, fill_message, shell::T},
    web::time::monotonic_ms,
};

/// What a client tells the page.
#[derive(Debug)]
pub enum News {
    /// The session says something that is not the answer to a question.
    Event(Box<Event>),
    /// The worker has not answered for a while; it is given up when that goes on.
    Silent {
        /// For so long.
        seconds: u32,
        /// When it is given up.
        gives_up_after_s: u32,
    },
    /// The worker is dead; questions that were open have failed.
    Failed(WorkerFailure),
}

/// The answer to a question about a file, with its bytes.
pub type FileAnswer = Result<(FileReply, Vec<ArrayBuffer>), Message>;

/// A question that is still to be answered.
struct Answer<T> {
    answer: oneshot::Sender<Result<(T, Vec<ArrayBuffer>), Message>>,
    /// Number of the last ping before the question.
    after_ping: u32,
}

#[derive(Default)]
struct Open {
    next_id: Cell<u32>,
    questions: RefCell<BTreeMap<u32, Answer<Reply>>>,
    files: RefCell<BTreeMap<u32, Answer<FileReply>>>,
}

impl Open {
    fn id(&self) -> u32 {
        self.next_id.set(self.next_id.get().wrapping_add(1).max(1));
        self.next_id.get()
    }

    fn fail(&self, why: &Message) {
        for (_, answer) in std::mem::take(&mut *self.questions.borrow_mut()) {
            // Nobody waits for it any more: then nobody misses it.
            let _ = answer.answer.send(Err(why.clone()));
        }
        for (_, answer) in std::mem::take(&mut *self.files.borrow_mut()) {
            let _ = answer.answer.send(Err(why.clone()));
        }
    }

    /// The worker has answered a ping: the questions from before it are answered, or among those that it owes, or lost.
    fn fail_lost(&self, ping: u32, owed: &[u32]) {
        fail_lost(&self.questions, ping, owed);
        fail_lost(&self.files, ping, owed);
    }

    /// Whether a file is being read or written, which may take the worker long.
    fn has_file(&self) -> bool {
        !self.files.borrow().is_empty()
    }
}

fn fail_lost<T>(questions: &RefCell<BTreeMap<u32, Answer<T>>>, ping: u32, owed: &[u32]) {
    let lost: Vec<u32> = questions
        .borrow()
        .iter()
        .filter(|(id, answer)| answer.after_ping < ping && !owed.contains(id))
        .map(|(id, _)| *id)
        .collect();
    for id in lost {
        if let Some(answer) = questions.borrow_mut().remove(&id) {
            let _ = answer.answer.send(Err(faults::T.answer_lost.into()));
        }
    }
}

/// A conversation with one worker. Dropping it ends the worker.
pub struct Client {
    handle: Rc<WorkerHandle>,
    open: Rc<Open>,
    watch: Rc<Watch>,
    /// The heart of the watch; ends with the client.
    _beat: Interval,
}

impl Client {
    /// Starts a worker; `on_news` hears what it says.
    pub fn spawn(url: &JsValue, on_news: impl Fn(News) + 'static) -> Result<Self, SpawnError> {
        let (open, watch) = (Rc::new(Open::default()), Rc::new(Watch::default()));
        let on_news: Rc<dyn Fn(News)> = Rc::new(on_news);
        let script = Script {
            url,
            name: "mtl-training",
            module: &wasm_bindgen::module(),
        };
        let handle = Rc::new(WorkerHandle::spawn(&script, {
            let (open, watch, on_news) = (Rc::clone(&open), Rc::clone(&watch), Rc::clone(&on_news));
            move |message| {
                watch.hear();
                hear(&open, &watch, &*on_news, message);
            }
        })?);
        let beat = Interval::new(BEAT_MS, {
            let (open, watch, handle) = (Rc::clone(&open), Rc::clone(&watch), Rc::clone(&handle));
            move || {
                let now_ms = monotonic_ms();
                match watch.beat(now_ms, open.has_file()) {
                    Beat::Ping(ping) => handle.ping(ping),
                    Beat::Silent {
                        seconds,
                        gives_up_after_s,
                    } => on_news(News::Silent {
                        seconds,
                        gives_up_after_s,
                    }),
                    Beat::GiveUp { seconds } => {
                        let failure = WorkerFailure::Silent { seconds };
                        open.fail(&failure.explain());
                        on_news(News::Failed(failure));
                    }
                    Beat::Over => {}
                }
            }
        });
        Ok(Self {
            handle,
            open,
            watch,
            _beat: beat,
        })
    }

    /// Sends a command; `payloads` are moved.
    pub fn send(&self, command: Command, payloads: Vec<ArrayBuffer>) {
        if matches!(command, Command::Data { .. }) {
            // Read and prepared in one go.
            self.watch.expect_long(true);
        }
        self.post(&ToWorker::Session { command }, payloads);
    }

    /// Asks a question.
    pub fn ask(&self, request: Request) -> impl Future<Output = Result<Reply, Message>> + 'static {
        let id = self.open.id();
        let (sender, receiver) = oneshot::channel();
        let answer = self.answer(sender);
        self.open.questions.borrow_mut().insert(id, answer);
        self.send(Command::Ask { id, request }, Vec::new());
        async move {
            receiver
                .await
                .unwrap_or_else(|_| Err(T.worker_gone.into()))
                .map(|(reply, _)| reply)
        }
    }

    /// Asks about a file; the answer comes with its bytes.
    pub fn file(
        &self,
        request: FileRequest,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = FileAnswer> + 'static {
        self.question(|id| ToWorker::File { id, request }, payloads)
    }

    /// Asks where a step goes.
    pub fn measure(&self) -> impl Future<Output = FileAnswer> + 'static {
        self.question(|id| ToWorker::Measure { id }, Vec::new())
    }

    fn question(
        &self,
        message: impl FnOnce(u32) -> ToWorker,
        payloads: Vec<ArrayBuffer>,
    ) -> impl Future<Output = FileAnswer> + 'static {
        let id = self.open.id();
        let (sender, receiver) = oneshot::channel();
        let answer = self.answer(sender);
        self.open.files.borrow_mut().insert(id, answer);
        self.post(&message(id), payloads);
        async move { receiver.await.unwrap_or_else(|_| Err(T.worker_gone.into())) }
    }

    fn answer<T>(&self, answer: oneshot::Sender<Result<(T, Vec<ArrayBuffer>), Message>>) -> Answer<T> {
        Answer {
            answer,
            after_ping: self.watch.last_ping(),
        }
    }

    fn post(&self, message: &ToWorker, payloads: Vec<ArrayBuffer>) {
        self.handle.send(json::write(message), payloads);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.open.fail(&T.worker_gone.into());
    }
}

fn hear(open: &Open, watch: &Watch, on_news: &dyn Fn(News), message: FromWorker) {
    match message {
        FromWorker::Pong { ping, owed } => open.fail_lost(ping, &owed),
        FromWorker::Event(text, payloads) => match json::read(&text) {
            Ok(FromTrainer::Session {
                event: Event::Reply { id, reply },
            }) => {
                if let Some(answer) = open.questions.borrow_mut().remove(&id) {
                    // Whoever asked may have gone.
                    let _ = answer.answer.send(reply.map(|reply| (reply, payloads)));
                }
            }
            Ok(FromTrainer::Session { event }) => {
                if matches!(event, Event::Data { .. } | Event::Failure { .. }) {
                    watch.expect_long(false);
                }
                on_news(News::Event(Box::new(event)));
            }
            Ok(FromTrainer::File { id, reply }) => {
                if let Some(answer) = open.files.borrow_mut().remove(&id) {
                    let _ = answer.answer.send(reply.map(|reply| (reply, payloads)));
                }
            }
            Err(error) => {
                let message = fill_message(T.internal_message, &[&error]);
                on_news(News::Event(Box::new(Event::Failure { message })));
            }
        },
        FromWorker::Failed(failure) => {
            open.fail(&failure.explain());
            on_news(News::Failed(failure));
        }
    }
}

/// The bytes of a payload.
pub fn bytes_of(payload: &ArrayBuffer) -> Vec<u8> {
    Uint8Array::new(payload).to_vec()
}
