//! Reads and edits ONNX files: the only place that knows their format.
//!
//! | module | subject |
//! |---|---|
//! | [`proto`] | the messages of the format, every field |
//! | [`tensor`] | constants to arrays and back |
//! | `external` | weights in files beside the model |
//! | [`node`] | views of nodes and values |
//! | `index` | who makes and who reads a value |
//! | `validate` | what is refused when a model is read |
//! | `edit` | taps, new weights, cuts |
//! | `store` | weights stored as the file's version wants it, nothing left that is not read |
//! | `flow` | what depends on the image |
//! | `walls` | what everything flows through |
//! | `functions` | local functions written in where they are called |
//! | `evaluation` | float16 to float32, evaluation semantics, batch size |
//! | `bounds` | how large a run can get, before anything runs |
//! | `activation`, `range` | what makes probabilities of scores, and what bounds a value |
//! | `branch` | one of two branches chosen, what inputs reach |
//! | `fold` | everything that does not depend on the pixels becomes a constant |
//! | [`layers`] | layers that can be tapped, guessed CAM and feature layers |
pub mod layers;
pub mod node;
pub mod proto;
pub mod tensor;

mod activation;
mod bounds;
mod branch;
mod edit;
mod evaluation;
mod external;
mod flow;
mod fold;
mod functions;
mod index;
mod make;
mod range;
mod snapshot;
mod store;
mod validate;
mod walls;

pub use activation::Activation;
pub use bounds::{Known, Limits};
pub use edit::declare;
pub use flow::{Dependence, Flow, flow_data_values};
pub use index::Index;
pub use range::Range;
pub(crate) use range::Ranges;

use crate::OnnxError;
use node::{Dim, Node, ValueSpec};
use proto::{GraphProto, ModelProto, TensorProto};
use rightly_data::files;
use std::path::{Path, PathBuf};

/// Oldest and newest version of the standard operator set that is understood.
pub const OPSETS: std::ops::RangeInclusive<i64> = 7..=24;

/// Largest file that is read: one protobuf message holds no more.
const LARGEST_FILE: u64 = i32::MAX as u64;

/// An ONNX model in memory, its weights included.
///
/// # Invariants
/// There is a graph with at least one node and one input that is not a weight; node order is topological; every
/// value is made once; no weight lies outside (external data is loaded with the file).
#[derive(Debug, Clone)]
pub struct Graph {
    path: PathBuf,
    model: ModelProto,
    limits: Limits,
    /// Whether what enters is finite: pixels, texts.
    finite: bool,
}

impl Graph {
    /// Reads a model with its external data, which is looked for beside `path` and may not leave that folder.
    ///
    /// # Errors
    /// [`OnnxError::Io`] where a file can't be read; [`OnnxError::Invalid`] for a file that is no ONNX model, has no
    /// graph, inputs or nodes, an operator set outside [`OPSETS`], or external data that is missing, too short or
    /// outside the folder.
    pub fn load(path: &Path) -> Result<Self, OnnxError> {
        Self::from_bytes(&files::read(path, LARGEST_FILE)?, path)
    }

