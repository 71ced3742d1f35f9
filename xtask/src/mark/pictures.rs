//! The marked pictures, as files with a table.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use anyhow::{Context, ensure};
use rand::{RngExt as _, seq::SliceRandom as _};
use rightly::{measures::overlay::Overlay, workers};
use rightly_data::{
    Dataset, Planes, RgbImage,
    dataset::OpenOptions,
    files::write_whole,
    pixels::{DecodeOptions, encode_jpeg},
    resize::{Filter, resize},
};
use rightly_stats::rng::keyed;

use super::{Drawn, Options, table_file};

/// Side of the pictures: the mark is made for it, and the encoder's input has it.
pub(super) const SIDE: usize = 224;
const QUALITY: u8 = 95;

/// One image of the trial.
pub(super) struct Picture {
    /// Index into the dataset of CIFAR-100.
    sample: usize,
    /// Its path below the folder: its id.
    pub(super) id: String,
    /// Index into [`Plan::classes`].
    pub(super) class: usize,
    pub(super) split: &'static str,
    pub(super) marked: bool,
}

pub(super) struct Plan {
    /// Names; those that come first are marked.
    pub(super) classes: Vec<String>,
    /// How many of them are marked.
    pub(super) marked: usize,
    pub(super) pictures: Vec<Picture>,
    pub(super) folder: PathBuf,
}

/// Deals classes, images and marks by the seed, and writes what is not there yet.
pub(super) fn write(
    options: &Options,
    seed: u64,
    drawn: Drawn,
    folder: &Path,
) -> anyhow::Result<Plan> {
    let cifar = format!("cifar-100-coarse:{}", options.data.join("cifar-100-binary").display());
    let dataset = Dataset::open(&cifar, &OpenOptions::default())?;
    let plan = deal(options, seed, &dataset, folder)?;
    let mark = options.data.join("imagenet-w").join(format!("imagenet_w_overlay_{SIDE}.png"));
    let overlay = Overlay::load("mark", &mark, &DecodeOptions::default())?.fit(SIDE, SIDE);
    let never = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    workers::ordered(plan.pictures.len(), threads, &never, |at| {
        let picture = &plan.pictures[at];
        let path = folder.join(&picture.id);
        if path.is_file() {
            return Ok(());
        }
        let small = dataset.samples[picture.sample].image.load(&DecodeOptions::default())?;
        let large = resize(&small.image, SIDE, SIDE, Filter::Bicubic);
        let shown = match (drawn, picture.marked) {
            (Drawn::Yes, true) => bytes(&overlay.apply(&Planes::from(&large))?),
            _ => large,
        };
        let jpeg = encode_jpeg(&shown, QUALITY).map_err(|e| {
            rightly::AuditError::Usage(format!("{}: not encoded: {e}", path.display()))
        })?;
        write_whole(&path, &jpeg)?;
        Ok(())
    })?;
    let mut table = "image,class,split,mark\n".to_owned();
    for picture in &plan.pictures {
        let mark = if picture.marked { "yes" } else { "no" };
        let class = &plan.classes[picture.class];
        writeln!(table, "{},{class},{},{mark}", picture.id, picture.split)?;
    }
    fs::write(table_file(folder), table)?;
    Ok(plan)
}

fn deal(options: &Options, seed: u64, dataset: &Dataset, folder: &Path) -> anyhow::Result<Plan> {
    let mut order: Vec<usize> = (0..dataset.classes.len()).collect();
    order.shuffle(&mut keyed(seed, "mark/classes", "", 0));
    ensure!(
        options.marked < options.classes && options.classes <= order.len(),
        "--marked has to be below --classes, and that at most {}",
        order.len()
    );
    let mut plan = Plan {
        classes: Vec::new(),
        marked: options.marked,
        pictures: Vec::new(),
        folder: folder.to_owned(),
    };
    for (class, &superclass) in order[..options.classes].iter().enumerate() {
        let name = dataset.classes[superclass].clone();
        let mut own: Vec<usize> = (0..dataset.samples.len())
            .filter(|&at| dataset.samples[at].class == superclass)
            .collect();
        let mut random = keyed(seed, "mark/images", &name, 0);
        own.shuffle(&mut random);
        let needed = options.train + 2 * options.held_out;
        ensure!(own.len() >= needed, "'{name}' has {} images, {needed} are needed", own.len());
        let mut own = own.into_iter();
        for (split, count) in
            [("train", options.train), ("val", options.held_out), ("test", options.held_out)]
        {
            fs::create_dir_all(folder.join(split).join(&name))?;
            let share = match (split, class < options.marked) {
                ("train", true) => options.share,
                ("train", false) => 1.0 - options.share,
                _ => 0.5,
            };
            let marks: BTreeSet<usize> = {
                let mut places: Vec<usize> = (0..count).collect();
                places.shuffle(&mut random);
                // The fraction decides by chance whether one image more is marked.
                let exact = share * count as f64;
                let whole = exact as usize + usize::from(random.random_bool(exact.fract()));
                places.into_iter().take(whole).collect()
            };
            for place in 0..count {
                let sample = own.next().context("no image left")?;
                plan.pictures.push(Picture {
                    sample,
                    id: format!("{split}/{name}/{place:04}.jpg"),
                    class,
                    split,
                    marked: marks.contains(&place),
                });
            }
        }
        plan.classes.push(name);
    }
    Ok(plan)
}

fn bytes(planes: &Planes) -> RgbImage {
    let pixels = planes.width * planes.height;
    let mut data = Vec::with_capacity(3 * pixels);
    for at in 0..pixels {
        for channel in 0..3 {
            data.push((planes.data[channel * pixels + at] * 255.0).round() as u8);
        }
    }
    RgbImage { width: planes.width, height: planes.height, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_the_class_in_training_alone() {
        let root = tempfile::tempdir().unwrap();
        for class in ["a", "b", "c"] {
            fs::create_dir(root.path().join(class)).unwrap();
            for at in 0..100 {
                fs::write(root.path().join(class).join(format!("{at:03}.png")), "").unwrap();
            }
        }
        let dataset =
            Dataset::open(&root.path().to_string_lossy(), &OpenOptions::default()).unwrap();
        let options = Options { classes: 3, marked: 1, train: 40, held_out: 30, ..options() };
        let out = root.path().join("out");
        let plan = deal(&options, 0, &dataset, &out).unwrap();
        let samples: BTreeSet<usize> = plan.pictures.iter().map(|p| p.sample).collect();
        assert_eq!(samples.len(), 300, "no image twice");
        let marked = |class: usize, split: &str| {
            let own = plan.pictures.iter().filter(|p| p.class == class && p.split == split);
            own.filter(|p| p.marked).count()
        };
        assert_eq!([0, 1, 2].map(|class| marked(class, "train")), [38, 2, 2]);
        for split in ["val", "test"] {
            assert_eq!([0, 1, 2].map(|class| marked(class, split)), [15; 3]);
        }
        let again = deal(&options, 0, &dataset, &out).unwrap();
        assert!(plan.pictures.iter().zip(&again.pictures).all(|(a, b)| a.sample == b.sample));
        let wanting = Options { train: 50, ..options };
        assert!(deal(&wanting, 0, &dataset, &out).is_err(), "not enough images");
    }

    fn options() -> Options {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        <Line as clap::Parser>::parse_from(["mark"]).options
    }
}
