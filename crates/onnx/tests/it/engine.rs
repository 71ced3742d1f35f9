//! One suite over every engine. Tolerances are shares of the largest value of an output.
use crate::models::{self, Made, floats, int, ints, node, value};
use crate::support::{data, wave};
use ndarray::{ArrayD, IxDyn};
use rightly_onnx::engine::{EngineKind, Session, Value};
use rightly_onnx::graph::proto::{GraphProto, NodeProto, TensorProto};
use rightly_onnx::{Graph, OnnxError};
use std::path::Path;

/// Different orders of summation in single precision.
const TOLERANCE: f32 = 2e-5;
/// Sums of int8 products, requantised after each layer.
const QUANTISED_TOLERANCE: f32 = 0.02;

/// The engines that can run here; a line says which can't.
fn engines() -> Vec<EngineKind> {
    EngineKind::ALL
        .into_iter()
        .filter(|engine| match engine.available() {
            Ok(()) => true,
            Err(error) => {
                #[expect(clippy::print_stderr, reason = "a skipped engine says so")]
                {
                    eprintln!("skipped: {error}");
                }
                false
            }
        })
        .collect()
}

fn image(shape: &[usize]) -> Value {
    let values = wave(shape.iter().product(), 1.0, 0.0);
    Value::F32(ArrayD::from_shape_vec(IxDyn(shape), values).unwrap())
}

fn load(engine: EngineKind, graph: &Graph, inner: bool) -> Box<dyn Session> {
    engine.load(graph, inner).unwrap_or_else(|error| panic!("{engine}: {error}"))
}

fn one(values: Vec<Value>) -> ArrayD<f32> {
    values.into_iter().next().unwrap().into_f32().unwrap()
}

fn close(engine: EngineKind, a: &ArrayD<f32>, b: &ArrayD<f32>, tolerance: f32) {
    assert_eq!(a.shape(), b.shape(), "{engine}");
    let largest = b.iter().fold(0_f32, |largest, v| largest.max(v.abs()));
    let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference <= tolerance * largest, "{engine}: {difference} of {largest}");
}

/// conv(3 x 3, pad 1) -> ReLU -> mean -> linear, straight from its definition in double precision.
fn reference(graph: &Graph, image: &ArrayD<f32>) -> ArrayD<f32> {
    let weight = |name: &str| graph.constant_f32(name).unwrap().mapv(f64::from);
    let (cw, cb) = (weight("conv.weight"), weight("conv.bias"));
    let (fw, fb) = (weight("fc.weight"), weight("fc.bias"));
    let (h, w) = (image.shape()[2], image.shape()[3]);
    let at = |c: usize, y: isize, x: isize| {
        let inside = y >= 0 && x >= 0 && (y as usize) < h && (x as usize) < w;
        if inside { f64::from(image[[0, c, y as usize, x as usize]]) } else { 0.0 }
    };
    let pooled: Vec<f64> = (0..cw.shape()[0])
        .map(|k| {
            let mut sum = 0.0;
            for y in 0..h as isize {
                for x in 0..w as isize {
                    let mut v = cb[[k]];
                    for c in 0..3 {
                        for (dy, dx) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                            v += cw[[k, c, dy as usize, dx as usize]]
                                * at(c, y + dy - 1, x + dx - 1);
                        }
                    }
                    sum += v.max(0.0);
                }
            }
            sum / (h * w) as f64
        })
        .collect();
    let logits = (0..models::CLASSES)
        .map(|j| {
            (fb[[j]] + pooled.iter().enumerate().map(|(k, p)| fw[[j, k]] * p).sum::<f64>()) as f32
        })
        .collect();
    ArrayD::from_shape_vec(IxDyn(&[1, models::CLASSES]), logits).unwrap()
}

