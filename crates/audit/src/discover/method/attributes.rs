//! Conjunctions of attribute values, exactly: the best of all slices with enough images, pruned by an upper bound.
//!
//! SliceLine (Sagadeeva and Boehm, SIGMOD 2021): the score of a slice weighs how much higher its error is than the class's
//! against how small it is (its equation 1, weight .95).

use rightly_data::dataset::Attribute;

use super::{Fit, Image, Membership, Pole, Slice, Slicer};

/// Weight of the error against the size.
const WEIGHT: f64 = 0.95;
/// Most attributes of a conjunction.
const DEPTH: usize = 3;
/// Fewest images of a slice: so many, and this share of the class.
const SUPPORT: (usize, f64) = (10, 0.05);
/// Slices that are kept.
const KEPT: usize = 5;

/// Fits the method.
///
/// # Errors
/// In words: no attribute, or no error to explain.
pub(super) fn fit(fit: Fit<'_>) -> Result<Box<dyn Slicer>, String> {
    let attributes: Vec<&Attribute> = fit.attributes.iter().filter(|a| a.is_used()).collect();
    if attributes.is_empty() {
        return Err("the table has no attributes".to_owned());
    }
    let wrong: Vec<bool> = fit.part.outcomes.iter().map(|o| !o.correct).collect();
    let literals = literals(&attributes, &fit.part.samples);
    let found = search(&literals, &wrong);
    if found.is_empty() {
        return Err("no conjunction of attributes has more errors than the class".to_owned());
    }
    let slices = found
        .iter()
        .enumerate()
        .map(|(at, slice)| Slice {
            component: at + 1,
            pole: Pole::Plus,
            direction: Vec::new(),
            tested: true,
            words: Some(
                slice
                    .terms
                    .iter()
                    .map(|&term| literals[term].words.clone())
                    .collect::<Vec<_>>()
                    .join(" and "),
            ),
        })
        .collect();
    let terms = found
        .iter()
        .map(|slice| {
            slice.terms.iter().map(|&t| (literals[t].attribute, literals[t].value)).collect()
        })
        .collect();
    // Of every image of the data: slices are asked for images that were not fitted on.
    let values = attributes.iter().map(|a| a.values.clone()).collect();
    Ok(Box::new(Conjunctions { slices, terms, values }))
}

/// `attribute = value`, and the images it holds for.
struct Literal {
    attribute: usize,
    value: usize,
    words: String,
    on: Vec<bool>,
}

fn literals(attributes: &[&Attribute], samples: &[usize]) -> Vec<Literal> {
    let mut out = Vec::new();
    for (at, attribute) in attributes.iter().enumerate() {
        for (value, name) in attribute.categories.iter().enumerate() {
            let on = samples.iter().map(|&s| attribute.values[s] == Some(value)).collect();
            let words = format!("{} is {name}", attribute.name);
            out.push(Literal { attribute: at, value, words, on });
        }
    }
    out
}

/// A conjunction on the fitted images.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    score: f64,
    terms: Vec<usize>,
    members: Vec<usize>,
}

/// The best conjunctions, best first; those that are no worse than the class are left out.
fn search(literals: &[Literal], wrong: &[bool]) -> Vec<Found> {
    let n = wrong.len();
    let errors = wrong.iter().filter(|&&w| w).count();
    if errors == 0 {
        return Vec::new();
    }
    let support = SUPPORT.0.max((SUPPORT.1 * n as f64).ceil() as usize);
    let mut search = Search { literals, wrong, support, errors, best: Vec::new() };
    search.extend(&[], &(0..n).collect::<Vec<_>>(), 0);
    search.best
}

struct Search<'a> {
    literals: &'a [Literal],
    wrong: &'a [bool],
    support: usize,
    errors: usize,
    best: Vec<Found>,
}

