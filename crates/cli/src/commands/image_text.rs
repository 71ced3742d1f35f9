//! `rightly model DIR` of an image-text model: how the pair is read, and what it makes of a few pictures.

use std::collections::BTreeMap;

use anyhow::bail;
use rightly::InputOptions;
use rightly_data::{Planes, dataset::Sample};
use rightly_model::{EngineKind, ImageTextModel, text::image_text::unit};
use serde::Serialize;

use crate::{
    args::{DataFormat, ModelArgs},
    options,
    output::{self, visible},
};

/// Pictures that are held against texts.
const PICTURES: usize = 12;

/// What is printed.
#[derive(Serialize)]
struct Shown {
    vision: String,
    text: String,
    tokenizer: String,
    engine: &'static str,
    dim: usize,
    context: usize,
    input: [usize; 2],
    preprocessing: String,
    templates: Vec<String>,
    logit_scale: f32,
    logit_bias: f32,
    knows: Vec<String>,
    notes: Vec<String>,
    texts: Vec<String>,
    pictures: Vec<Scored>,
}

/// A picture with its scores, one for each text.
#[derive(Serialize)]
struct Scored {
    image: String,
    class: String,
    cosines: Vec<f32>,
    /// Of the logits' softmax over the texts.
    probabilities: Vec<f64>,
}

pub(super) fn run(args: &ModelArgs) -> anyhow::Result<()> {
    let texts: Vec<String> =
        args.tried.iter().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
    match (&args.data, texts.len()) {
        (Some(_), 0) => bail!("--data: nothing is held against its pictures; give --try TEXT,TEXT"),
        (None, 1..) => {
            bail!("--try: there are no pictures to hold texts against; give --data DATA")
        }
        (Some(_), 1) => {
            bail!("--try: one text has no rival; give two or more, such as --try red,blue")
        }
        _ => {}
    }
    let overrides = options::overrides(&args.card)?;
    let engine = args.card.engine.named().unwrap_or(EngineKind::Rten);
    let model = ImageTextModel::open(&args.model, &overrides, engine)?;
    let pictures = match &args.data {
        Some(data) => scored(&model, data, &texts)?,
        None => Vec::new(),
    };
    let image = model.image();
    let preprocessing = toml::to_string(image.preprocess())?;
    let shown = Shown {
        vision: image.path().display().to_string(),
        text: model.text_path().display().to_string(),
        tokenizer: model.tokenizer().path().display().to_string(),
        engine: engine.name(),
        dim: model.dim(),
        context: model.context(),
        input: image.input_size(),
        preprocessing: preprocessing
            .lines()
            .filter(|l| !l.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        templates: model.templates().to_vec(),
        logit_scale: model.logit_scale(),
        logit_bias: model.logit_bias(),
        knows: model.knows().to_vec(),
        notes: model.notes().to_vec(),
        texts,
        pictures,
    };
    let text = match args.format {
        DataFormat::Json => output::json(&shown)?,
        DataFormat::Table => table(&shown),
    };
    output::print(&text)
}

/// A few pictures of the data, of every class in turn, against the texts.
fn scored(model: &ImageTextModel, data: &str, texts: &[String]) -> anyhow::Result<Vec<Scored>> {
    let options = InputOptions::new(model.image().path(), data);
    let dataset = options.open_dataset()?;
    let vectors = model.embed_names(texts, 1)?;
    let (encoder, decode) = (model.image(), options.decode_options());
    let mut out = Vec::new();
    for sample in spread(&dataset.samples) {
        if out.len() == PICTURES {
            break;
        }
        let decoded = match sample.image.load(&decode) {
            Ok(decoded) => decoded,
            Err(error) => {
                output::say(&format!("{}: {error}; left out", visible(&sample.id)));
                continue;
            }
        };
        let preprocess = encoder.preprocess();
        let crop = preprocess.crop_image(&decoded.image);
        let vector = encoder.encode(&preprocess.normalise(&Planes::from(&crop)), false)?.vector;
        let Some(vector) = unit(&vector) else {
            output::say(&format!("{}: its embedding is zero or not finite", visible(&sample.id)));
            continue;
        };
        let cosine = |text: usize| -> f32 {
            vectors.row(text).iter().zip(&vector).map(|(a, b)| a * b).sum()
        };
        let cosines: Vec<f32> = (0..texts.len()).map(cosine).collect();
        let (scale, bias) = (f64::from(model.logit_scale()), f64::from(model.logit_bias()));
        let logits: Vec<f64> = cosines.iter().map(|&c| f64::from(c) * scale + bias).collect();
        out.push(Scored {
            image: sample.id.clone(),
            class: dataset.classes[sample.class].clone(),
            cosines,
            probabilities: softmax(&logits),
        });
    }
    if out.is_empty() {
        bail!("--data {data}: none of its pictures could be used");
    }
    Ok(out)
}

/// Samples of every class in turn.
fn spread(samples: &[Sample]) -> Vec<&Sample> {
    let mut seen = BTreeMap::<usize, usize>::new();
    let mut order: Vec<(usize, usize, &Sample)> = Vec::with_capacity(samples.len());
    for (at, sample) in samples.iter().enumerate() {
        let place = seen.entry(sample.class).or_default();
        order.push((*place, at, sample));
        *place += 1;
    }
    order.sort_by_key(|&(place, at, _)| (place, at));
    order.into_iter().map(|(_, _, sample)| sample).collect()
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all: Vec<f64> = logits.iter().map(|v| (v - most).exp()).collect();
    let sum: f64 = all.iter().sum();
    all.into_iter().map(|v| v / sum).collect()
}

fn table(shown: &Shown) -> String {
    let list = |of: &[String]| if of.is_empty() { "none stated".to_owned() } else { of.join("; ") };
    let [height, width] = shown.input;
    let rows = [
        ("picture's tower", shown.vision.clone()),
        ("text tower", shown.text.clone()),
        ("tokenizer", shown.tokenizer.clone()),
        ("engine", shown.engine.to_owned()),
        ("vectors", format!("{} numbers", shown.dim)),
        ("texts", format!("up to {} tokens", shown.context)),
        ("pictures", format!("{height} x {width}")),
        ("preprocessing", shown.preprocessing.clone()),
        ("sentences", list(&shown.templates)),
        ("logits", format!("cosine x {} + {}", shown.logit_scale, shown.logit_bias)),
        ("knows", list(&shown.knows)),
    ];
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text: String =
        rows.iter().map(|(name, value)| format!("{name:width$}  {}\n", visible(value))).collect();
    for note in &shown.notes {
        text += &format!("note: {}\n", visible(note));
    }
    if shown.pictures.is_empty() {
        return text;
    }
    let head = ["image", "class"].map(str::to_owned).into_iter();
    let mut rows = vec![head.chain(shown.texts.iter().map(|t| visible(t).to_string())).collect()];
    for picture in &shown.pictures {
        let scores = picture.cosines.iter().zip(&picture.probabilities);
        let scores = scores.map(|(cosine, p)| format!("{cosine:.3} ({:.0} %)", 100.0 * p));
        let own = [visible(&picture.image).to_string(), visible(&picture.class).to_string()];
        rows.push(own.into_iter().chain(scores).collect::<Vec<String>>());
    }
    text += "\ncosine of picture and text (share of the softmax over these texts)\n";
    text + &output::table(&rows)
}
