//! The ranked images of each class, and what the model says to them.

use std::collections::HashMap;

use super::{
    bare::{self, Bare},
    choose::{Important, chosen_values, products},
    evidence::{choose, indices, judge},
    images::Population,
    judge::{Basis, Judgement, by_votes},
    left::{CARRIED, Left, look_further, pick, spurious_of, taken},
    options::RankOptions,
};
use crate::{
    Error, Inputs,
    features::FeatureSet,
    prose::shortened,
    spuriosity::{Spuriosity, descending, spuriosity},
};

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
    /// What is left of the class's evidence without its object, where that is known.
    pub(super) left: Option<Left>,
}

/// All classes.
pub(super) struct Ranking {
    pub(super) classes: Vec<ClassRanking>,
    pub(super) basis: Basis,
    /// Whose right answers chose the features, see [`super::evidence::Chosen::by`]; none where nobody chose them here.
    pub(super) by: Option<&'static str>,
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
        threads: usize,
        notes: &mut Vec<String>,
    ) -> Result<Self, Error> {
        if let Some(path) = &options.votes {
            let features = by_votes(path, inputs, set.dim)?;
            notes.push(format!("Spurious features: as people voted in {}.", path.display()));
            let chosen: Vec<Vec<usize>> = features
                .iter()
                .map(|class| class.iter().map(|(i, _)| i.feature).collect())
                .collect();
            let values = vectors(set, population, &chosen, threads)?;
            return Ok(Self::new(inputs, population, Basis::Votes, features, &values));
        }
        let chosen = choose(inputs, options, set, population, threads, notes)?;
        let (weights, by) = (&chosen.weights, chosen.by);
        let mut important = chosen.important.clone();
        let fit = population.by_class(important.len(), |row| row.fit);
        let bare = match &set.on_object {
            Some(path) => {
                Some(Bare::compute(inputs, set, path, population, weights, &fit, threads)?)
            }
            None => None,
        };
        let few: Vec<usize> = important.iter().map(Vec::len).collect();
        if let Some(bare) = &bare {
            for (class, own) in important.iter_mut().enumerate() {
                look_further(own, &bare.classes[class], |f| chosen.importance(class, f));
            }
        }
        let mut values = vectors(set, population, &indices(&important), threads)?;
        let (basis, judgements, mut boxed) =
            judge(inputs, set, population, &important, &fit, &values, threads, notes)?;
        let mut features: Vec<Vec<(Important, Judgement)>> = important
            .into_iter()
            .zip(judgements)
            .map(|(important, judgements)| important.into_iter().zip(judgements).collect())
            .collect();
        let mut left = vec![None; features.len()];
        if let (Some(path), Some(bare)) = (&set.on_object, &bare) {
            let taken: Vec<Vec<usize>> = (features.iter().zip(&few).zip(&bare.classes))
                .map(|((features, &few), bare)| taken(features, few, bare))
                .collect();
            for (row, of) in population.rows.iter().enumerate() {
                pick(&mut values[row], &taken[of.class]);
                if let Some(boxed) = &mut boxed {
                    pick(&mut boxed.values[row], &taken[of.class]);
                }
            }
            for ((features, taken), (left, bare)) in
                features.iter_mut().zip(&taken).zip(left.iter_mut().zip(&bare.classes))
            {
                *features = taken.iter().map(|&at| features[at].clone()).collect();
                *left = bare.left.value.map(|_| Left {
                    share: bare.left,
                    carried: bare.carried(spurious_of(features)),
                    direction: None,
                });
            }
            let whole = |left: &Option<Left>| {
                left.as_ref()
                    .is_some_and(|l| Left::leans(&l.share) == Some(true) && l.carried < CARRIED)
            };
            let mixed: Vec<usize> = (0..left.len()).filter(|&class| whole(&left[class])).collect();
            let outside = &bare.outside;
            let told = bare::told(set, path, population, weights, &mixed, outside, threads)?;
            for (&class, direction) in mixed.iter().zip(told) {
                if let Some(left) = &mut left[class] {
                    left.direction = direction;
                }
            }
        }
        let mut ranking = Self::new(inputs, population, basis, features, &values);
        ranking.by = Some(by);
        if let Some(boxed) = boxed {
            ranking
                .classes
                .iter_mut()
                .for_each(|class| class.rank_without_object(&boxed.values, &boxed.outside));
        }
        if let Some(bare) = &bare {
            let directions: Vec<Option<&[f64]>> =
                left.iter().map(|left| left.as_ref()?.direction.as_deref()).collect();
            let told = products(&set.path, population, &directions, threads)?;
            for (class, left) in ranking.classes.iter_mut().zip(left) {
                if left.as_ref().is_some_and(|left| left.direction.is_some()) {
                    class.rank_as_a_whole(&told, bare);
                }
                class.left = left;
            }
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
                    left: None,
                }
            })
            .collect();
        Self { classes, basis: Basis::Votes, by: None, judged: true }
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
        // The classes that keep most without their object first.
        let with_left = |keep: &dyn Fn(&ClassRanking) -> bool| -> Vec<String> {
            let mut own: Vec<_> = names().filter(|(_, c)| keep(c)).collect();
            let share = |c: &ClassRanking| {
                c.left.as_ref().and_then(|l| l.share.value).unwrap_or(f64::NEG_INFINITY)
            };
            own.sort_by(|a, b| share(b.1).total_cmp(&share(a.1)));
            own.into_iter().map(|(name, c)| format!("'{name}'{}", c.left_in_words())).collect()
        };
        say(
            with_left(&|c| !c.features.is_empty() && c.spuriosity.is_none()),
            "Not ranked, no feature is spurious",
        );
        say(
            with_left(&|c| c.as_a_whole().is_some()),
            "Ranked by what all features together tell of the picture without its object, since the spurious ones carry less than \
             half of that",
        );
        let all_spurious = |c: &ClassRanking| {
            judged(c) && c.features.iter().all(|f| f.judgement.spurious == Some(true))
        };
        let leans = |c: &ClassRanking| Left::leans(&c.left.as_ref()?.share);
        say(
            list(&|c| all_spurious(c) && leans(c) == Some(true)),
            "Hard classes, whose every important feature is spurious, and which keep evidence without their object",
        );
        say(list(&|c| all_spurious(c) && c.left.is_none()), "Every important feature is spurious");
        say(
            with_left(&|c| all_spurious(c) && c.left.is_some() && leans(c).is_none()),
            "Every important feature is spurious, and whether the class needs its object these images don't tell",
        );
        say(
            with_left(&|c| all_spurious(c) && leans(c) == Some(false)),
            "Every important feature is spurious, and yet the class needs its object",
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
                let counts = |judgement: &Judgement| basis == Basis::None || judgement.counts();
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
                let order = values.as_deref().map_or_else(Vec::new, descending);
                let standardised =
                    standardised.into_iter().map(Option::unwrap_or_default).collect();
                ClassRanking {
                    features,
                    rows,
                    standardised,
                    spuriosity: values,
                    order,
                    without_object: Vec::new(),
                    left: None,
                }
            })
            .collect();
        Self { classes, basis, by: None, judged: basis != Basis::None }
    }
}

