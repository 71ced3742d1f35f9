//! rten: pure Rust, embedded, the default.
use super::{Inputs, Session, Value, doubtful, kinds, rten_graph, stack};
use crate::graph::proto::data_type;
use crate::{Graph, OnnxError};
use ndarray::{ArrayD, IxDyn};
use rightly_data::foreign::caught;
use rten::{
    LoadErrorKind, Model, ModelOptions, RunOptions, ShapeInferenceMode, ThreadPool, ValueOrView,
    ValueView,
};
use rten_tensor::prelude::*;
use std::sync::{Arc, Mutex};

/// Version of the crate, as the workspace pins it.
pub(super) const VERSION: &str = "0.27";
const NAME: &str = "rten";
/// Element types that the engine has, or that it keeps in a larger one: integers of 64 bits in 32, which holds every
/// count and index of an image classifier.
const KINDS: [i32; 9] = [
    data_type::FLOAT,
    data_type::FLOAT16,
    data_type::BFLOAT16,
    data_type::DOUBLE,
    data_type::INT32,
    data_type::INT64,
    data_type::BOOL,
    data_type::UINT8,
    data_type::INT8,
];

fn fail(message: impl Into<String>) -> OnnxError {
    OnnxError::Engine { engine: NAME, message: message.into() }
}

/// Pools of one thread each, handed out to one run at a time: a run uses one core however many runs there are, and
/// sums are always taken in the same order.
static POOLS: Mutex<Vec<Arc<ThreadPool>>> = Mutex::new(Vec::new());

fn with_pool<T>(run: impl FnOnce(Arc<ThreadPool>) -> T) -> T {
    let free = || POOLS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let pool = free().pop().unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
    let result = run(Arc::clone(&pool));
    free().push(pool);
    result
}

pub(super) struct RtenSession {
    model: Model,
    inputs: Inputs,
    /// The length of its longest chain, where that is long.
    deep: Option<usize>,
}

impl RtenSession {
    pub(super) fn load(graph: &Graph, inner: bool) -> Result<Self, OnnxError> {
        kinds::check(NAME, graph, &KINDS, "; use '--engine onnxruntime'")?;
        doubtful::check(NAME, graph)?;
        let inputs = Inputs::new(graph);
        let graph = rten_graph::rewrite(graph)?;
        let bytes = graph.to_bytes();
        let deep = stack::deep(&graph);
        let load = |inference: ShapeInferenceMode| {
            let bytes = bytes.clone();
            let read = move || {
                let mut options = ModelOptions::with_all_ops();
                options
                    .enable_optimization(!inner)
                    .shape_inference(inference)
                    .prepack_weights(!inner);
                options.load(bytes)
            };
            stack::with_room(deep, NAME, || caught(read))
        };
        // Shape inference only serves optimisation: where it fails or gives up (on `Expand` to fewer axes, for one:
        // `ops/layout.rs` of rten-shape-inference 0.27), the model runs as well without it.
        let model = match load(ShapeInferenceMode::On)? {
            Some(Ok(model)) => Ok(model),
            Some(Err(error)) if error.kind() != LoadErrorKind::ShapeInferenceFailed => Err(error),
            _ => load(ShapeInferenceMode::Off)?
                .ok_or_else(|| fail("the engine gave up while loading the model (a defect of the engine); try '--engine onnxruntime'"))?,
        }
        .map_err(|error| explain(&graph, &error))?;
        Ok(Self { model, inputs, deep })
    }
}

/// Names the operator and node of a load error.
fn explain(graph: &Graph, error: &rten::LoadError) -> OnnxError {
    let node = error
        .node()
        .and_then(|name| graph.nodes().find(|node| node.proto().name.as_deref() == Some(name)));
    match (error.kind(), node) {
        (LoadErrorKind::OperatorInvalid, Some(node)) => OnnxError::Unsupported {
            what: format!("{NAME}: {}", cause(error)),
            op: qualified(&node),
            node: node.name().to_owned(),
            hint: "use '--engine onnxruntime', or export the model with other operators".to_owned(),
        },
        _ => fail(format!("{}: {error}", graph.path().display())),
    }
}

