//! Trains the small image-text model that comes with the program, on planted scenes.
use clap::Args;
use rightly_data::files::write_whole;
use rightly_model::{EngineKind, ImageTextModel, Overrides};
use rightly_planted::World;
use rightly_train::towers::{
    Measured, Scenes, TowerEpoch, TowerOptions, TrainedTowers, held_out_world, measure,
    train_towers, training_world,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub(crate) struct Options {
    /// Folder that the model's files are written into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Times that every scene is seen
    #[arg(long, default_value_t = TowerOptions::default().epochs)]
    epochs: usize,
    /// Scenes to train on
    #[arg(long, default_value_t = 16_000)]
    images: usize,
    /// Scenes to measure on
    #[arg(long, default_value_t = 4_000)]
    held_out: usize,
    /// Adam's full rate
    #[arg(long, default_value_t = TowerOptions::default().rate)]
    rate: f32,
    /// Measure the files in the folder, without training
    #[arg(long)]
    measure_only: bool,
    /// Seed of scenes and training
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Worlds of the exam that the model is measured on too: it was trained on none of them.
const EXAMS: [&str; 2] = ["subgroups", "mixed"];

pub(crate) fn run(given: &Options) -> anyhow::Result<()> {
    let options = TowerOptions {
        epochs: given.epochs,
        rate: given.rate,
        seed: given.seed,
        ..TowerOptions::default()
    };
    let path = given.out.join("measured.json");
    let mut file = if given.measure_only {
        serde_json::from_slice(&std::fs::read(&path)?)?
    } else {
        train(given, &options)?
    };
    file["measured"] = measured(given, &options)?;
    let mut text = serde_json::to_string_pretty(&file)?;
    text.push('\n');
    Ok(write_whole(&path, text.as_bytes())?)
}

/// Plants and trains; what `measured.json` says of it.
fn train(given: &Options, options: &TowerOptions) -> anyhow::Result<Value> {
    let start = Instant::now();
    let world = training_world(given.images)?;
    let scenes = Scenes::plant(&world, "train", given.seed, options)?;
    println!("{} scenes planted in {:.0} s", scenes.len(), start.elapsed().as_secs_f64());
    let start = Instant::now();
    let trained = train_towers(&scenes, options, &given.out, &|epoch| {
        let TowerEpoch { epoch, loss, scale, seconds } = epoch;
        println!("epoch {:>3}: loss {loss:.4}, scale {scale:.1}, {seconds:.1} s", epoch + 1);
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let TrainedTowers { bytes, words, difference, .. } = &trained;
    println!(
        "trained in {seconds:.0} s: {words} words, {bytes} bytes, export within {difference:.1e}"
    );
    Ok(json!({
        "options": serde_json::to_value(options)?,
        "images": given.images,
        "losses": trained.losses,
        "logit_scale": trained.logit_scale,
        "words": trained.words,
        "bytes": trained.bytes,
    }))
}

/// Figures by world.
fn measured(given: &Options, options: &TowerOptions) -> anyhow::Result<Value> {
    let model = ImageTextModel::open(&given.out, &Overrides::default(), EngineKind::default())?;
    let mut worlds = vec![("held-out", held_out_world(given.held_out)?)];
    for name in EXAMS {
        worlds.push((name, World::shipped(name)?));
    }
    let mut all = serde_json::Map::new();
    for (name, world) in worlds {
        let scenes = Scenes::plant(&world, "test", given.seed, options)?;
        let found = measure(&model, &world, &scenes)?;
        print(name, &found);
        all.insert(name.to_owned(), serde_json::to_value(&found)?);
    }
    Ok(all.into())
}

fn print(name: &str, measured: &Measured) {
    println!("\n{name}: {} scenes, caption among 32 {:.3}", measured.scenes, measured.retrieval);
    println!("{:12} values  zero-shot  AUC alone  in a sentence  worst alone", "");
    let said = |figure: Option<f64>| figure.map_or("none".to_owned(), |f| format!("{f:.3}"));
    for (attribute, found) in &measured.attributes {
        let worst = found.worst.as_ref();
        println!(
            "{attribute:12} {:>6}  {:>9.3}  {:>9}  {:>13}  {}",
            found.values,
            found.zero_shot,
            said(found.auc_alone),
            said(found.auc_sentence),
            worst.map_or("none".to_owned(), |(value, auc)| format!("{value} {auc:.3}"))
        );
    }
}
