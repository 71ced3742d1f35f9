//! Operators and their rules: one line each.
use super::Needs::{Both, Inputs, Nothing, Others, Output};
use super::elementwise::{of_input, of_output};
use super::{Needs, Rule};
use super::{binary, conv, elementwise, matmul, norm, pool, reduce, select, shape, softmax};

/// Operator of the standard set, what its rule reads, the rule.
const RULES: &[(&str, Needs, Rule)] = &[
    // Functions of one value.
    ("Abs", Inputs, |s| of_input(s, norm::sign)),
    ("Celu", Inputs, elementwise::celu),
    ("Clip", Inputs, elementwise::clip),
    ("Cos", Inputs, |s| of_input(s, |x| -x.sin())),
    ("Elu", Inputs, elementwise::elu),
    ("Erf", Inputs, |s| of_input(s, elementwise::erf)),
    ("Exp", Output, |s| of_output(s, |y| y)),
    ("Gelu", Inputs, elementwise::gelu),
    ("HardSigmoid", Output, elementwise::hard_sigmoid),
    ("HardSwish", Inputs, |s| of_input(s, elementwise::hard_swish)),
    ("LeakyRelu", Inputs, elementwise::leaky_relu),
    ("Log", Inputs, |s| of_input(s, f32::recip)),
    ("Mish", Inputs, |s| of_input(s, elementwise::mish)),
    ("Neg", Nothing, elementwise::neg),
    ("Reciprocal", Output, |s| of_output(s, |y| -y * y)),
    ("Relu", Output, |s| of_output(s, |y| if y > 0.0 { 1.0 } else { 0.0 })),
    ("Selu", Inputs, elementwise::selu),
    ("Sigmoid", Output, |s| of_output(s, |y| y * (1.0 - y))),
    ("Sin", Inputs, |s| of_input(s, f32::cos)),
    ("Softplus", Inputs, |s| of_input(s, elementwise::softplus)),
    ("Softsign", Inputs, |s| of_input(s, |x| (1.0 + x.abs()).powi(-2))),
    ("Sqrt", Output, |s| of_output(s, |y| 0.5 / y)),
    ("Tanh", Output, |s| of_output(s, |y| 1.0 - y * y)),
    // Arithmetic.
    ("Add", Nothing, binary::add),
    ("Div", Inputs, binary::div),
    ("Max", Both, binary::extremum),
    ("Mean", Nothing, binary::mean),
    ("Min", Both, binary::extremum),
    ("Mul", Others, binary::mul),
    ("PRelu", Inputs, binary::prelu),
    ("Pow", Inputs, binary::pow),
    ("Sub", Nothing, binary::sub),
    ("Sum", Nothing, binary::sum),
    ("Where", Nothing, binary::choose),
    // Convolutions and pooling.
    ("AveragePool", Nothing, pool::average),
    ("Conv", Nothing, conv::conv),
    ("ConvTranspose", Nothing, conv::conv_transpose),
    ("GlobalAveragePool", Nothing, pool::global_average),
    ("GlobalMaxPool", Inputs, pool::global_max),
    ("MaxPool", Inputs, pool::max),
    // Matrix products.
    ("Gemm", Others, matmul::gemm),
    ("MatMul", Others, matmul::matmul),
    // Normalisations.
    ("BatchNormalization", Nothing, norm::batch),
    ("GroupNormalization", Inputs, norm::group),
    ("InstanceNormalization", Inputs, norm::instance),
    ("LayerNormalization", Inputs, norm::layer),
    ("LogSoftmax", Output, softmax::log_softmax),
    ("LpNormalization", Inputs, norm::lp),
    ("Softmax", Output, softmax::softmax),
    // Reductions.
    ("ReduceL1", Both, reduce::l1),
    ("ReduceL2", Both, reduce::l2),
    ("ReduceLogSumExp", Both, reduce::log_sum_exp),
    ("ReduceMax", Both, reduce::extremum),
    ("ReduceMean", Nothing, reduce::mean),
    ("ReduceMin", Both, reduce::extremum),
    ("ReduceSum", Nothing, reduce::sum),
    ("ReduceSumSquare", Both, reduce::sum_square),
    // Shapes.
    ("Cast", Nothing, shape::same_elements),
    ("Concat", Nothing, shape::concat),
    ("DepthToSpace", Nothing, shape::depth_to_space),
    ("Dropout", Nothing, shape::same_elements),
    ("Expand", Nothing, shape::expand),
    ("Flatten", Nothing, shape::same_elements),
    ("Identity", Nothing, shape::same_elements),
    ("Reshape", Nothing, shape::same_elements),
    ("SpaceToDepth", Nothing, shape::space_to_depth),
    ("Split", Nothing, shape::split),
    ("Squeeze", Nothing, shape::same_elements),
    ("Transpose", Nothing, shape::transpose),
    ("Unsqueeze", Nothing, shape::same_elements),
    // Selections.
    ("Gather", Nothing, select::gather),
    ("GatherElements", Nothing, select::gather_elements),
    ("Pad", Nothing, select::pad),
    ("Resize", Nothing, select::resize),
    ("Slice", Nothing, select::slice),
    ("Tile", Nothing, select::tile),
    ("Upsample", Nothing, select::resize),
];

/// Operators whose outputs do not change with small changes of their inputs: no gradient flows through them.
const FLAT: &[&str] = &[
    "And",
    "ArgMax",
    "ArgMin",
    "Ceil",
    "Equal",
    "Floor",
    "Greater",
    "GreaterOrEqual",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "NonZero",
    "Not",
    "Or",
    "Round",
    "Shape",
    "Sign",
    "Size",
    "Xor",
];

/// The rule of an operator.
pub(super) fn rule(op: &str) -> Option<(Needs, Rule)> {
    RULES.iter().find(|(name, ..)| *name == op).map(|&(_, needs, rule)| (needs, rule))
}

/// Whether no gradient flows through an operator.
pub(super) fn is_flat(op: &str) -> bool {
    FLAT.contains(&op)
}

/// Names of all operators that have a rule.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|&(name, ..)| name)
}