impl Search<'_> {
    /// Tries every literal from `from` on beside `terms`, depth first.
    fn extend(&mut self, terms: &[usize], members: &[usize], from: usize) {
        for at in from..self.literals.len() {
            let literal = &self.literals[at];
            // Two values of one attribute exclude each other.
            if terms.iter().any(|&t| self.literals[t].attribute == literal.attribute) {
                continue;
            }
            let own: Vec<usize> = members.iter().copied().filter(|&i| literal.on[i]).collect();
            if own.len() < self.support || (own.len() == members.len() && !terms.is_empty()) {
                continue;
            }
            let mut longer = terms.to_vec();
            longer.push(at);
            let errors = own.iter().filter(|&&i| self.wrong[i]).count();
            self.keep(longer.clone(), &own, errors);
            if longer.len() < DEPTH && self.bound(own.len(), errors) > self.threshold() {
                self.extend(&longer, &own, at + 1);
            }
        }
    }

    fn score(&self, size: f64, errors: f64) -> f64 {
        let n = self.wrong.len() as f64;
        let mean = self.errors as f64 / n;
        WEIGHT * (errors / size / mean - 1.0) - (1.0 - WEIGHT) * (n / size - 1.0)
    }

    /// No conjunction inside a slice of so many images and errors scores higher.
    fn bound(&self, size: usize, errors: usize) -> f64 {
        // Smaller slices lose in size and win in error until only errors are left.
        let smallest = errors.clamp(self.support, size) as f64;
        let errors = errors as f64;
        let at = |size: f64| self.score(size, errors.min(size));
        at(smallest).max(at(size as f64))
    }

    /// What a slice has to beat.
    fn threshold(&self) -> f64 {
        if self.best.len() < KEPT { 0.0 } else { self.best[KEPT - 1].score }
    }

    fn keep(&mut self, terms: Vec<usize>, members: &[usize], errors: usize) {
        let score = self.score(members.len() as f64, errors as f64);
        if score <= self.threshold() {
            return;
        }
        // The same images are one slice: the shorter description, which comes first, stays.
        if self
            .best
            .iter()
            .any(|known| known.members == members && known.terms.len() <= terms.len())
        {
            return;
        }
        self.best.retain(|known| known.members != members);
        let at = self.best.partition_point(|known| known.score >= score);
        self.best.insert(at, Found { score, terms, members: members.to_vec() });
        self.best.truncate(KEPT);
    }
}

/// The method: an image belongs to the first of the conjunctions that it fulfils.
struct Conjunctions {
    slices: Vec<Slice>,
    /// `[slices]`: attribute and value of each term.
    terms: Vec<Vec<(usize, usize)>>,
    /// `[attributes][samples]`.
    values: Vec<Vec<Option<usize>>>,
}

impl Slicer for Conjunctions {
    fn slices(&self) -> &[Slice] {
        &self.slices
    }

    fn membership(&self, image: Image<'_>) -> Membership {
        let fulfils = |terms: &Vec<(usize, usize)>| {
            terms.iter().all(|&(attribute, value)| {
                self.values[attribute].get(image.sample).copied().flatten() == Some(value)
            })
        };
        let first = self.terms.iter().position(fulfils);
        let soft: Vec<f64> =
            (0..self.terms.len()).map(|at| f64::from(u8::from(first == Some(at)))).collect();
        Membership { strength: soft.clone(), soft, group: first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literal(attribute: usize, value: usize, on: Vec<bool>) -> Literal {
        Literal { attribute, value, words: format!("{attribute}={value}"), on }
    }

    fn table(cells: &[Vec<usize>], values: usize) -> Vec<Literal> {
        let mut out = Vec::new();
        for (attribute, column) in cells.iter().enumerate() {
            for value in 0..values {
                out.push(literal(attribute, value, column.iter().map(|&c| c == value).collect()));
            }
        }
        out
    }

    #[test]
    fn the_planted_conjunction_is_found() {
        let n = 400;
        let cells = [
            (0..n).map(|i| i % 3).collect::<Vec<_>>(),
            (0..n).map(|i| (i / 3) % 3).collect(),
            (0..n).map(|i| (i / 9) % 3).collect(),
        ];
        let wrong: Vec<bool> =
            (0..n).map(|i| (cells[0][i] == 1 && cells[2][i] == 2) || i % 20 == 0).collect();
        let found = search(&table(&cells, 3), &wrong);
        assert_eq!(found[0].terms, [1, 8], "{found:?}");
        assert!(search(&table(&cells, 3), &vec![false; n]).is_empty());
    }

    proptest! {
        /// Pruning loses nothing: the best score is that of trying every conjunction.
        #[test]
        fn as_good_as_trying_everything(seed in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..3, any::<bool>()), 60..120)) {
            let cells = [
                seed.iter().map(|s| s.0).collect::<Vec<_>>(),
                seed.iter().map(|s| s.1).collect(),
                seed.iter().map(|s| s.2).collect(),
            ];
            let wrong: Vec<bool> = seed.iter().map(|s| s.3).collect();
            let literals = table(&cells, 3);
            let found = search(&literals, &wrong);
            let errors = wrong.iter().filter(|&&w| w).count();
            prop_assume!(errors > 0);
            let support = SUPPORT.0.max((SUPPORT.1 * wrong.len() as f64).ceil() as usize);
            let all = Search { literals: &literals, wrong: &wrong, support, errors, best: Vec::new() };
            let mut best = 0.0_f64;
            for a in 0..=literals.len() {
                for b in a..=literals.len() {
                    for c in b..=literals.len() {
                        let terms: Vec<usize> = [a, b, c].into_iter().filter(|&t| t < literals.len()).collect();
                        let own: Vec<usize> = (0..wrong.len()).filter(|&i| terms.iter().all(|&t| literals[t].on[i])).collect();
                        if own.len() >= support {
                            let hits = own.iter().filter(|&&i| wrong[i]).count();
                            best = best.max(all.score(own.len() as f64, hits as f64));
                        }
                    }
                }
            }
            let top = found.first().map_or(0.0, |f| f.score);
            prop_assert!((top - best).abs() < 1e-9, "{} {}", top, best);
        }
    }
}
