//! Tables of two by two: how much more often a trait occurs inside a group than outside it.

use crate::quantile::normal_quantile;

/// Images inside and outside a group, with and without a trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoByTwo {
    /// Inside, with the trait.
    pub inside_with: u64,
    /// Inside, without it.
    pub inside_without: u64,
    /// Outside, with it.
    pub outside_with: u64,
    /// Outside, without it.
    pub outside_without: u64,
}

/// An odds ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OddsRatio {
    /// Conditional maximum-likelihood estimate; 0 or infinite where a cell decides it.
    pub value: f64,
    /// Lower bound of the exact 95 % interval.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl TwoByTwo {
    /// Counts images by group and trait.
    ///
    /// # Panics
    /// Where the slices differ in length.
    pub fn count(inside: &[bool], with: &[bool]) -> Self {
        assert_eq!(inside.len(), with.len(), "a group and a trait for each image");
        let cell = |i: bool, w: bool| {
            inside.iter().zip(with).filter(|&(&a, &b)| a == i && b == w).count() as u64
        };
        Self {
            inside_with: cell(true, true),
            inside_without: cell(true, false),
            outside_with: cell(false, true),
            outside_without: cell(false, false),
        }
    }

    /// Fisher's exact two-sided p-value: the probability, margins fixed, of all tables that are no likelier than this one.
    pub fn fisher(&self) -> f64 {
        let law = Law::of(self);
        let own = law.log_weight(self.inside_with, 0.0);
        // Equal weights that differ by rounding count as equal.
        let limit = own + 1e-7;
        let (mut tail, mut all) = (0.0, 0.0);
        for x in law.support() {
            let weight = law.log_weight(x, 0.0);
            let mass = (weight - law.top).exp();
            all += mass;
            if weight <= limit {
                tail += mass;
            }
        }
        (tail / all).min(1.0)
    }

    /// Conditional odds ratio with its exact interval (Fisher's noncentral hypergeometric law, margins fixed; each tail
    /// 2.5 %). `None` where a margin is 0: the table says nothing.
    pub fn odds_ratio(&self) -> Option<OddsRatio> {
        let law = Law::of(self);
        if law.low == law.high {
            return None;
        }
        let x = self.inside_with;
        let tail = 0.025;
        let value = if x == law.low {
            0.0
        } else if x == law.high {
            f64::INFINITY
        } else {
            law.solve(|theta| law.mean(theta) - x as f64)
        };
        let low = if x == law.low { 0.0 } else { law.solve(|t| law.at_least(x, t) - tail) };
        let high =
            if x == law.high { f64::INFINITY } else { law.solve(|t| tail - law.at_most(x, t)) };
        Some(OddsRatio { value, low, high })
    }
}

/// The law of `inside_with` for fixed margins.
struct Law {
    inside: u64,
    outside: u64,
    with: u64,
    low: u64,
    high: u64,
    /// Largest log weight at an odds ratio of 1.
    top: f64,
}

impl Law {
    fn of(table: &TwoByTwo) -> Self {
        let inside = table.inside_with + table.inside_without;
        let outside = table.outside_with + table.outside_without;
        let with = table.inside_with + table.outside_with;
        let (low, high) = (with.saturating_sub(outside), with.min(inside));
        let mut law = Self { inside, outside, with, low, high, top: 0.0 };
        law.top = law.support().map(|x| law.log_weight(x, 0.0)).fold(f64::NEG_INFINITY, f64::max);
        law
    }

    fn support(&self) -> std::ops::RangeInclusive<u64> {
        self.low..=self.high
    }

    /// Log of the weight of a table at a log odds ratio.
    fn log_weight(&self, x: u64, theta: f64) -> f64 {
        log_choose(self.inside, x) + log_choose(self.outside, self.with - x) + theta * x as f64
    }

