//! Trained towers as the files of a CLIP export.
use super::text::{EPSILON, TextShape};
use super::vocabulary::{PAD, Vocabulary};
use super::{Scenes, TowerOptions};
use crate::TrainError;
use crate::data::Normaliser;
use crate::export::{batch, model, named_graph, size, tensor, value};
use crate::net::{Net, download};
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{ArrayD, IxDyn};
use rightly_data::Preprocess;
use rightly_data::files::write_whole;
use rightly_model::text::{TextCard, image_text::unit};
use rightly_model::{EngineKind, Graph, ImageTextModel, Overrides};
use rightly_onnx::graph::proto::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type};
use serde::Serialize;
use std::path::Path;

/// Largest difference of a number of a unit vector.
const ALLOWED: f64 = 1e-4;
/// Scenes that an export is checked on.
const CHECKED: usize = 16;
const VISION: &str = "vision_model.onnx";
const TEXT: &str = "text_model.onnx";
const TOKENIZER: &str = "tokenizer.json";
const CARD: &str = "vision_model.toml";
/// Sentences that a name is put into.
const TEMPLATES: [&str; 3] = ["{}", "a photo of {}", "a picture of {}"];
/// Kinds of the list of phrases of which more than eight in ten values are told apart on scenes that were not trained on
/// (`measured.json`).
const KNOWS: [&str; 3] = ["colours and patterns", "places", "light"];

/// Both towers after training.
pub(crate) struct Towers {
    pub(crate) net: Net,
    pub(crate) shape: TextShape,
    /// Weights in the order of [`TextShape::init`].
    pub(crate) text: Vec<Tensor<1>>,
    pub(crate) vocabulary: Vocabulary,
    /// What cosines are multiplied by.
    pub(crate) logit_scale: f32,
    pub(crate) device: Device,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    /// Of all files.
    pub(crate) bytes: usize,
    /// Largest difference from the trainer's forward pass.
    pub(crate) difference: f64,
}

/// The card beside the picture's tower.
#[derive(Serialize)]
struct TowerCard {
    input: &'static str,
    layout: &'static str,
    feature_layer: &'static str,
    preprocess: Preprocess,
    text: TextCard,
}

/// Writes the files into `out`, after the same files elsewhere were found to compute what was trained.
pub(crate) fn write(
    towers: &Towers,
    scenes: &Scenes,
    options: &TowerOptions,
    out: &Path,
) -> Result<Written, TrainError> {
    let card = toml::to_string(&card(towers, options))
        .map_err(|error| TrainError::Data(format!("the card can't be written: {error}")))?;
    let weights = towers.net.weights();
    let names = ["pixel_values", "image_embeds"];
    let network = &towers.net.network;
    let vision = named_graph(network, &weights, [options.side; 2], true, names, Path::new(VISION))?;
    let files = [
        (VISION, vision.to_bytes()),
        (TEXT, text_graph(towers, options.context)?.to_bytes()),
        (TOKENIZER, towers.vocabulary.tokenizer()?.into_bytes()),
        (CARD, card.into_bytes()),
    ];
    let work = out.join(".train");
    let save = |folder: &Path| -> Result<(), TrainError> {
        std::fs::create_dir_all(folder).map_err(TrainError::io(folder))?;
        files.iter().try_for_each(|(name, bytes)| Ok(write_whole(&folder.join(name), bytes)?))
    };
    save(&work)?;
    let difference = difference(towers, scenes, options, &work);
    std::fs::remove_dir_all(&work).map_err(TrainError::io(&work))?;
    let difference = difference?;
    // A difference that is no number must not pass.
    if difference.is_nan() || difference > ALLOWED {
        return Err(TrainError::Export { found: difference, allowed: ALLOWED });
    }
    save(out)?;
    Ok(Written { bytes: files.iter().map(|(_, bytes)| bytes.len()).sum(), difference })
}

fn card(towers: &Towers, options: &TowerOptions) -> TowerCard {
    TowerCard {
        input: "pixel_values",
        layout: "nchw",
        feature_layer: "image_embeds",
        preprocess: options.preprocess(),
        text: TextCard {
            model: Some(TEXT.into()),
            tokenizer: Some(TOKENIZER.into()),
            context: Some(options.context),
            pad: Some(PAD.to_owned()),
            output: Some("text_embeds".to_owned()),
            normalise: Some(true),
            logit_scale: Some(towers.logit_scale),
            templates: Some(TEMPLATES.map(str::to_owned).to_vec()),
            knows: Some(KNOWS.map(str::to_owned).to_vec()),
            ..TextCard::default()
        },
    }
}

