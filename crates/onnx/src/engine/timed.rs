//! A limit of time for what an engine does first: loading a graph, and the first run of it.
//!
//! An engine can't be stopped from outside. So both happen on a thread of their own; where that takes too long the caller
//! has its error, and the thread goes on until it is done or the process ends. Later runs take no further thread: a run
//! takes as long as the first one, whatever the picture, as far as the operators' sizes are bounded before a run.
use super::{EngineKind, Session, Value, load_now};
use crate::error::Lift;
use crate::{Graph, OnnxError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// As the main thread of a process has it.
const STACK: usize = 8 << 20;

/// Loads a graph, and gives its first run as much time again.
pub(super) fn load(
    engine: EngineKind,
    graph: &Graph,
    inner: bool,
    limit: Duration,
) -> Result<Box<dyn Session>, OnnxError> {
    let path = graph.path().to_owned();
    let own = graph.clone();
    let session = within(limit, engine.name(), &path, "loading the graph", move || {
        load_now(engine, &own, inner)
    })?;
    let session = Arc::from(session);
    Ok(Box::new(Timed { session, engine, path, limit, ran: AtomicBool::new(false) }))
}

struct Timed {
    session: Arc<dyn Session>,
    engine: EngineKind,
    path: PathBuf,
    limit: Duration,
    ran: AtomicBool,
}

impl Session for Timed {
    fn run(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<Vec<Value>, OnnxError> {
        if self.ran.load(Ordering::Relaxed) {
            return self.session.run(inputs, outputs);
        }
        let session = Arc::clone(&self.session);
        let inputs: Vec<(String, Value)> =
            inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let outputs: Vec<String> = outputs.iter().map(|&name| name.to_owned()).collect();
        let run = move || {
            let inputs: Vec<(&str, Value)> =
                inputs.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
            session.run(&inputs, &outputs)
        };
        let values = within(self.limit, self.engine.name(), &self.path, "the first run", run)?;
        self.ran.store(true, Ordering::Relaxed);
        Ok(values)
    }
}

/// What a thread of its own gives within a time.
fn within<T: Send + 'static>(
    limit: Duration,
    engine: &'static str,
    path: &Path,
    what: &str,
    work: impl FnOnce() -> Result<T, OnnxError> + Send + 'static,
) -> Result<T, OnnxError> {
    let fail = |message: String| OnnxError::Engine { engine, message };
    let (done, result) = channel();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody waits for it any more where it took too long.
        let _ = done.send(work());
    });
    thread.map_err(|error| fail(format!("no thread for {what}: {error}")))?;
    match result.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => {
            Err(fail(format!("the engine gave up during {what} (a defect of the engine)")))
        }
        Err(RecvTimeoutError::Timeout) => Err(OnnxError::Limit {
            path: path.to_owned(),
            message: format!(
                "{what} takes {engine} longer than {} s, which is all that is allowed for it",
                limit.as_secs_f64()
            ),
            lift: Lift::All,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_an_error_and_what_panics_too() {
        let path = Path::new("m.onnx");
        let run = |limit: u64, work: fn() -> Result<u8, OnnxError>| {
            within(Duration::from_millis(limit), "rten", path, "the first run", work)
        };
        assert_eq!(run(10_000, || Ok(3)).unwrap(), 3);
        let slow = run(20, || {
            std::thread::sleep(Duration::from_secs(2));
            Ok(3)
        });
        let error = slow.unwrap_err();
        assert!(matches!(error, OnnxError::Limit { lift: Lift::All, .. }), "{error}");
        assert!(
            error.to_string().contains("m.onnx: the first run takes rten longer than 0.02 s"),
            "{error}"
        );
        let lost = run(10_000, || panic!("lost")).unwrap_err().to_string();
        assert!(lost.contains("gave up"), "{lost}");
    }
}
