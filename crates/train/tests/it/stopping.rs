//! Trainings that are stopped or killed within an epoch.
use crate::support::{blobs, by_parity, bytes, options};
use rightly_train::{
    GroupMethod, GroupTraining, Optimizer, TrainError, TrainEvent, TrainOptions, Trained, Watch,
    train, train_watched,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn run(
    options: &TrainOptions,
    out: &Path,
    watch: Watch<'_>,
    progress: &(dyn Fn(TrainEvent) + Sync),
) -> Result<Trained, TrainError> {
    let (set, val) = (blobs(26, 12, "train"), blobs(9, 12, "val"));
    train_watched(&set, Some(&val), options, out, watch, progress)
}

/// Goes on to the end; the epoch and step that it began with.
fn resumed(options: &TrainOptions, out: &Path) -> Option<(usize, usize)> {
    let begun = Mutex::new(None);
    let note = |event: TrainEvent| {
        if let TrainEvent::Resumed { epoch, step } = event {
            *begun.lock().unwrap() = Some((epoch, step));
        }
    };
    run(options, out, Watch::new(&AtomicBool::new(false)), &note).unwrap();
    begun.into_inner().unwrap()
}

fn cases() -> Vec<(&'static str, TrainOptions)> {
    let adam = TrainOptions {
        optimizer: Optimizer::AdamW { weight_decay: 0.01 },
        rate: 1e-3,
        clip: Some(1.0),
        ..options(12, 2)
    };
    let groups = |method: GroupMethod| {
        let groups = Some(GroupTraining { method, ..by_parity(0.5) });
        TrainOptions { groups, patience: Some(2), ..options(12, 2) }
    };
    let mut cases = vec![("sgd", options(12, 2)), ("adam", adam)];
    cases.extend(GroupMethod::ALL.map(|method| (method.name(), groups(method))));
    cases
}

#[test]
fn a_training_that_is_asked_to_stop_goes_on_with_its_next_step() {
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in cases() {
        let whole = folder.path().join(format!("{name}-whole"));
        let (set, val) = (blobs(26, 12, "train"), blobs(9, 12, "val"));
        train(&set, Some(&val), &options, &whole, &|_| ()).unwrap();
        // Four steps an epoch: within the first, after all of its steps, within the second.
        for at in [(0, 1), (0, 3), (1, 0)] {
            let out = folder.path().join(format!("{name}-{at:?}"));
            let stop = AtomicBool::new(false);
            let note = |event: TrainEvent| {
                if let TrainEvent::Step { epoch, step, .. } = event {
                    stop.store((epoch, step) == at, Ordering::SeqCst);
                }
            };
            let error = run(&options, &out, Watch::new(&stop), &note).unwrap_err();
            assert!(matches!(error, TrainError::Interrupted), "{name} {at:?}: {error}");
            assert_eq!(resumed(&options, &out), Some((at.0, at.1 + 1)), "{name}");
            assert!(bytes(&out) == bytes(&whole), "{name} {at:?}");
        }
    }
}

#[test]
fn a_training_that_is_killed_again_and_again_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let options = options(12, 2);
    let never = AtomicBool::new(false);
    run(&options, &whole, Watch::new(&never), &|_| ()).unwrap();
    let watch = Watch { keep_every: Duration::ZERO, ..Watch::new(&never) };
    let kills = [(0, 2), (0, 3), (1, 1), (1, 3)];
    let begun = Mutex::new(Vec::new());
    for kill in kills {
        let note = |event: TrainEvent| match event {
            TrainEvent::Resumed { epoch, step } => begun.lock().unwrap().push((epoch, step)),
            TrainEvent::Step { epoch, step, .. } => assert!((epoch, step) != kill, "on purpose"),
            _ => {}
        };
        let killed = catch_unwind(AssertUnwindSafe(|| run(&options, &out, watch, &note)));
        assert!(killed.is_err());
        assert!(out.join(".train/checkpoint.safetensors").is_file());
    }
    // No step is done twice but the one in work.
    assert_eq!(begun.into_inner().unwrap(), kills[..3]);
    assert_eq!(resumed(&options, &out), Some((1, 3)));
    assert!(bytes(&out) == bytes(&whole));
}

