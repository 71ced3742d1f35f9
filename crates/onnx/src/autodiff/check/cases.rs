//! At least one node of every operator that has a rule.
use super::{At, Case, Forward, case};
use ndarray::{ArrayD, IxDyn};

pub(super) fn unary() -> Vec<Case> {
    let shape = &[2, 3, 8];
    let mut cases = Vec::new();
    for op in [
        "Abs",
        "Cos",
        "Elu",
        "Erf",
        "Exp",
        "HardSwish",
        "LeakyRelu",
        "Neg",
        "Relu",
        "Sigmoid",
        "Sin",
        "Softplus",
        "Softsign",
        "Tanh",
        "Identity",
        "Flatten",
        "HardSigmoid",
    ] {
        cases.push(case(op, shape));
    }
    cases.push(case("HardSwish", shape).range(-5.0, 5.0));
    cases.push(case("HardSigmoid", shape).range(-5.0, 5.0).at("alpha", At::F(0.3)));
    cases.push(case("LeakyRelu", shape).at("alpha", At::F(0.2)));
    cases.push(case("Elu", shape).at("alpha", At::F(0.7)));
    cases.push(case("Gelu", shape).opset(20).range(-4.0, 4.0));
    cases.push(case("Gelu", shape).opset(20).range(-4.0, 4.0).at("approximate", At::S("tanh")));
    for op in ["Log", "Sqrt", "Reciprocal"] {
        cases.push(case(op, shape).range(0.5, 3.0));
    }
    cases.push(case("Clip", shape).with(&[], [-1.0, -1.0]).with(&[], [0.9, 0.9]));
    cases.push(case("Clip", shape).absent().with(&[], [0.9, 0.9]));
    cases.push(case("Clip", shape).opset(10).at("min", At::F(-0.5)).at("max", At::F(1.0)));
    cases.push(case("Cast", shape).at("to", At::I(1)));
    cases
}

pub(super) fn arithmetic() -> Vec<Case> {
    let mut cases = Vec::new();
    for op in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"] {
        for other in [&[2, 3, 4][..], &[3, 1], &[1, 5, 1, 1, 4], &[]] {
            if matches!(op, "Sum" | "Mean") && other.len() > 3 {
                continue;
            }
            // Small steps, so that no two values that Min and Max compare change places.
            let case = || case(op, &[2, 3, 4]).step(0.002).range(0.5, 2.0);
            cases.push(case().with(other, [0.7, 1.9]));
            cases.push(case().with(other, [0.7, 1.9]).last());
        }
        let case = case(op, &[3, 1]).step(0.002).range(0.5, 2.0);
        cases.push(case.with(&[2, 3, 4], [0.7, 1.9]).last());
    }
    for op in ["Add", "Mul"] {
        cases.push(case(op, &[2, 3]).twice());
    }
    for exponent in [2.0, 0.5, 3.0, -1.0] {
        cases.push(case("Pow", &[2, 5]).range(0.4, 2.0).with(&[], [exponent; 2]));
    }
    cases.push(case("Pow", &[2, 5]).with(&[], [2.0; 2]));
    cases.push(case("Pow", &[2, 5]).with(&[2, 5], [0.5, 2.0]).last());
    cases.push(case("PRelu", &[2, 3, 4]).with(&[3, 1], [0.1, 0.4]));
    cases.push(case("Where", &[2, 3]).ints(&[3], &[1, 0, 1]).last().with(&[2, 3], [0.0, 1.0]));
    cases.push(case("Where", &[2, 1]).ints(&[3], &[1, 0, 1]).with(&[2, 3], [0.0, 1.0]).last());
    cases
}