impl ClassRanking {
    /// Rows of the population from the highest spuriosity to the lowest; empty where the class has no ranks.
    pub(super) fn ranked(&self) -> impl ExactSizeIterator<Item = usize> + DoubleEndedIterator + '_ {
        self.order.iter().map(|&at| self.rows[at])
    }

    /// Ranks the images by the spurious features of their pictures without the object, beyond what the size of the gray
    /// box explains: a larger box leaves less of everything, and says how large the object is.
    fn rank_without_object(&mut self, boxed: &[Vec<f32>], outside: &[f64]) {
        let known =
            |row: &usize| boxed[*row].len() == self.features.len() && outside[*row].is_finite();
        let rows: Vec<usize> = self.rows.iter().copied().filter(known).collect();
        let left: Vec<f64> = rows.iter().map(|&row| outside[row]).collect();
        let column = |f: usize| -> Vec<f64> {
            let values: Vec<f64> = rows.iter().map(|&row| f64::from(boxed[row][f])).collect();
            residuals(&values, &left)
        };
        let columns: Vec<Vec<f64>> = (0..self.features.len()).map(column).collect();
        let marked: Vec<bool> = self.features.iter().map(|f| f.judgement.counts()).collect();
        let values = spuriosity(&columns, &marked).values;
        let order = values.as_deref().map_or_else(Vec::new, descending);
        self.without_object = order.into_iter().map(|at| rows[at]).collect();
    }

    /// Ranks the images by what all features together tell: of pictures as they are by `told` (a value a row of the
    /// population), of pictures without their object by what the head makes of them, beyond what the size of the gray box
    /// explains.
    fn rank_as_a_whole(&mut self, told: &[f64], bare: &Bare) {
        let column: Vec<f64> = self.rows.iter().map(|&row| told[row]).collect();
        self.spuriosity = spuriosity(&[column], &[true]).values;
        self.order = self.spuriosity.as_deref().map_or_else(Vec::new, descending);
        let known = |row: &usize| bare.evidence[*row].is_finite() && bare.outside[*row].is_finite();
        let rows: Vec<usize> = self.rows.iter().copied().filter(known).collect();
        let of = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        let left = residuals(&of(&bare.evidence), &of(&bare.outside));
        self.without_object = descending(&left).into_iter().map(|at| rows[at]).collect();
    }

    /// What is left of the evidence, where images are ranked by it as a whole.
    pub(super) fn as_a_whole(&self) -> Option<&Left> {
        self.left.as_ref().filter(|left| left.direction.is_some())
    }

    /// What is left without its object, in brackets; nothing where that is not known.
    fn left_in_words(&self) -> String {
        let words = self.left.as_ref().and_then(Left::words);
        words.map_or_else(String::new, |words| format!(" ({words})"))
    }

    /// Features that make up the cue.
    pub(super) fn spurious(&self) -> impl Iterator<Item = (usize, &ClassFeature)> {
        self.features.iter().enumerate().filter(|(_, f)| f.judgement.counts() && !f.constant)
    }
}

