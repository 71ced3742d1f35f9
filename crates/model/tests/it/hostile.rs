//! Small files that ask for more than a machine has: each is one error, quickly, and none a crash.
use crate::models::{CLASSES, Made, floats, int, integers, ints, model, node, value};
use crate::support::engines;
use prost::Message as _;
use rightly_model::{
    Classifier, Description, Encoder, EngineKind, ModelError, OnnxError, Overrides,
};
use rightly_onnx::graph::Limits;
use rightly_onnx::graph::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    SparseTensorProto, TensorProto, ValueInfoProto, attribute_type, data_type,
};
use std::path::Path;
use std::time::{Duration, Instant};

const HUGE: i64 = 1 << 40;

fn graph_of(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

/// The small network with `nodes`, the last of which makes `grown`, whose sum is added to the logits.
fn grown(nodes: Vec<NodeProto>, weights: Vec<TensorProto>) -> ModelProto {
    let mut model = Made::default().model();
    let graph = graph_of(&mut model);
    let last = graph.node.len() - 1;
    graph.node[last].output[0] = "scores".to_owned();
    graph.node.extend(nodes);
    graph.node.push(int(node("Cast", "floats", &["grown"], &["grown_floats"]), "to", 1));
    graph.node.push(int(node("ReduceSum", "sum", &["grown_floats"], &["all"]), "keepdims", 0));
    graph.node.push(node("Add", "add", &["scores", "all"], &["logits"]));
    graph.initializer.extend(weights);
    model
}

fn with_graph(mut node: NodeProto, name: &str, graph: GraphProto) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::GRAPH),
        g: Some(graph),
        ..AttributeProto::default()
    });
    node
}

fn scalar(mut tensor: TensorProto) -> TensorProto {
    tensor.dims.clear();
    tensor
}

fn truth(name: &str) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        data_type: Some(data_type::BOOL),
        raw_data: Some(vec![1]),
        ..TensorProto::default()
    }
}

/// A loop's body that hands its condition on and does `nodes` to what it carries.
fn body(nodes: Vec<NodeProto>, carried: Option<(&str, &str)>, scanned: Option<&str>) -> GraphProto {
    let loose = |name: &str, kind: i32| ValueInfoProto {
        r#type: value(name, kind, &[]).r#type,
        ..value(name, kind, &[])
    };
    let open = |name: &str| value(name, data_type::FLOAT, &[None]);
    let mut all = vec![node("Identity", "goes on", &["cond_in"], &["cond_out"])];
    all.extend(nodes);
    let mut input = vec![loose("round", data_type::INT64), loose("cond_in", data_type::BOOL)];
    input.extend(carried.map(|(name, _)| open(name)));
    let mut output = vec![loose("cond_out", data_type::BOOL)];
    output.extend(carried.map(|(_, name)| open(name)));
    output.extend(scanned.map(open));
    GraphProto { node: all, name: Some("body".to_owned()), input, output, ..GraphProto::default() }
}

fn image(dims: &[Option<i64>]) -> ModelProto {
    let mut model = Made::default().model();
    graph_of(&mut model).input = vec![value("image", data_type::FLOAT, dims)];
    model
}

fn chain(length: usize) -> ModelProto {
    let nodes = (0..length)
        .map(|at| {
            let from = if at == 0 { "relu_out".to_owned() } else { format!("chain{}", at - 1) };
            let to = if at + 1 == length { "grown".to_owned() } else { format!("chain{at}") };
            node("Relu", &format!("n{at}"), &[&from], &[&to])
        })
        .collect();
    grown(nodes, vec![])
}

