//! A faulty host for tests: a proxy of the real one that injects faults into some files.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// A fault of a file.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The server answers 404.
    Missing,
    /// The server never answers, with an open connection.
    Silent,
    /// The answer is delayed.
    Late(Duration),
    /// The body ends after its first half, although the header announces all of it.
    Cut,
    /// Some bytes in its middle are changed.
    Changed,
    /// The content type is wrong.
    Type(&'static str),
    /// The content is another file.
    Is(Vec<u8>),
    /// An additional header.
    Header(&'static str),
}

type Faults = Arc<Mutex<Vec<(String, Fault)>>>;

/// A host between the browser and the page's own one. It serves until the test program ends.
pub struct Host {
    /// The address of the page's folder on it, ending with a slash.
    pub base: String,
    faults: Faults,
}

impl Host {
    /// A host without faults in front of the page at `base`.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn before(base: &str) -> Result<Self> {
        let (upstream, path) = base
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .context("the page's address has no path")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let own = format!("http://{}/{path}", listener.local_addr()?);
        let faults = Faults::default();
        let (upstream, known) = (upstream.to_owned(), Arc::clone(&faults));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, faults) = (upstream.clone(), Arc::clone(&known));
                // Ignored: the browser may close the connection early.
                thread::spawn(move || drop(answer(stream, &upstream, &faults)));
            }
        });
        Ok(Self { base: own, faults })
    }

    /// Injects a fault into every file whose path contains `part`, in which `*` is a wildcard.
    pub fn spoil(&self, part: &str, fault: Fault) {
        self.lock().push((part.to_owned(), fault));
    }

    /// Removes all faults.
    pub fn mend(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Fault)>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn contains(path: &str, part: &str) -> bool {
    let mut rest = path;
    part.split('*').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn answer(mut stream: TcpStream, upstream: &str, faults: &Faults) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
    let own: Vec<Fault> = faults
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .filter(|(part, _)| contains(&path, part))
        .map(|(_, fault)| fault.clone())
        .collect();
    let (mut head, mut body) = fetch(upstream, &path)?;
    let mut announced = None;
    for fault in own {
        match fault {
            Fault::Missing => {
                head = "HTTP/1.1 404 Not Found".to_owned();
                body = b"there is no such file".to_vec();
            }
            Fault::Silent => {
                // Holds the connection until the browser closes it.
                let _ = stream.read(&mut [0]);
                return Ok(());
            }
            Fault::Late(time) => thread::sleep(time),
            Fault::Cut => {
                announced = Some(body.len());
                body.truncate(body.len() / 2);
            }
            Fault::Changed => {
                let middle = body.len() / 2;
                for byte in body.iter_mut().skip(middle).take(16) {
                    *byte ^= 1;
                }
            }
            Fault::Type(kind) => {
                let lines = head
                    .lines()
                    .filter(|line| !line.to_ascii_lowercase().starts_with("content-type:"));
                head = lines.collect::<Vec<_>>().join("\r\n") + "\r\nContent-Type: " + kind;
            }
            Fault::Is(bytes) => {
                if !head.contains(" 200 ") {
                    head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream".to_owned();
                }
                body = bytes;
            }
            Fault::Header(line) => head = format!("{head}\r\n{line}"),
        }
    }
    let length = announced.unwrap_or(body.len());
    write!(
        stream,
        "{head}\r\nCache-Control: no-store\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)?;
    Ok(stream.flush()?)
}

/// The header without `Content-Length`, and the body.
fn fetch(upstream: &str, path: &str) -> Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(upstream)?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: {upstream}\r\nConnection: close\r\n\r\n"
    )?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let end = all
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("the page's host sent no head")?;
    let head = String::from_utf8_lossy(&all[..end])
        .lines()
        .filter(|line| {
            let line = line.to_ascii_lowercase();
            // No caching: a file with a new fault must be requested again.
            ![
                "content-length:",
                "connection:",
                "cache-control:",
                "etag:",
                "last-modified:",
            ]
            .iter()
            .any(|name| line.starts_with(name))
        })
        .collect::<Vec<_>>()
        .join("\r\n");
    Ok((head.replacen("HTTP/1.0", "HTTP/1.1", 1), all[end + 4..].to_vec()))
}
