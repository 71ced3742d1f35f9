//! A linear head on the encoder's features, written as a model with its card, the losses of its training, and what it makes
//! of the test images.

use std::{fmt::Write as _, fs, path::Path, sync::atomic::AtomicBool};

use anyhow::Context;
use ndarray::Array2;
use rightly::workers;
use rightly_data::{
    Planes,
    pixels::{DecodeOptions, read},
};
use rightly_model::{
    Encoder, EngineKind, Overrides,
    heads::{Features, Head, HeadOptions, Optimizer, Standard, cross_entropy},
};

use super::{
    Options, dynamics_file, model_file, outcomes_file,
    pictures::{Picture, Plan, SIDE},
};

const EPOCHS: usize = 20;

pub(super) fn train(
    options: &Options,
    seed: u64,
    plan: &Plan,
    folder: &Path,
) -> anyhow::Result<()> {
    let file = model_file(folder);
    if file.is_file() {
        return Ok(());
    }
    // The pictures have the size of the input: nothing is cut off, the mark stays where it is.
    let geometry = Overrides {
        resize: Some(format!("exact={SIDE}x{SIDE}")),
        crop: Some(SIDE.to_string()),
        ..Overrides::default()
    };
    let encoder = Encoder::open(&options.data.join(&options.encoder), &geometry, EngineKind::Rten)?;
    let of = |split: &str| -> Vec<&Picture> {
        plan.pictures.iter().filter(|p| p.split == split).collect()
    };
    let (train, val) = (of("train"), of("val"));
    let standard = Standard::of(encode(&encoder, plan, &train)?.view());
    let scaled = |pictures: &[&Picture]| -> anyhow::Result<Array2<f32>> {
        let mut values = encode(&encoder, plan, pictures)?;
        standard.apply(values.view_mut());
        Ok(values)
    };
    let (fit, held) = (scaled(&train)?, scaled(&val)?);
    let labels: Vec<usize> = train.iter().map(|p| p.class).collect();
    let data = Features {
        values: fit.view(),
        labels: &labels,
        weights: None,
        classes: plan.classes.len(),
    };
    let how = HeadOptions {
        hidden: None,
        epochs: EPOCHS,
        batch: Some(128),
        rate: 1e-3,
        optimizer: Optimizer::AdamW { weight_decay: 1e-4 },
        seed,
    };
    let mut dynamics = "id,epoch,loss\n".to_owned();
    let (head, _) = Head::train_observed(data, &how, |epoch, head| {
        for (row, picture) in head.logits(held.view())?.rows().into_iter().zip(&val) {
            let loss = cross_entropy(&row.to_vec(), picture.class);
            dynamics.push_str(&format!("{},{epoch},{loss:.6}\n", picture.id));
        }
        Ok(())
    })?;
    let test = of("test");
    let mut outcomes = "id,right\n".to_owned();
    for (row, picture) in head.logits(scaled(&test)?.view())?.rows().into_iter().zip(&test) {
        let own = row[picture.class];
        let right = row.iter().enumerate().all(|(at, &v)| at == picture.class || v < own);
        outcomes.push_str(&format!("{},{right}\n", picture.id));
    }
    fs::write(outcomes_file(folder), outcomes)?;
    let (weight, bias) = head.layers().next().context("a head without a layer")?;
    let (weight, bias) = standard.unfold(weight, bias);
    let (graph, card) = encoder.with_head(weight.view(), &bias, "labels.txt".into())?;
    let mut names = String::new();
    for class in &plan.classes {
        writeln!(names, "{class}")?;
    }
    fs::write(folder.join("labels.txt"), names)?;
    card.write_beside(&file)?;
    fs::write(dynamics_file(folder), dynamics)?;
    graph.save(&file)?;
    Ok(())
}

fn encode(encoder: &Encoder, plan: &Plan, pictures: &[&Picture]) -> anyhow::Result<Array2<f32>> {
    let never = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows = workers::ordered(pictures.len(), threads, &never, |at| {
        let decoded = read(&plan.folder.join(&pictures[at].id), &DecodeOptions::default())?;
        let preprocess = encoder.preprocess();
        let crop = preprocess.crop_image(&decoded.image);
        Ok(encoder.encode(&preprocess.normalise(&Planes::from(&crop)), false)?.vector)
    })?;
    Ok(Array2::from_shape_vec((rows.len(), encoder.dim()), rows.concat())?)
}
