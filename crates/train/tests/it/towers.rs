//! The two towers: a training of seconds, and the model that comes with the program.
use rightly_model::{EngineKind, ImageTextModel, Overrides};
use rightly_train::towers::{
    Scenes, TowerOptions, TrainedTowers, held_out_world, measure, train_towers, training_world,
};
use std::path::{Path, PathBuf};

const FILES: [&str; 4] =
    ["vision_model.onnx", "text_model.onnx", "tokenizer.json", "vision_model.toml"];

/// Towers that train in seconds.
fn tiny() -> TowerOptions {
    TowerOptions {
        side: 24,
        widths: vec![8, 12],
        dim: 16,
        hidden: 16,
        epochs: 6,
        batch: 32,
        threads: 1,
        ..TowerOptions::default()
    }
}

fn trained(scenes: &Scenes, options: &TowerOptions, out: &Path) -> TrainedTowers {
    train_towers(scenes, options, out, &|_| {}).unwrap()
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../planted/assets/towers")
}

#[test]
fn a_loss_falls_and_files_compute_what_was_trained_for_any_number_of_threads() {
    let options = tiny();
    let scenes = Scenes::plant(&training_world(256).unwrap(), "train", 1, &options).unwrap();
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let first = trained(&scenes, &options, folders[0].path());
    assert!(first.losses[5] < first.losses[0] - 0.3, "{:?}", first.losses);
    assert!(first.difference <= 1e-4, "{}", first.difference);
    let second = trained(&scenes, &TowerOptions { threads: 2, ..options }, folders[1].path());
    assert_eq!(first, second);
    for name in FILES {
        let [a, b] = [0, 1].map(|at| std::fs::read(folders[at].path().join(name)).unwrap());
        assert!(a == b, "{name}");
    }
    let entries = std::fs::read_dir(folders[0].path()).unwrap().count();
    assert_eq!(entries, FILES.len());
}

#[test]
fn what_can_not_be_trained_on_is_said() {
    let options = tiny();
    let scenes = Scenes::plant(&training_world(20).unwrap(), "train", 1, &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let message = |scenes: &Scenes, options: &TowerOptions| {
        train_towers(scenes, options, folder.path(), &|_| {}).unwrap_err().to_string()
    };
    assert!(message(&scenes, &options).contains("20 scenes, a batch has 32"));
    assert!(message(&scenes, &TowerOptions { dim: 1, ..tiny() }).contains("dim"));
    assert!(message(&scenes, &TowerOptions { side: 32, ..tiny() }).contains("side is 32"));
    let silent = Scenes { captions: vec![Vec::new(); 20], ..scenes };
    assert!(message(&silent, &TowerOptions { batch: 8, ..tiny() }).contains("caption"));
    let world = held_out_world(20).unwrap();
    let error = Scenes::plant(&world, "train", 1, &options).unwrap_err();
    assert!(error.to_string().contains("'train'"));
}

#[test]
fn the_shipped_model_opens_is_small_and_ranks_colours_and_places() {
    let folder = shipped();
    let bytes: u64 =
        FILES.iter().map(|name| std::fs::metadata(folder.join(name)).unwrap().len()).sum();
    assert!(bytes <= 2 << 20, "{bytes}");
    let open = |folder: &Path| {
        ImageTextModel::open(folder, &Overrides::default(), EngineKind::default()).unwrap()
    };
    let model = open(&folder);
    assert_eq!(model.image().input_size(), [48, 48]);
    assert!(model.logit_scale() <= 100.01);
    // A seed that neither training nor the printed figures had.
    let world = held_out_world(170).unwrap();
    let scenes = Scenes::plant(&world, "test", 77, &TowerOptions::default()).unwrap();
    let measured = measure(&model, &world, &scenes).unwrap();
    // Chance is 1/16 of the looks and 1/12 of the places that occur, and 1/32.
    let of = |attribute: &str| measured.attributes[attribute].zero_shot;
    assert!(of("variant") > 0.5 && of("background") > 0.5, "{measured:?}");
    assert!(measured.retrieval > 0.3, "{measured:?}");
    // Capitals and punctuation are nothing, words that it does not know do no harm.
    let texts = ["A red mug!", "a RED mug", "a zorblax red mug"].map(str::to_owned);
    let vectors = model.embed_texts(&texts, 1).unwrap();
    assert_eq!(vectors.row(0), vectors.row(1));
    assert!(vectors.row(0).dot(&vectors.row(2)) > 0.8);
}