pub(super) fn convolutions() -> Vec<Case> {
    let w = [-1.0, 1.0];
    let spatial = |op: &'static str| case(op, &[2, 4, 7, 6]).list("strides", &[2, 1]);
    vec![
        case("Conv", &[1, 3, 5, 4]).with(&[2, 3, 1, 1], w).list("kernel_shape", &[1, 1]),
        case("Conv", &[2, 4, 7, 6])
            .with(&[6, 4, 3, 2], w)
            .with(&[6], w)
            .list("pads", &[1, 0, 2, 1]),
        spatial("Conv").with(&[6, 2, 3, 3], w).at("group", At::I(2)).list("pads", &[1, 1, 1, 1]),
        spatial("Conv").with(&[4, 1, 3, 3], w).at("group", At::I(4)).list("dilations", &[2, 1]),
        spatial("Conv")
            .with(&[8, 1, 3, 3], w)
            .at("group", At::I(4))
            .at("auto_pad", At::S("SAME_UPPER")),
        case("Conv", &[1, 3, 9]).with(&[2, 3, 3], w).list("strides", &[2]).list("pads", &[1, 0]),
        case("Conv", &[1, 2, 5, 5]).with(&[2, 2, 1, 1], w).list("pads", &[1, 1, 1, 1]),
        case("ConvTranspose", &[1, 3, 4, 5])
            .with(&[3, 2, 3, 3], w)
            .list("strides", &[2, 2])
            .list("kernel_shape", &[3, 3])
            .list("pads", &[1, 1, 0, 1]),
        case("MaxPool", &[1, 2, 7, 6])
            .list("kernel_shape", &[3, 2])
            .list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0]),
        case("MaxPool", &[1, 2, 6, 6])
            .list("kernel_shape", &[3, 3])
            .list("strides", &[2, 2])
            .at("ceil_mode", At::I(1)),
        case("MaxPool", &[1, 2, 9]).list("kernel_shape", &[3]).list("strides", &[2]),
        case("AveragePool", &[1, 2, 7, 6])
            .list("kernel_shape", &[3, 2])
            .list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0]),
        case("AveragePool", &[1, 2, 7, 6])
            .list("kernel_shape", &[3, 2])
            .list("strides", &[2, 1])
            .list("pads", &[1, 0, 1, 0])
            .at("count_include_pad", At::I(1)),
        case("GlobalAveragePool", &[1, 3, 4, 5]),
        case("GlobalMaxPool", &[1, 3, 4, 5]),
    ]
}

pub(super) fn products() -> Vec<Case> {
    let w = [-1.0, 1.0];
    let mut cases = vec![
        case("Gemm", &[3, 4]).with(&[4, 5], w).with(&[5], w).at("alpha", At::F(0.5)),
        case("Gemm", &[3, 4]).with(&[5, 4], w).at("transB", At::I(1)),
        case("Gemm", &[4, 3]).with(&[4, 5], w).at("transA", At::I(1)),
        case("Gemm", &[4, 5]).with(&[3, 4], w).last(),
        case("Gemm", &[5, 4]).with(&[3, 4], w).last().at("transB", At::I(1)),
        case("Gemm", &[1, 5]).with(&[3, 4], w).with(&[4, 5], w).last().at("beta", At::F(0.3)),
    ];
    for (a, b) in [
        (&[2, 3, 4][..], &[4, 5][..]),
        (&[2, 3, 4], &[2, 4, 5]),
        (&[3, 4], &[2, 4, 5]),
        (&[2, 1, 3, 4], &[3, 4, 5]),
        (&[4], &[2, 4, 5]),
        (&[2, 3, 4], &[4]),
    ] {
        cases.push(case("MatMul", a).with(b, w));
        cases.push(case("MatMul", b).with(a, w).last());
    }
    cases.push(case("MatMul", &[3, 3]).twice());
    cases
}

