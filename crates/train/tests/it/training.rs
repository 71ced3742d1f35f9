//! From images to files: determinism, going on after a stop, what the written model is.
use crate::support::{blobs, by_parity, bytes, options};
use rightly_data::table::Table;
use rightly_model::{Classifier, EngineKind, Overrides};
use rightly_train::{
    Arch, GroupMethod, GroupTraining, OUTPUTS, Optimizer, Schedule, TrainEvent, TrainOptions,
    Trained, Weights, train,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn quiet(_: TrainEvent) {}

/// A column without nulls.
fn whole<T>(column: Vec<Option<T>>) -> Vec<T> {
    column.into_iter().map(Option::unwrap).collect()
}

fn run(options: &TrainOptions, out: &Path) -> Trained {
    train(&blobs(26, 12, "train"), Some(&blobs(9, 12, "val")), options, out, &quiet).unwrap()
}

#[test]
fn the_written_model_is_the_trained_network_and_its_card_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let trained = run(&options(12, 3), folder.path());
    assert_eq!(trained.epochs, 3);
    let classifier =
        Classifier::open(&trained.model, &Overrides::default(), EngineKind::Rten).unwrap();
    assert_eq!(classifier.labels(), ["red", "green", "blue"]);
    assert_eq!(classifier.input_size(), [12, 12]);
    // The dynamics are what this very file says.
    let table = Table::load(&folder.path().join("dynamics.parquet")).unwrap();
    assert_eq!(table.columns(), ["id", "epoch", "loss", "correct", "logit"]);
    assert_eq!(table.rows(), 3 * 35);
    let ids = whole(table.texts("id").unwrap());
    let epochs = whole(table.integers("epoch").unwrap());
    let logits = whole(table.floats("logit").unwrap());
    let losses = whole(table.floats("loss").unwrap());
    let set = blobs(9, 12, "val");
    for at in 0..set.len() {
        let planes = set.pixels[at * 432..][..432].iter().map(|&p| f32::from(p) / 255.0).collect();
        let planes = rightly_data::Planes { width: 12, height: 12, data: planes };
        let input = classifier.card().preprocess.normalise(&planes);
        let found = classifier.forward(&input, false).unwrap().logits;
        let row =
            ids.iter().zip(&epochs).position(|(id, e)| *id == set.ids[at] && *e == 2).unwrap();
        let label = set.labels[at];
        assert!((f64::from(found[label]) - logits[row]).abs() < 1e-4);
        let sum: f64 = found.iter().map(|&v| f64::from(v).exp()).sum();
        assert!((sum.ln() - f64::from(found[label]) - losses[row]).abs() < 1e-4);
    }
    let third = &ids[70..];
    assert!(third.windows(2).all(|pair| pair[0] < pair[1]), "not in the order of ids");
}

#[test]
fn layers_are_guessed_right_without_the_card() {
    let folder = tempfile::tempdir().unwrap();
    for fold in [true, false] {
        let out = folder.path().join(fold.to_string());
        let trained = run(&TrainOptions { fold, ..options(12, 1) }, &out);
        let alone = folder.path().join("alone.onnx");
        std::fs::copy(&trained.model, &alone).unwrap();
        let size = Overrides { resize: Some("exact=12x12".into()), ..Overrides::default() };
        let classifier = Classifier::open(&alone, &size, EngineKind::Rten).unwrap();
        assert_eq!(classifier.cam_layer(), Some("stage3_block1_out"));
        assert_eq!(classifier.card().feature_layer.as_deref(), Some("stage3_block1_out"));
        assert_eq!(classifier.tap_tensor(), Some("stage3_block1_out"));
        let forward = classifier.forward(&vec![0.5; 432], true).unwrap();
        assert_eq!(forward.tap.unwrap().shape(), [1, 64, 3, 3]);
    }
}

#[test]
fn threads_and_the_order_of_images_have_no_part_in_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let base = TrainOptions { replicas: 2, ..options(12, 2) };
    run(&TrainOptions { threads: 1, ..base.clone() }, &out("one"));
    run(&TrainOptions { threads: 3, ..base.clone() }, &out("three"));
    assert_eq!(bytes(&out("one")), bytes(&out("three")));
    let mut set = blobs(26, 12, "train");
    set.ids.reverse();
    set.labels.reverse();
    set.pixels = set.pixels.chunks(432).rev().flatten().copied().collect();
    train(&set, Some(&blobs(9, 12, "val")), &base, &out("reversed"), &quiet).unwrap();
    assert_eq!(bytes(&out("one")), bytes(&out("reversed")));
    run(&TrainOptions { seed: 1, ..base }, &out("seed"));
    assert_ne!(bytes(&out("one")), bytes(&out("seed")));
}

