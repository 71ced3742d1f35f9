//! The steps that PyTorch makes from the same weights, images and order (`reference/train_resnet.py`).
use crate::made_up::made_up;
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_train::{Arch, Optimizer, Schedule, TrainOptions, train};

/// Losses of the steps, and accuracy and loss on the validation images after each epoch.
#[derive(serde::Deserialize)]
struct Reference {
    first_losses: Vec<f64>,
    history: Vec<Epoch>,
}

#[derive(serde::Deserialize)]
struct Epoch {
    val_loss: f64,
    val_accuracy: f64,
}

/// The options of `train_reference export DIR --epochs 2 --clip 1`.
fn options(arch: Arch) -> TrainOptions {
    let preprocess = Preprocess {
        resize: Some(Resize::Exact([16, 16])),
        ..Preprocess::preset("cifar").unwrap()
    };
    let classes = (0..4).map(|class| class.to_string()).collect();
    TrainOptions {
        batch: 8,
        rate: 0.05,
        clip: Some(1.0),
        optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 1e-4 },
        schedule: Schedule::Constant,
        warmup: 0.0,
        ..TrainOptions::new(arch, classes, preprocess, 2)
    }
}

/// Float sums in another order grow apart step by step, the faster the deeper the network: ResNet-8 is followed over
/// both epochs, ResNet-20 over the first steps.
#[test]
fn losses_of_the_first_steps_are_pytorchs() {
    for (arch, steps, text) in [
        (Arch::Resnet8, 10, include_str!("../golden/resnet8.json")),
        (Arch::Resnet20, 6, include_str!("../golden/resnet20.json")),
    ] {
        let reference: Reference = serde_json::from_str(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (set, val) = (made_up(40, 16, "train"), made_up(8, 16, "val"));
        let trained = train(&set, Some(&val), &options(arch), folder.path(), &|_| ()).unwrap();
        assert_eq!(trained.first_losses.len(), reference.first_losses.len());
        let pairs = trained.first_losses.iter().zip(&reference.first_losses).take(steps);
        for (step, (ours, theirs)) in pairs.enumerate() {
            assert!((ours - theirs).abs() < 1e-3, "{arch}, step {step}: {ours} against {theirs}");
        }
        if steps < reference.first_losses.len() {
            continue;
        }
        for (ours, theirs) in trained.history.iter().zip(&reference.history) {
            let loss = ours.val_loss.unwrap();
            assert!((loss - theirs.val_loss).abs() < 1e-3, "{arch}: {loss} {}", theirs.val_loss);
            assert_eq!(ours.val_accuracy, Some(theirs.val_accuracy), "{arch}");
        }
    }
}
