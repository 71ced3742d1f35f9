//! Reading, writing and cutting files.
use crate::models::{Made, node};
use crate::support::data;
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use prost::Message;
use rightly_onnx::graph::proto::{ModelProto, OperatorSetIdProto, TensorProto};
use rightly_onnx::graph::{Dependence, Graph};
use std::path::Path;

fn made(made: &Made) -> Graph {
    Graph::from_bytes(&made.bytes(), Path::new("small.onnx")).unwrap()
}

#[test]
fn real_files_come_back_byte_by_byte() {
    for file in ["squeezenet-1.0", "efficientnet-lite0", "dinov2-small-int8w", "u2netp"] {
        let Some(path) = data(&format!("models/{file}.onnx")) else { return };
        let bytes = std::fs::read(&path).unwrap();
        let graph = Graph::from_bytes(&bytes, &path).unwrap();
        assert!(graph.to_bytes() == bytes, "{file} changed on the way");
        assert!(graph.parameters() > 1_000_000, "{}", graph.parameters());
    }
}

#[test]
fn functions_that_call_each_other_without_end_are_refused() {
    use rightly_onnx::graph::proto::FunctionProto;
    // One call a round never ends, two double each round, a thousand are beyond memory in the fourth.
    for calls in [1, 2, 1000] {
        let call = node("Again", "call", &["x"], &["y"]);
        let mut model = Made::default().model();
        model.functions.push(FunctionProto {
            name: Some("Again".into()),
            input: vec!["x".into()],
            output: vec!["y".into()],
            node: vec![call.clone(); calls],
            ..FunctionProto::default()
        });
        model.graph.as_mut().unwrap().node.push(node("Again", "call", &["image"], &["more"]));
        let graph = Graph::from_model(model, Path::new("small.onnx")).unwrap();
        let error = graph.for_evaluation().err().unwrap().to_string();
        assert!(error.contains("call each other too often"), "{calls}: {error}");
    }
}

/// A body that makes what it is given, or reads what it makes, is no graph that ends.
#[test]
fn functions_whose_bodies_run_in_circles_are_refused() {
    use rightly_onnx::graph::proto::FunctionProto;
    for (body, why) in [
        (node("Add", "own", &["x", "x"], &["x"]), "is made twice"),
        (node("Add", "own", &["x", "y"], &["y"]), "in a circle"),
    ] {
        let mut model = Made::default().model();
        model.functions.push(FunctionProto {
            name: Some("Around".into()),
            input: vec!["x".into()],
            output: vec!["y".into()],
            node: vec![body, node("Identity", "last", &["x"], &["z"])],
            ..FunctionProto::default()
        });
        let graph = model.graph.as_mut().unwrap();
        graph.node.push(node("Relu", "first", &["image"], &["start"]));
        graph.node.push(node("Around", "call", &["start"], &["more"]));
        let graph = Graph::from_model(model, Path::new("small.onnx")).unwrap();
        let error = graph.for_evaluation().err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|e| e.contains(why)), "{why}: {error:?}");
    }
}

#[test]
fn every_field_survives() {
    // Field numbers that no released schema has yet would be lost; the messages below set one of each kind that a
    // classifier's file rarely has.
    use rightly_onnx::graph::proto::*;
    let mut model = Made::default().model();
    model.functions.push(FunctionProto {
        name: Some("f".into()),
        input: vec!["x".into()],
        output: vec!["y".into()],
        attribute: vec!["a".into()],
        attribute_proto: vec![AttributeProto {
            name: Some("b".into()),
            floats: vec![1.5, 2.5],
            ..AttributeProto::default()
        }],
        node: vec![node("Relu", "r", &["x"], &["y"])],
        opset_import: vec![OperatorSetIdProto { domain: Some("d".into()), version: Some(3) }],
        overload: Some("o".into()),
        ..FunctionProto::default()
    });
    model.training_info.push(TrainingInfoProto {
        update_binding: vec![StringStringEntryProto {
            key: Some("k".into()),
            value: Some("v".into()),
        }],
        ..TrainingInfoProto::default()
    });
    model.configuration.push(DeviceConfigurationProto {
        name: Some("n".into()),
        num_devices: Some(2),
        device: vec!["a".into()],
    });
    let graph = model.graph.as_mut().unwrap();
    graph.quantization_annotation.push(TensorAnnotation {
        tensor_name: Some("t".into()),
        quant_parameter_tensor_names: vec![],
    });
    graph.sparse_initializer.push(SparseTensorProto {
        values: Some(TensorProto {
            name: Some("s".into()),
            double_data: vec![1.0],
            data_type: Some(11),
            dims: vec![1],
            ..TensorProto::default()
        }),
        indices: Some(TensorProto {
            dims: vec![1],
            int64_data: vec![3],
            data_type: Some(7),
            ..TensorProto::default()
        }),
        dims: vec![9],
    });
    graph.node[0].device_configurations.push(NodeDeviceConfigurationProto {
        configuration_id: Some("c".into()),
        pipeline_stage: Some(1),
        sharding_spec: vec![ShardingSpecProto {
            device: vec![1, 2],
            sharded_dim: vec![ShardedDimProto {
                axis: Some(1),
                simple_sharding: vec![SimpleShardedDimProto {
                    dim: Some(simple_sharded_dim_proto::Dim::DimParam("p".into())),
                    num_shards: Some(2),
                }],
            }],
            ..ShardingSpecProto::default()
        }],
    });
    graph.initializer[0].segment = Some(tensor_proto::Segment { begin: Some(0), end: Some(4) });
    graph.node[0].attribute.push(AttributeProto {
        name: Some("tp".into()),
        tp: Some(TypeProto {
            value: Some(type_proto::Value::OptionalType(type_proto::Optional {
                elem_type: Some(Box::new(TypeProto {
                    value: Some(type_proto::Value::SequenceType(type_proto::Sequence {
                        elem_type: None,
                    })),
                    denotation: Some("D".into()),
                })),
            })),
            denotation: None,
        }),
        ..AttributeProto::default()
    });
    let bytes = model.encode_to_vec();
    assert_eq!(ModelProto::decode(&bytes[..]).unwrap(), model);
    let graph = Graph::from_bytes(&bytes, Path::new("m.onnx")).unwrap();
    assert_eq!(graph.to_bytes(), bytes);
    // A weight in segments is kept, and refused by name where its elements are needed.
    assert!(graph.initializer("conv.weight").unwrap().to_f32().unwrap_err().contains("segments"));
}