pub(super) fn normalisations() -> Vec<Case> {
    let (w, v) = ([-1.0, 1.5], [0.5, 1.5]);
    let four = &[2, 4, 3, 2];
    vec![
        case("BatchNormalization", four).with(&[4], w).with(&[4], w).with(&[4], w).with(&[4], v),
        case("InstanceNormalization", four).with(&[4], w).with(&[4], w),
        case("LayerNormalization", &[2, 3, 5]).with(&[5], w).with(&[5], w),
        case("LayerNormalization", &[3, 8]).with(&[8], w).at("epsilon", At::F(0.1)),
        case("LayerNormalization", four).with(&[3, 2], w).with(&[3, 2], w).at("axis", At::I(2)),
        case("LpNormalization", &[3, 4]),
        case("LpNormalization", &[3, 4, 2]).at("axis", At::I(1)).at("p", At::I(1)),
        case("Softmax", &[2, 3, 4]),
        case("Softmax", &[2, 3, 4]).at("axis", At::I(1)),
        case("Softmax", &[2, 3, 4]).opset(11).at("axis", At::I(1)),
        case("LogSoftmax", &[2, 3, 4]),
        case("LogSoftmax", &[2, 3, 4]).at("axis", At::I(0)),
        case("LogSoftmax", &[2, 12]).opset(9),
    ]
}

pub(super) fn reductions() -> Vec<Case> {
    let mut cases = Vec::new();
    for op in [
        "ReduceMean",
        "ReduceSum",
        "ReduceMax",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
        "ReduceLogSumExp",
    ] {
        cases.push(case(op, &[2, 3, 4]));
        cases.push(case(op, &[2, 3, 4]).ints(&[2], &[0, -1]).at("keepdims", At::I(0)));
        cases.push(case(op, &[2, 3, 4]).ints(&[1], &[1]));
        cases.push(case(op, &[2, 3, 4]).opset(11).list("axes", &[1, 2]).at("keepdims", At::I(0)));
    }
    cases
}

pub(super) fn shapes() -> Vec<Case> {
    vec![
        case("Reshape", &[2, 3, 4]).ints(&[2], &[6, -1]),
        case("Squeeze", &[2, 1, 4]).ints(&[1], &[1]),
        case("Unsqueeze", &[2, 4]).ints(&[1], &[1]),
        case("Transpose", &[2, 3, 4]).list("perm", &[2, 0, 1]),
        case("Transpose", &[2, 3, 4]),
        case("Concat", &[2, 3]).with(&[2, 2], [0.0, 1.0]).twice().at("axis", At::I(1)),
        case("Concat", &[2, 3]).with(&[1, 3], [0.0, 1.0]).last().at("axis", At::I(0)),
        case("Split", &[2, 6]).ints(&[3], &[1, 3, 2]).at("axis", At::I(1)).outputs(3),
        case("Expand", &[3, 1]).ints(&[3], &[2, 3, 4]),
        case("Tile", &[2, 3]).ints(&[2], &[2, 3]),
        case("DepthToSpace", &[1, 8, 2, 3]).at("blocksize", At::I(2)),
        case("DepthToSpace", &[1, 8, 2, 3]).at("blocksize", At::I(2)).at("mode", At::S("CRD")),
        case("Slice", &[3, 6])
            .ints(&[1], &[1])
            .ints(&[1], &[100])
            .ints(&[1], &[-1])
            .ints(&[1], &[2]),
        case("Slice", &[3, 6])
            .ints(&[2], &[-1, 0])
            .ints(&[2], &[-100, 2])
            .ints(&[2], &[1, 0])
            .ints(&[2], &[-2, 1]),
        case("Slice", &[3, 6]).opset(9).list("starts", &[1]).list("ends", &[-1]).list("axes", &[1]),
        case("Pad", &[2, 3]).ints(&[4], &[0, 1, 2, 0]),
        case("Pad", &[2, 4]).ints(&[4], &[1, 2, 1, 3]).at("mode", At::S("reflect")),
        case("Pad", &[2, 4]).ints(&[4], &[1, 2, 0, 3]).at("mode", At::S("edge")),
        case("Pad", &[2, 4]).ints(&[4], &[0, -1, 1, 0]),
        case("Gather", &[3, 4]).ints(&[2, 2], &[0, -1, 2, 0]).at("axis", At::I(1)),
        case("Gather", &[1, 5, 4]).ints(&[], &[0]).at("axis", At::I(1)),
        case("GatherElements", &[3, 4]).ints(&[2, 4], &[0, 1, 2, 0, 2, 2, -1, 0]),
        case("Resize", &[1, 2, 3, 2])
            .absent()
            .floats(&[1.0, 1.0, 2.0, 2.0])
            .at("mode", At::S("nearest"))
            .at("coordinate_transformation_mode", At::S("asymmetric"))
            .at("nearest_mode", At::S("floor")),
        case("Resize", &[1, 2, 3, 2])
            .absent()
            .absent()
            .ints(&[4], &[1, 2, 5, 7])
            .at("mode", At::S("linear")),
        case("Resize", &[1, 2, 3, 2])
            .absent()
            .absent()
            .ints(&[4], &[1, 2, 5, 7])
            .at("mode", At::S("linear"))
            .at("coordinate_transformation_mode", At::S("align_corners")),
    ]
}

