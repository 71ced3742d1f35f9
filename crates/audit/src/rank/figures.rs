//! What accuracy does as the cue goes away.

use rightly_stats::{
    Design, Estimate,
    extremes::{allowed, gap_p},
    multiple::benjamini_hochberg,
    permutation::monte_carlo_p,
    proportion::newcombe,
    rng::keyed,
};

use super::{
    STAGE,
    class_gap::{ClassGap, both},
    images::Population,
    options::RankOptions,
    ranking::Ranking,
};
use crate::{
    Error, Inputs, Metric,
    metrics::{MEAN, POOLED},
};

/// Fewest images of a step of the curve.
const FEWEST: usize = 5;
/// Fewest clusters whose ranks can be permuted.
const FEW_CLUSTERS: usize = 6;

/// Figures of the stage, and what the findings need of each class.
pub(super) struct Figures {
    pub(super) metrics: Vec<Metric>,
    pub(super) classes: Vec<Option<ClassGap>>,
}

/// The two ends of a ranking: rows of the population.
struct Ends {
    class: u32,
    high: Vec<usize>,
    low: Vec<usize>,
}

pub(super) fn compute(
    inputs: &Inputs,
    options: &RankOptions,
    population: &Population<'_>,
    ranking: &Ranking,
) -> Result<Figures, Error> {
    let names = &inputs.dataset.classes;
    let samples: Vec<usize> = population.rows.iter().map(|row| row.sample).collect();
    let clusters = inputs.clusters_of(&samples)?;
    let scene =
        Scene { population, clusters, seed: inputs.options.seed, resamples: options.resamples };
    let mut metrics = Vec::new();
    let ranked: Vec<Vec<usize>> = ranking.classes.iter().map(|c| c.ranked().collect()).collect();
    let mut classes = gaps(&scene, options, names, "gap", &ranked, &mut metrics);
    let without: Vec<Vec<usize>> =
        ranking.classes.iter().map(|class| class.without_object.clone()).collect();
    if without.iter().any(|ranked| !ranked.is_empty()) {
        let bare = gaps(&scene, options, names, "gap-without-object", &without, &mut metrics);
        classes = both(classes, bare);
    }
    curves(&scene, names, ranking, &mut metrics);
    Ok(Figures { metrics, classes })
}

/// The gaps of every class at every `k`, with the p-values of their rankings, and the gap by which each class is judged.
fn gaps(
    scene: &Scene<'_>,
    options: &RankOptions,
    names: &[String],
    metric: &str,
    ranked: &[Vec<usize>],
    metrics: &mut Vec<Metric>,
) -> Vec<Option<ClassGap>> {
    let p: Vec<Option<f64>> = names
        .iter()
        .zip(ranked)
        .map(|(name, ranked)| match &scene.clusters {
            None => {
                let outcomes: Vec<bool> = ranked.iter().map(|&row| scene.right(row)).collect();
                let key = format!("{metric}/{name}");
                gap_p(&outcomes, &options.ks, scene.seed, &key, options.draws)
            }
            Some(clusters) => scene.cluster_p(ranked, clusters, name, options.draws),
        })
        .collect();
    // The family: every class that has ranks.
    let q = benjamini_hochberg(&p.iter().map(|p| p.unwrap_or(f64::NAN)).collect::<Vec<_>>());
    let q: Vec<Option<f64>> = q.into_iter().map(|q| (!q.is_nan()).then_some(q)).collect();
    let mut classes: Vec<Option<ClassGap>> = names.iter().map(|_| None).collect();
    for &k in &options.ks {
        let condition = format!("k={k}");
        let mut all = Vec::new();
        for (at, ranked) in ranked.iter().enumerate() {
            let cut = allowed(k, ranked.len());
            let ends = Ends {
                class: at as u32,
                high: ranked[..cut].to_vec(),
                low: ranked[ranked.len() - cut..].to_vec(),
            };
            let gap = scene.gap(std::slice::from_ref(&ends), false);
            let row = Metric::new(STAGE, metric, Some(&condition), &names[at], gap);
            metrics.push(Metric { p: p[at], q: q[at], ..row });
            // Judged by the largest k that leaves a third of the images in the middle, else by the first.
            let better =
                classes[at].as_ref().is_none_or(|best| 3 * cut <= ranked.len() && cut > best.k);
            if cut > 0 && better {
                let ranked = ranked.clone();
                let holds_from = gap.low;
                classes[at] =
                    Some(ClassGap { k: cut, gap, p: p[at], q: q[at], holds_from, ranked });
            }
            if cut > 0 {
                all.push(ends);
            }
        }
        metrics.push(Metric::new(STAGE, metric, Some(&condition), POOLED, scene.gap(&all, false)));
        metrics.push(Metric::new(STAGE, metric, Some(&condition), MEAN, scene.gap(&all, true)));
    }
    classes
}

/// Images with what their intervals depend on.
struct Scene<'a> {
    population: &'a Population<'a>,
    /// Cluster of each row of the population.
    clusters: Option<Vec<u32>>,
    seed: u64,
    resamples: usize,
}