/// Values of the chosen features, of every image that takes part.
fn vectors(
    set: &FeatureSet,
    population: &Population<'_>,
    chosen: &[Vec<usize>],
    threads: usize,
) -> Result<Vec<Vec<f32>>, Error> {
    let values = chosen_values(&set.path, "vector", population, chosen, threads)?;
    let whole =
        values.iter().zip(&population.rows).all(|(v, row)| v.len() == chosen[row.class].len());
    if whole {
        return Ok(values);
    }
    Err(Error::run(
        &set.path,
        "images are missing; remove the folder features/ of the run and run again",
    ))
}

/// What is left of `y` after its least-squares line on `x`.
pub(super) fn residuals(y: &[f64], x: &[f64]) -> Vec<f64> {
    let n = y.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let spread = x.iter().map(|x| (x - mean_x) * (x - mean_x)).sum::<f64>();
    let common = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    let slope = if spread > 0.0 { common / spread } else { 0.0 };
    let left: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - mean_y - slope * (x - mean_x)).collect();
    // What rounding leaves of a line is nothing.
    let square = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
    if square(&left) <= 1e-18 * square(y) { vec![0.0; y.len()] } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_have_nothing_to_do_with_the_other_side() {
        let x: Vec<f64> = (0..20).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| 3.0 * x + (i as f64).cos()).collect();
        let left = residuals(&y, &x);
        assert!(left.iter().zip(&x).map(|(l, x)| l * x).sum::<f64>().abs() < 1e-9);
        assert!(left.iter().sum::<f64>().abs() < 1e-9);
        let line: Vec<f64> = x.iter().map(|x| 2.0 - x).collect();
        assert!(residuals(&line, &x).iter().all(|l| l.abs() < 1e-12));
        assert_eq!(residuals(&[1.0, 3.0], &[5.0, 5.0]), [-1.0, 1.0]);
    }
}