#[test]
fn one_group_is_the_mean_loss_and_groups_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let model = |name: &str| std::fs::read(out(name).join("model.onnx")).unwrap();
    let base = TrainOptions { replicas: 2, ..options(12, 2) };
    run(&base, &out("plain"));
    let mut one = by_parity(0.5);
    one.of.values_mut().for_each(|own| *own = vec![(1, 1.0)]);
    run(&TrainOptions { groups: Some(one), ..base.clone() }, &out("one"));
    assert!(model("one") == model("plain"));
    run(&TrainOptions { groups: Some(by_parity(0.5)), ..base.clone() }, &out("two"));
    assert!(model("two") != model("plain"));

    let mut lacking = by_parity(0.5);
    lacking.of.remove("train/0003");
    let lacking = TrainOptions { groups: Some(lacking), ..base.clone() };
    let fails = |options: &TrainOptions, name: &str| {
        let (set, val) = (blobs(26, 12, "train"), blobs(9, 12, "val"));
        train(&set, Some(&val), options, &out(name), &quiet).unwrap_err().to_string()
    };
    let message = fails(&lacking, "lacking");
    assert!(message.contains("image 'train/0003' has no group"), "{message}");
    let both = TrainOptions { class_weights: true, groups: Some(by_parity(0.5)), ..base };
    let message = fails(&both, "both");
    assert!(message.contains("class weights"), "{message}");
}

/// Weights that a training left.
fn weights_of(folder: &Path) -> Weights {
    Weights::load(&folder.join("weights.safetensors"), Arch::Resnet8, 3).unwrap()
}

#[test]
fn what_a_training_leaves_can_be_started_from() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    run(&options(12, 2), &out("first"));
    // Where a file is missing the training is run again, to the same bytes.
    let before = bytes(&out("first"));
    for file in OUTPUTS {
        std::fs::remove_file(out("first").join(file)).unwrap();
        run(&options(12, 2), &out("first"));
        assert!(bytes(&out("first")) == before, "{file}");
    }
    let initial = Some(weights_of(&out("first")));
    // At a rate that moves nothing the second is the first.
    let still = TrainOptions { initial, rate: 1e-30, epochs: 1, warmup: 0.0, ..options(12, 2) };
    run(&still, &out("second"));
    let trained = |name: &str| weights_of(&out(name)).trained;
    assert!(trained("first") == trained("second"));
    assert!(weights_of(&out("first")).running != weights_of(&out("second")).running);
}

#[test]
fn a_last_layer_for_each_group_moves_with_its_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let base = options(12, 2);
    run(&base, &out("plain"));
    let with = |count: usize, of: &dyn Fn(usize) -> Vec<(usize, f32)>| {
        let ids = blobs(26, 12, "train").ids.into_iter().enumerate();
        let of = ids.map(|(at, id)| (id, of(at))).collect();
        let groups = GroupTraining { method: GroupMethod::DiSoft, eta: 0.0, count, of };
        TrainOptions { groups: Some(groups), ..base.clone() }
    };
    let model = |name: &str| std::fs::read(out(name).join("model.onnx")).unwrap();
    // All images in one of three groups: the others have no layer, and nothing is mixed.
    run(&with(3, &|_| vec![(1, 1.0)]), &out("one"));
    assert!(model("one") == model("plain"));
    run(&with(2, &|_| vec![(0, 0.75), (1, 0.25)]), &out("even"));
    assert!(model("even") != model("plain"));
    // What a group is called has no part.
    let parity = |at: usize| vec![(at % 2, 0.75), (1 - at % 2, 0.25)];
    run(&with(2, &parity), &out("two"));
    run(&with(2, &|at| parity(at + 1)), &out("swapped"));
    let (two, swapped) = (weights_of(&out("two")), weights_of(&out("swapped")));
    assert!(model("two") != model("even"));
    for (a, b) in two.trained.iter().zip(&swapped.trained) {
        let apart = a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-4, "{}", a.name);
    }
}

