//! ONNX Runtime, whose library is found at run time.
//!
//! The binding allows one run of a session at a time, so a loaded graph holds one session for each run that is under
//! way at once; they are made when they are needed. Optimisation is at the basic level for graphs with quantised
//! weights: above it, weight-only int8 becomes dynamic quantisation and moves features by about 1 %.
mod library;

use super::{Inputs, Session, Value, doubtful, kinds};
use crate::graph::node::Node;
use crate::graph::proto::data_type;
use crate::{Graph, OnnxError};
use ndarray::{ArrayD, IxDyn};
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{OutputSelector, RunOptions, Session as OrtInner, SessionInputValue};
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};
use std::sync::{Mutex, OnceLock, PoisonError};

const NAME: &str = "onnxruntime";
/// Element types that a value can carry.
const KINDS: [i32; 13] = [
    data_type::FLOAT,
    data_type::FLOAT16,
    data_type::BFLOAT16,
    data_type::DOUBLE,
    data_type::INT8,
    data_type::INT16,
    data_type::INT32,
    data_type::INT64,
    data_type::UINT8,
    data_type::UINT16,
    data_type::UINT32,
    data_type::UINT64,
    data_type::BOOL,
];
/// Protobuf's limit for one message, which is what the library reads.
const LARGEST: usize = i32::MAX as usize;

fn fail(message: impl ToString) -> OnnxError {
    OnnxError::Engine { engine: NAME, message: message.to_string() }
}

/// The process's environment; a library that can't be loaded is remembered with its reason.
fn environment() -> Result<&'static Environment, OnnxError> {
    static ENVIRONMENT: OnceLock<Result<Environment, String>> = OnceLock::new();
    ENVIRONMENT
        .get_or_init(|| {
            let path = library::find()?;
            let environment = ort::init_from(&path)
                .map_err(|error| format!("{error}; {}", library::HELP))?
                .with_name("rightly")
                .with_telemetry(false)
                .build()
                .map_err(|error| error.to_string())?;
            environment.set_log_level(LogLevel::Error);
            Ok(environment)
        })
        .as_ref()
        .map_err(fail)
}

pub(super) fn available() -> Result<(), OnnxError> {
    environment().map(|_| ())
}

pub(super) fn version() -> String {
    match environment() {
        Ok(_) => match release(ort::info()).or_else(|| library::find().ok().and_then(numbered)) {
            Some(release) => format!("{NAME} {release}"),
            None => NAME.to_owned(),
        },
        Err(_) => NAME.to_owned(),
    }
}

/// '1.32.0' of 'ORT Build Info: git-branch=rel-1.32.0, git-commit-id=…'; builds of distributors name no release.
fn release(info: &str) -> Option<String> {
    let (_, branch) = info.split_once("git-branch=rel-")?;
    branch.split(',').next().filter(|release| !release.is_empty()).map(str::to_owned)
}

/// '1.32.0' of 'libonnxruntime.so.1.32.0' and of 'libonnxruntime.1.32.0.dylib'.
fn numbered(library: std::path::PathBuf) -> Option<String> {
    // A plain name is mostly a link to the numbered one.
    let file = library.canonicalize().unwrap_or(library);
    let numbers: Vec<&str> = file
        .file_name()?
        .to_str()?
        .split('.')
        .filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    (numbers.len() > 1).then(|| numbers.join("."))
}

pub(super) struct OrtSession {
    bytes: Vec<u8>,
    level: GraphOptimizationLevel,
    idle: Mutex<Vec<OrtInner>>,
    inputs: Inputs,
    outputs: Vec<String>,
}

