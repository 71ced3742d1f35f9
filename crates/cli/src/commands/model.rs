//! `rightly model`: what a model takes, gives, and can be tapped at.

use rightly::{
    InputOptions,
    first_look::{FirstLook, Looked, Opening},
};
use rightly_model::{
    EngineKind, Overrides,
    describe::{Description, Port},
};
use serde::Serialize;

use crate::{
    args::{DataFormat, ModelArgs},
    options,
    output::{self, visible},
};

/// What is printed: the model, and what a look at a few images showed.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    description: Description,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_look: Option<FirstLook>,
    /// Speeds, and what is not there, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<String>,
}

pub(crate) fn run(args: &ModelArgs) -> anyhow::Result<()> {
    if args.model.is_dir() {
        return super::image_text::run(args);
    }
    if !args.tried.is_empty() {
        anyhow::bail!(
            "--try: {} is one network; texts are held against pictures by an image-text model (a folder with both towers)",
            args.model.display()
        );
    }
    let overrides = options::overrides(&args.card)?;
    let engine = options::engine(args.card.engine);
    let looked = args.data.as_ref().map(|data| look(args, data, engine, &overrides)).transpose()?;
    let taken = match (&looked, args.card.engine.named()) {
        (Some(looked), _) => looked.classifier.engine(),
        (None, engine) => engine.unwrap_or(EngineKind::Rten),
    };
    let description = Description::read(&args.model, &overrides, taken)?;
    let (first_look, said) = looked.map(|l| (l.look, l.said)).unzip();
    // Without data nothing was looked at, and nothing is said.
    let shown = Shown { description, first_look, said: said.unwrap_or_default() };
    let text = match args.format {
        DataFormat::Json => output::json(&shown)?,
        DataFormat::Table => table(&shown)?,
    };
    output::print(&text)
}

/// A few images of the data through both engines.
fn look(
    args: &ModelArgs,
    data: &str,
    engine: &str,
    overrides: &Overrides,
) -> anyhow::Result<Looked> {
    let options = InputOptions::new(&args.model, data);
    let dataset = options.open_dataset()?;
    let samples: Vec<_> = dataset.samples.iter().collect();
    let opening = Opening::new(&args.model, overrides, engine)?;
    Ok(opening.look(&samples, &options.decode_options(), true)?)
}

fn ports(ports: &[Port]) -> String {
    let one = |port: &Port| {
        let shape =
            port.shape.as_ref().map_or("any shape".to_owned(), |s| format!("[{}]", s.join(", ")));
        format!("{} {} {shape}", port.name, port.kind)
    };
    ports.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn table(shown: &Shown) -> anyhow::Result<String> {
    let d = &shown.description;
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |name: &str, value: String| rows.push([name.to_owned(), value]);
    row("file", d.path.display().to_string());
    row(
        "size",
        format!("{:.1} MB, {} weights, {} nodes", d.bytes as f64 / 1e6, d.parameters, d.nodes),
    );
    row("blake3", d.hash.clone());
    let domains = d.domains.iter().map(|domain| format!(", {domain}")).collect::<String>();
    row(
        "operators",
        format!("opset {}{domains}, ir {}, from {}", d.opset, d.ir_version, d.producer),
    );
    row("inputs", ports(&d.inputs));
    row("outputs", ports(&d.outputs));
    row("layout", d.layout.clone().unwrap_or_else(|| "unknown".to_owned()));
    if let Some(logits) = &d.logits {
        let classes = d.classes.map_or(String::new(), |n| format!(", {n} classes"));
        let labels = d.labels.map_or(", no labels file".to_owned(), |n| format!(", {n} labels"));
        row("logits", format!("{logits}{classes}{labels}"));
    }
    if let Some(kind) = d.output_kind {
        row("output holds", rightly::first_look::output(kind).to_owned());
    }
    if let Some(look) = &shown.first_look {
        row("first look", look.sentence());
    }
    let layer = |l: &Option<rightly_onnx::graph::layers::Layer>| {
        l.as_ref().map_or("none found".to_owned(), |l| format!("{} ({})", l.name, l.op))
    };
    row("CAM layer", layer(&d.cam_layer));
    row("feature layer", layer(&d.feature_layer));
    row("preprocessing", format!("{} ({})", preprocessing(d)?, d.preprocess_source));
    let width = rows.iter().map(|[name, _]| name.chars().count()).max().unwrap_or(0);
    let mut text: String =
        rows.iter().map(|[name, value]| format!("{name:width$}  {}\n", visible(value))).collect();
    for note in &d.notes {
        text += &format!("note: {}\n", visible(note));
    }
    for said in &shown.said {
        text += &format!("note: {}\n", visible(said));
    }
    for warning in &d.warnings {
        text += &format!("warning: {}\n", visible(warning));
    }
    text += "\nlayers that can be tapped, from the image up\n";
    let mut layers = vec![["tensor", "operator", "shape"].map(str::to_owned).to_vec()];
    layers.extend(
        d.layers.iter().map(|l| vec![l.name.clone(), l.op.clone(), format!("{:?}", l.shape)]),
    );
    Ok(text + &output::table(&layers))
}

fn preprocessing(d: &Description) -> anyhow::Result<String> {
    let text = toml::to_string(&d.preprocess)?;
    Ok(text.lines().filter(|l| !l.is_empty()).collect::<Vec<_>>().join(", "))
}