#[test]
fn drawn_groups_and_copies_change_what_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let base = options(12, 2);
    let of = |method: GroupMethod| {
        let groups = Some(GroupTraining { method, ..by_parity(0.5) });
        TrainOptions { groups, ..base.clone() }
    };
    let copies = [("train/0003".to_owned(), 4)].into();
    let copied = TrainOptions { copies, ..base.clone() };
    run(&base, &out("plain"));
    run(&copied, &out("copied"));
    GroupMethod::ALL.iter().for_each(|&method| _ = run(&of(method), &out(method.name())));
    let names = ["plain", "copied", "dim", "group-dro", "rwg-soft", "di-soft"];
    let models: Vec<Vec<u8>> =
        names.iter().map(|name| std::fs::read(out(name).join("model.onnx")).unwrap()).collect();
    for (at, model) in models.iter().enumerate() {
        let twin = models[..at].iter().position(|other| other == model);
        assert!(twin.is_none(), "{} is {}", names[at], names[twin.unwrap_or_default()]);
    }
    let both = TrainOptions { copies: copied.copies, ..of(GroupMethod::RwgSoft) };
    let (set, val) = (blobs(26, 12, "train"), blobs(9, 12, "val"));
    let error = train(&set, Some(&val), &both, &out("both"), &quiet).unwrap_err().to_string();
    assert!(error.contains("copies"), "{error}");
}

#[test]
fn a_stopped_training_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let sgd = TrainOptions { patience: Some(2), ..options(12, 3) };
    let adam = TrainOptions {
        optimizer: Optimizer::AdamW { weight_decay: 0.01 },
        schedule: Schedule::Step { epochs: vec![1], factor: 0.1 },
        rate: 1e-3,
        clip: Some(1.0),
        class_weights: true,
        ..options(12, 3)
    };
    let groups = |method: GroupMethod| {
        let groups = Some(GroupTraining { method, ..by_parity(0.5) });
        TrainOptions { groups, patience: Some(2), ..options(12, 3) }
    };
    let mut cases = vec![("sgd", sgd), ("adam", adam)];
    cases.extend(GroupMethod::ALL.map(|method| (method.name(), groups(method))));
    for (name, options) in cases {
        let whole = folder.path().join(format!("{name}-whole"));
        let expected = run(&options, &whole);
        for (stop_epoch, stop_step) in [(0, 2), (1, 0), (2, 3)] {
            let out = folder.path().join(format!("{name}-{stop_epoch}"));
            let stopping = |event: TrainEvent| {
                if let TrainEvent::Step { epoch, step, .. } = event {
                    assert!((epoch, step) != (stop_epoch, stop_step), "stopped on purpose");
                }
            };
            let (set, val) = (blobs(26, 12, "train"), blobs(9, 12, "val"));
            let stopped = catch_unwind(AssertUnwindSafe(|| {
                train(&set, Some(&val), &options, &out, &stopping)
            }));
            assert!(stopped.is_err());
            let resumed = std::sync::atomic::AtomicBool::new(false);
            let watching = |event: TrainEvent| {
                if let TrainEvent::Resumed { epoch, step: 0 } = event {
                    assert_eq!(epoch, stop_epoch);
                    resumed.store(true, std::sync::atomic::Ordering::Relaxed);
                }
            };
            let found = train(&set, Some(&val), &options, &out, &watching).unwrap();
            assert_eq!(resumed.into_inner(), stop_epoch > 0);
            assert_eq!(found.history, expected.history);
            assert_eq!(bytes(&out), bytes(&whole), "{name} {stop_epoch}");
        }
        // Ended: nothing is done again; other options are refused.
        let again = train(
            &blobs(26, 12, "train"),
            Some(&blobs(9, 12, "val")),
            &options,
            &whole,
            &|event| panic!("{event:?}"),
        );
        assert_eq!(again.unwrap(), expected);
        let other = TrainOptions { seed: 9, ..options };
        let refused =
            train(&blobs(26, 12, "train"), Some(&blobs(9, 12, "val")), &other, &whole, &quiet);
        assert!(refused.unwrap_err().to_string().contains("another folder"));
    }
}

#[test]
fn it_learns() {
    let folder = tempfile::tempdir().unwrap();
    let options = TrainOptions { batch: 16, ..options(16, 12) };
    let (set, val) = (blobs(96, 16, "train"), blobs(48, 16, "val"));
    let trained = train(&set, Some(&val), &options, folder.path(), &quiet).unwrap();
    assert!(trained.val_accuracy.unwrap() > 0.9, "{:?}", trained.history.last());
}
