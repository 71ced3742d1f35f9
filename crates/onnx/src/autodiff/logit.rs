//! The gradient of one logit.
//!
//! Where a convolution makes the map of each class and only operators that keep channels apart follow (SqueezeNet: ReLU,
//! mean over positions), a logit depends on one row of its weights. The head is then cut down to that row for each
//! target asked for, since the maps of all classes would cost a good part of a whole forward pass.
use super::Tensor;
use super::tape::Tape;
use crate::graph::node::Node;
use crate::graph::proto::TensorProto;
use crate::{EngineKind, Graph, OnnxError};
use ndarray::{Axis, IxDyn, Slice};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Functions of one value that treat every element alike.
const ALIKE: &[&str] = &[
    "Relu",
    "LeakyRelu",
    "Elu",
    "Celu",
    "Selu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Softplus",
    "Tanh",
    "Clip",
    "Identity",
    "Dropout",
];

/// Pooling of each channel alone.
const POOLING: &[&str] = &["GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"];

/// Differentiates any logit with respect to an inner value.
#[derive(Debug)]
pub struct LogitGradient {
    path: PathBuf,
    engine: EngineKind,
    source: String,
    layer: String,
    logits: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Whole(Tape),
    /// The head, place of the convolution, number of classes, one tape for each target asked for.
    Rows {
        graph: Graph,
        conv: usize,
        classes: usize,
        tapes: Mutex<BTreeMap<usize, Arc<Tape>>>,
    },
}

impl LogitGradient {
    /// The part of a graph between `source` and `logits`, loaded. Values below `source` are given, not computed; `layer`, whose
    /// gradient is wanted, is `source` itself or computed from it.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] for an operator without a rule that a gradient flows through; [`OnnxError::Invalid`] where
    /// the logits need the image's pixels beside `source`, or do not depend on `layer`.
    pub fn new(
        graph: &Graph,
        engine: EngineKind,
        source: &str,
        layer: &str,
        logits: &str,
    ) -> Result<Self, OnnxError> {
        let whole = Tape::new(graph, engine, source, layer, logits)?;
        let path = graph.path().to_owned();
        let graph = graph.cut(&[source], &[logits])?;
        let way = match last_convolution(&graph, logits) {
            Some((conv, classes)) => Way::Rows { graph, conv, classes, tapes: Mutex::default() },
            None => Way::Whole(whole),
        };
        let own = str::to_owned;
        Ok(Self { path, engine, source: own(source), layer: own(layer), logits: own(logits), way })
    }

    /// Value of the layer and the gradient of logit `target`.
    ///
    /// # Errors
    /// [`OnnxError::Invalid`] where there is no such logit; [`OnnxError::Engine`] from the run;
    /// [`OnnxError::Unsupported`] for a form of an operator without a rule.
    pub fn at(&self, source: &Tensor, target: usize) -> Result<(Tensor, Tensor), OnnxError> {
        match &self.way {
            Way::Whole(tape) => tape.gradient(source, |shape| self.seed(shape, target)),
            Way::Rows { graph, conv, classes, tapes } => {
                if target >= *classes {
                    return Err(self.no_logit(target, &[1, *classes]));
                }
                let known = {
                    let tapes = tapes.lock().unwrap_or_else(PoisonError::into_inner);
                    tapes.get(&target).cloned()
                };
                let tape = match known {
                    Some(tape) => tape,
                    None => {
                        let graph = one_row(graph, *conv, target)?;
                        let tape = Arc::new(Tape::new(
                            &graph,
                            self.engine,
                            &self.source,
                            &self.layer,
                            &self.logits,
                        )?);
                        let mut tapes = tapes.lock().unwrap_or_else(PoisonError::into_inner);
                        Arc::clone(tapes.entry(target).or_insert(tape))
                    }
                };
                tape.gradient(source, |shape| self.seed(shape, 0))
            }
        }
    }

