//! Bounds that the operators set to a value, whatever the picture: what tells sigmoids from logits that happen to be small.
use super::node::Node;
use super::proto::data_type;
use super::{Graph, Index};
use std::cell::RefCell;
use std::collections::HashMap;

/// Operators that a search goes through at most; what lies below has no say.
const DEPTH: usize = 24;

/// Lowest and highest value that can come out; infinite where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
}

impl Range {
    const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    const UNIT: Self = Self { low: 0.0, high: 1.0 };

    fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// The smallest range that holds these; everything where one is no number.
    fn around(values: &[f64]) -> Self {
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return Self::ALL;
        }
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { low, high }
    }

    /// Under a function that never falls.
    fn through(self, f: impl Fn(f64) -> f64) -> Self {
        Self::around(&[f(self.low), f(self.high)])
    }

    /// The part of it between two bounds, as a clamp leaves it.
    fn clamp(self, low: f64, high: f64) -> Self {
        self.through(|value| value.max(low).min(high))
    }

    fn corners(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self::around(&[
            f(self.low, other.low),
            f(self.low, other.high),
            f(self.high, other.low),
            f(self.high, other.high),
        ])
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.low + other.low, self.high + other.high).known()
    }

    fn minus(self, other: Self) -> Self {
        Self::new(self.low - other.high, self.high - other.low).known()
    }

    fn times(self, other: Self) -> Self {
        // Zero times anything is zero here: the factors themselves are finite.
        self.corners(other, |a, b| if a == 0.0 || b == 0.0 { 0.0 } else { a * b })
    }

    fn over(self, other: Self) -> Self {
        if other.low <= 0.0 && other.high >= 0.0 {
            return Self::ALL;
        }
        self.corners(other, |a, b| if b.is_infinite() { 0.0 } else { a / b })
    }

    fn known(self) -> Self {
        if self.low.is_nan() || self.high.is_nan() { Self::ALL } else { self }
    }

    /// Whether nothing lies outside of 0 to 1.
    pub fn is_unit(self) -> bool {
        self.low >= -1e-6 && self.high <= 1.0 + 1e-6
    }
}

impl Graph {
    /// What the operators say of a value's size.
    pub fn range(&self, value: &str) -> Range {
        self.ranges().of(value)
    }

    /// The same for several values.
    pub(crate) fn ranges(&self) -> Ranges<'_> {
        Ranges { graph: self, index: self.index(), known: RefCell::default() }
    }
}

/// What the operators say of the size of values.
pub(crate) struct Ranges<'a> {
    graph: &'a Graph,
    index: Index<'a>,
    /// What was found, so that a value that many read is looked at once.
    known: RefCell<HashMap<String, Range>>,
}