impl Scene<'_> {
    fn right(&self, row: usize) -> bool {
        self.population.rows[row].correct
    }

    /// Accuracy of the high ends minus that of the low ones: of all together, or the mean of the classes' gaps.
    fn gap(&self, ends: &[Ends], mean: bool) -> Estimate {
        let n: usize = ends.iter().map(|e| e.high.len() + e.low.len()).sum();
        if n == 0 {
            return Estimate::default();
        }
        // Unit to (class, high or low, right).
        let mut rows = Vec::with_capacity(n);
        let mut strata = Vec::with_capacity(n);
        for end in ends {
            for (side, list) in [(0, &end.high), (1, &end.low)] {
                rows.extend(list.iter().copied());
                strata.extend(list.iter().map(|_| 2 * end.class + side));
            }
        }
        if let (None, false) = (&self.clusters, mean) {
            let right = |side: u32| {
                rows.iter()
                    .zip(&strata)
                    .filter(|(row, s)| *s % 2 == side && self.right(**row))
                    .count()
            };
            let half = n / 2;
            let (high, low) = (right(0), right(1));
            let interval = newcombe(high, half, low, half);
            return Estimate {
                value: Some((high as f64 - low as f64) / half as f64),
                low: interval.map(|i| i.0),
                high: interval.map(|i| i.1),
                n,
                clusters: None,
            };
        }
        let clusters = self.clusters.as_ref().map(|c| rows.iter().map(|&row| c[row]).collect());
        let design = Design::new(strata.clone(), clusters, self.seed, self.resamples);
        // Strata in the order of first appearance: two a class.
        let place: Vec<usize> = {
            let mut seen: Vec<u32> = strata.clone();
            seen.dedup();
            let place = |s: &u32| seen.iter().position(|x| x == s);
            strata
                .iter()
                .map(|s| place(s).expect("the list has every stratum: by construction"))
                .collect()
        };
        let strata_count = 2 * ends.len();
        let figure = |weights: &[f64], out: &mut [f64]| {
            let mut sums = vec![[0.0; 2]; strata_count];
            for ((&row, &at), &w) in rows.iter().zip(&place).zip(weights) {
                sums[at][0] += w * f64::from(u8::from(self.right(row)));
                sums[at][1] += w;
            }
            let rate = |s: &[f64; 2]| s[0] / s[1];
            out[0] = if mean {
                sums.chunks(2).map(|pair| rate(&pair[0]) - rate(&pair[1])).sum::<f64>()
                    / ends.len() as f64
            } else {
                let total = |side: usize| {
                    let both = sums.iter().skip(side).step_by(2);
                    both.fold([0.0; 2], |a, s| [a[0] + s[0], a[1] + s[1]])
                };
                rate(&total(0)) - rate(&total(1))
            };
        };
        let units = design.effective_units(rightly_stats::Scope::Pooled);
        design.functional(1, figure)[0].within(-1.0, 1.0, units)
    }

    /// Two-sided permutation p-value of the rank correlation between the clusters' mean ranks and accuracies.
    fn cluster_p(
        &self,
        ranked: &[usize],
        clusters: &[u32],
        class: &str,
        draws: usize,
    ) -> Option<f64> {
        let mut of: std::collections::BTreeMap<u32, (f64, f64, f64)> =
            std::collections::BTreeMap::new();
        for (rank, &row) in ranked.iter().enumerate() {
            let sum = of.entry(clusters[row]).or_default();
            *sum = (sum.0 + rank as f64, sum.1 + f64::from(u8::from(self.right(row))), sum.2 + 1.0);
        }
        if of.len() < FEW_CLUSTERS {
            return None;
        }
        let ranks: Vec<f64> = centred(of.values().map(|s| s.0 / s.2).collect());
        let mut rights: Vec<f64> = centred(of.values().map(|s| s.1 / s.2).collect());
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>().abs();
        let observed = product(&ranks, &rights);
        let mut rng = keyed(self.seed, "gap/clusters", class, 0);
        let null: Vec<f64> = (0..draws)
            .map(|_| {
                rand::seq::SliceRandom::shuffle(rights.as_mut_slice(), &mut rng);
                product(&ranks, &rights)
            })
            .collect();
        Some(monte_carlo_p(observed, &null))
    }

    fn accuracy(&self, rows: &[usize]) -> Estimate {
        let hits: Vec<bool> = rows.iter().map(|&row| self.right(row)).collect();
        let clusters = self.clusters.as_ref().map(|c| rows.iter().map(|&row| c[row]).collect());
        Design::new(vec![0; rows.len()], clusters, self.seed, self.resamples).proportion(&hits)
    }
}

fn centred(values: Vec<f64>) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.into_iter().map(|v| v - mean).collect()
}

/// Accuracy in steps of the ranking, the strongest cue first: ten steps, five where a class is small, none where it is
/// too small for that. The pooled curve takes the same tenth of every ranked class.
fn curves(scene: &Scene<'_>, names: &[String], ranking: &Ranking, metrics: &mut Vec<Metric>) {
    let mut pooled = vec![Vec::new(); 10];
    for (name, class) in names.iter().zip(&ranking.classes) {
        let ranked: Vec<usize> = class.ranked().collect();
        let part = |steps: usize, step: usize| {
            ranked[step * ranked.len() / steps..(step + 1) * ranked.len() / steps].to_vec()
        };
        for (step, rows) in pooled.iter_mut().enumerate() {
            rows.extend(part(10, step));
        }
        let Some(steps) = [10, 5].into_iter().find(|steps| ranked.len() / steps >= FEWEST) else {
            continue;
        };
        for step in 0..steps {
            let accuracy = scene.accuracy(&part(steps, step));
            let condition = format!("step={}/{steps}", step + 1);
            metrics.push(Metric::new(STAGE, "accuracy-by-rank", Some(&condition), name, accuracy));
        }
    }
    if pooled.iter().all(|rows| rows.len() >= FEWEST) {
        for (step, rows) in pooled.iter().enumerate() {
            let condition = format!("step={}/10", step + 1);
            metrics.push(Metric::new(
                STAGE,
                "accuracy-by-rank",
                Some(&condition),
                POOLED,
                scene.accuracy(rows),
            ));
        }
    }
}