#[test]
fn what_is_no_model_is_refused_with_a_reason() {
    let refuse =
        |bytes: &[u8]| Graph::from_bytes(bytes, Path::new("file.onnx")).unwrap_err().to_string();
    assert!(refuse(b"").contains("file.onnx: the file is empty"));
    assert!(refuse(b"not a model at all").contains("no ONNX model"));
    assert!(refuse(&ModelProto::default().encode_to_vec()).contains("is empty"));
    let empty = ModelProto { ir_version: Some(8), ..ModelProto::default() };
    assert!(refuse(&empty.encode_to_vec()).contains("no graph, inputs or nodes"));
    assert!(refuse(b"version https://git-lfs.github.com/spec/v1\noid").contains("git lfs pull"));
    let bytes = Made::default().bytes();
    assert!(refuse(&bytes[..bytes.len() / 2]).contains("no ONNX model"));
    for (opset, said) in [(6, "found opset 6"), (25, "found opset 25")] {
        let message = refuse(&Made { opset, ..Made::default() }.bytes());
        assert!(message.contains(said) && message.contains("opset 7 to 24"), "{message}");
    }
    let mut model = Made::default().model();
    model.opset_import = vec![OperatorSetIdProto { domain: Some("x".into()), version: Some(17) }];
    assert!(refuse(&model.encode_to_vec()).contains("found none"));
}

#[test]
fn broken_graphs_are_refused_by_name() {
    let with = |change: &dyn Fn(&mut rightly_onnx::graph::proto::GraphProto)| {
        let mut model = Made::default().model();
        change(model.graph.as_mut().unwrap());
        Graph::from_bytes(&model.encode_to_vec(), Path::new("m.onnx"))
            .map_err(|error| error.to_string())
    };
    let message = with(&|g| g.node[1].input[0] = "gone".into()).unwrap_err();
    assert!(message.contains("Relu 'relu' reads 'gone'"), "{message}");
    let message = with(&|g| g.node[1].output[0] = "conv_out".into()).unwrap_err();
    assert!(message.contains("'conv_out' is made twice"), "{message}");
    let message = with(&|g| g.output[0].name = Some("gone".into())).unwrap_err();
    assert!(message.contains("output 'gone'"), "{message}");
    let message = with(&|g| g.node[0].input[0] = "pooled".into()).unwrap_err();
    assert!(message.contains("circle"), "{message}");
    let message = with(&|g| g.initializer[0].dims[0] = -4).unwrap_err();
    assert!(message.contains("'conv.weight' has a negative dimension"), "{message}");
    // Nodes in another order are sorted.
    let graph = with(&|g| g.node.reverse()).unwrap();
    let order: Vec<&str> = graph.nodes().map(|node| node.name()).collect();
    assert_eq!(order, ["conv", "relu", "pool", "flatten", "fc"]);
}

#[test]
fn cuts_keep_what_lies_between() {
    let graph = made(&Made { shape_chain: true, ..Made::default() });
    let flow = graph.flow();
    assert_eq!(flow.of("relu_out"), Dependence::Data);
    assert_eq!(flow.of("to"), Dependence::Shape);
    assert_eq!(flow.of("fc.bias"), Dependence::Constant);
    let head = graph.cut_above("relu_out", &["logits"]).unwrap();
    let inputs: Vec<String> = head.inputs().into_iter().map(|input| input.name).collect();
    assert_eq!(inputs, ["relu_out", "image"], "the image's shape is needed");
    assert!(head.initializer("conv.weight").is_none());
    assert!(head.initializer("fc.weight").is_some());
    let head = made(&Made::default()).cut_above("relu_out", &["logits"]).unwrap();
    assert_eq!(head.inputs().len(), 1);
    assert_eq!(head.nodes().len(), 3);
    assert!(
        graph
            .cut_above("nothing", &["logits"])
            .unwrap_err()
            .to_string()
            .contains("no value 'nothing'")
    );
    assert!(
        graph.cut_above("to", &["logits"]).unwrap_err().to_string().contains("does not depend")
    );
    assert!(
        graph.cut(&["logits"], &["relu_out"]).unwrap_err().to_string().contains("do not depend")
    );
}

