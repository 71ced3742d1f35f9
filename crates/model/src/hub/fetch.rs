//! One file: what the endpoint says of it, then its bytes, under their name only when all are there.
//!
//! The network is read in a thread of its own, so that the caller can leave a silent server or follow the stop flag; a
//! thread that was left ends at its next byte or time limit. It only hands bytes on: files are written here.

use std::{
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use rightly_data::secret::Secret;

use super::{
    HubEvent,
    announced::Announced,
    cache::Shelf,
    failed::Failed,
    part::Part,
    wire::{Piece, Wire},
};

/// Tries of one file, where a connection broke or the server was busy.
const TRIES: usize = 3;
/// Wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the stop flag is looked at.
const TICK: Duration = Duration::from_millis(50);
/// Fewer bytes than this in the longest time without one are as good as none.
const TRICKLE: u64 = 1 << 10;

/// What a download needs beside the file's name.
pub(super) struct Fetch<'a> {
    pub(super) wire: &'a Wire,
    pub(super) token: Option<&'a Secret>,
    pub(super) shelf: &'a Shelf,
    /// Longest time without a byte.
    pub(super) patience: Duration,
    pub(super) stop: &'a AtomicBool,
    pub(super) progress: &'a dyn Fn(HubEvent),
}

/// What is known of a file over several tries.
#[derive(Default)]
struct Progress {
    /// Bytes that came in this try.
    received: u64,
    /// Whether the caller was told that the file is on its way.
    is_told: bool,
}

impl Fetch<'_> {
    /// The path of `file` in the cache, downloaded whole from `url`. A broken download is gone on with.
    pub(super) fn file(&self, file: &str, url: &str) -> Result<PathBuf, Failed> {
        let mut progress = Progress::default();
        let mut tries = 1;
        loop {
            progress.received = 0;
            let failed = match self.attempt(file, url, &mut progress) {
                Ok(path) => return Ok(path),
                Err(failed) => failed.masked(self.token),
            };
            let again = match failed {
                Failed::Busy(_) | Failed::Changed => true,
                Failed::Unreachable(_) | Failed::Broken(_) => progress.received > 0,
                Failed::NotThere | Failed::Denied(_) | Failed::Interrupted => false,
            };
            if tries == TRIES || !again {
                return Err(failed);
            }
            tries += 1;
            self.rest(PAUSE)?;
        }
    }

    /// One try.
    fn attempt(&self, file: &str, url: &str, progress: &mut Progress) -> Result<PathBuf, Failed> {
        let announced = self.announced(url)?;
        let is_first = !std::mem::replace(&mut progress.is_told, true);
        if is_first {
            let bytes = usize::try_from(announced.size())
                .map_err(|_| Failed::Broken("more bytes than this machine can count".into()))?;
            (self.progress)(HubEvent::Started { file: file.to_owned(), bytes });
        }
        let blob = self.shelf.blob(&announced);
        let lock = self.locked(&announced)?;
        // Another process may have brought it while this one waited.
        if !std::fs::metadata(&blob).is_ok_and(|b| b.is_file() && b.len() == announced.size()) {
            let mut part = Part::open(self.shelf.part(&announced), &announced)?;
            if part.len() < announced.size() {
                if is_first {
                    self.told(part.len());
                }
                self.bytes(url, &announced, &mut part, progress)?;
            }
            part.finish(&announced, &blob)?;
        }
        let path = self.shelf.name(&announced, file).map_err(|e| Failed::disk(&blob, e))?;
        drop(lock);
        Ok(path)
    }

    fn told(&self, bytes: u64) {
        if let Some(bytes) = usize::try_from(bytes).ok().filter(|bytes| *bytes > 0) {
            (self.progress)(HubEvent::Bytes(bytes));
        }
    }

    fn announced(&self, url: &str) -> Result<Announced, Failed> {
        let (wire, url) = (self.wire.clone(), url.to_owned());
        let answers = reading(move |sender| {
            let _ = sender.send(wire.announced(&url));
        })?;
        self.next(&answers, Instant::now())?
    }

    /// The lock of a file's part, waited for as long as another process holds it.
    fn locked(&self, announced: &Announced) -> Result<std::fs::File, Failed> {
        let lock = self.shelf.lock(announced);
        let lock = lock.map_err(|e| Failed::disk(&self.shelf.part(announced), e))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(std::fs::TryLockError::WouldBlock) => self.rest(TICK)?,
                // A file system without locks.
                Err(std::fs::TryLockError::Error(_)) => return Ok(lock),
            }
        }
    }

    /// The bytes that `part` lacks.
    fn bytes(
        &self,
        url: &str,
        announced: &Announced,
        part: &mut Part,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let (wire, url, file, start) =
            (self.wire.clone(), url.to_owned(), announced.clone(), part.len());
        let pieces = reading(move |sender| {
            let end = wire.bytes(&url, &file, start, |piece| sender.send(Ok(Some(piece))).is_ok());
            let _ = sender.send(end.map(|()| None));
        })?;
        let (mut window, mut in_window, mut last) = (Instant::now(), 0, Instant::now());
        loop {
            match self.next(&pieces, last)? {
                Ok(Some(Piece::FromTheStart)) => part.restart()?,
                Ok(Some(Piece::Bytes(bytes))) => {
                    part.append(&bytes)?;
                    progress.received += bytes.len() as u64;
                    in_window += bytes.len() as u64;
                    (self.progress)(HubEvent::Bytes(bytes.len()));
                }
                Ok(None) => return Ok(()),
                Err(failed) => return Err(part.judged(failed)),
            }
            last = Instant::now();
            if window.elapsed() > self.patience {
                if in_window < TRICKLE {
                    return Err(Failed::Unreachable(format!(
                        "only {in_window} bytes came in {:.1} s",
                        self.patience.as_secs_f64()
                    )));
                }
                (window, in_window) = (last, 0);
            }
        }
    }

    /// What the reading thread says next, unless it is silent for too long or the user stops.
    fn next<T>(&self, messages: &Receiver<T>, since: Instant) -> Result<T, Failed> {
        loop {
            let message = messages.recv_timeout(TICK);
            if self.stop.load(Ordering::Relaxed) {
                return Err(Failed::Interrupted);
            }
            match message {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Disconnected) => {
                    let message = "the hub's answer could not be understood";
                    return Err(Failed::Broken(message.into()));
                }
                Err(RecvTimeoutError::Timeout) if since.elapsed() > self.patience => {
                    let silence = self.patience.as_secs_f64();
                    return Err(Failed::Unreachable(format!("nothing came for {silence:.1} s")));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits, unless the user stops.
    fn rest(&self, time: Duration) -> Result<(), Failed> {
        let end = Instant::now() + time;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Failed::Interrupted);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(TICK));
        }
    }
}

/// What a thread that reads the network hands on; few messages ahead, so that a fast server fills no memory.
fn reading<T: Send + 'static>(
    work: impl FnOnce(&SyncSender<T>) + Send + 'static,
) -> Result<Receiver<T>, Failed> {
    let (sender, receiver) = mpsc::sync_channel(4);
    thread::Builder::new()
        .spawn(move || work(&sender))
        .map_err(|e| Failed::Broken(format!("no thread for the network: {e}")))?;
    Ok(receiver)
}