/// Operators that the embedded engine does not run, with their definitions in the ONNX specification.
pub(super) fn not_in_the_engine() -> Vec<(Case, Forward)> {
    let shape = &[2, 3, 8];
    let four = &[2, 4, 3, 2];
    vec![
        (case("Celu", shape).at("alpha", At::F(0.7)), |x, _| {
            x.mapv(|x| x.max(0.0) + (0.7 * ((x / 0.7).exp() - 1.0)).min(0.0))
        }),
        (case("Dropout", shape), |x, _| x.clone()),
        (case("Mish", shape), |x, _| x.mapv(|x| x * x.exp().ln_1p().tanh())),
        (case("Selu", shape), |x, _| {
            let (alpha, gamma) = (1.673_263_192_176_818_8, 1.050_700_902_938_842_8);
            x.mapv(|x| gamma * if x > 0.0 { x } else { alpha * (x.exp() - 1.0) })
        }),
        (case("SpaceToDepth", &[1, 2, 4, 6]).at("blocksize", At::I(2)), |x, _| {
            ArrayD::from_shape_fn(IxDyn(&[1, 8, 2, 3]), |at| {
                let (block, channel) = (at[1] / 2, at[1] % 2);
                x[[0, channel, 2 * at[2] + block / 2, 2 * at[3] + block % 2]]
            })
        }),
        (case("Upsample", &[1, 2, 3, 2]).opset(9).floats(&[1.0, 1.0, 2.0, 3.0]), |x, _| {
            ArrayD::from_shape_fn(IxDyn(&[1, 2, 6, 6]), |at| x[[0, at[1], at[2] / 2, at[3] / 3]])
        }),
        (
            case("GroupNormalization", four)
                .opset(21)
                .with(&[4], [-1.0, 1.5])
                .with(&[4], [0.0, 1.0])
                .at("num_groups", At::I(2)),
            |x, scale| group_norm(x, |channel| scale[channel]),
        ),
        (
            case("GroupNormalization", four)
                .with(&[2], [0.5, 1.5])
                .with(&[2], [0.0, 1.0])
                .at("num_groups", At::I(2)),
            |x, scale| group_norm(x, |channel| scale[channel / 2]),
        ),
    ]
}

/// Two groups of two channels, without shift.
fn group_norm(x: &ArrayD<f64>, scale: impl Fn(usize) -> f64) -> ArrayD<f64> {
    let mut y = x.clone();
    for image in 0..2 {
        for group in 0..2 {
            let part = x.slice(ndarray::s![image, 2 * group..2 * group + 2, .., ..]);
            let mean = part.mean().unwrap();
            let var = part.mapv(|v| (v - mean).powi(2)).mean().unwrap();
            for channel in 2 * group..2 * group + 2 {
                y.slice_mut(ndarray::s![image, channel, .., ..])
                    .mapv_inplace(|v| (v - mean) / (var + 1e-5).sqrt() * scale(channel));
            }
        }
    }
    y
}