#[test]
fn a_branch_is_cut_below_its_block() {
    let mut model = Made::default().model();
    let graph = model.graph.as_mut().unwrap();
    // relu_out -> norm -> mixed; relu_out + mixed -> pooled
    graph.node[2] = node("GlobalAveragePool", "pool", &["sum"], &["pooled"]);
    graph.node.insert(2, node("Sigmoid", "norm", &["relu_out"], &["norm_out"]));
    graph.node.insert(3, node("Exp", "mix", &["norm_out"], &["mixed"]));
    graph.node.insert(4, node("Add", "residual", &["relu_out", "mixed"], &["sum"]));
    let graph = Graph::from_model(model, Path::new("m.onnx")).unwrap();
    assert_eq!(graph.cut_point("norm_out", &["logits"]).as_deref(), Some("relu_out"));
    assert_eq!(graph.cut_point("sum", &["logits"]).as_deref(), Some("sum"));
    assert_eq!(graph.cut_point("fc.bias", &["logits"]), None);
    let head = graph.cut_above("norm_out", &["logits"]).unwrap();
    assert_eq!(head.inputs().len(), 2, "beside the norm, the image for the residual");
}

#[test]
fn weights_are_written_back_in_their_type() {
    for half in [false, true] {
        let mut graph = made(&Made { half, ..Made::default() });
        let new = ArrayD::from_elem(IxDyn(&[5]), 0.25);
        graph.set_initializer("fc.bias", &new).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.onnx");
        graph.save(&path).unwrap();
        let read = Graph::load(&path).unwrap();
        assert_eq!(read.constant_f32("fc.bias").unwrap(), new);
        assert_eq!(read.initializer("fc.bias").unwrap().data_type, Some(if half { 10 } else { 1 }));
        let message = graph.set_initializer("fc.bias", &ArrayD::zeros(IxDyn(&[4]))).unwrap_err();
        assert!(message.to_string().contains("shape [5]"), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_files_are_errors_or_models_never_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        cut in any::<prop::sample::Index>(),
        half in any::<bool>(),
    ) {
        let mut bytes = Made { half, shape_chain: true, ..Made::default() }.bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(graph) = Graph::from_bytes(&bytes, Path::new("fuzz.onnx")) {
            let _ = graph.for_evaluation();
            let _ = graph.parameters();
            let _ = graph.inputs();
            for tensor in &graph.proto().initializer {
                let _: (Result<_, _>, Result<_, _>) = (TensorProto::to_f32(tensor), tensor.to_i64());
            }
            let output = graph.outputs()[0].name.clone();
            let _ = graph.cut_point("relu_out", &[&output]);
        }
    }
}

/// What asks for a shape that the pixels decide depends on the pixels: it is never written in.
#[test]
fn shapes_that_the_pixels_decide_are_no_constants() {
    for (making, name) in [
        (vec![node("NonZero", "places", &["image"], &["found"])], "found"),
        (
            vec![
                node("ReduceMax", "most", &["image"], &["size"]),
                node("Slice", "cut", &["image", "size", "size"], &["found"]),
            ],
            "found",
        ),
        (
            vec![
                node("NonZero", "places", &["image"], &["some"]),
                node("Transpose", "turned", &["some"], &["found"]),
            ],
            "found",
        ),
    ] {
        let mut model = Made::default().model();
        let nodes = &mut model.graph.as_mut().unwrap().node;
        nodes.extend(making);
        nodes.push(node("Shape", "asks", &[name], &["shape"]));
        nodes.push(node("Shape", "asks of the image", &["image"], &["known"]));
        let graph = Graph::from_model(model, Path::new("small.onnx")).unwrap();
        let flow = graph.flow();
        assert_eq!(flow.of("shape"), Dependence::Data);
        assert_eq!(flow.of("known"), Dependence::Shape);
    }
}

#[test]
fn an_attribute_of_another_type_is_no_default() {
    use rightly_onnx::graph::proto::AttributeProto;
    let mut model = Made::default().model();
    let mut turned = node("Transpose", "turned", &["image"], &["other"]);
    turned.attribute.push(AttributeProto {
        name: Some("perm".into()),
        f: Some(2.0),
        r#type: Some(1),
        ..AttributeProto::default()
    });
    model.graph.as_mut().unwrap().node.push(turned);
    let error = Graph::from_model(model, Path::new("small.onnx")).err().unwrap().to_string();
    assert!(error.contains("'perm' has another type"), "{error}");
}