impl OrtSession {
    pub(super) fn load(graph: &Graph, inner: bool) -> Result<Self, OnnxError> {
        kinds::check(NAME, graph, &KINDS, "")?;
        doubtful::check(NAME, graph)?;
        let inputs = Inputs::new(graph);
        let quantised = graph.nodes().any(|node| node.is("DequantizeLinear"));
        let level = if inner {
            GraphOptimizationLevel::Disable
        } else if quantised {
            GraphOptimizationLevel::Level1
        } else {
            GraphOptimizationLevel::All
        };
        let mut graph = graph.clone();
        // The library's messages name the node.
        for (place, node) in graph.proto_mut().node.iter_mut().enumerate() {
            super::name_node(node, place);
        }
        if inner {
            let names: Vec<String> = graph
                .nodes()
                .filter(|node| node.op_type() != "Constant")
                .flat_map(|node| node.outputs())
                .filter(|name| !name.is_empty())
                .cloned()
                .collect();
            for name in names {
                graph.add_output(&name)?;
            }
        }
        let bytes = graph.to_bytes();
        if bytes.len() > LARGEST {
            return Err(fail(format!(
                "{} has {} bytes with its weights; this engine takes at most 2 GB here, use '--engine rten'",
                graph.path().display(),
                bytes.len()
            )));
        }
        let first = make(&bytes, level).map_err(|message| explain(&graph, message))?;
        let outputs = graph.outputs().into_iter().map(|output| output.name).collect();
        Ok(Self { bytes, level, idle: Mutex::new(vec![first]), inputs, outputs })
    }
}

fn make(bytes: &[u8], level: GraphOptimizationLevel) -> Result<OrtInner, String> {
    let environment = environment().map_err(|error| error.to_string())?;
    let text = |error: ort::Error<ort::session::builder::SessionBuilder>| error.to_string();
    OrtInner::builder(environment)
        .map_err(|error| error.to_string())?
        .with_intra_threads(1)
        .map_err(text)?
        .with_inter_threads(1)
        .map_err(text)?
        .with_optimization_level(level)
        .map_err(text)?
        .with_log_level(LogLevel::Fatal)
        .map_err(text)?
        .commit_from_memory(bytes)
        .map_err(|error| error.to_string())
}

/// Names the operator and node where the library's message does.
fn explain(graph: &Graph, message: String) -> OnnxError {
    let unknown = message.contains("not a registered function/op")
        || message.contains("Could not find an implementation");
    let named =
        |node: &Node<'_>| node.proto().name.as_ref().is_some_and(|n| message.contains(n.as_str()));
    let operator = |node: &Node<'_>| {
        let mut words = message.split(|letter: char| !letter.is_alphanumeric());
        words.any(|word| word == node.op_type())
    };
    let node = graph.nodes().filter(|_| unknown).filter(operator);
    let node = node.clone().find(named).or_else(|| node.clone().next());
    match node {
        Some(node) => OnnxError::Unsupported {
            what: NAME.to_owned(),
            op: node.op_type().to_owned(),
            node: node.name().to_owned(),
            hint: "use '--engine rten', a newer library, or export the model with other operators"
                .to_owned(),
        },
        None => fail(format!("{}: {message}", graph.path().display())),
    }
}

impl Session for OrtSession {
    fn run(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<Vec<Value>, OnnxError> {
        self.inputs.check(NAME, inputs, true)?;
        if let Some(name) = outputs.iter().find(|name| !self.outputs.iter().any(|o| o == *name)) {
            return Err(fail(format!("the loaded graph has no output '{name}'")));
        }
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let free = idle().pop();
        let mut session = match free {
            Some(session) => session,
            None => make(&self.bytes, self.level).map_err(fail)?,
        };
        let result = run(&mut session, &self.inputs, inputs, outputs);
        idle().push(session);
        result
    }
}

/// Integers in the type that the graph declares for them: int64 unless it says another.
fn integers(
    name: &str,
    array: &ArrayD<i64>,
    shape: Vec<i64>,
    kind: Option<i32>,
) -> Result<SessionInputValue<'static>, OnnxError> {
    use ort::value::Tensor;
    macro_rules! narrow {
        ($kind:ty) => {{
            let narrow: Result<Vec<$kind>, i64> =
                array.iter().map(|&v| <$kind>::try_from(v).map_err(|_| v)).collect();
            let narrow = narrow.map_err(|value| {
                fail(format!("input '{name}' has the value {value}, which its type can't hold"))
            })?;
            SessionInputValue::from(Tensor::from_array((shape, narrow)).map_err(fail)?)
        }};
    }
    Ok(match kind {
        Some(data_type::INT32) => narrow!(i32),
        Some(data_type::INT16) => narrow!(i16),
        Some(data_type::INT8) => narrow!(i8),
        Some(data_type::UINT8) => narrow!(u8),
        Some(data_type::UINT16) => narrow!(u16),
        Some(data_type::UINT32) => narrow!(u32),
        Some(data_type::UINT64) => narrow!(u64),
        Some(data_type::BOOL) => {
            let flags: Vec<bool> = array.iter().map(|&v| v != 0).collect();
            SessionInputValue::from(Tensor::from_array((shape, flags)).map_err(fail)?)
        }
        _ => narrow!(i64),
    })
}

