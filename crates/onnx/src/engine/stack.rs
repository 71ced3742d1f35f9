//! Room for engines that go down a graph by calling themselves.
use crate::{Graph, OnnxError};

/// Chains up to this length fit into the stack of any thread.
const SHALLOW: usize = 400;
/// Stack for one node of a chain, several times what was measured, in a build without optimisation.
const A_NODE: usize = 16 << 10;

/// Length of the longest chain of nodes where it is more than a thread's own stack holds.
pub(super) fn deep(graph: &Graph) -> Option<usize> {
    Some(graph.depth()).filter(|depth| *depth > SHALLOW)
}

/// Runs on a thread with a stack for chains of such a length; `None` needs none.
pub(super) fn with_room<T: Send>(
    depth: Option<usize>,
    engine: &'static str,
    run: impl FnOnce() -> T + Send,
) -> Result<T, OnnxError> {
    let Some(depth) = depth else { return Ok(run()) };
    let fail = |message: String| OnnxError::Engine { engine, message };
    std::thread::scope(|scope| {
        let size = (8 << 20) + depth.saturating_mul(A_NODE);
        let thread = std::thread::Builder::new().stack_size(size).spawn_scoped(scope, run);
        let thread = thread.map_err(|error| {
            fail(format!("no thread for a graph of {depth} nodes in a row: {error}"))
        })?;
        thread.join().map_err(|_| fail("the engine gave up (a defect of the engine)".to_owned()))
    })
}