fn nested(depth: usize) -> ModelProto {
    let one = || value("inner", data_type::FLOAT, &[]);
    let mut inner = GraphProto {
        node: vec![node("Identity", "deepest", &["start"], &["inner"])],
        name: Some("deepest".to_owned()),
        output: vec![one()],
        ..GraphProto::default()
    };
    for level in 0..depth {
        let mut choose = node("If", &format!("if{level}"), &["yes"], &["inner"]);
        choose = with_graph(choose, "then_branch", inner.clone());
        choose = with_graph(
            choose,
            "else_branch",
            GraphProto {
                node: vec![node("Identity", "other", &["start"], &["inner"])],
                name: Some("other".to_owned()),
                output: vec![one()],
                ..GraphProto::default()
            },
        );
        inner = GraphProto {
            node: vec![choose],
            name: Some(format!("level{level}")),
            output: vec![one()],
            ..GraphProto::default()
        };
    }
    let mut outer = inner.node.remove(0);
    outer.output[0] = "grown".to_owned();
    grown(vec![outer], vec![truth("yes"), scalar(floats("start", &[], &[1.0]))])
}

fn sparse(dims: Vec<i64>) -> SparseTensorProto {
    SparseTensorProto {
        values: Some(floats("grown", &[1], &[1.0])),
        indices: Some(integers("grown.at", &[0])),
        dims,
    }
}