fn run(
    session: &mut OrtInner,
    declared: &Inputs,
    inputs: &[(&str, Value)],
    outputs: &[&str],
) -> Result<Vec<Value>, OnnxError> {
    let mut owned: Vec<(usize, ArrayD<f32>)> = Vec::new();
    for (at, (_, value)) in inputs.iter().enumerate() {
        if let Value::F32(array) = value
            && array.as_slice().is_none()
        {
            owned.push((at, array.as_standard_layout().into_owned()));
        }
    }
    let mut given: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
    for (at, (name, value)) in inputs.iter().enumerate() {
        let shape: Vec<i64> = value.shape().iter().map(|&size| size as i64).collect();
        let value = match value {
            Value::F32(array) => {
                let array = owned.iter().find(|(place, _)| *place == at).map_or(array, |(_, a)| a);
                let slice =
                    array.as_slice().expect("in standard layout or copied so: by construction");
                SessionInputValue::from(TensorRef::from_array_view((shape, slice)).map_err(fail)?)
            }
            Value::I64(array) => integers(name, array, shape, declared.elem_type(name))?,
        };
        given.push((name, value));
    }
    let selector = outputs.iter().fold(OutputSelector::no_default(), |s, name| s.with(*name));
    let options = RunOptions::new().map_err(fail)?.with_outputs(selector);
    let results = session.run_with_options(given, &options).map_err(fail)?;
    outputs
        .iter()
        .map(|name| {
            let value =
                results.get(name).ok_or_else(|| fail(format!("no value '{name}' came back")))?;
            output_value(name, value)
        })
        .collect()
}

fn array<T>(shape: &[i64], values: Vec<T>) -> Result<ArrayD<T>, OnnxError> {
    let shape: Vec<usize> = shape.iter().map(|&size| size.max(0) as usize).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(fail)
}

fn output_value(name: &str, value: &DynValue) -> Result<Value, OnnxError> {
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err(fail(format!("output '{name}' is no tensor")));
    };
    macro_rules! integers {
        ($kind:ty) => {{
            let (shape, values) = value.try_extract_tensor::<$kind>().map_err(fail)?;
            Value::I64(array(shape, values.iter().map(|&v| i64::from(v)).collect())?)
        }};
    }
    Ok(match ty {
        TensorElementType::Float32 => {
            let (shape, values) = value.try_extract_tensor::<f32>().map_err(fail)?;
            Value::F32(array(shape, values.to_vec())?)
        }
        TensorElementType::Float64 => {
            let (shape, values) = value.try_extract_tensor::<f64>().map_err(fail)?;
            Value::F32(array(shape, values.iter().map(|&v| v as f32).collect())?)
        }
        TensorElementType::Int64 => integers!(i64),
        TensorElementType::Int32 => integers!(i32),
        TensorElementType::Int16 => integers!(i16),
        TensorElementType::Int8 => integers!(i8),
        TensorElementType::Uint8 => integers!(u8),
        TensorElementType::Uint16 => integers!(u16),
        TensorElementType::Uint32 => integers!(u32),
        TensorElementType::Bool => integers!(bool),
        other => return Err(fail(format!("output '{name}' has elements of {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_the_build_or_from_the_file_s_name() {
        assert_eq!(
            release("ORT Build Info: git-branch=rel-1.32.0, git-commit-id=ab").as_deref(),
            Some("1.32.0")
        );
        assert_eq!(release("ORT Build Info: git-branch=HEAD, git-commit-id=ab"), None);
        for (file, expected) in [
            ("/nowhere/libonnxruntime.so.1.17.1", Some("1.17.1")),
            ("/nowhere/libonnxruntime.1.20.0.dylib", Some("1.20.0")),
            ("/nowhere/libonnxruntime.so", None),
        ] {
            assert_eq!(numbered(file.into()).as_deref(), expected, "{file}");
        }
    }
}
