//! How many of the images are near-copies of others, how many scenes are left, and which column of the data knows them.

use std::collections::{BTreeMap, BTreeSet};

use rightly_stats::Estimate;

use super::metric_rows::MetricRows;
use crate::{
    Inputs, Metric,
    evaluate::{STAGE, columns::Columns},
    measures::near_copies::NearCopies,
    metrics::POOLED,
};

/// Share of images that have a near-copy from which it is said.
const SAID: f64 = 0.1;
/// Share from which a column is looked for: fewer copies are accidents, which no column knows.
const MANY: f64 = 0.3;
/// Share of the near-copies that have to share their value of a column which explains them.
const EXPLAINED: f64 = 0.9;

/// The share of images with a near-copy in their class, and the scenes that the images show, of each class and of all.
///
/// What has to be known of it, a sentence: none where copies are few, or clusters are given.
pub(super) fn compute(
    board: &mut MetricRows<'_>,
    inputs: &Inputs,
    columns: &Columns,
) -> Option<String> {
    let found = NearCopies::find(&columns.thumbnails, board.class_of());
    let copied: BTreeSet<usize> = found.pairs.iter().map(|pair| pair[0]).collect();
    let mut by_class = vec![Vec::new(); board.classes().len()];
    for (image, scene) in found.scene.iter().enumerate() {
        if scene.is_some() {
            by_class[board.class_of()[image]].push(image);
        }
    }
    let all: Vec<usize> = by_class.iter().flatten().copied().collect();
    let scenes = |images: &[usize]| {
        images.iter().filter_map(|&at| found.scene[at]).collect::<BTreeSet<usize>>().len()
    };
    let copies = |images: &[usize]| images.iter().filter(|at| copied.contains(at)).count();
    let classes = board.classes();
    let names = classes.iter().map(String::as_str).chain([POOLED]);
    for (name, images) in names.zip(by_class.iter().chain([&all])) {
        let n = images.len();
        let figure = |value: f64| match n {
            0 => Estimate::default(),
            _ => Estimate { value: Some(value), n, ..Estimate::default() },
        };
        let share = copies(images) as f64 / n.max(1) as f64;
        board.push(Metric::new(STAGE, "near-copies", None, name, figure(share)));
        board.push(Metric::new(STAGE, "scenes", None, name, figure(scenes(images) as f64)));
    }
    let share = copies(&all) as f64 / all.len().max(1) as f64;
    if share < SAID || board.clustered() {
        return None;
    }
    let column = explaining(inputs, &found, board.class_of()).filter(|_| share >= MANY);
    let what_to_do = match column {
        Some((name, values)) => format!(
            "Near-copies share their value of the column '{name}' ({values} values): with '{name}' as the cluster, intervals \
             count these instead of images."
        ),
        None => "Where they show the same scene (frames of one video, crops of one scan), intervals that count images are too \
                 narrow: name the column that says which images belong together as the cluster."
            .to_owned(),
    };
    Some(format!(
        "Near-copies: {} of {} images look almost like another image of their class, so there are at most {} different \
         scenes. {what_to_do}",
        copies(&all),
        all.len(),
        scenes(&all)
    ))
}

/// The column with the most values that near-copies share, each value inside one class: its name, and how many values it
/// has here. More than there are classes: a column that names the class again knows no scenes.
fn explaining(inputs: &Inputs, found: &NearCopies, class_of: &[usize]) -> Option<(String, usize)> {
    let data = &inputs.dataset;
    let mut best: Option<(String, usize)> = None;
    for (column, name) in data.attributes.iter().enumerate() {
        let value =
            |image: usize| data.samples[inputs.selected[image]].attributes[column].as_deref();
        let same = |[a, b]: &&[usize; 2]| value(*a).is_some() && value(*a) == value(*b);
        let shared = found.pairs.iter().filter(same).count() as f64;
        let mut classes = BTreeMap::<&str, BTreeSet<usize>>::new();
        for (image, scene) in found.scene.iter().enumerate() {
            if let (Some(value), Some(_)) = (value(image), scene) {
                classes.entry(value).or_default().insert(class_of[image]);
            }
        }
        let nested = classes.values().all(|of| of.len() == 1);
        let of: BTreeSet<usize> = classes.values().flatten().copied().collect();
        if nested
            && classes.len() > of.len()
            && shared >= EXPLAINED * found.pairs.len() as f64
            && best.as_ref().is_none_or(|(_, values)| classes.len() > *values)
        {
            best = Some((name.clone(), classes.len()));
        }
    }
    best
}
