//! Which input, which output, which size: decisions before anything runs.
use super::pixels;
use crate::{Graph, ModelError};
use rightly_onnx::graph::node::{Dim, ValueSpec};

/// The image input.
#[derive(Debug, Clone)]
pub(crate) struct ImageInput {
    pub(crate) name: String,
    pub(crate) nhwc: bool,
    /// `[H, W]` where the graph fixes it.
    pub(crate) size: Option<[usize; 2]>,
    /// The batch where the graph fixes it.
    pub(crate) batch: Option<usize>,
    /// Element type that it declares; 0 where it declares none.
    pub(crate) kind: i32,
}

impl ImageInput {
    pub(crate) fn shape(&self, batch: usize, [height, width]: [usize; 2]) -> [usize; 4] {
        if self.nhwc { [batch, height, width, 3] } else { [batch, 3, height, width] }
    }
}

fn listed(specs: &[ValueSpec]) -> String {
    specs.iter().map(ValueSpec::describe).collect::<Vec<_>>().join("; ")
}

pub(crate) fn image_input(
    graph: &Graph,
    name: Option<&str>,
    layout: Option<&str>,
) -> Result<ImageInput, ModelError> {
    let inputs = graph.inputs();
    let spec = match name {
        Some(name) => inputs.iter().find(|input| input.name == name).ok_or_else(|| {
            graph.invalid(format!("the model has no input '{name}'; it has {}", listed(&inputs)))
        })?,
        None if inputs.len() == 1 => &inputs[0],
        None => {
            return Err(graph.invalid(format!(
                "the model has {} inputs, expected one that takes the image: {}; name it with 'input' in the card or \
                 --input",
                inputs.len(),
                listed(&inputs)
            )).into());
        }
    };
    if inputs.len() > 1 {
        return Err(graph.invalid(format!(
            "besides the image '{}' the model wants further inputs: {}; a classifier that takes images alone is needed",
            spec.name,
            listed(&inputs)
        )).into());
    }
    let kind = spec.elem_type.unwrap_or(0);
    pixels::check_type(graph, &spec.name, kind)?;
    let dims = spec.shape.clone().unwrap_or_else(|| vec![Dim::Unknown; 4]);
    let [batch, a, b, c] = dims.as_slice() else {
        return Err(graph.invalid(format!(
            "input {} has {} dimensions, expected an image: [batch, 3, H, W] or [batch, H, W, 3]",
            spec.describe(),
            dims.len()
        )).into());
    };
    let nhwc = match layout {
        Some("nchw") => false,
        Some("nhwc") => true,
        Some(other) => {
            return Err(graph
                .invalid(format!("layout is '{other}', expected nchw or nhwc"))
                .into());
        }
        None => c.fixed() == Some(3) && a.fixed() != Some(3),
    };
    let (channels, height, width) = if nhwc { (c, a, b) } else { (a, b, c) };
    if channels.fixed().is_some_and(|channels| channels != 3) {
        return Err(graph.invalid(format!(
            "input {} has {channels} channels as {}, expected 3 (colour images); 'layout' says where they lie",
            spec.describe(),
            if nhwc { "nhwc" } else { "nchw" }
        )).into());
    }
    let size = height.fixed().zip(width.fixed()).map(|(height, width)| [height, width]);
    Ok(ImageInput { name: spec.name.clone(), nhwc, size, batch: batch.fixed(), kind })
}

/// The output that holds logits or probabilities, with a note where it was guessed.
pub(crate) fn class_output(
    graph: &Graph,
    name: Option<&str>,
) -> Result<(String, Option<String>), ModelError> {
    let outputs = graph.outputs();
    if let Some(name) = name {
        return if graph.has_value(name) {
            Ok((name.to_owned(), None))
        } else {
            Err(graph.no_value(name).into())
        };
    }
    if let [output] = outputs.as_slice() {
        return Ok((output.name.clone(), None));
    }
    let said = |name: &str| {
        Some(format!(
            "outputs: the model has {} ({}); '{name}' is taken for the logits, 'logits' in the card or --logits names \
             another",
            outputs.len(),
            listed(&outputs)
        ))
    };
    let named = ["logits", "output", "probs", "probabilities"];
    if let Some(output) =
        named.iter().find_map(|name| outputs.iter().find(|output| output.name == *name))
    {
        return Ok((output.name.clone(), said(&output.name)));
    }
    let flat: Vec<&ValueSpec> = outputs
        .iter()
        .filter(|output| output.shape.as_ref().is_some_and(|shape| shape.len() == 2))
        .collect();
    match flat.as_slice() {
        [output] => Ok((output.name.clone(), said(&output.name))),
        _ => Err(graph.invalid(format!(
            "the model has {} outputs: {}; name the one that holds the logits with 'logits' in the card or --logits",
            outputs.len(),
            listed(&outputs)
        )).into()),
    }
}

/// `[H, W]` that enters the model: what the graph fixes and what the preprocessing gives have to agree.
pub(crate) fn input_size(
    graph: &Graph,
    fixed: Option<[usize; 2]>,
    made: Option<[usize; 2]>,
) -> Result<[usize; 2], ModelError> {
    match (fixed, made) {
        (Some(fixed), Some(made)) if fixed != made => Err(graph.invalid(format!(
            "the model takes images of {} x {}, the preprocessing makes {} x {}; set crop (or resize) to the model's size",
            fixed[0], fixed[1], made[0], made[1]
        )).into()),
        (Some([height, width]), None) => Err(graph.invalid(format!(
            "the model takes images of {height} x {width}, the preprocessing makes images of any size; add crop = \
             [{height}, {width}], or resize = {{ exact = [{height}, {width}] }}"
        )).into()),
        (None, None) => Err(graph.invalid(
            "neither the model nor the preprocessing fixes the image's size; add crop (or resize = { exact = [H, W] })",
        ).into()),
        (_, Some([0, _] | [_, 0])) => Err(graph.invalid("the preprocessing makes images of no size").into()),
        (_, Some(size)) => Ok(size),
    }
}