impl Ranges<'_> {
    /// Lowest and highest element of a value.
    pub(crate) fn of(&self, value: &str) -> Range {
        self.within(value, DEPTH)
    }

    fn within(&self, value: &str, depth: usize) -> Range {
        if let Some(known) = self.known.borrow().get(value) {
            return *known;
        }
        let found = self.look(value, depth);
        self.known.borrow_mut().insert(value.to_owned(), found);
        found
    }

    fn look(&self, value: &str, depth: usize) -> Range {
        if let Some(constant) = self.graph.constant_f32(value) {
            let values: Vec<f64> = constant.iter().map(|&v| f64::from(v)).collect();
            return Range::around(&values);
        }
        match self.index.maker(value) {
            Some(node) if depth > 0 && node.output(0) == Some(value) => self.made(&node, depth - 1),
            Some(node) if depth > 0 && node.is("Split") => self.input(&node, 0, depth - 1),
            _ => Range::ALL,
        }
    }

    fn input(&self, node: &Node<'_>, at: usize, depth: usize) -> Range {
        node.input(at).map_or(Range::ALL, |name| self.within(name, depth))
    }

    fn inputs(&self, node: &Node<'_>, depth: usize) -> Vec<Range> {
        node.inputs().iter().map(|name| self.within(name, depth)).collect()
    }

    fn made(&self, node: &Node<'_>, depth: usize) -> Range {
        if !node.domain().is_empty() {
            return Range::ALL;
        }
        let first = || self.input(node, 0, depth);
        let both = || (first(), self.input(node, 1, depth));
        let all = || self.inputs(node, depth);
        match node.op_type() {
            "Softmax" | "Sigmoid" | "HardSigmoid" | "Equal" | "Greater" | "GreaterOrEqual"
            | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" | "Not" | "IsNaN" | "IsInf"
            | "OneHot" | "Hardmax" | "Bernoulli" => Range::UNIT,
            "LogSoftmax" => Range::new(f64::NEG_INFINITY, 0.0),
            "Tanh" | "Sin" | "Cos" | "Softsign" | "Erf" | "Sign" => Range::new(-1.0, 1.0),
            "Relu" => first().clamp(0.0, f64::INFINITY),
            "Softplus" => Range::new(0.0, f64::INFINITY),
            "Exp" => first().through(f64::exp),
            "Log" => first().through(|v| if v > 0.0 { v.ln() } else { f64::NEG_INFINITY }),
            "Sqrt" => first().through(|v| v.max(0.0).sqrt()),
            "Abs" => {
                let of = first();
                let lowest = if of.low <= 0.0 && of.high >= 0.0 { 0.0 } else { f64::INFINITY };
                let (a, b) = (of.low.abs(), of.high.abs());
                Range::new(lowest.min(a).min(b), a.max(b))
            }
            "Neg" => Range::new(0.0, 0.0).minus(first()),
            "Reciprocal" => Range::new(1.0, 1.0).over(first()),
            "Floor" => first().through(f64::floor),
            "Ceil" => first().through(f64::ceil),
            "Round" => first().through(f64::round),
            "Clip" => {
                let bound = |at: usize, name: &str, open: f64| {
                    let input = node.input(at).map(|bound| self.within(bound, depth));
                    input.or(node.float(name).map(|v| Range::new(v.into(), v.into()))).unwrap_or(
                        // A bound that is left out is none, by ONNX's definition.
                        Range::new(open, open),
                    )
                };
                let low = bound(1, "min", f64::NEG_INFINITY).low;
                let high = bound(2, "max", f64::INFINITY).high;
                first().clamp(low, high)
            }
            "Add" => both().0.plus(both().1),
            "Sub" => both().0.minus(both().1),
            "Mul" if node.input(0) == node.input(1) => square(first()),
            "Mul" => both().0.times(both().1),
            "Div" => both().0.over(both().1),
            "Pow" => match (first(), self.input(node, 1, depth)) {
                (base, power) if power == Range::new(2.0, 2.0) => square(base),
                (base, power) if base.low >= 0.0 && power.low == power.high && power.low > 0.0 => {
                    base.through(|v| v.powf(power.low))
                }
                _ => Range::ALL,
            },
            "Sum" => all().into_iter().fold(Range::new(0.0, 0.0), Range::plus),
            "Max" => each(&all(), f64::max),
            "Min" => each(&all(), f64::min),
            "Mean" | "Concat" => around(&all()),
            "Where" => around(&all()[1..]),
            "DequantizeLinear" => self.dequantised(node, depth),
            "Cast" => self.cast(node, depth),
            "ReduceSumSquare" | "ReduceL1" | "ReduceL2" => Range::new(0.0, f64::INFINITY),
            "ReduceSum" => sum(first()),
            "Identity" | "Reshape" | "Transpose" | "Flatten" | "Squeeze" | "Unsqueeze"
            | "Slice" | "Split" | "Gather" | "GatherElements" | "GatherND" | "Dropout"
            | "Expand" | "Tile" | "ReduceMean" | "ReduceMax" | "ReduceMin"
            | "GlobalAveragePool" | "GlobalMaxPool" => first(),
            _ => Range::ALL,
        }
    }

    /// Integers of eight bits, times a scale.
    fn dequantised(&self, node: &Node<'_>, depth: usize) -> Range {
        let zero = node.input(2).and_then(|name| self.graph.constant(name));
        let signed = match zero.as_ref().map(|zero| zero.data_type.unwrap_or(0)) {
            Some(data_type::INT8) => true,
            Some(data_type::UINT8) | None => false,
            _ => return Range::ALL,
        };
        let stored = if signed { Range::new(-128.0, 127.0) } else { Range::new(0.0, 255.0) };
        let offset = node.input(2).map_or(Range::new(0.0, 0.0), |name| self.within(name, depth));
        stored.minus(offset).times(self.input(node, 1, depth))
    }

    fn cast(&self, node: &Node<'_>, depth: usize) -> Range {
        let of = self.input(node, 0, depth);
        let to = node.int("to").and_then(|kind| i32::try_from(kind).ok());
        match to {
            Some(data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16) => of,
            Some(data_type::BOOL) => Range::UNIT,
            // Towards zero.
            _ => Range::new(of.low.min(0.0).floor(), of.high.max(0.0).ceil()),
        }
    }
}

fn around(ranges: &[Range]) -> Range {
    Range::around(&ranges.iter().flat_map(|r| [r.low, r.high]).collect::<Vec<_>>())
}