/// Files that have to be refused, with words of the refusal.
fn refused() -> Vec<(&'static str, ModelProto, &'static [&'static str])> {
    let limit: &[&str] = &["are allowed"];
    let one = |value: i64| integers("size", &[value]);
    let mut all: Vec<(&'static str, ModelProto, &'static [&'static str])> = vec![
        ("declared image", image(&[None, Some(3), Some(14_000), Some(14_000)]), limit),
        (
            "declared image beyond any",
            image(&[None, Some(3), Some(1 << 24), Some(1 << 24)]),
            &["give 1 to 16384"],
        ),
        ("declared batch", image(&[Some(HUGE), Some(3), Some(16), Some(16)]), limit),
        (
            "declared i64",
            image(&[None, Some(3), Some(i64::MAX), Some(i64::MAX)]),
            &["[preprocess]"],
        ),
        (
            "constant of shape",
            grown(vec![node("ConstantOfShape", "c", &["size"], &["grown"])], vec![one(HUGE)]),
            limit,
        ),
        (
            "constant of several sizes",
            grown(
                vec![node("ConstantOfShape", "c", &["size"], &["grown"])],
                vec![integers("size", &[1 << 20, 1 << 20, 1 << 20, 1 << 20])],
            ),
            limit,
        ),
        (
            "expand",
            grown(
                vec![node("Expand", "e", &["scores", "size"], &["grown"])],
                vec![integers("size", &[HUGE, 1])],
            ),
            limit,
        ),
        (
            "tile",
            grown(
                vec![node("Tile", "t", &["scores", "size"], &["grown"])],
                vec![integers("size", &[1, HUGE])],
            ),
            limit,
        ),
        (
            "range",
            grown(
                vec![node("Range", "r", &["from", "to", "step"], &["grown"])],
                vec![
                    scalar(integers("from", &[0])),
                    scalar(integers("to", &[HUGE])),
                    scalar(integers("step", &[1])),
                ],
            ),
            limit,
        ),
        (
            "range without a step",
            grown(
                vec![node("Range", "r", &["from", "to", "step"], &["grown"])],
                vec![
                    scalar(integers("from", &[0])),
                    scalar(integers("to", &[9])),
                    scalar(integers("step", &[0])),
                ],
            ),
            limit,
        ),
        (
            "pad",
            grown(
                vec![node("Pad", "p", &["relu_out", "size"], &["grown"])],
                vec![integers("size", &[0, 0, HUGE, 0, 0, 0, 0, HUGE])],
            ),
            limit,
        ),
        (
            "resize by sizes",
            grown(
                vec![node("Resize", "r", &["relu_out", "", "", "size"], &["grown"])],
                vec![integers("size", &[1, 6, 1 << 20, 1 << 20])],
            ),
            limit,
        ),
        (
            "resize by scales",
            grown(
                vec![node("Resize", "r", &["relu_out", "", "scales"], &["grown"])],
                vec![floats("scales", &[4], &[1.0, 1.0, 1e6, 1e6])],
            ),
            limit,
        ),
        (
            "one-hot",
            grown(
                vec![node("OneHot", "o", &["size", "depth", "ends"], &["grown"])],
                vec![one(0), scalar(integers("depth", &[HUGE])), floats("ends", &[2], &[0.0, 1.0])],
            ),
            limit,
        ),
        (
            "random numbers",
            grown(vec![ints(node("RandomNormal", "r", &[], &["grown"]), "shape", &[HUGE])], vec![]),
            limit,
        ),
        (
            "transposed convolution",
            grown(
                vec![ints(
                    ints(
                        node("ConvTranspose", "c", &["relu_out", "k"], &["grown"]),
                        "strides",
                        &[1 << 20, 1 << 20],
                    ),
                    "kernel_shape",
                    &[1, 1],
                )],
                vec![floats("k", &[6, 1, 1, 1], &[1.0; 6])],
            ),
            limit,
        ),
        (
            "padded convolution",
            grown(
                vec![ints(
                    ints(node("Conv", "c", &["relu_out", "k"], &["grown"]), "pads", &[1 << 20; 4]),
                    "kernel_shape",
                    &[1, 1],
                )],
                vec![floats("k", &[1, 6, 1, 1], &[1.0; 6])],
            ),
            limit,
        ),
        (
            "doubled sixty times",
            grown(
                (0..60)
                    .map(|at| {
                        let from = if at == 0 { "scores".to_owned() } else { format!("d{at}") };
                        let to = if at == 59 { "grown".to_owned() } else { format!("d{}", at + 1) };
                        int(node("Concat", &format!("n{at}"), &[&from, &from], &[&to]), "axis", 1)
                    })
                    .collect(),
                vec![],
            ),
            limit,
        ),
        (
            "rows times columns",
            grown(
                vec![
                    node("Expand", "r", &["one", "rows"], &["row"]),
                    node("Expand", "c", &["one", "columns"], &["column"]),
                    node("Mul", "m", &["row", "column"], &["grown"]),
                ],
                vec![
                    floats("one", &[1, 1], &[1.0]),
                    integers("rows", &[1 << 20, 1]),
                    integers("columns", &[1, 1 << 20]),
                ],
            ),
            limit,
        ),
        (
            "product of two lines",
            grown(
                vec![
                    node("Expand", "r", &["one", "rows"], &["row"]),
                    node("Expand", "c", &["one", "columns"], &["column"]),
                    node("MatMul", "m", &["row", "column"], &["grown"]),
                ],
                vec![
                    floats("one", &[1, 1], &[1.0]),
                    integers("rows", &[1 << 20, 1]),
                    integers("columns", &[1, 1 << 20]),
                ],
            ),
            limit,
        ),
        (
            "many that live at once",
            {
                let mut nodes: Vec<NodeProto> = (0..40)
                    .map(|at| {
                        node("Expand", &format!("e{at}"), &["one", "size"], &[&format!("v{at}")])
                    })
                    .collect();
                let names: Vec<String> = (0..40).map(|at| format!("v{at}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                nodes.push(node("Sum", "sum", &names, &["grown"]));
                grown(nodes, vec![floats("one", &[1], &[1.0]), one(1 << 26)])
            },
            &["at once", "are allowed"],
        ),
        (
            "a computed size",
            grown(
                vec![
                    node("Shape", "s", &["relu_out"], &["shape"]),
                    int(node("Cast", "f", &["shape"], &["floats"]), "to", 1),
                    node("Mul", "m", &["floats", "factor"], &["more"]),
                    int(node("Cast", "i", &["more"], &["size"]), "to", 7),
                    node("ConstantOfShape", "c", &["size"], &["grown"]),
                ],
                vec![floats("factor", &[1], &[1e5])],
            ),
            limit,
        ),
        (
            "a size of pixels",
            grown(
                vec![
                    int(node("ReduceMax", "m", &["image"], &["most"]), "keepdims", 0),
                    node("Add", "a", &["most", "factor"], &["more"]),
                    int(node("Cast", "i", &["more"], &["size"]), "to", 7),
                    node("ConstantOfShape", "c", &["size"], &["grown"]),
                ],
                vec![floats("factor", &[1], &[1e15])],
            ),
            &["only known during a run"],
        ),
        (
            "a size behind a branch",
            grown(
                vec![
                    int(node("ReduceMax", "m", &["image"], &["most"]), "keepdims", 0),
                    int(node("Cast", "b", &["most"], &["yes"]), "to", 9),
                    {
                        let branch = |size: &str, out: &str| GraphProto {
                            node: vec![node("Expand", out, &["one", size], &[out])],
                            name: Some(out.to_owned()),
                            output: vec![value(out, data_type::FLOAT, &[None])],
                            ..GraphProto::default()
                        };
                        let choose = node("If", "if", &["yes"], &["chosen"]);
                        let choose =
                            with_graph(choose, "then_branch", branch("small", "small_out"));
                        with_graph(choose, "else_branch", branch("large", "large_out"))
                    },
                    node("Mul", "square", &["chosen", "column"], &["grown"]),
                ],
                vec![
                    floats("one", &[1], &[1.0]),
                    integers("small", &[1]),
                    integers("large", &[1 << 20]),
                    floats("column", &[1 << 12, 1], &vec![1.0; 1 << 12]),
                ],
            ),
            limit,
        ),
        (
            "endless loop",
            grown(
                vec![with_graph(
                    node("Loop", "l", &["", "yes", "start"], &["grown"]),
                    "body",
                    body(vec![node("Identity", "same", &["v"], &["w"])], Some(("v", "w")), None),
                )],
                vec![truth("yes"), floats("start", &[1], &[1.0])],
            ),
            &["during a run"],
        ),
        (
            "a loop of many rounds",
            grown(
                vec![with_graph(
                    node("Loop", "l", &["rounds", "yes", "start"], &["grown"]),
                    "body",
                    body(vec![node("Identity", "same", &["v"], &["w"])], Some(("v", "w")), None),
                )],
                vec![
                    scalar(integers("rounds", &[i64::MAX])),
                    truth("yes"),
                    floats("start", &[1], &[1.0]),
                ],
            ),
            &["during a run"],
        ),
        (
            "a loop that doubles",
            grown(
                vec![with_graph(
                    node("Loop", "l", &["rounds", "yes", "start"], &["grown"]),
                    "body",
                    body(
                        vec![int(node("Concat", "twice", &["v", "v"], &["w"]), "axis", 0)],
                        Some(("v", "w")),
                        None,
                    ),
                )],
                vec![
                    scalar(integers("rounds", &[50])),
                    truth("yes"),
                    floats("start", &[1], &[1.0]),
                ],
            ),
            limit,
        ),
        (
            "a loop that keeps every round",
            grown(
                vec![with_graph(
                    node("Loop", "l", &["rounds", "yes", "start"], &["last", "grown"]),
                    "body",
                    body(
                        vec![
                            node("Identity", "same", &["v"], &["w"]),
                            node("Expand", "wide", &["v", "size"], &["scanned"]),
                        ],
                        Some(("v", "w")),
                        Some("scanned"),
                    ),
                )],
                vec![
                    scalar(integers("rounds", &[2000])),
                    truth("yes"),
                    floats("start", &[1], &[1.0]),
                    one(1 << 24),
                ],
            ),
            limit,
        ),
        (
            "hours of multiplications",
            grown(
                vec![
                    node("Expand", "r", &["one", "size"], &["square"]),
                    node("MatMul", "m", &["square", "square"], &["grown"]),
                ],
                vec![floats("one", &[1, 1], &[1.0]), integers("size", &[28_000, 28_000])],
            ),
            &["steps of computation"],
        ),
        (
            "a weight without its elements",
            grown(
                vec![node("Identity", "i", &["w"], &["grown"])],
                vec![TensorProto { dims: vec![HUGE], ..floats("w", &[1], &[1.0]) }],
            ),
            &["'w'"],
        ),
        (
            "a constant without its elements",
            {
                let mut constant = node("Constant", "c", &[], &["grown"]);
                constant.attribute.push(AttributeProto {
                    name: Some("value".to_owned()),
                    r#type: Some(attribute_type::TENSOR),
                    t: Some(TensorProto { dims: vec![1 << 30], ..floats("c", &[1], &[1.0]) }),
                    ..AttributeProto::default()
                });
                grown(vec![constant], vec![])
            },
            &["'grown'"],
        ),
        (
            "a sparse constant",
            {
                let mut constant = node("Constant", "c", &[], &["grown"]);
                constant.attribute.push(AttributeProto {
                    name: Some("sparse_value".to_owned()),
                    r#type: Some(11),
                    sparse_tensor: Some(sparse(vec![HUGE])),
                    ..AttributeProto::default()
                });
                grown(vec![constant], vec![])
            },
            limit,
        ),
    ];
    let mut stored = grown(vec![node("Identity", "i", &["grown"], &["other"])], vec![]);
    graph_of(&mut stored).sparse_initializer = vec![sparse(vec![1 << 20, 1 << 20])];
    all.push(("a sparse weight", stored, limit));
    let mut functions = grown(vec![], vec![]);
    functions.functions = (0..24).map(doubling).collect();
    functions
        .opset_import
        .push(OperatorSetIdProto { domain: Some("local".to_owned()), version: Some(1) });
    let mut call = node("F0", "call", &["scores"], &["grown"]);
    call.domain = Some("local".to_owned());
    let graph = graph_of(&mut functions);
    let at = graph.node.iter().position(|node| node.name() == "floats").unwrap();
    graph.node.insert(at, call);
    all.push(("functions that call two others each", functions, &["call each other too often"]));
    all.push(("a chain that no engine takes", chain(60_000), &["nodes"]));
    all.push(("branches beyond what the format holds", nested(60), &["no ONNX model"]));
    all
}

/// A function that calls the next one twice.
fn doubling(at: usize) -> FunctionProto {
    let call = |from: &str, to: &str| {
        let mut call = node(&format!("F{}", at + 1), to, &[from], &[to]);
        call.domain = Some("local".to_owned());
        call
    };
    let nodes = match at {
        23 => vec![node("Relu", "r", &["x"], &["y"])],
        _ => vec![call("x", "middle"), call("middle", "y")],
    };
    FunctionProto {
        name: Some(format!("F{at}")),
        domain: Some("local".to_owned()),
        input: vec!["x".to_owned()],
        output: vec!["y".to_owned()],
        node: nodes,
        opset_import: vec![
            OperatorSetIdProto { domain: None, version: Some(17) },
            OperatorSetIdProto { domain: Some("local".to_owned()), version: Some(1) },
        ],
        ..FunctionProto::default()
    }
}

/// Odd files that run all the same.
fn accepted() -> Vec<(&'static str, ModelProto)> {
    vec![
        ("a chain of 3 000", chain(3_000)),
        ("a chain of 20 000", chain(20_000)),
        ("twenty branches in each other", nested(20)),
        (
            "a loop of some rounds",
            grown(
                vec![with_graph(
                    node("Loop", "l", &["rounds", "yes", "start"], &["grown"]),
                    "body",
                    body(vec![node("Add", "more", &["v", "v"], &["w"])], Some(("v", "w")), None),
                )],
                vec![scalar(integers("rounds", &[3])), truth("yes"), floats("start", &[1], &[1.0])],
            ),
        ),
    ]
}

fn sized() -> Overrides {
    // The size that a hostile file declares is taken from it.
    Overrides::default()
}

fn write(folder: &Path, name: &str, model: &ModelProto) -> std::path::PathBuf {
    let file = folder.join(format!("{}.onnx", name.replace(' ', "-")));
    std::fs::write(&file, model.encode_to_vec()).unwrap();
    file
}

#[test]
fn files_that_ask_for_too_much_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, model, words) in refused() {
        let file = write(folder.path(), name, &model);
        for engine in engines() {
            let begun = Instant::now();
            let errors = [
                Classifier::open(&file, &sized(), engine).map(|_| ()),
                Encoder::open(&file, &sized(), engine).map(|_| ()),
            ];
            for found in errors {
                let Err(error) = found else {
                    wrong.push(format!("{name}, {engine}: opened"));
                    continue;
                };
                let message = error.to_string();
                let named = message.contains(&file.display().to_string())
                    && matches!(
                        error,
                        ModelError::Onnx(OnnxError::Limit { .. }) | ModelError::Invalid { .. }
                    );
                if !named || !words.iter().all(|word| message.contains(word)) {
                    wrong.push(format!("{name}, {engine}: {message}"));
                }
            }
            // A model that is only looked at is refused as well, or described without being run.
            let _ = Description::read(&file, &sized(), engine);
            if begun.elapsed() > Duration::from_secs(20) {
                wrong.push(format!("{name}, {engine}: {:?}", begun.elapsed()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn odd_files_within_the_limits_run() {
    let folder = tempfile::tempdir().unwrap();
    for (name, model) in accepted() {
        let file = write(folder.path(), name, &model);
        for engine in engines() {
            let begun = Instant::now();
            let classifier = Classifier::open(&file, &sized(), engine)
                .unwrap_or_else(|error| panic!("{name}, {engine}: {error}"));
            assert_eq!(classifier.outputs(), CLASSES, "{name}");
            classifier.forward(&vec![0.5; 3 * 16 * 16], false).unwrap();
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(100), "{name}, {engine}: {took:?}");
        }
    }
}

/// The limit is the caller's: the same file runs, or not.
#[test]
fn limits_are_the_callers() {
    let folder = tempfile::tempdir().unwrap();
    let model = grown(
        vec![node("Expand", "e", &["one", "size"], &["grown"])],
        vec![floats("one", &[1], &[1.0]), integers("size", &[1 << 20])],
    );
    let file = write(folder.path(), "four-mebibytes", &model);
    let within = |memory: u64| {
        let limits = Limits { memory, ..Limits::DEFAULT };
        Classifier::open(&file, &Overrides { limits, ..sized() }, EngineKind::Rten).map(|_| ())
    };
    let message = within(1 << 20).unwrap_err().to_string();
    assert!(message.contains("takes 4.0 MiB where 1.0 MiB are allowed"), "{message}");
    within(64 << 20).unwrap();
    // Sizes of pixels are run where somebody says so.
    let model = grown(
        vec![
            int(node("ReduceMax", "m", &["image"], &["most"]), "keepdims", 0),
            node("Add", "a", &["most", "factor"], &["more"]),
            int(node("Cast", "i", &["more"], &["size"]), "to", 7),
            node("ConstantOfShape", "c", &["size"], &["grown"]),
        ],
        vec![floats("factor", &[1], &[3.0])],
    );
    let file = write(folder.path(), "pixels", &model);
    assert!(Classifier::open(&file, &sized(), EngineKind::Rten).is_err());
    let all = Overrides { limits: Limits::NONE, ..sized() };
    Classifier::open(&file, &all, EngineKind::Rten).unwrap();
}

/// Every model here that is no attack stays within the limits, and what is known of its values is what a run shows.
#[test]
fn honest_models_are_walked_to_the_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for part in ["cam", "inputs", "text/clip", "text/siglip", "text/blip", "text/vit-gpt2"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "onnx") {
                let graph = rightly_onnx::Graph::load(&path).unwrap();
                graph.check_limits().unwrap_or_else(|error| panic!("{error}"));
                seen += 1;
            }
        }
    }
    assert!(seen > 25, "{seen}");
}

#[test]
#[ignore = "leaves the files in target/hostile, for trials of the binary"]
fn the_files_for_trials_of_the_binary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/hostile");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, model, _) in refused() {
        write(&folder, name, &model);
    }
    for (name, model) in accepted() {
        write(&folder, name, &model);
    }
    let _ = model(17, GraphProto::default());
}

/// What is drawn is another answer each time.
#[test]
fn random_operators_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let like = |name: &str| node("RandomNormalLike", name, &["one"], &["grown"]);
    let model = grown(vec![like("noise")], vec![floats("one", &[1], &[1.0])]);
    let file = write(folder.path(), "noisy", &model);
    for engine in engines() {
        let error = Classifier::open(&file, &sized(), engine).unwrap_err().to_string();
        assert!(error.contains("RandomNormalLike 'noise' draws random numbers"), "{error}");
    }
}
