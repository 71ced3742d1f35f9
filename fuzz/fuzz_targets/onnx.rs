//! An ONNX file, and what is done with its graph before an engine runs it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_fuzz::folder;
use rightly_onnx::Graph;

fuzz_target!(|bytes: &[u8]| {
    let path = folder().join("fuzzed.onnx");
    let Ok(graph) = Graph::from_bytes(bytes, &path) else { return };
    let again = Graph::from_bytes(&graph.to_bytes(), &path).unwrap();
    assert_eq!(again.to_bytes(), graph.to_bytes());
    look(&graph);
    if let Ok(evaluation) = graph.for_evaluation() {
        look(&evaluation);
    }
});

fn look(graph: &Graph) {
    let _ = (graph.inputs(), graph.producer(), graph.other_opsets(), graph.parameters());
    let flow = graph.flow();
    let mut shapes = std::collections::HashMap::new();
    for name in graph.nodes().flat_map(|node| node.outputs()) {
        let _ = (flow.of(name), graph.constant_f32(name), graph.constant_i64(name));
        let _ = graph.value_shape(name);
        shapes.insert(name.clone(), vec![1, 3, 4, 4]);
    }
    for output in graph.outputs() {
        let name = output.name.as_str();
        let _ = (output.describe(), graph.softmax_input(name), graph.cut(&[], &[name]));
        for layer in graph.tappable(name, &shapes) {
            let mut tapped = graph.clone();
            let _ = tapped.add_output(&layer.name);
            let _ = graph.cut_above(&layer.name, &[name]);
        }
        let _ = (graph.guess_cam_layer(name, &shapes), graph.guess_feature_layer(name, &shapes));
    }
}
