//! One file, downloaded by the hub's crate in a thread of its own.
//!
//! The crate waits without limit and can't be stopped; the thread lets the caller leave a silent server or follow the
//! stop flag. A thread that was left ends with its connection or with the process.

use std::{
    fs,
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use hf_hub::{
    Repo,
    api::{
        Progress,
        sync::{Api, ApiError},
    },
};

use super::{HubEvent, spec::is_plain};

/// Tries of one file, where a connection broke or the server was busy.
const TRIES: usize = 3;
/// Wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the stop flag is looked at.
const TICK: Duration = Duration::from_millis(50);

/// Why a file did not come.
#[derive(Debug)]
pub(super) enum Failed {
    NotThere,
    Denied(u16),
    /// No connection.
    Unreachable(String),
    /// A connection, but nothing to use.
    Broken(String),
    Interrupted,
}

enum Message {
    Size(usize),
    Bytes(usize),
    Done(Result<PathBuf, Trouble>),
}

enum Trouble {
    Hub(ApiError),
    /// A header that would become a path.
    Header(&'static str, String),
}

/// Hands the progress on to the caller's thread; nobody may be there any more.
struct Meter(Sender<Message>);

impl Progress for Meter {
    fn init(&mut self, size: usize, _: &str) {
        let _ = self.0.send(Message::Size(size));
    }

    fn update(&mut self, size: usize) {
        let _ = self.0.send(Message::Bytes(size));
    }

    fn finish(&mut self) {}
}

/// What a download needs beside the file's name.
pub(super) struct Fetch<'a> {
    pub(super) api: &'a Api,
    pub(super) repo: Repo,
    /// Longest time without a byte.
    pub(super) patience: Duration,
    pub(super) stop: &'a AtomicBool,
    pub(super) progress: &'a dyn Fn(HubEvent),
}

impl Fetch<'_> {
    /// The path of `file` in the cache, downloaded whole. A broken download is gone on with.
    pub(super) fn file(&self, file: &str) -> Result<PathBuf, Failed> {
        let mut tries = 1;
        loop {
            let mut received = 0;
            let (failed, busy) = match self.attempt(file, &mut received) {
                Ok(path) => return Ok(path),
                Err(failed) => failed,
            };
            let passes = matches!(failed, Failed::Unreachable(_) | Failed::Broken(_));
            if tries == TRIES || !passes || !(busy || received > 0) {
                return Err(failed);
            }
            tries += 1;
            let end = Instant::now() + PAUSE;
            while Instant::now() < end {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Failed::Interrupted);
                }
                thread::sleep(TICK);
            }
        }
    }

    /// One try; `received` counts the bytes that came. The flag beside a failure: the server was only busy.
    fn attempt(&self, file: &str, received: &mut usize) -> Result<PathBuf, (Failed, bool)> {
        if self.stop.load(Ordering::Relaxed) {
            return Err((Failed::Interrupted, false));
        }
        let (sender, messages) = mpsc::channel();
        let (api, repo, name) = (self.api.clone(), self.repo.clone(), file.to_owned());
        let work = move || {
            let done = download(&api, repo, &name, Meter(sender.clone()));
            let _ = sender.send(Message::Done(done));
        };
        thread::Builder::new().spawn(work).map_err(|e| (Failed::Broken(e.to_string()), false))?;
        let mut size = None;
        let mut last = Instant::now();
        loop {
            match messages.recv_timeout(TICK) {
                Ok(Message::Size(bytes)) => {
                    // Said twice by the crate: before the request and at its answer.
                    if size.replace(bytes).is_none() {
                        (self.progress)(HubEvent::Started { file: file.to_owned(), bytes });
                    }
                }
                Ok(Message::Bytes(bytes)) => {
                    *received += bytes;
                    (self.progress)(HubEvent::Bytes(bytes));
                }
                Ok(Message::Done(Ok(path))) => {
                    return whole(path, size).map_err(|message| (Failed::Broken(message), false));
                }
                Ok(Message::Done(Err(trouble))) => return Err(judge(trouble)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err((
                        Failed::Broken("the hub's answer could not be understood".into()),
                        false,
                    ));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.stop.load(Ordering::Relaxed) {
                        return Err((Failed::Interrupted, false));
                    }
                    if last.elapsed() > self.patience {
                        let silence =
                            format!("nothing came for {:.1} s", self.patience.as_secs_f64());
                        return Err((Failed::Unreachable(silence), false));
                    }
                    continue;
                }
            }
            last = Instant::now();
            if self.stop.load(Ordering::Relaxed) {
                return Err((Failed::Interrupted, false));
            }
        }
    }
}

/// The crate's download, once the headers that become paths are known to be plain names. The endpoint is the user's
/// choice and trusted as far as that: it could still answer the second request otherwise.
fn download(api: &Api, repo: Repo, file: &str, meter: Meter) -> Result<PathBuf, Trouble> {
    let repo = api.repo(repo);
    let metadata = api.metadata(&repo.url(file)).map_err(Trouble::Hub)?;
    let etag = metadata.etag();
    if !is_plain(etag.strip_prefix("W/").unwrap_or(etag)) {
        return Err(Trouble::Header("etag", etag.to_owned()));
    }
    if !is_plain(metadata.commit_hash()) {
        return Err(Trouble::Header("x-repo-commit", metadata.commit_hash().to_owned()));
    }
    repo.download_with_progress(file, meter).map_err(Trouble::Hub)
}

/// `path`, if the file has as many bytes as were announced; else it leaves the cache. A server that answers a request
/// for the rest with the whole makes such files.
fn whole(path: PathBuf, size: Option<usize>) -> Result<PathBuf, String> {
    let found = fs::metadata(&path).map_err(|e| e.to_string())?.len();
    match size {
        Some(expected) if found != expected as u64 => {
            for file in path.canonicalize().into_iter().chain([path]) {
                fs::remove_file(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            }
            Err(format!(
                "{found} bytes came, {expected} were announced; the file is removed, try again"
            ))
        }
        _ => Ok(path),
    }
}

/// What a failure of the crate means, and whether the server was only busy.
fn judge(trouble: Trouble) -> (Failed, bool) {
    let error = match trouble {
        Trouble::Header(name, value) => {
            let value: String = value.chars().take(100).collect();
            return (
                Failed::Broken(format!("the header {name} is no plain name: {value:?}")),
                false,
            );
        }
        Trouble::Hub(error) => error,
    };
    let ApiError::RequestError(request) = &error else {
        return (Failed::Broken(error.to_string()), matches!(error, ApiError::IoError(_)));
    };
    match request.as_ref() {
        ureq::Error::StatusCode(404) => (Failed::NotThere, false),
        ureq::Error::StatusCode(status @ (401 | 403)) => (Failed::Denied(*status), false),
        ureq::Error::StatusCode(416) => {
            let message = "a part of an earlier download can't be gone on with; remove the *.part files in the \
                           repository's folder blobs of the cache";
            (Failed::Broken(message.into()), false)
        }
        ureq::Error::StatusCode(status) if *status == 429 || *status >= 500 => {
            (Failed::Unreachable(format!("status {status}")), true)
        }
        ureq::Error::StatusCode(status) => (Failed::Broken(format!("status {status}")), false),
        other => (Failed::Unreachable(other.to_string()), false),
    }
}
