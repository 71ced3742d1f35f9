//! The ranked images of each class, and what the model says to them.

use std::collections::HashMap;

use rightly_data::table;
use rightly_stats::Design;

use super::{
    choose::{Important, chosen_values, class_means, most_important},
    judge::{Basis, Judgement, Shown, by_attributes, by_masks, by_votes},
    options::RankOptions,
    population::Population,
    spuriosity::{Spuriosity, descending, spuriosity},
    weights::class_weights,
};
use crate::{Error, Inputs, features::FeatureSet};

/// Bootstrap resamples of a feature's share on the object.
const RESAMPLES: usize = 500;

/// A feature of a class with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassFeature {
    pub(super) important: Important,
    pub(super) judgement: Judgement,
    /// All evaluated images of the class show the same value.
    pub(super) constant: bool,
}

/// One class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassRanking {
    pub(super) features: Vec<ClassFeature>,
    /// Evaluated images in the order of the dataset (rows of the population).
    pub(super) rows: Vec<usize>,
    /// `[features][rows]`, standardised; empty for a constant feature.
    pub(super) standardised: Vec<Vec<f64>>,
    /// `[rows]`, where the class has a spurious feature (or ranks from outside).
    pub(super) spuriosity: Option<Vec<f64>>,
    /// Positions in `rows` from the highest spuriosity to the lowest.
    pub(super) order: Vec<usize>,
    /// Rows of the population ranked by the same features of the pictures without their object: what is left of the
    /// cue when the object is gone, so that an odd, hard or wrongly labelled object can't look like a missing cue.
    /// Empty where that is not known.
    pub(super) without_object: Vec<usize>,
}

/// All classes.
pub(super) struct Ranking {
    pub(super) classes: Vec<ClassRanking>,
    pub(super) basis: Basis,
    /// Whether a judgement stands behind the ranks, so that a gap can be a finding.
    pub(super) judged: bool,
}

impl Ranking {
    /// Chooses the features of each class, judges them from the best source at hand, and ranks the images.
    pub(super) fn made(
        inputs: &Inputs,
        options: &RankOptions,
        set: &FeatureSet,
        population: &Population<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let threads = options.threads;
        if let Some(path) = &options.votes {
            let features = by_votes(path, inputs, set.dim)?;
            notes.push(format!("Spurious features: as people voted in {}.", path.display()));
            let chosen = indices(&features);
            let values = chosen_values(&set.path, "vector", population, &chosen, threads)?;
            return Ok(Self::new(inputs, population, Basis::Votes, features, &values));
        }
        let important = choose(inputs, options, set, population, notes)?;
        let chosen: Vec<Vec<usize>> =
            important.iter().map(|class| class.iter().map(|i| i.feature).collect()).collect();
        let values = chosen_values(&set.path, "vector", population, &chosen, threads)?;
        let fit = population.by_class(important.len(), |row| row.fit);
        let (basis, judgements, boxed) =
            judge(inputs, set, population, &chosen, &fit, &values, threads, notes)?;
        let features = important
            .into_iter()
            .zip(judgements)
            .map(|(important, judgements)| important.into_iter().zip(judgements).collect())
            .collect();
        let mut ranking = Self::new(inputs, population, basis, features, &values);
        if !boxed.is_empty() {
            ranking.classes.iter_mut().for_each(|class| class.rank_without_object(&boxed));
        }
        Ok(ranking)
    }

    /// Ranks that were made elsewhere: spuriosity by id.
    pub(super) fn given(
        inputs: &Inputs,
        population: &Population<'_>,
        given: &HashMap<String, f64>,
    ) -> Self {
        let id = |row: usize| inputs.dataset.samples[population.rows[row].sample].id.as_str();
        let of = |row: usize| given.get(id(row)).copied();
        let rows = population.by_class(inputs.dataset.classes.len(), |row| row.evaluated);
        let classes = rows
            .into_iter()
            .map(|rows| {
                let rows: Vec<usize> = rows.into_iter().filter(|&row| of(row).is_some()).collect();
                let values: Vec<f64> = rows.iter().filter_map(|&row| of(row)).collect();
                let order = descending(&values);
                let spuriosity = (!values.is_empty()).then_some(values);
                ClassRanking {
                    features: Vec::new(),
                    rows,
                    standardised: Vec::new(),
                    spuriosity,
                    order,
                    without_object: Vec::new(),
                }
            })
            .collect();
        Self { classes, basis: Basis::Votes, judged: true }
    }

