//! The engine trait and its implementations.
use crate::{Graph, ModelError};
use ndarray::ArrayD;
/// A value that enters or leaves a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Floats.
    F32(ArrayD<f32>),
    /// Integers.
    I64(ArrayD<i64>),
}
/// Engines that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineKind {
    /// Pure Rust, embedded.
    #[default]
    Rten,
    /// ONNX Runtime, found at run time.
    OnnxRuntime,
}
/// A loaded graph; `run` may be called from many threads, each call uses one core and gives the same bytes.
pub trait Session: Send + Sync {
    /// Runs the graph on named inputs and returns the named outputs in that order.
    fn run(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<Vec<Value>, ModelError>;
}
impl EngineKind {
    /// Loads a graph. `inner` keeps every inner value fetchable (no fusion).
    pub fn load(self, graph: &Graph, inner: bool) -> Result<Box<dyn Session>, ModelError> {
        let _ = (graph, inner);
        todo!()
    }
    /// `rten` or `onnxruntime`.
    pub fn name(self) -> &'static str {
        todo!()
    }
}