    /// Gradient of a logit with respect to the logits: 1 at its place.
    fn seed(&self, shape: &[usize], target: usize) -> Result<Tensor, OnnxError> {
        let count: usize = shape.iter().product();
        if target >= count || shape.first() != Some(&1) {
            return Err(self.no_logit(target, shape));
        }
        let mut seed = vec![0.0; count];
        seed[target] = 1.0;
        Tensor::from_shape_vec(IxDyn(shape), seed).map_err(|error| self.invalid(error.to_string()))
    }

    fn no_logit(&self, target: usize, shape: &[usize]) -> OnnxError {
        self.invalid(format!(
            "target {target} is none of the logits '{}', whose shape is {shape:?}",
            self.logits
        ))
    }

    fn invalid(&self, message: String) -> OnnxError {
        OnnxError::Invalid { path: self.path.clone(), message }
    }
}

/// Place of the convolution whose channels are the classes, and their number.
fn last_convolution(graph: &Graph, logits: &str) -> Option<(usize, usize)> {
    let index = graph.index();
    let mut name = logits;
    loop {
        let node = index.maker(name)?;
        if node.is("Conv") {
            let weights = graph.initializer(node.input(1)?)?.shape().ok()?;
            let bias = node.input(2).is_none_or(|bias| graph.initializer(bias).is_some());
            let plain = bias && node.int("group").unwrap_or(1) == 1;
            return plain.then_some((node.index(), *weights.first()?));
        }
        if !keeps_channels_apart(graph, &node) || index.readers(name).len() > 1 {
            return None;
        }
        name = node.input(0)?;
    }
}

fn keeps_channels_apart(graph: &Graph, node: &Node<'_>) -> bool {
    let any = |ops: &[&str]| ops.iter().any(|op| node.is(op));
    let list = |name: &str| {
        node.ints(name)
            .map(<[i64]>::to_vec)
            .or_else(|| Some(graph.constant_i64(node.input(1)?)?.iter().copied().collect()))
    };
    if any(ALIKE) || any(POOLING) {
        // The indices of a pooling count over all channels.
        node.outputs().len() == 1
    } else if node.is("Flatten") {
        node.int("axis").unwrap_or(1) == 1
    } else if node.is("ReduceMean") || node.is("Squeeze") {
        list("axes").is_some_and(|axes| {
            !axes.is_empty() && axes.iter().all(|axis| [2, 3, -1, -2].contains(axis))
        })
    } else {
        node.is("Reshape") && list("").is_some_and(|shape| shape.len() == 2 && shape[0] == 1)
    }
}

/// The graph with one class: one row of the convolution's weights.
fn one_row(graph: &Graph, conv: usize, target: usize) -> Result<Graph, OnnxError> {
    let mut model = graph.model().clone();
    let proto = model.graph.get_or_insert_default();
    let node = proto.node[conv].clone();
    let mut change = |input: usize, name: String, tensor: TensorProto| {
        proto.node[conv].input[input].clone_from(&name);
        proto.initializer.push(TensorProto { name: Some(name), ..tensor });
    };
    for input in 1..node.input.len().min(3) {
        let name = &node.input[input];
        if name.is_empty() {
            // No bias.
            continue;
        }
        let values = graph.constant_f32(name).ok_or_else(|| {
            graph.invalid(format!("weight '{name}' is computed or holds no numbers"))
        })?;
        if values.shape().first().is_none_or(|&rows| target >= rows) {
            return Err(graph.invalid(format!("weight '{name}' has no row {target}")));
        }
        let row = values.slice_axis(Axis(0), Slice::from(target..target + 1)).to_owned();
        change(input, format!("{name}.row{target}"), TensorProto::from_f32(name, &row));
    }
    // Declared sizes and shapes of all classes no longer hold.
    for node in &mut proto.node[conv..] {
        if node.op_type() == "Reshape" {
            let name = format!("{}.one", node.output[0]);
            let shape = ndarray::arr1(&[1_i64, 1]).into_dyn();
            proto.initializer.push(TensorProto::from_i64(&name, &shape));
            node.input[1] = name;
        }
    }
    proto.value_info.clear();
    for output in &mut proto.output {
        output.r#type = None;
    }
    // The old weights go with the cut that follows, which keeps only what is read.
    Ok(Graph::from_model(model, graph.path())?.with_limits(graph.limits()))
}