    /// What the ranks leave out, and the classes whose every feature is spurious.
    pub(super) fn notes(&self, inputs: &Inputs) -> Vec<String> {
        let names = || inputs.dataset.classes.iter().zip(&self.classes);
        let list = |keep: &dyn Fn(&ClassRanking) -> bool| -> Vec<String> {
            names().filter(|(_, c)| keep(c)).map(|(name, _)| format!("'{name}'")).collect()
        };
        let mut out = Vec::new();
        let mut say = |classes: Vec<String>, text: &str| {
            if !classes.is_empty() {
                out.push(format!("{text}: {}.", shortened(&classes)));
            }
        };
        let judged = |c: &ClassRanking| !c.features.is_empty() && self.basis != Basis::None;
        say(
            list(&|c| !c.features.is_empty() && c.spuriosity.is_none()),
            "Not ranked, no feature is spurious",
        );
        say(
            list(&|c| judged(c) && c.features.iter().all(|f| f.judgement.spurious == Some(true))),
            "Hard classes, whose every important feature is spurious",
        );
        say(
            list(&|c| c.features.iter().any(|f| f.constant)),
            "A feature is the same on all images and was left out",
        );
        out
    }

    /// Ranks by the spurious features; without any judgement by all features together.
    pub(super) fn new(
        inputs: &Inputs,
        population: &Population<'_>,
        basis: Basis,
        features: Vec<Vec<(Important, Judgement)>>,
        values: &[Vec<f32>],
    ) -> Self {
        let rows = population.by_class(inputs.dataset.classes.len(), |row| row.evaluated);
        let classes = features
            .into_iter()
            .zip(rows)
            .map(|(features, rows)| {
                let column = |f: usize| rows.iter().map(|&row| f64::from(values[row][f])).collect();
                let columns: Vec<Vec<f64>> = (0..features.len()).map(column).collect();
                let counts = |judgement: &Judgement| {
                    basis == Basis::None || judgement.spurious == Some(true)
                };
                let marked: Vec<bool> = features.iter().map(|(_, j)| counts(j)).collect();
                let Spuriosity { values, standardised } = spuriosity(&columns, &marked);
                let features = features
                    .into_iter()
                    .zip(&standardised)
                    .map(|((important, judgement), z)| {
                        let constant = z.is_none() && !rows.is_empty();
                        ClassFeature { important, judgement, constant }
                    })
                    .collect();
                let order = values.as_deref().map(descending).unwrap_or_default();
                let standardised =
                    standardised.into_iter().map(Option::unwrap_or_default).collect();
                ClassRanking {
                    features,
                    rows,
                    standardised,
                    spuriosity: values,
                    order,
                    without_object: Vec::new(),
                }
            })
            .collect();
        Self { classes, basis, judged: basis != Basis::None }
    }
}

impl ClassRanking {
    /// Rows of the population from the highest spuriosity to the lowest; empty where the class has no ranks.
    pub(super) fn ranked(&self) -> impl ExactSizeIterator<Item = usize> + DoubleEndedIterator + '_ {
        self.order.iter().map(|&at| self.rows[at])
    }

    /// Ranks the images by the spurious features of their pictures without the object.
    fn rank_without_object(&mut self, boxed: &[Vec<f32>]) {
        let known = |row: &usize| boxed[*row].len() == self.features.len();
        let rows: Vec<usize> = self.rows.iter().copied().filter(known).collect();
        let column = |f: usize| rows.iter().map(|&row| f64::from(boxed[row][f])).collect();
        let columns: Vec<Vec<f64>> = (0..self.features.len()).map(column).collect();
        let marked: Vec<bool> =
            self.features.iter().map(|f| f.judgement.spurious == Some(true)).collect();
        let values = spuriosity(&columns, &marked).values;
        let order = values.as_deref().map(descending).unwrap_or_default();
        self.without_object = order.into_iter().map(|at| rows[at]).collect();
    }

    /// Features that count as spurious.
    pub(super) fn spurious(&self) -> impl Iterator<Item = (usize, &ClassFeature)> {
        self.features
            .iter()
            .enumerate()
            .filter(|(_, f)| f.judgement.spurious == Some(true) && !f.constant)
    }
}

