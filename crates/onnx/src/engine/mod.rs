//! The engine trait and its implementations.
//!
//! An engine only runs the graph that it is given: taps, cuts and rewrites are [`Graph`]'s. A new engine is one file
//! here, one variant of [`EngineKind`], and a row in the suite that runs over every engine (`tests/it/engine.rs`).
mod doubtful;
mod kinds;
mod rten;
mod rten_graph;
mod stack;
mod timed;

#[cfg(feature = "onnxruntime")]
mod onnxruntime;

use crate::graph::proto::NodeProto;
use crate::{Graph, OnnxError};
use ndarray::ArrayD;

/// A value that enters or leaves a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Floats.
    F32(ArrayD<f32>),
    /// Integers and booleans.
    I64(ArrayD<i64>),
}

impl Value {
    /// Shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::F32(array) => array.shape(),
            Self::I64(array) => array.shape(),
        }
    }

    /// The floats, `None` for integers.
    #[must_use]
    pub fn into_f32(self) -> Option<ArrayD<f32>> {
        match self {
            Self::F32(array) => Some(array),
            Self::I64(_) => None,
        }
    }
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
///
/// Call it from plain threads: a worker of a rayon pool that waits for an engine's own pool would start further runs
/// of that worker's queue meanwhile, each on one more thread.
pub trait Session: Send + Sync {
    /// Runs the graph on named inputs and returns the named outputs in that order.
    ///
    /// # Errors
    /// [`OnnxError::Engine`]: an unknown name, a shape that does not fit the input, or what the engine says.
    fn run(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<Vec<Value>, OnnxError>;
}

impl EngineKind {
    /// Every engine, the default first.
    pub const ALL: [Self; 2] = [Self::Rten, Self::OnnxRuntime];

    /// Loads a graph. `inner` keeps every inner value fetchable (no fusion); without it only the graph's declared
    /// outputs are sure to be there.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] names the operator and node that the engine lacks; [`OnnxError::Engine`] where it
    /// can't load the graph for another reason, or is not there (the message says how to get it);
    /// [`OnnxError::Limit`] where it takes longer than the graph's limit of time.
    pub fn load(self, graph: &Graph, inner: bool) -> Result<Box<dyn Session>, OnnxError> {
        match graph.limits().time {
            Some(limit) => timed::load(self, graph, inner, limit),
            None => load_now(self, graph, inner),
        }
    }

    /// Whether the engine can be used here; the error says how to get it.
    ///
    /// # Errors
    /// [`OnnxError::Engine`].
    pub fn available(self) -> Result<(), OnnxError> {
        match self {
            Self::Rten => Ok(()),
            #[cfg(feature = "onnxruntime")]
            Self::OnnxRuntime => onnxruntime::available(),
            #[cfg(not(feature = "onnxruntime"))]
            Self::OnnxRuntime => Err(OnnxError::Engine {
                engine: self.name(),
                message: "this build has no ONNX Runtime engine; build with '--features onnxruntime', or use \
                          '--engine rten'"
                    .to_owned(),
            }),
        }
    }

    /// `rten` or `onnxruntime`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        }
    }

    /// Name and version of the library, for `run.toml`: results are the same bytes only for the same version.
    #[must_use]
    pub fn version(self) -> String {
        match self {
            Self::Rten => format!("rten {}", rten::VERSION),
            #[cfg(feature = "onnxruntime")]
            Self::OnnxRuntime => onnxruntime::version(),
            #[cfg(not(feature = "onnxruntime"))]
            Self::OnnxRuntime => "onnxruntime".to_owned(),
        }
    }
}

impl std::str::FromStr for EngineKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rten" => Ok(Self::Rten),
            "onnxruntime" | "ort" => Ok(Self::OnnxRuntime),
            _ => Err(format!("no engine is called '{text}'; there are rten and onnxruntime")),
        }
    }
}

impl std::fmt::Display for EngineKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Loads a graph, however long it takes.
fn load_now(engine: EngineKind, graph: &Graph, inner: bool) -> Result<Box<dyn Session>, OnnxError> {
    match engine {
        EngineKind::Rten => Ok(Box::new(rten::RtenSession::load(graph, inner)?)),
        #[cfg(feature = "onnxruntime")]
        EngineKind::OnnxRuntime => Ok(Box::new(onnxruntime::OrtSession::load(graph, inner)?)),
        #[cfg(not(feature = "onnxruntime"))]
        EngineKind::OnnxRuntime => Err(OnnxError::Engine {
            engine: engine.name(),
            message: "this build has no ONNX Runtime engine; build with '--features onnxruntime', or use \
                      '--engine rten'"
                .to_owned(),
        }),
    }
}

/// A name, so that the engine's messages can point at the node.
fn name_node(proto: &mut NodeProto, index: usize) {
    if proto.name.as_deref().unwrap_or("").is_empty() {
        let output = proto.output.iter().find(|name| !name.is_empty()).map_or("", String::as_str);
        proto.name = Some(format!("{output} (node {index})"));
    }
}

/// Declared inputs of a graph, to refuse a wrong shape with a message of our own.
#[derive(Debug)]
struct Inputs(Vec<crate::graph::node::ValueSpec>);

impl Inputs {
    fn new(graph: &Graph) -> Self {
        Self(graph.inputs())
    }

    /// Element type of an input.
    fn elem_type(&self, name: &str) -> Option<i32> {
        self.0.iter().find(|spec| spec.name == name)?.elem_type
    }

    fn check(
        &self,
        engine: &'static str,
        inputs: &[(&str, Value)],
        needed: bool,
    ) -> Result<(), OnnxError> {
        let fail = |message: String| OnnxError::Engine { engine, message };
        for (name, value) in inputs {
            let Some(spec) = self.0.iter().find(|spec| spec.name == *name) else {
                // An inner value may be fed as well.
                continue;
            };
            let Some(shape) = &spec.shape else { continue };
            let found = value.shape();
            let fits = shape.len() == found.len()
                && shape
                    .iter()
                    .zip(found)
                    .all(|(dim, size)| dim.fixed().is_none_or(|fixed| fixed == *size));
            if !fits {
                return Err(fail(format!("input {}: got shape {found:?}", spec.describe())));
            }
        }
        let missing = self.0.iter().find(|spec| !inputs.iter().any(|(name, _)| *name == spec.name));
        match missing {
            Some(spec) if needed => Err(fail(format!("input {} was not given", spec.describe()))),
            _ => Ok(()),
        }
    }
}
