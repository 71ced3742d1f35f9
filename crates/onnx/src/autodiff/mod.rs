//! Reverse-mode differentiation of ONNX operators, for the few nodes above a tapped layer.
//!
//! A tape holds the part of a graph between a value and an output. It runs that part on an engine,
//! keeps the inner values that the rules ask for, and goes back over the nodes. A rule is one small function from
//! the gradient of a node's outputs to the gradients of its inputs (the vector-Jacobian product); `rules` lists
//! them. To add an operator, write that function and add one line to the list.
//!
//! | module | subject |
//! |---|---|
//! | `trace`, `tape` | the nodes that a gradient flows through; one forward run and the way back |
//! | `logit` | the gradient of one logit, cut down to its row where that is possible |
//! | `rules` | operator, what its rule reads, the rule |
//! | `site` | a node as its rule sees it |
//! | `elementwise`, `binary` | functions of one value; broadcasting arithmetic |
//! | `conv`, `pool`, `window` | convolutions and pooling, and their sliding windows |
//! | `matmul`, `softmax`, `norm`, `reduce` | matrix products, softmax, normalisations, reductions |
//! | `shape`, `select` | reshapes and transposes; slices, gathers, paddings, resizes |
//!
//! Rules assume evaluation semantics (dropout does nothing, batch norm uses its running statistics). At a kink the
//! subgradient is PyTorch's: 0 for ReLU and ReLU6, equal shares where a maximum is reached more than once, the first
//! place of a maximum in a pooling window.
mod binary;
mod conv;
mod elementwise;
mod logit;
mod matmul;
mod norm;
mod pool;
mod reduce;
mod rules;
mod select;
mod shape;
mod site;
mod softmax;
mod tape;
mod trace;
mod window;

pub use logit::LogitGradient;

#[cfg(test)]
mod check;

/// A value or gradient.
pub type Tensor = ndarray::ArrayD<f32>;

/// Gradients of a node's inputs, in their order; `None` where none was asked for.
type Grads = Vec<Option<Tensor>>;

/// A rule; the error is a sentence on what this form of the operator lacks.
type Rule = fn(&site::Site<'_>) -> Result<Grads, String>;

/// Forward values that a rule reads, beside the shapes, which it always has. Inputs without a gradient (weights,
/// indices) are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// An input's value only where another input has a gradient too (products).
    Others,
    Inputs,
    Output,
    Both,
}

impl Needs {
    /// Whether the value of an input is read, given which inputs have a gradient.
    fn input(self, index: usize, wants: &[bool]) -> bool {
        match self {
            Self::Inputs | Self::Both => true,
            Self::Others => wants.iter().enumerate().any(|(other, &w)| w && other != index),
            Self::Nothing | Self::Output => false,
        }
    }

    fn output(self) -> bool {
        matches!(self, Self::Output | Self::Both)
    }
}
