//! The important features of each class, and what is known of each.

use ndarray::Array2;
use rightly_data::table;
use rightly_stats::Design;

use super::{
    choose::{Important, chosen_values, class_means, most_important},
    images::{Population, Row},
    judge::{Basis, Judgement, Shown, by_attributes, by_masks},
    options::RankOptions,
    weights::{Weights, class_weights},
};
use crate::{Error, Inputs, features::FeatureSet};

/// Bootstrap resamples of a feature's figures on masks.
pub(super) const RESAMPLES: usize = 500;

/// The most important features of each class, and by what they were chosen.
pub(super) struct Chosen {
    pub(super) important: Vec<Vec<Important>>,
    /// Whose right answers: `model`, `encoder`; `all`: of all images, right or wrong.
    pub(super) by: &'static str,
    /// `[classes, d]`: how much each feature speaks for each class.
    pub(super) weights: Array2<f32>,
    /// `[classes, d]`: mean activation over the images that chose them.
    means: Array2<f64>,
}

impl Chosen {
    /// What a feature adds to the class's logit on average.
    pub(super) fn importance(&self, class: usize, feature: usize) -> f64 {
        self.means[[class, feature]] * f64::from(self.weights[[class, feature]])
    }
}

/// The most important features of each class, on the images that they are chosen on.
pub(super) fn choose(
    inputs: &Inputs,
    options: &RankOptions,
    set: &FeatureSet,
    population: &Population<'_>,
    threads: usize,
    notes: &mut Vec<String>,
) -> Result<Chosen, Error> {
    let classes = inputs.dataset.classes.len();
    let Weights { values: weights, judge, words } =
        class_weights(inputs, set, population, threads)?;
    notes.extend(words);
    let right = |row: &Row, vector: &[f32]| judge.right(row, vector);
    let (by, means, counts) = if options.paper_compat {
        notes.push(format!(
            "Features: chosen by the evaluated images that {} has right (--paper-compat).",
            judge.words()
        ));
        let keep = |row: &Row, vector: &[f32]| row.evaluated && right(row, vector);
        let (means, counts) = class_means(set, population, classes, threads, keep)?;
        (judge.name(), means, counts)
    } else if population.overlaps() {
        // Chosen by what is right, features would owe their gap to the choice.
        notes.push(format!(
            "Features: chosen on all images of '{}', right or wrong, since they are ranked as well.",
            population.fit_split
        ));
        let (means, counts) = class_means(set, population, classes, threads, |row, _| row.fit)?;
        ("all", means, counts)
    } else {
        notes.push(format!(
            "Features: chosen on the images of '{}' that {} has right.",
            population.fit_split,
            judge.words()
        ));
        let keep = |row: &Row, vector: &[f32]| row.fit && right(row, vector);
        let (means, counts) = class_means(set, population, classes, threads, keep)?;
        (judge.name(), means, counts)
    };
    let important = (0..classes)
        .map(|class| match counts[class] {
            0 => Vec::new(),
            _ => most_important(means.row(class), weights.row(class), options.top),
        })
        .collect();
    Ok(Chosen { important, by, weights, means })
}

pub(super) type Judged = (Basis, Vec<Vec<Judgement>>, Option<Boxed>);

/// What is left of the pictures without their objects, a row of the population each.
pub(super) struct Boxed {
    /// `[features of the class]`, empty where not known.
    pub(super) values: Vec<Vec<f32>>,
    /// Share of the picture outside the gray box, NaN where not known.
    pub(super) outside: Vec<f64>,
}

/// Judgements by masks, else by attributes and captions, else none.
#[expect(clippy::too_many_arguments, reason = "a stage's parts, each of its own kind")]
pub(super) fn judge(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    important: &[Vec<Important>],
    fit: &[Vec<usize>],
    values: &[Vec<f32>],
    threads: usize,
    notes: &mut Vec<String>,
) -> Result<Judged, Error> {
    let chosen = &indices(important);
    if let Some(path) = &set.on_object {
        notes.push(
            "Spurious features: those that keep more than half of what a map moved at random would keep with the object's \
             box gray; where that is not known, those whose activation lies off the object more than chance."
                .to_owned(),
        );
        let excess = chosen_values(path, "excess", population, chosen, threads)?;
        let boxed = chosen_values(path, "boxed", population, chosen, threads)?;
        let outside = outside(path, population)?;
        let samples: Vec<usize> = population.rows.iter().map(|row| row.sample).collect();
        let clusters = inputs.clusters_of(&samples)?;
        let judgements = fit.iter().zip(chosen).map(|(rows, features)| {
            let own = clusters.as_ref().map(|c| rows.iter().map(|&row| c[row]).collect());
            let design = Design::new(vec![0; rows.len()], own, inputs.options.seed, RESAMPLES);
            let judge = |f: usize| {
                let column = |of: &[Vec<f32>]| -> Vec<f64> {
                    let value = |&row: &usize| of[row].get(f).map_or(f64::NAN, |&v| f64::from(v));
                    rows.iter().map(value).collect()
                };
                let shown = Shown {
                    active: column(values),
                    excess: column(&excess),
                    boxed: column(&boxed),
                    outside: rows.iter().map(|&row| outside[row]).collect(),
                };
                by_masks(&shown, &design)
            };
            (0..features.len()).map(judge).collect()
        });
        return Ok((Basis::Masks, judgements.collect(), Some(Boxed { values: boxed, outside })));
    }
    if let Some(judgements) = by_attributes(inputs, population, important, fit, values, threads)? {
        notes.push(
            "Spurious features: those that go with an attribute or a word of the captions (no masks, or no maps)."
                .to_owned(),
        );
        return Ok((Basis::Attributes, judgements, None));
    }
    notes.push(
        "Spurious features: nothing tells them apart (no votes, masks, attributes or captions). Images are ranked by \
         all features together; judge them in the report, fill in rank/votes.csv and give it with --votes."
            .to_owned(),
    );
    let judgements =
        chosen.iter().map(|features| vec![Judgement::plain(None); features.len()]).collect();
    Ok((Basis::None, judgements, None))
}

/// The features' indices.
pub(super) fn indices(important: &[Vec<Important>]) -> Vec<Vec<usize>> {
    important.iter().map(|class| class.iter().map(|i| i.feature).collect()).collect()
}

/// Share of each image's picture outside its object's box, NaN where it is not known.
pub(super) fn outside(
    path: &std::path::Path,
    population: &Population<'_>,
) -> Result<Vec<f64>, Error> {
    let mut out = vec![f64::NAN; population.rows.len()];
    for batch in table::read(path)? {
        let batch = batch?;
        let ids = table::texts(&batch, "id", path)?;
        for (id, value) in ids.into_iter().zip(table::floats(&batch, "outside", path)?) {
            if let (Some(id), Some(value)) = (id, value)
                && let Some(row) = population.find(&id)
            {
                out[row] = value;
            }
        }
    }
    Ok(out)
}