/// At most ten names, and how many more there are.
fn shortened(names: &[String]) -> String {
    let shown = &names[..names.len().min(10)];
    let rest = names.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn indices(features: &[Vec<(Important, Judgement)>]) -> Vec<Vec<usize>> {
    features.iter().map(|class| class.iter().map(|(i, _)| i.feature).collect()).collect()
}

/// The most important features of each class, on the images that they are chosen on.
fn choose(
    inputs: &Inputs,
    options: &RankOptions,
    set: &FeatureSet,
    population: &Population<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<Vec<Important>>, Error> {
    let classes = inputs.dataset.classes.len();
    let (weights, what) = class_weights(inputs, set, population, options.threads)?;
    notes.push(what);
    let same = population.fit_split == inputs.split();
    let (means, counts) = if options.paper_compat {
        notes.push(
            "Features: chosen by the evaluated images that are right (--paper-compat).".to_owned(),
        );
        class_means(set, population, classes, options.threads, |row| row.evaluated && row.correct)?
    } else if same {
        // Chosen by what is right, features would owe their gap to the choice.
        notes.push(format!(
            "Features: chosen on all images of '{}', right or wrong, since no other split is there.",
            population.fit_split
        ));
        class_means(set, population, classes, options.threads, |row| row.fit)?
    } else {
        notes.push(format!(
            "Features: chosen on the images of '{}' that are right.",
            population.fit_split
        ));
        class_means(set, population, classes, options.threads, |row| row.fit && row.correct)?
    };
    Ok((0..classes)
        .map(|class| match counts[class] {
            0 => Vec::new(),
            _ => most_important(means.row(class), weights.row(class), options.top),
        })
        .collect())
}

/// Judgements, and the features of the pictures without their object (`[rows][features of the class]`, empty where not
/// known).
type Judged = (Basis, Vec<Vec<Judgement>>, Vec<Vec<f32>>);

/// Judgements by masks, else by attributes and captions, else none.
#[expect(clippy::too_many_arguments, reason = "a stage's parts, each of its own kind")]
fn judge(
    inputs: &Inputs,
    set: &FeatureSet,
    population: &Population<'_>,
    chosen: &[Vec<usize>],
    fit: &[Vec<usize>],
    values: &[Vec<f32>],
    threads: usize,
    notes: &mut Vec<String>,
) -> Result<Judged, Error> {
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
        return Ok((Basis::Masks, judgements.collect(), boxed));
    }
    if let Some(judgements) = by_attributes(inputs, population, fit, values) {
        notes.push(
            "Spurious features: those that go with an attribute or a word of the captions (no masks, or no maps)."
                .to_owned(),
        );
        return Ok((Basis::Attributes, judgements, Vec::new()));
    }
    notes.push(
        "Spurious features: nothing tells them apart (no votes, masks, attributes or captions). Images are ranked by \
         all features together; judge them in the report, fill in rank/votes.csv and give it with --votes."
            .to_owned(),
    );
    let judgements =
        chosen.iter().map(|features| vec![Judgement::plain(None); features.len()]).collect();
    Ok((Basis::None, judgements, Vec::new()))
}

/// Share of each image's picture outside its object's box, NaN where it is not known.
fn outside(path: &std::path::Path, population: &Population<'_>) -> Result<Vec<f64>, Error> {
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
