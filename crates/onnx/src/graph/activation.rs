//! What stands between the scores of the last layer and the model's output.
use super::Graph;
use super::flow::Dependence;
use super::layers::Shapes;
use super::node::Node;

/// Operators that keep the order of one image's elements.
const STILL: [&str; 7] =
    ["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Dropout"];
/// Operators that treat each element alike when their other inputs are constants.
const ALIKE: [&str; 14] = [
    "Clip",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Max",
    "Min",
    "Pow",
    "Sqrt",
    "Exp",
    "Log",
    "Neg",
    "QuantizeLinear",
    "DequantizeLinear",
];
/// Operators with which scores stay scores.
const SCALES: [&str; 8] =
    ["Add", "Sub", "Mul", "Div", "Relu", "GlobalAveragePool", "AveragePool", "ReduceMean"];
/// Operators that make probabilities, or their logarithms, of scores.
const ACTIVATIONS: [&str; 4] = ["Softmax", "LogSoftmax", "Sigmoid", "HardSigmoid"];
/// Values that a search for scores goes through at most.
const STEPS: usize = 24;

/// The operator that makes probabilities of scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// `Softmax`, `LogSoftmax`, `Sigmoid` or `HardSigmoid`.
    pub op: String,
    /// The scores that it reads.
    pub scores: String,
    /// Whether nothing that changes a value stands between it and the output.
    pub last: bool,
    /// Along which axis it runs, where it has one.
    axis: Option<i64>,
}

impl Activation {
    /// Whether it is a softmax (or the logarithm of one) over all of an image's `classes`.
    pub fn is_softmax_over(&self, classes: usize, opset: i64, shapes: &Shapes) -> bool {
        let Some(shape) = shapes.get(&self.scores) else { return false };
        let rank = shape.len() as i64;
        let axis = self.axis.unwrap_or(if opset < 13 { 1 } else { -1 });
        let axis = if axis < 0 { axis + rank } else { axis };
        // Before opset 13 it runs over all axes from this one on.
        let over: usize = match usize::try_from(axis) {
            Ok(axis) if opset < 13 => shape.iter().skip(axis).product(),
            Ok(axis) => match shape.get(axis) {
                Some(&over) => over,
                // An axis that is not there: the engines refuse it.
                None => return false,
            },
            Err(_) => return false,
        };
        self.is_softmax() && over == classes
    }

    /// Whether it is a softmax, or the logarithm of one, over whichever axis.
    pub fn is_softmax(&self) -> bool {
        self.op == "Softmax" || self.op == "LogSoftmax"
    }
}

impl Graph {
    /// The softmax or sigmoid below an output: past what moves elements or treats each alike.
    pub fn activation_of(&self, output: &str) -> Option<Activation> {
        let (index, flow) = (self.index(), self.flow());
        let mut name = output;
        let mut last = true;
        for _ in 0..STEPS {
            let node = index.maker(name)?;
            let of_image = |name: &&str| flow.of(name) == Dependence::Data;
            if let Some(op) = ACTIVATIONS.iter().find(|op| node.is(op)) {
                return Some(Activation {
                    op: (*op).to_owned(),
                    scores: node.input(0)?.to_owned(),
                    last,
                    axis: node.int("axis"),
                });
            }
            let still = any_of(&node, &STILL);
            if !still && !any_of(&node, &ALIKE) {
                return None;
            }
            last &= still;
            let mut data = node.reads().into_iter().filter(of_image);
            let (next, other) = (data.next()?, data.next());
            if other.is_some() {
                return None;
            }
            name = next;
        }
        None
    }

    /// Whether an output is made by a layer with weights, past sums, factors and pooling only, so that nothing makes
    /// probabilities of it. A layer that mixes probabilities is no such layer.
    pub fn is_linear(&self, output: &str) -> bool {
        let (index, flow) = (self.index(), self.flow());
        let mut name = output;
        for _ in 0..STEPS {
            let Some(node) = index.maker(name) else { return false };
            let mut data =
                node.reads().into_iter().filter(|name| flow.of(name) == Dependence::Data);
            if super::layers::is_weighted(&node, &flow) {
                return !data.any(|name| self.range(name).is_unit());
            }
            let keeps = any_of(&node, &STILL) || any_of(&node, &SCALES);
            match (keeps, data.next(), data.next()) {
                (true, Some(next), None) => name = next,
                _ => return false,
            }
        }
        false
    }

    /// Values that the scores behind `output` may be: as many elements, and all that the output knows of the image
    /// flows through them; nearest first, down to the last layer with weights.
    pub fn scores_below(&self, output: &str, shapes: &Shapes) -> Vec<String> {
        let (index, flow) = (self.index(), self.flow());
        let size = |name: &str| shapes.get(name).map(|shape| shape.iter().product::<usize>());
        let Some(classes) = size(output) else { return Vec::new() };
        let mut found = Vec::new();
        let mut name = output.to_owned();
        for _ in 0..STEPS {
            let Some(node) = index.maker(&name) else { break };
            if super::layers::is_weighted(&node, &flow) {
                break;
            }
            // The nearest value that everything flows through, below this one.
            let reads = node.reads();
            let below = reads
                .iter()
                .filter(|read| flow.of(read) == Dependence::Data)
                .filter_map(|read| self.cut_point(read, &[&name]))
                .max_by_key(|read| index.maker(read).map(|node| node.index()));
            let Some(below) = below.filter(|below| *below != name) else { break };
            if size(&below) == Some(classes) {
                found.push(below.clone());
            }
            name = below;
        }
        found
    }
}

fn any_of(node: &Node<'_>, ops: &[&str]) -> bool {
    ops.iter().any(|op| node.is(op))
}