#[test]
fn a_model_that_was_changed_since_is_not_what_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(12, 1);
    let never = AtomicBool::new(false);
    run(&options, folder.path(), Watch::new(&never), &|_| ()).unwrap();
    for name in ["model.onnx", "weights.safetensors", "dynamics.parquet"] {
        let path = folder.path().join(name);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let error = run(&options, folder.path(), Watch::new(&never), &|_| ()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        std::fs::write(&path, &good).unwrap();
    }
    run(&options, folder.path(), Watch::new(&never), &|event| panic!("{event:?}")).unwrap();
}

#[test]
fn a_checkpoint_that_was_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(12, 2);
    let stop = AtomicBool::new(false);
    let note = |event: TrainEvent| {
        stop.fetch_or(matches!(event, TrainEvent::Step { step: 1, .. }), Ordering::SeqCst);
    };
    run(&options, folder.path(), Watch::new(&stop), &note).unwrap_err();
    let path = folder.path().join(".train/checkpoint.safetensors");
    let good = std::fs::read(&path).unwrap();
    // Wherever one bit is turned: nothing is trained on.
    for place in (8..good.len()).step_by(good.len() / 97) {
        let mut bad = good.clone();
        bad[place] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        let error = run(&options, folder.path(), Watch::new(&AtomicBool::new(false)), &|_| ());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("checkpoint.safetensors"), "byte {place}: {error}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(resumed(&options, folder.path()), Some((0, 2)));
}

#[test]
fn the_dynamics_of_an_epoch_that_were_changed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, out] = ["whole", "out"].map(|name| folder.path().join(name));
    let (options, never) = (options(12, 2), AtomicBool::new(false));
    run(&options, &whole, Watch::new(&never), &|_| ()).unwrap();
    let stop = AtomicBool::new(false);
    let note = |event: TrainEvent| {
        stop.fetch_or(matches!(event, TrainEvent::Step { epoch: 1, .. }), Ordering::SeqCst);
    };
    run(&options, &out, Watch::new(&stop), &note).unwrap_err();
    let path = out.join(".train/dynamics-00000.parquet");
    let good = std::fs::read(&path).unwrap();
    let refused = |expected: &str| {
        let error = run(&options, &out, Watch::new(&never), &|event| panic!("{event:?}"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("dynamics-00000.parquet"), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    for place in (0..good.len()).step_by(good.len() / 37) {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        refused("is not as it was written; remove");
    }
    std::fs::remove_file(&path).unwrap();
    refused("is missing");
    #[cfg(unix)]
    {
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        refused("is a FIFO");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(resumed(&options, &out), Some((1, 1)));
    assert!(bytes(&out) == bytes(&whole));
}

#[test]
fn a_summary_that_was_changed_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (options, never) = (options(12, 1), AtomicBool::new(false));
    let trained = run(&options, folder.path(), Watch::new(&never), &|_| ()).unwrap();
    let path = folder.path().join("train.json");
    let good = std::fs::read(&path).unwrap();
    let again = || run(&options, folder.path(), Watch::new(&never), &|event| panic!("{event:?}"));
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = again().unwrap_err().to_string();
        assert!(error.contains("train.json: this is not what the training wrote"), "{error}");
    };
    // Wherever a bit is turned, in figures, names, checksums or the space between them. (The last digits of a figure may be
    // others of the same number.)
    let mut damaged = 0;
    for place in 0..good.len() - 1 {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        match again() {
            Ok(same) => assert_eq!(same, trained, "byte {place}"),
            Err(_) => {
                damaged += 1;
                refused(&bad);
            }
        }
    }
    assert!(damaged > good.len() * 9 / 10, "{damaged} of {}", good.len());
    let text = str::from_utf8(&good).unwrap();
    let mut edited: serde_json::Value = serde_json::from_str(text).unwrap();
    edited["train_accuracy"] = 0.99.into();
    refused(edited.to_string().as_bytes());
    edited.as_object_mut().unwrap().remove("blake3");
    refused(edited.to_string().as_bytes());
    refused(b"");
    // Set in another way it says the same.
    let same: serde_json::Value = serde_json::from_str(text).unwrap();
    std::fs::write(&path, same.to_string()).unwrap();
    assert_eq!(again().unwrap(), trained);
}