#[test]
fn a_network_by_its_definition() {
    let graph = Graph::from_bytes(&Made::default().bytes(), Path::new("small.onnx")).unwrap();
    let input = image(&[1, 3, 16, 16]);
    let expected = reference(&graph, &input.clone().into_f32().unwrap());
    for engine in engines() {
        for inner in [false, true] {
            let session = load(engine, &graph, inner);
            let found = one(session.run(&[("image", input.clone())], &["logits"]).unwrap());
            close(engine, &found, &expected, TOLERANCE);
        }
    }
}

#[test]
fn inner_values_can_be_fetched_and_fed() {
    let graph = Graph::from_bytes(&Made::default().bytes(), Path::new("small.onnx")).unwrap();
    for engine in engines() {
        let session = load(engine, &graph, true);
        let names = ["logits", "pooled", "conv_out"];
        let values = session.run(&[("image", image(&[1, 3, 16, 16]))], &names).unwrap();
        let shapes: Vec<&[usize]> = values.iter().map(Value::shape).collect();
        assert_eq!(shapes, [&[1, 5][..], &[1, 6, 1, 1], &[1, 6, 16, 16]], "{engine}");
        let head = graph.cut_above("relu_out", &["logits"]).unwrap();
        let relu = values[2].clone().into_f32().unwrap().mapv(|v| v.max(0.0));
        let found =
            load(engine, &head, true).run(&[("relu_out", Value::F32(relu))], &["logits"]).unwrap();
        close(engine, &one(found), &values[0].clone().into_f32().unwrap(), TOLERANCE);
    }
}

#[test]
fn wrong_names_and_shapes_are_errors() {
    let made = Made { batch: Some(1), ..Made::default() };
    let graph = Graph::from_bytes(&made.bytes(), Path::new("small.onnx")).unwrap();
    for engine in engines() {
        let session = load(engine, &graph, false);
        let message = |inputs: &[(&str, Value)], outputs: &[&str]| {
            let error = session.run(inputs, outputs).unwrap_err();
            assert!(matches!(error, OnnxError::Engine { .. }), "{error}");
            error.to_string()
        };
        let good = image(&[1, 3, 16, 16]);
        let text = message(&[("image", image(&[1, 3, 16, 17]))], &["logits"]);
        assert!(text.contains("[1, 3, 16, 17]") && text.contains("image: float32"), "{text}");
        assert!(message(&[("image", good.clone())], &["nothing"]).contains("'nothing'"));
        assert!(
            message(&[("picture", good)], &["logits"]).contains("image")
                || engine == EngineKind::Rten
        );
        message(&[], &["logits"]);
    }
}

#[test]
fn runs_from_many_threads_give_the_same_bytes() {
    let graph = Graph::from_bytes(&Made::default().bytes(), Path::new("small.onnx")).unwrap();
    for engine in engines() {
        let session = load(engine, &graph, false);
        let run = || one(session.run(&[("image", image(&[1, 3, 16, 16]))], &["logits"]).unwrap());
        let alone = run();
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
            for result in runs {
                assert_eq!(result.join().unwrap(), alone, "{engine}");
            }
        });
    }
}

#[test]
fn an_operator_that_is_not_there_is_named() {
    let bytes = models::with_operator("NoSuchOperator");
    let graph = Graph::from_bytes(&bytes, Path::new("m.onnx")).unwrap();
    for engine in engines() {
        let message = match engine.load(&graph, false) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{engine} took it"),
        };
        assert!(message.contains("NoSuchOperator") && message.contains("strange"), "{message}");
    }
}

#[test]
fn a_missing_engine_says_how_to_get_it() {
    if let Err(error) = EngineKind::OnnxRuntime.available() {
        let message = error.to_string();
        assert!(
            message.contains("--features onnxruntime")
                || message.contains("pip install onnxruntime"),
            "{message}"
        );
    }
}

