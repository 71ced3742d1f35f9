//! Ctrl-C, SIGTERM and SIGHUP: the process ends at once, or, while a stage can be asked to stop, after what is in work.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

/// The handler of signals; there is one a process.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// Set by the first signal while a stage listens.
    stop: AtomicBool,
    listens: AtomicBool,
}

/// The handler of this process.
pub(crate) static INTERRUPT: Interrupt =
    Interrupt { stop: AtomicBool::new(false), listens: AtomicBool::new(false) };

impl Interrupt {
    /// Runs a stage that watches the flag it is given.
    pub(crate) fn listening<T>(&self, stage: impl FnOnce(&AtomicBool) -> T) -> T {
        self.listens.store(true, Ordering::SeqCst);
        let result = stage(&self.stop);
        self.listens.store(false, Ordering::SeqCst);
        result
    }

    /// Whether a stage was asked to stop.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// Takes a signal.
    fn take(&self) {
        // A second one ends it at once.
        if !self.listens.load(Ordering::SeqCst) || self.stop.swap(true, Ordering::SeqCst) {
            output::say("interrupted; what is computed stays, the same command goes on");
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
    }
}

/// Listens, before any other thread is there: the signals are blocked in all of them but the one that waits for them.
#[cfg(unix)]
pub(crate) fn install() -> anyhow::Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let ignored = ignored();
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        // nohup, and a shell's background jobs: what is ignored stays so.
        if ignored & (1 << (signal as i32 - 1)) == 0 {
            signals.add(signal);
        }
    }
    signals.thread_block()?;
    std::thread::spawn(move || {
        while signals.wait().is_ok() {
            INTERRUPT.take();
        }
    });
    Ok(())
}

/// Signals that the process was started to ignore, one a bit. Systems without `/proc` do not tell.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let line = |text: String| {
        let mask = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    status.and_then(line).unwrap_or(0)
}

/// Installs the handler, once a process.
#[cfg(not(unix))]
pub(crate) fn install() -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(|| INTERRUPT.take())?)
}
