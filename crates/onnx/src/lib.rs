//! ONNX files: what stands in them, their gradients, and the engines that run them.
//!
//! | module | its subject |
//! |---|---|
//! | [`graph`] | the file: read with its limits, checked, edited, written |
//! | [`engine`] | named values in, named values out: one trait, one file an engine |
//! | [`autodiff`] | the gradient of one output, of the few nodes above a tapped value |
//!
//! ```
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/model.onnx");
//! use rightly_onnx::{EngineKind, Graph};
//!
//! let graph = Graph::load(file.as_ref())?;
//! for input in graph.inputs() {
//!     println!("{}", input.describe());
//! }
//! let session = EngineKind::Rten.load(&graph, false)?;
//! # drop(session);
//! # Ok::<(), rightly_onnx::OnnxError>(())
//! ```

pub mod autodiff;
pub mod engine;
pub mod error;
pub mod graph;

pub use engine::EngineKind;
pub use error::{Lift, OnnxError};
pub use graph::Graph;