fn cause(error: &rten::LoadError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn qualified(node: &crate::graph::node::Node<'_>) -> String {
    if node.domain().is_empty() {
        node.op_type().to_owned()
    } else {
        format!("{}::{}", node.domain(), node.op_type())
    }
}

/// A value in the type that the graph declares for it.
fn input_value<'a>(
    name: &str,
    value: &'a Value,
    kind: Option<i32>,
) -> Result<rten::ValueOrView<'a>, OnnxError> {
    let broken = |error: &dyn std::fmt::Display| fail(format!("input '{name}': {error}"));
    match value {
        Value::F32(array) => match array.as_slice() {
            Some(slice) => ValueView::from_shape(array.shape(), slice)
                .map(ValueOrView::from)
                .map_err(|error| broken(&error)),
            None => rten::Value::from_shape(array.shape(), array.iter().copied().collect())
                .map(ValueOrView::from)
                .map_err(|error| broken(&error)),
        },
        Value::I64(array) => match kind {
            Some(data_type::UINT8) => integers::<u8>(name, array),
            Some(data_type::INT8) => integers::<i8>(name, array),
            Some(data_type::BOOL) => {
                integers::<i32>(name, &array.mapv(|value| i64::from(value != 0)))
            }
            _ => integers::<i32>(name, array),
        },
    }
}

/// Integers of a narrower type; one that does not fit is an error.
fn integers<T: TryFrom<i64>>(
    name: &str,
    array: &ArrayD<i64>,
) -> Result<rten::ValueOrView<'static>, OnnxError>
where
    rten::Value: From<rten_tensor::Tensor<T>>,
{
    let narrow: Result<Vec<T>, i64> =
        array.iter().map(|&value| T::try_from(value).map_err(|_| value)).collect();
    let narrow = narrow.map_err(|value| {
        let bits = 8 * size_of::<T>();
        fail(format!("input '{name}' has the value {value}; the engine takes {bits} bits here"))
    })?;
    let tensor = rten_tensor::Tensor::try_from_data(array.shape(), narrow)
        .map_err(|error| fail(format!("input '{name}': {error}")))?;
    Ok(ValueOrView::from(rten::Value::from(tensor)))
}

fn array<T>(shape: &[usize], values: Vec<T>) -> Result<ArrayD<T>, OnnxError> {
    ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|error| fail(error.to_string()))
}

fn output_value(name: &str, value: rten::Value) -> Result<Value, OnnxError> {
    Ok(match value {
        rten::Value::FloatTensor(tensor) => {
            let shape = tensor.shape().to_vec();
            Value::F32(array(&shape, tensor.into_data())?)
        }
        rten::Value::Int32Tensor(tensor) => {
            Value::I64(array(tensor.shape(), tensor.iter().map(|&v| i64::from(v)).collect())?)
        }
        rten::Value::Int8Tensor(tensor) => {
            Value::I64(array(tensor.shape(), tensor.iter().map(|&v| i64::from(v)).collect())?)
        }
        rten::Value::UInt8Tensor(tensor) => {
            Value::I64(array(tensor.shape(), tensor.iter().map(|&v| i64::from(v)).collect())?)
        }
        _ => return Err(fail(format!("output '{name}' is no tensor"))),
    })
}

impl Session for RtenSession {
    fn run(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<Vec<Value>, OnnxError> {
        // What an inner value that is fed makes unneeded is for the engine to say.
        self.inputs.check(NAME, inputs, false)?;
        let id = |name: &str| {
            self.model
                .find_node(name)
                .ok_or_else(|| fail(format!("the loaded graph has no value '{name}'")))
        };
        let given = inputs
            .iter()
            .map(|(name, value)| {
                Ok((id(name)?, input_value(name, value, self.inputs.elem_type(name))?))
            })
            .collect::<Result<Vec<_>, OnnxError>>()?;
        let wanted = outputs.iter().map(|name| id(name)).collect::<Result<Vec<_>, OnnxError>>()?;
        let values = with_pool(|pool| {
            let options = RunOptions::default().with_thread_pool(Some(pool));
            stack::with_room(self.deep, NAME, || {
                caught(|| self.model.run(given, &wanted, Some(options)))
            })
        })?
        .ok_or_else(|| {
            fail("the engine gave up during a run (a defect of the engine); try '--engine onnxruntime'")
        })?
        .map_err(|error| {
            let message = error.to_string();
            rten_graph::stopped(&message).unwrap_or_else(|| fail(message))
        })?;
        values.into_iter().zip(outputs).map(|(value, name)| output_value(name, value)).collect()
    }
}