/// Largest difference of unit vectors between files and trainer, over a few scenes and their captions.
fn difference(
    towers: &Towers,
    scenes: &Scenes,
    options: &TowerOptions,
    folder: &Path,
) -> Result<f64, TrainError> {
    let found = ImageTextModel::open(folder, &Overrides::default(), EngineKind::Rten)?;
    let normaliser = Normaliser::new(&options.preprocess());
    let (set, n) = (&scenes.images, CHECKED.min(scenes.len()));
    let mut values = vec![0.0; n * set.image_len()];
    for (at, into) in values.chunks_exact_mut(set.image_len()).enumerate() {
        normaliser.image(set.image(at), into);
    }
    let [height, width] = set.size;
    let images = TensorData::new(values.clone(), [n, 3, height, width]);
    let own =
        download(&towers.net.evaluate(Tensor::from_data(images, &towers.device)).flatten(0, 1));
    let mut largest: f64 = 0.0;
    let mut compare = |own: &[f32], found: &[f32]| {
        let Some((own, found)) = unit(own).zip(unit(found)) else {
            largest = f64::NAN;
            return;
        };
        for (a, b) in own.iter().zip(found) {
            let difference = f64::from((a - b).abs());
            // `max` would drop what is no number.
            if difference.is_nan() || difference > largest {
                largest = difference;
            }
        }
    };
    let dim = towers.shape.dim;
    for (own, image) in own.chunks_exact(dim).zip(values.chunks_exact(set.image_len())) {
        compare(own, &found.image().encode(image, false)?.vector);
    }
    let texts: Vec<String> = scenes.captions.iter().take(n).flatten().cloned().collect();
    let ids: Vec<Vec<usize>> =
        texts.iter().map(|text| towers.vocabulary.ids(text, options.context)).collect();
    let bags = towers.shape.bags(&ids, &towers.device);
    let own = download(&towers.shape.embed(&towers.text, bags).flatten(0, 1));
    let vectors = found.embed_texts(&texts, 1)?;
    for (own, vector) in own.chunks_exact(dim).zip(vectors.rows()) {
        compare(own, &vector.to_vec());
    }
    Ok(largest)
}

/// The text tower: `input_ids` and `attention_mask`, both `[batch, context]`, to `text_embeds` `[batch, dim]`.
///
/// Attributes that may be left out are written, as the embedded engine wants them.
fn text_graph(towers: &Towers, context: usize) -> Result<Graph, TrainError> {
    let TextShape { words, dim, hidden } = towers.shape;
    let shapes = [vec![words, dim], vec![hidden, dim], vec![hidden], vec![dim, hidden], vec![dim]];
    let names = ["words", "hidden.weight", "hidden.bias", "out.weight", "out.bias"];
    let weights = names.iter().zip(&shapes).zip(&towers.text);
    let mut tensors: Vec<TensorProto> = weights
        .map(|((name, shape), values)| tensor(name, shape, download(values)))
        .collect::<Result<_, _>>()?;
    tensors.push(tensor("one", &[], vec![1.0])?);
    tensors.push(tensor("epsilon", &[], vec![EPSILON])?);
    for (name, axis) in [("axis_of_tokens", 1), ("axis_of_vectors", 2)] {
        tensors.push(TensorProto::from_i64(name, &ArrayD::from_elem(IxDyn(&[1]), axis)));
    }
    let int = AttributeProto::int;
    let gemm = || {
        let factor = |name| AttributeProto::float(name, 1.0);
        vec![factor("alpha"), factor("beta"), int("transA", 0), int("transB", 1)]
    };
    let keep = |keep| vec![int("keepdims", keep), int("noop_with_empty_axes", 0)];
    let mean = vec![AttributeProto::ints("axes", &[1]), int("keepdims", 1)];
    let to_float = vec![int("to", i64::from(data_type::FLOAT))];
    let node = NodeProto::of;
    let nodes = vec![
        node("Gather", &["words", "input_ids"], "tokens", vec![int("axis", 0)]),
        node("Cast", &["attention_mask"], "mask", to_float),
        node("Unsqueeze", &["mask", "axis_of_vectors"], "mask_of_vectors", vec![]),
        node("Mul", &["tokens", "mask_of_vectors"], "present", vec![]),
        node("ReduceSum", &["present", "axis_of_tokens"], "sum", keep(0)),
        node("ReduceSum", &["mask", "axis_of_tokens"], "length", keep(1)),
        node("Max", &["length", "one"], "divisor", vec![]),
        node("Div", &["sum", "divisor"], "mean", vec![]),
        node("Mul", &["mean", "mean"], "square", vec![]),
        node("ReduceMean", &["square"], "mean_square", mean),
        node("Add", &["mean_square", "epsilon"], "positive", vec![]),
        node("Sqrt", &["positive"], "root", vec![]),
        node("Div", &["mean", "root"], "normed", vec![]),
        node("Gemm", &["normed", "hidden.weight", "hidden.bias"], "hidden_sum", gemm()),
        node("Relu", &["hidden_sum"], "hidden", vec![]),
        node("Gemm", &["hidden", "out.weight", "out.bias"], "change", gemm()),
        node("Add", &["normed", "change"], "text_embeds", vec![]),
    ];
    let tokens = [batch(), size(context)];
    let parts = GraphProto {
        node: nodes,
        initializer: tensors,
        input: vec![
            value("input_ids", data_type::INT64, &tokens),
            value("attention_mask", data_type::INT64, &tokens),
        ],
        output: vec![value("text_embeds", data_type::FLOAT, &[batch(), size(dim)])],
        ..GraphProto::default()
    };
    model(parts, Path::new(TEXT))
}