fn each(ranges: &[Range], f: impl Fn(f64, f64) -> f64) -> Range {
    let joined = |of: fn(&Range) -> f64| ranges.iter().map(of).reduce(&f);
    match (joined(|r| r.low), joined(|r| r.high)) {
        (Some(low), Some(high)) => Range::new(low, high),
        _ => Range::ALL,
    }
}

/// Of any number of terms.
fn sum(of: Range) -> Range {
    let low = if of.low >= 0.0 { of.low } else { f64::NEG_INFINITY };
    let high = if of.high <= 0.0 { of.high } else { f64::INFINITY };
    Range::new(low, high)
}

fn square(of: Range) -> Range {
    let (a, b) = (of.low * of.low, of.high * of.high);
    let low = if of.low <= 0.0 && of.high >= 0.0 { 0.0 } else { a.min(b) };
    Range::new(low, a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::declare;
    use crate::graph::proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    };
    use ndarray::arr1;

    type Step<'a> = (&'a str, &'a [&'a str], &'a str);

    /// The range of 'y' where `x` is the input and 'one', 'half', 'two' are numbers.
    fn range(steps: &[Step<'_>], attributes: Vec<AttributeProto>) -> Range {
        let number = |name: &str, v: f32| TensorProto::from_f32(name, &arr1(&[v]).into_dyn());
        let mut nodes: Vec<NodeProto> =
            steps.iter().map(|(op, from, to)| NodeProto::of(op, from, to, Vec::new())).collect();
        if let Some(last) = nodes.last_mut() {
            last.attribute = attributes;
        }
        let graph = GraphProto {
            node: nodes,
            initializer: vec![number("one", 1.0), number("half", 0.5), number("two", 2.0)],
            input: vec![declare("x", data_type::FLOAT, Some(&[Some(1), Some(4)]))],
            output: vec![declare("y", data_type::FLOAT, None)],
            ..GraphProto::default()
        };
        let opset = OperatorSetIdProto { version: Some(17), ..OperatorSetIdProto::default() };
        let model = ModelProto {
            ir_version: Some(8),
            opset_import: vec![opset],
            graph: Some(graph),
            ..ModelProto::default()
        };
        Graph::from_model(model, std::path::Path::new("m.onnx")).unwrap().range("y")
    }

    #[test]
    fn what_is_bounded_by_its_operators_is_known_to_be() {
        let unit: [&[Step<'_>]; 7] = [
            &[("Sigmoid", &["x"], "y")],
            &[("Softmax", &["x"], "p"), ("Clip", &["p"], "y")],
            // 1 / (1 + e^-x)
            &[
                ("Neg", &["x"], "n"),
                ("Exp", &["n"], "e"),
                ("Add", &["e", "one"], "s"),
                ("Div", &["one", "s"], "y"),
            ],
            // (1 + tanh x) / 2
            &[("Tanh", &["x"], "t"), ("Add", &["t", "one"], "s"), ("Mul", &["s", "half"], "y")],
            &[("Sigmoid", &["x"], "p"), ("Sub", &["one", "p"], "q"), ("Concat", &["p", "q"], "y")],
            &[("Softmax", &["x"], "p"), ("Mul", &["p", "p"], "s"), ("Sqrt", &["s"], "y")],
            &[("LogSoftmax", &["x"], "l"), ("Exp", &["l"], "y")],
        ];
        for steps in unit {
            let attributes = if steps.last().unwrap().0 == "Concat" {
                vec![AttributeProto::int("axis", 1)]
            } else {
                Vec::new()
            };
            assert!(range(steps, attributes).is_unit(), "{steps:?}");
        }
    }

    #[test]
    fn what_is_not_bounded_is_open() {
        assert_eq!(range(&[("Identity", &["x"], "y")], Vec::new()), Range::ALL);
        assert_eq!(range(&[("Add", &["x", "one"], "y")], Vec::new()), Range::ALL);
        assert_eq!(range(&[("MatMul", &["x", "one"], "y")], Vec::new()), Range::ALL);
        // Of a product of two unknowns with zero between nothing is known.
        let over = range(&[("Relu", &["x"], "r"), ("Div", &["one", "r"], "y")], vec![]);
        assert_eq!(over, Range::ALL);
        let relu = range(&[("Relu", &["x"], "y")], Vec::new());
        assert_eq!(relu, Range::new(0.0, f64::INFINITY));
        let twice = range(&[("Sigmoid", &["x"], "p"), ("Mul", &["p", "two"], "y")], Vec::new());
        assert_eq!(twice, Range::new(0.0, 2.0));
        let clip = vec![AttributeProto::float("max", 6.0), AttributeProto::float("min", 0.0)];
        assert_eq!(range(&[("Clip", &["x"], "y")], clip), Range::new(0.0, 6.0));
    }
}
