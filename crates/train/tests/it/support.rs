//! A small world to train on.
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_stats::rng::keyed;
use rightly_train::{Arch, GroupMethod, GroupTraining, TrainOptions, TrainingSet};

/// `n` images of `side` x `side` in three classes that differ by which colour a blob has, with noise.
pub(crate) fn blobs(n: usize, side: usize, prefix: &str) -> TrainingSet {
    use rand::RngExt as _;
    let mut set = TrainingSet { ids: vec![], labels: vec![], pixels: vec![], size: [side, side] };
    for image in 0..n {
        let id = format!("{prefix}/{image:04}");
        let mut rng = keyed(3, "blobs", &id, 0);
        let label = image % 3;
        let centre = [(); 2].map(|()| rng.random_range(side / 4..side - side / 4));
        for channel in 0..3 {
            for row in 0..side {
                for column in 0..side {
                    let near = row.abs_diff(centre[0]).pow(2) + column.abs_diff(centre[1]).pow(2);
                    let lit = channel == label && near < side;
                    set.pixels.push(rng.random_range(0..90) + if lit { 150 } else { 40 });
                }
            }
        }
        set.ids.push(id);
        set.labels.push(label);
    }
    set
}

/// Quick options for such images.
pub(crate) fn options(side: usize, epochs: usize) -> TrainOptions {
    let preprocess = Preprocess {
        resize: Some(Resize::Exact([side, side])),
        ..Preprocess::preset("cifar").unwrap()
    };
    let classes = ["red", "green", "blue"].map(str::to_owned).to_vec();
    let options = TrainOptions::new(Arch::Resnet8, classes, preprocess, epochs);
    TrainOptions { batch: 8, rate: 0.05, ..options }
}

/// Two soft groups of the training images.
pub(crate) fn by_parity(eta: f64) -> GroupTraining {
    let ids = blobs(26, 12, "train").ids;
    let of = |(at, id): (usize, String)| {
        let share = if at % 2 == 0 { 0.75 } else { 0.25 };
        (id, vec![(0, share), (1, 1.0 - share)])
    };
    let method = GroupMethod::Dim;
    GroupTraining { method, eta, count: 2, of: ids.into_iter().enumerate().map(of).collect() }
}

/// The bytes of every file that a training leaves.
pub(crate) fn bytes(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}