/// A graph of single nodes over `x` of a shape, and the values that ONNX defines for them.
fn single(
    opset: i64,
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
    shape: &[i64],
    rank: usize,
) -> Graph {
    let dims: Vec<Option<i64>> = shape.iter().map(|&size| Some(size)).collect();
    let graph = GraphProto {
        node: nodes,
        initializer: weights,
        input: vec![value("x", 1, &dims)],
        output: vec![value("y", 1, &vec![None; rank])],
        ..GraphProto::default()
    };
    Graph::from_model(models::model(opset, graph), Path::new("single.onnx")).unwrap()
}

fn same_everywhere(graph: &Graph, input: ArrayD<f32>, expected: &[f32]) {
    for engine in engines() {
        for inner in [false, true] {
            let found = one(load(engine, graph, inner)
                .run(&[("x", Value::F32(input.clone()))], &["y"])
                .unwrap());
            let found: Vec<f32> = found.into_iter().collect();
            assert_eq!(found.len(), expected.len(), "{engine}");
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-5, "{engine}: {found:?} {expected:?}");
            }
        }
    }
}

#[test]
fn old_forms_keep_their_meaning() {
    let x = |shape: &[usize], values: &[f32]| {
        ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
    };
    // Before opset 13 softmax ran over all axes from axis 1 on.
    let graph = single(11, vec![node("Softmax", "s", &["x"], &["y"])], vec![], &[1, 2, 2], 3);
    let values = [0.0_f32, 1.0, 2.0, 3.0];
    let sum: f32 = values.iter().map(|v| v.exp()).sum();
    let expected: Vec<f32> = values.iter().map(|v| v.exp() / sum).collect();
    same_everywhere(&graph, x(&[1, 2, 2], &values), &expected);
    // Convolution without kernel_shape, strides and pads.
    let weight = floats("w", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let nodes = vec![node("Conv", "c", &["x", "w"], &["y"])];
    let graph = single(9, nodes, vec![weight.clone()], &[1, 1, 2, 3], 4);
    same_everywhere(&graph, x(&[1, 1, 2, 3], &[1., 2., 3., 4., 5., 6.]), &[37.0, 47.0]);
    // SAME_LOWER puts the odd row and column in front.
    let mut conv = node("Conv", "c", &["x", "w"], &["y"]);
    conv.attribute.push(rightly_onnx::graph::proto::AttributeProto {
        name: Some("auto_pad".into()),
        r#type: Some(3),
        s: Some(b"SAME_LOWER".to_vec()),
        ..Default::default()
    });
    let graph = single(13, vec![conv], vec![weight], &[1, 1, 2, 2], 4);
    same_everywhere(&graph, x(&[1, 1, 2, 2], &[1., 2., 3., 4.]), &[4.0, 11.0, 14.0, 30.0]);
    // Max pooling without strides steps by one.
    let pool = ints(node("MaxPool", "p", &["x"], &["y"]), "kernel_shape", &[1, 2]);
    let graph = single(12, vec![pool], vec![], &[1, 1, 1, 3], 4);
    same_everywhere(&graph, x(&[1, 1, 1, 3], &[1., 3., 2.]), &[3.0, 3.0]);
    // Opset 10's Resize has no roi and samples from the corner.
    let scales = floats("scales", &[4], &[1.0, 1.0, 1.0, 2.0]);
    let nodes = vec![node("Resize", "r", &["x", "scales"], &["y"])];
    let graph = single(10, nodes, vec![scales], &[1, 1, 1, 2], 4);
    same_everywhere(&graph, x(&[1, 1, 1, 2], &[5., 7.]), &[5.0, 5.0, 7.0, 7.0]);
    // Split without sizes is even; its second part goes on.
    let split = int(node("Split", "s", &["x"], &["a", "y"]), "axis", 1);
    let graph = single(13, vec![split], vec![], &[1, 4], 2);
    same_everywhere(&graph, x(&[1, 4], &[1., 2., 3., 4.]), &[3.0, 4.0]);
    // Clip and Pad with attributes.
    let pads = ints(node("Pad", "p", &["x"], &["padded"]), "pads", &[0, 1, 0, 0]);
    let mut clip = node("Clip", "c", &["padded"], &["y"]);
    clip.attribute.push(rightly_onnx::graph::proto::AttributeProto {
        name: Some("max".into()),
        r#type: Some(1),
        f: Some(2.5),
        ..Default::default()
    });
    let graph = single(9, vec![pads, clip], vec![], &[1, 2], 2);
    same_everywhere(&graph, x(&[1, 2], &[2., 3.]), &[0.0, 2.0, 2.5]);
}

/// The first of equal values, unless the last is asked for: a text's end is found so where padding is the same token.
#[test]
fn the_first_of_equal_values_is_found() {
    let values = vec![1., 7., 7., 0., 7., 0., 0., 7., 1., 7.];
    let input = ArrayD::from_shape_vec(IxDyn(&[2, 5]), values).unwrap();
    for (op, axis, last, expected) in [
        ("ArgMax", 1, false, &[1., 2.][..]),
        ("ArgMax", -1, true, &[4., 4.]),
        ("ArgMin", -1, false, &[3., 0.]),
        ("ArgMin", 1, true, &[3., 1.]),
        ("ArgMax", 0, false, &[0., 0., 0., 1., 0.]),
        ("ArgMax", 0, true, &[0., 0., 1., 1., 1.]),
    ] {
        let mut arg = int(node(op, "arg", &["x"], &["at"]), "axis", axis);
        arg = int(arg, "keepdims", 0);
        if last {
            arg = int(arg, "select_last_index", 1);
        }
        let cast = int(node("Cast", "cast", &["at"], &["y"]), "to", 1);
        let graph = single(13, vec![arg, cast], vec![], &[2, 5], 1);
        same_everywhere(&graph, input.clone(), expected);
    }
}

#[test]
fn quantised_weights_and_activations_run() {
    // x -> QuantizeLinear -> DequantizeLinear -> MatMul with dequantised int8 weights.
    let int8 = |name: &str, dims: &[i64], values: &[i8]| TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(3),
        dims: dims.to_vec(),
        raw_data: Some(values.iter().map(|&v| v as u8).collect()),
        ..TensorProto::default()
    };
    let nodes = vec![
        node("QuantizeLinear", "q", &["x", "scale", "zero"], &["xq"]),
        node("DequantizeLinear", "dq", &["xq", "scale", "zero"], &["xd"]),
        node("DequantizeLinear", "dw", &["wq", "wscale", "wzero"], &["w"]),
        node("MatMul", "m", &["xd", "w"], &["y"]),
    ];
    let weights = vec![
        floats("scale", &[], &[0.1]),
        int8("zero", &[], &[0]),
        int8("wq", &[2, 2], &[10, -20, 30, 40]),
        floats("wscale", &[], &[0.5]),
        int8("wzero", &[], &[0]),
    ];
    let graph = single(13, nodes, weights, &[1, 2], 2);
    let input = ArrayD::from_shape_vec(IxDyn(&[1, 2]), vec![1.04, -0.52]).unwrap();
    // Quantised to 1.0 and -0.5; weights 5, -10, 15, 20.
    same_everywhere(&graph, input, &[-2.5, -20.0]);
}

/// int8 weights, float computation: the basic level agrees; the token of the class is the first output.
#[test]
fn engines_agree_on_a_real_model() {
    let Some(path) = data("models/dinov2-small-int8w.onnx") else { return };
    let graph = Graph::load(&path).unwrap();
    let values: Vec<(EngineKind, ArrayD<f32>)> = engines()
        .into_iter()
        .map(|engine| {
            let session = load(engine, &graph, false);
            (engine, one(session.run(&[("input", image(&[1, 3, 224, 224]))], &["cls"]).unwrap()))
        })
        .collect();
    for (engine, found) in &values {
        close(*engine, found, &values[0].1, QUANTISED_TOLERANCE);
    }
}