    /// As [`Graph::load`], with the blake3 hash (hex) of the file followed by its external data files, sorted by name.
    ///
    /// # Errors
    /// As [`Graph::load`].
    pub fn load_hashed(path: &Path) -> Result<(Self, String), OnnxError> {
        let bytes = files::read(path, LARGEST_FILE)?;
        let graph = Self::from_bytes(&bytes, path)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes);
        for location in external::locations(&validate::decode(&bytes, path)?) {
            let beside = path.with_file_name(location);
            let file = files::open(&beside)?;
            hasher
                .update_reader(file)
                .map_err(|source| OnnxError::Io { path: beside.clone(), source })?;
        }
        Ok((graph, hasher.finalize().to_hex().to_string()))
    }

    /// Says that what enters a run is finite.
    pub fn set_finite_inputs(&mut self) {
        self.finite = true;
    }

    /// Whether what enters a run is finite; else it may be anything.
    pub(crate) fn has_finite_inputs(&self) -> bool {
        self.finite
    }

    /// As [`Graph::load`], from the bytes of the file; `path` names the model in messages and says where external
    /// data lies.
    ///
    /// # Errors
    /// As [`Graph::load`].
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, OnnxError> {
        let mut model = validate::decode(bytes, path)?;
        external::load(&mut model, path)?;
        validate::check(&mut model, path)?;
        Ok(Self { path: path.to_owned(), model, limits: Limits::DEFAULT, finite: false })
    }

    /// A graph from messages, with the same checks as a file.
    ///
    /// # Errors
    /// As [`Graph::load`].
    pub fn from_model(mut model: ModelProto, path: &Path) -> Result<Self, OnnxError> {
        external::load(&mut model, path)?;
        validate::check(&mut model, path)?;
        Ok(Self { path: path.to_owned(), model, limits: Limits::DEFAULT, finite: false })
    }

    /// The model as the bytes of an ONNX file, weights inside.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(&self.model)
    }

    /// Writes the model. Above 2 GB, which one message can't hold, large weights go to `FILE.data` beside it.
    ///
    /// # Errors
    /// [`OnnxError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), OnnxError> {
        let mut graph = self.clone();
        graph.drop_stale_declarations();
        graph.declare_outputs();
        external::save(&graph.model, path, external::MESSAGE_LIMIT)
    }

    /// Where the model came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The messages themselves.
    #[must_use]
    pub fn model(&self) -> &ModelProto {
        &self.model
    }

    /// The graph message.
    #[must_use]
    pub fn proto(&self) -> &GraphProto {
        // The invariant of the type; an empty graph stands in so that no path can panic.
        static EMPTY: std::sync::OnceLock<GraphProto> = std::sync::OnceLock::new();
        self.model.graph.as_ref().unwrap_or_else(|| EMPTY.get_or_init(GraphProto::default))
    }

    #[doc(hidden)] // for rightly-model, which keeps the invariants of the type
    pub fn proto_mut(&mut self) -> &mut GraphProto {
        self.model.graph.get_or_insert_with(GraphProto::default)
    }

    /// Version of the intermediate representation.
    #[must_use]
    pub fn ir_version(&self) -> i64 {
        self.model.ir_version.unwrap_or(0)
    }

    /// Version of the standard operator set.
    #[must_use]
    pub fn opset(&self) -> i64 {
        validate::opset(&self.model).unwrap_or(1)
    }

    /// Declares another version of the standard operator set; the caller has written the nodes accordingly.
    pub(crate) fn set_opset(&mut self, version: i64) {
        for set in &mut self.model.opset_import {
            if matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")) {
                set.version = Some(version);
            }
        }
    }

    /// Operator sets beside the standard one, `domain version`.
    #[must_use]
    pub fn other_opsets(&self) -> Vec<String> {
        self.model
            .opset_import
            .iter()
            .filter(|set| !matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")))
            .map(|set| format!("{} {}", set.domain(), set.version()))
            .collect()
    }

    /// Tool that wrote the model, with its version.
    #[must_use]
    pub fn producer(&self) -> String {
        let name = self.model.producer_name.as_deref().unwrap_or("");
        let version = self.model.producer_version.as_deref().unwrap_or("");
        format!("{name} {version}").trim().to_owned()
    }

    /// Inputs that a run has to give: those that are not initializers.
    #[must_use]
    pub fn inputs(&self) -> Vec<ValueSpec> {
        let graph = self.proto();
        graph
            .input
            .iter()
            .filter(|input| !graph.initializer.iter().any(|tensor| tensor.name == input.name))
            .map(ValueSpec::from_proto)
            .collect()
    }

    /// Declared outputs.
    #[must_use]
    pub fn outputs(&self) -> Vec<ValueSpec> {
        self.proto().output.iter().map(ValueSpec::from_proto).collect()
    }

    /// Nodes in topological order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> + DoubleEndedIterator + Clone {
        self.proto().node.iter().enumerate().map(|(index, proto)| Node::new(index, proto))
    }

    /// Who makes and who reads each value.
    #[must_use]
    pub fn index(&self) -> Index<'_> {
        Index::new(self.proto())
    }

    /// A weight by name.
    #[must_use]
    pub fn initializer(&self, name: &str) -> Option<&TensorProto> {
        self.proto().initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name))
    }

    /// A constant by name: an initializer, or the value of a `Constant` node.
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<TensorProto> {
        if let Some(tensor) = self.initializer(name) {
            return Some(tensor.clone());
        }
        self.nodes()
            .find(|node| node.op_type() == "Constant" && node.output(0) == Some(name))
            .and_then(|node| node.constant_value())
    }

    /// A constant as floats (float types and integers), see [`Graph::constant`].
    #[must_use]
    pub fn constant_f32(&self, name: &str) -> Option<ndarray::ArrayD<f32>> {
        self.constant(name).and_then(|tensor| tensor.to_f32().ok())
    }

    /// A constant of an integer or boolean type, see [`Graph::constant`].
    #[must_use]
    pub fn constant_i64(&self, name: &str) -> Option<ndarray::ArrayD<i64>> {
        self.constant(name).and_then(|tensor| tensor.to_i64().ok())
    }

    /// Shape that the file declares for a value: input, output, inner value or initializer.
    #[must_use]
    pub fn value_shape(&self, name: &str) -> Option<Vec<Dim>> {
        let graph = self.proto();
        if let Some(tensor) = self.initializer(name) {
            return tensor.shape().ok().map(|shape| shape.into_iter().map(Dim::Fixed).collect());
        }
        [&graph.input, &graph.output, &graph.value_info]
            .into_iter()
            .flatten()
            .find(|value| value.name.as_deref() == Some(name))
            .and_then(|value| ValueSpec::from_proto(value).shape)
    }

    /// Number of weights: elements of all initializers and `Constant` nodes of a float type or of quantised weights.
    #[must_use]
    pub fn parameters(&self) -> usize {
        let constants = self
            .nodes()
            .filter(|node| node.op_type() == "Constant")
            .filter_map(|node| node.constant_value())
            .filter_map(|tensor| tensor.parameters());
        self.proto().initializer.iter().filter_map(TensorProto::parameters).chain(constants).sum()
    }

    /// [`OnnxError::Invalid`] of this file.
    pub fn invalid(&self, message: impl Into<String>) -> OnnxError {
        OnnxError::Invalid { path: self.path.clone(), message: message.into() }
    }
}