    /// Weights over the support at a log odds ratio, with sum 1.
    fn weights(&self, theta: f64) -> Vec<f64> {
        let logs: Vec<f64> = self.support().map(|x| self.log_weight(x, theta)).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = logs.iter().map(|l| (l - top).exp()).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|w| w / sum).collect()
    }

    fn mean(&self, theta: f64) -> f64 {
        self.support().zip(self.weights(theta)).map(|(x, w)| x as f64 * w).sum()
    }

    fn at_least(&self, least: u64, theta: f64) -> f64 {
        self.support().zip(self.weights(theta)).filter(|(x, _)| *x >= least).map(|(_, w)| w).sum()
    }

    fn at_most(&self, most: u64, theta: f64) -> f64 {
        self.support().zip(self.weights(theta)).filter(|(x, _)| *x <= most).map(|(_, w)| w).sum()
    }

    /// The odds ratio at which an increasing function of its log is 0.
    fn solve(&self, rising: impl Fn(f64) -> f64) -> f64 {
        let (mut low, mut high) = (-30.0, 30.0);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if rising(middle) < 0.0 { low = middle } else { high = middle }
        }
        (0.5 * (low + high)).exp()
    }
}

fn log_choose(n: u64, k: u64) -> f64 {
    use statrs::function::factorial::ln_binomial;
    ln_binomial(n, k)
}

/// Log odds ratio of a phrase under an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, eq. 15 to 19), with its
/// z: counts of the phrase in two bodies of text and how many phrases each has, and the same of the prior's body.
///
/// `None` where a body is empty, or where neither the two nor the prior hold the phrase.
pub fn log_odds(inside: (f64, f64), outside: (f64, f64), prior: (f64, f64)) -> Option<LogOdds> {
    let (a, all) = prior;
    let odds = |(y, n): (f64, f64)| {
        let (with, without) = (y + a, n + all - y - a);
        (n > 0.0 && with > 0.0 && without > 0.0).then(|| (with / without).ln())
    };
    let value = odds(inside)? - odds(outside)?;
    let deviation = (1.0 / (inside.0 + a) + 1.0 / (outside.0 + a)).sqrt();
    let half = normal_quantile(0.975) * deviation;
    Some(LogOdds { value, low: value - half, high: value + half, z: value / deviation })
}

/// A log odds ratio with its approximate 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogOdds {
    /// Natural logarithm; above 0 where the phrase belongs to the first body.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Value in its deviations.
    pub z: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_an_empty_margin_says_nothing() {
        let table = TwoByTwo::count(&[true, true, false], &[true, true, true]);
        assert_eq!(table.odds_ratio(), None);
        assert_eq!(table.fisher(), 1.0);
        assert_eq!(TwoByTwo::count(&[], &[]).fisher(), 1.0);
    }

    #[test]
    fn a_trait_that_never_occurs_outside_has_no_upper_bound() {
        let t =
            TwoByTwo { inside_with: 5, inside_without: 5, outside_with: 0, outside_without: 20 };
        let odds = t.odds_ratio().unwrap();
        assert_eq!((odds.value, odds.high), (f64::INFINITY, f64::INFINITY));
        assert!(odds.low > 1.0);
        let turned =
            TwoByTwo { inside_with: 5, inside_without: 5, outside_with: 20, outside_without: 0 };
        let odds = turned.odds_ratio().unwrap();
        assert!(odds.value == 0.0 && odds.low == 0.0 && odds.high < 1.0, "{odds:?}");
    }

    #[test]
    fn the_prior_holds_rare_phrases_back() {
        let rare = log_odds((2.0, 100.0), (0.0, 100.0), (2.0, 200.0)).unwrap();
        let common = log_odds((40.0, 100.0), (10.0, 100.0), (50.0, 200.0)).unwrap();
        assert!(rare.z < 1.0 && common.z > 2.0, "{rare:?} {common:?}");
        assert_eq!(log_odds((0.0, 0.0), (1.0, 2.0), (1.0, 3.0)), None);
        let even = log_odds((5.0, 50.0), (5.0, 50.0), (1.0, 10.0)).unwrap();
        assert!(even.value.abs() < 1e-12 && (even.low + even.high).abs() < 1e-12);
    }
}
