//! Image inputs of other element types than single precision.
//!
//! Floats of any width are computed in single precision ([`Graph::for_evaluation`]). Whole numbers stay what the graph
//! declares: the input becomes one of floats, whose values are rounded, brought into the type's range and cast, so that
//! every engine and every layer above sees the declared type.
use super::prepare::ImageInput;
use crate::{Graph, ModelError};
use ndarray::arr0;
use rightly_data::Preprocess;
use rightly_onnx::graph::proto::{AttributeProto, NodeProto, TensorProto, data_type};
use std::path::Path;

/// Fewest whole numbers between black and white: below, most of a picture is lost to rounding.
const FEWEST_LEVELS: f32 = 16.0;

/// Smallest and largest value of an integer type that pixels can be given in.
fn range(kind: i32) -> Option<[f32; 2]> {
    match kind {
        data_type::UINT8 => Some([0.0, 255.0]),
        data_type::INT8 => Some([-128.0, 127.0]),
        data_type::UINT16 => Some([0.0, 65_535.0]),
        data_type::INT16 => Some([-32_768.0, 32_767.0]),
        // The largest floats that fit; no picture comes near.
        data_type::INT32 | data_type::INT64 => Some([-2_147_483_520.0, 2_147_483_520.0]),
        data_type::UINT32 | data_type::UINT64 => Some([0.0, 2_147_483_520.0]),
        _ => None,
    }
}

fn is_float(kind: i32) -> bool {
    use data_type::{BFLOAT16, DOUBLE, FLOAT, FLOAT16};
    [FLOAT, FLOAT16, BFLOAT16, DOUBLE].contains(&kind)
}

/// Refuses an input of a type that takes no pixels.
pub(super) fn check_type(graph: &Graph, name: &str, kind: i32) -> Result<(), ModelError> {
    // An undefined type is left to the engine.
    if kind == 0 || is_float(kind) || range(kind).is_some() {
        return Ok(());
    }
    Err(graph
        .invalid(format!(
            "input '{name}' takes {}, expected pixels: floats or whole numbers of 8 to 64 bits",
            data_type::name(kind)
        ))
        .into())
}

/// Whether pixels enter as whole numbers.
pub(crate) fn is_whole(kind: i32) -> bool {
    range(kind).is_some()
}

/// Scale and mean that are assumed for whole numbers where no card says them: 0..255, or -128..127 for signed bytes.
pub(crate) fn whole_scale(kind: i32) -> ([f32; 2], &'static str) {
    if kind == data_type::INT8 {
        ([255.0, 128.0], "pixels - 128, so -128..127, no deviation")
    } else {
        ([255.0, 0.0], "pixels as they are, 0..255, no mean or deviation")
    }
}

/// A sentence on what becomes of pixels before they enter, and an error where little would be left of them.
pub(crate) fn note(
    input: &ImageInput,
    preprocess: &Preprocess,
    path: &Path,
) -> Result<Option<String>, ModelError> {
    let Some([low, high]) = range(input.kind) else { return Ok(None) };
    let kind = data_type::name(input.kind);
    for channel in 0..3 {
        let (mean, std) = (preprocess.mean[channel], preprocess.std[channel]);
        let ends = [0.0, preprocess.scale].map(|value| (value - mean) / std);
        let (black, white) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let fits = black >= low - 0.5 && white <= high + 0.5 && white - black >= FEWEST_LEVELS;
        if !fits {
            return Err(ModelError::Invalid {
                path: path.to_owned(),
                message: format!(
                    "input '{}' takes {kind} ({low} to {high}), but the preprocessing makes values from {black} to \
                     {white}, which would be lost by rounding; for pixels as they are set scale = 255.0, \
                     mean = [0.0, 0.0, 0.0], std = [1.0, 1.0, 1.0] in [preprocess]",
                    input.name
                ),
            });
        }
    }
    Ok(Some(format!(
        "input: '{}' takes {kind}; values are rounded to whole numbers before they enter",
        input.name
    )))
}

/// The graph with an input of floats where it has one of whole numbers.
pub(super) fn with_floats(graph: &Graph, input: &ImageInput) -> Result<Graph, ModelError> {
    let Some([low, high]) = range(input.kind) else { return Ok(graph.clone()) };
    let mut graph = graph.clone();
    let [floats, shifted, rounded, raised, bounded, whole] =
        ["", ".shifted", ".rounded", ".raised", ".bounded", ".whole"]
            .map(|part| format!("{}{part}", input.name));
    let [half, low, high] = [("half", 0.5), ("low", low), ("high", high)].map(|(part, value)| {
        TensorProto::from_f32(&format!("{}.{part}", input.name), &arr0(value).into_dyn())
    });
    let new = [&shifted, &rounded, &raised, &bounded, &whole];
    let taken = new.into_iter().find(|name| graph.has_value(name));
    if let Some(name) = taken {
        return Err(graph
            .invalid(format!("the graph has a value '{name}' beside its input"))
            .into());
    }
    graph.rename_reads(&input.name, &whole);
    let to = AttributeProto::int("to", i64::from(input.kind));
    // `Round` came with operator set 11.
    let mut nodes = vec![
        NodeProto::of("Add", &[&floats, half.name()], &shifted, Vec::new()),
        NodeProto::of("Floor", &[&shifted], &rounded, Vec::new()),
        NodeProto::of("Max", &[&rounded, low.name()], &raised, Vec::new()),
        NodeProto::of("Min", &[&raised, high.name()], &bounded, Vec::new()),
        NodeProto::of("Cast", &[&bounded], &whole, vec![to]),
    ];
    for tensor in [half, low, high] {
        graph.add_initializer(tensor)?;
    }
    graph.set_input_type(&input.name, data_type::FLOAT);
    let proto = graph.proto_mut();
    nodes.append(&mut proto.node);
    proto.node = nodes;
    Ok(graph)
}
