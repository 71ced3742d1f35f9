//! Every figure that both runs have, with the difference.

use std::collections::BTreeMap;

use rightly_stats::Estimate;

use super::{
    CompareOptions, Draws, Row, STAGE,
    column::{Column, Shape, Value},
    common::Figure,
    law, paired,
    pairing::Pairs,
    sample::{Over, Sample},
    side::Side,
    tables::OBJECTS,
    unpaired::{self, Half},
};
use crate::{
    Metric, evaluate,
    metrics::{MEAN, POOLED},
    run::Pairing,
};

/// The name of a difference's condition.
pub(super) fn condition(of: Option<&str>) -> String {
    format!("A|B/{}", of.unwrap_or(""))
}

/// What every figure of a comparison shares.
pub(super) struct Setting<'a> {
    pub(super) sides: [&'a Side; 2],
    pub(super) pairs: &'a Pairs,
    pub(super) options: &'a CompareOptions,
    /// Most draws of a permutation test.
    pub(super) draws: usize,
    /// Index of each class name.
    classes: BTreeMap<&'a str, usize>,
    /// Cluster of each pair, or of each image of A and of B.
    clusters: [Option<Vec<u32>>; 2],
}

impl<'a> Setting<'a> {
    pub(super) fn new(
        sides: [&'a Side; 2],
        pairs: &'a Pairs,
        options: &'a CompareOptions,
        draws: usize,
    ) -> Self {
        let mut classes = BTreeMap::new();
        for class in sides.iter().flat_map(|side| &side.classes) {
            let next = classes.len();
            classes.entry(class.as_str()).or_insert(next);
        }
        let numbered = |side: &Side, images: &mut dyn Iterator<Item = usize>| {
            side.clustered().then(|| number(images.map(|i| side.images[i].cluster.as_deref())))
        };
        let clusters = match pairs.pairing {
            // The images are the same, so clusters that one run names hold for both.
            Pairing::Paired => {
                let [a, b] = sides;
                let of_a = numbered(a, &mut pairs.shared.iter().map(|p| p.0));
                let found = of_a.or_else(|| numbered(b, &mut pairs.shared.iter().map(|p| p.1)));
                [found.clone(), found]
            }
            Pairing::Unpaired => sides.map(|side| numbered(side, &mut (0..side.images.len()))),
        };
        Self { sides, pairs, options, draws, classes, clusters }
    }

    pub(super) fn class_of(&self, run: usize, image: usize) -> usize {
        let class = self.sides[run].images[image].class.as_str();
        *self.classes.get(class).expect("the list has every class: by construction")
    }

    /// The cluster of a pair (paired) or of an image of a run, where there are clusters.
    pub(super) fn cluster(&self, run: usize, at: usize) -> Option<u32> {
        self.clusters[run].as_ref().map(|clusters| clusters[at])
    }

    pub(super) fn columns(&self, metric: &str, condition: Option<&str>) -> Option<[Column; 2]> {
        let [a, b] = self.sides;
        let of = |side: &Side| side.tables.column(metric, condition, side.maps());
        let (a, b) = (of(a)?, of(b)?);
        (a.shape == b.shape).then_some([a, b])
    }

    /// The rows of a figure, with the difference.
    pub(super) fn compare(&self, figure: &Figure<'_>) -> Vec<Row> {
        let columns = (figure.stage == evaluate::STAGE)
            .then(|| self.columns(figure.metric, figure.condition))
            .flatten();
        let Some(columns) = columns else {
            return figure.rows.iter().map(|rows| self.recorded(*rows)).collect();
        };
        let usable = self.usable(&columns);
        let of_class = |places: &[usize], run: usize| {
            let mut out = vec![Vec::new(); self.classes.len()];
            for &at in places {
                out[self.class_at(run, at)].push(at);
            }
            out
        };
        let by_class = [of_class(&usable[0], 0), of_class(&usable[1], 1)];
        let row = |rows: &[&Metric; 2]| -> Option<Row> {
            let name = rows[0].class.as_deref()?;
            let (places, over) = match (name, self.classes.get(name)) {
                (_, Some(&class)) => ([0, 1].map(|run| &by_class[run][class]), Over::Pooled),
                (POOLED, None) => ([0, 1].map(|run| &usable[run]), Over::Pooled),
                (MEAN, None) => ([0, 1].map(|run| &usable[run]), Over::Classes),
                _ => return None,
            };
            Some(self.row(figure, *rows, &columns, places, over))
        };
        let row = |rows: &[&Metric; 2]| row(rows).unwrap_or_else(|| self.recorded(*rows));
        figure.rows.iter().map(row).collect()
    }

    /// Class of a pair, or of an image of a run.
    fn class_at(&self, run: usize, at: usize) -> usize {
        match self.pairs.pairing {
            Pairing::Paired => self.class_of(0, self.pairs.shared[at].0),
            Pairing::Unpaired => self.class_of(run, at),
        }
    }

    /// Pairs that have both values, or images of each run that have theirs.
    pub(super) fn usable(&self, [a, b]: &[Column; 2]) -> [Vec<usize>; 2] {
        let has = |column: &Column| -> Vec<usize> {
            (0..column.values.len()).filter(|&i| column.values[i].is_some()).collect()
        };
        match self.pairs.pairing {
            Pairing::Unpaired => [has(a), has(b)],
            Pairing::Paired => {
                let both =
                    |&(i, j): &(usize, usize)| a.values[i].is_some() && b.values[j].is_some();
                let shared = &self.pairs.shared;
                let pairs: Vec<usize> = (0..shared.len()).filter(|&p| both(&shared[p])).collect();
                [pairs.clone(), pairs]
            }
        }
    }

    pub(super) fn value(&self, run: usize, at: usize, column: &Column) -> Option<Value> {
        let image = match (self.pairs.pairing, run) {
            (Pairing::Unpaired, _) => at,
            (Pairing::Paired, 0) => self.pairs.shared[at].0,
            (Pairing::Paired, _) => self.pairs.shared[at].1,
        };
        column.values[image]
    }

    fn sample(&self, run: usize, places: &[usize], over: Over) -> Sample {
        let class = places.iter().map(|&at| self.class_at(run, at)).collect();
        let cluster = places.iter().map(|&at| self.cluster(run, at)).collect();
        Sample::new(over, class, cluster, self.options.seed, self.options.resamples)
    }

    fn row(
        &self,
        figure: &Figure<'_>,
        rows: [&Metric; 2],
        columns: &[Column; 2],
        places: [&Vec<usize>; 2],
        over: Over,
    ) -> Row {
        let shape: Shape = columns[0].shape;
        let values = [0, 1].map(|run| -> Vec<Value> {
            places[run].iter().filter_map(|&at| self.value(run, at, &columns[run])).collect()
        });
        let samples = [0, 1].map(|run| self.sample(run, places[run], over));
        // The same images give the same figure: the run's own row has its interval already.
        let figures = [0, 1].map(|run| match (rows[run].n, values[run].len()) {
            (_, 0) => Estimate::default(),
            (n, images) if n == images => estimate(rows[run]),
            _ => samples[run].figure(shape, &values[run]),
        });
        let key = format!(
            "{} {} {}",
            figure.metric,
            figure.condition.unwrap_or(""),
            rows[0].class.as_deref().unwrap_or("")
        );
        let draws = Draws { seed: self.options.seed, key: &key, most: self.draws };
        let empty = values.iter().any(Vec::is_empty);
        let (difference, p) = match self.pairs.pairing {
            _ if empty => (Estimate::default(), None),
            Pairing::Paired => {
                paired::difference(&samples[0], shape, &values[0], &values[1], &draws)
            }
            Pairing::Unpaired => {
                let half = |run: usize| Half {
                    sample: &samples[run],
                    values: &values[run],
                    figure: figures[run],
                };
                let resampling = (self.options.seed, self.options.resamples);
                unpaired::difference(shape, &half(0), &half(1), resampling, &draws)
            }
        };
        let range = (-shape.span(), shape.span());
        let (difference, p) = match shape {
            // Nothing that the models do has a part in it.
            _ if self.pairs.pairing == Pairing::Paired && of_pictures(figure.metric) => {
                (Estimate { low: None, high: None, ..difference }, None)
            }
            Shape::Rfs | Shape::Kept => {
                // Resampling can't show the spread of shares that few units, or none, are left in.
                let sparse = shape == Shape::Kept
                    && [0, 1].iter().any(|&run| samples[run].is_sparse(&values[run]));
                let small = sparse || samples.iter().any(Sample::is_small);
                let e = of_ratios(difference, &figures, small);
                law::agreed(e, p.filter(|_| e.low.is_some()), range)
            }
            Shape::Mean { .. } | Shape::Median => law::agreed(difference, p, range),
        };
        let side = |run: usize| {
            let p = rows[run].p.filter(|_| rows[run].n == figures[run].n);
            of_side(rows[run], figures[run]).with_p(p)
        };
        Row { difference: of_difference(rows[0], difference, p), a: side(0), b: side(1) }
    }

    /// A figure whose images are not in the tables: its two values, as the runs recorded them. The
    /// spread of a paired difference can't be told from two intervals.
    fn recorded(&self, rows: [&Metric; 2]) -> Row {
        let [a, b] = rows.map(estimate);
        let (difference, p) = match self.pairs.pairing {
            Pairing::Unpaired => {
                let e = unpaired::independent(&a, &b);
                (e, e.p_of_zero())
            }
            Pairing::Paired => {
                let value = a.value.zip(b.value).map(|(a, b)| b - a);
                (Estimate { value, n: a.n.min(b.n), ..Estimate::default() }, None)
            }
        };
        Row {
            difference: of_difference(rows[0], difference, p),
            a: rows[0].clone(),
            b: rows[1].clone(),
        }
    }
}

/// A figure of the pictures and masks alone.
fn of_pictures(metric: &str) -> bool {
    metric == "control-overlap" || OBJECTS.iter().any(|(_, name)| *name == metric)
}

/// The difference of two ratios: without an interval where one of them has none, and in small samples with the one that their
/// own intervals give.
fn of_ratios(difference: Estimate, sides: &[Estimate; 2], small: bool) -> Estimate {
    let [a, b] = sides;
    let apart = unpaired::independent(a, b);
    if apart.low.is_none() {
        return Estimate { low: None, high: None, ..difference };
    }
    if small { Estimate { low: apart.low, high: apart.high, ..difference } } else { difference }
}

fn estimate(m: &Metric) -> Estimate {
    Estimate { value: m.value, low: m.low, high: m.high, n: m.n, clusters: m.clusters }
}

/// The same figure with another estimate.
fn with(m: &Metric, e: Estimate) -> Metric {
    let Estimate { value, low, high, n, clusters } = e;
    Metric { value, low, high, n, clusters, ..m.clone() }
}

fn of_side(m: &Metric, e: Estimate) -> Metric {
    Metric { p: None, q: None, group: None, ..with(m, e) }
}

fn of_difference(m: &Metric, e: Estimate, p: Option<f64>) -> Metric {
    let condition = condition(m.condition.as_deref());
    let stage = STAGE.to_owned();
    Metric { stage, condition: Some(condition), group: None, p, q: None, ..with(m, e) }
}

/// Numbers of names in order of first appearance; an image without one is a cluster of its own.
fn number<'a>(names: impl Iterator<Item = Option<&'a str>>) -> Vec<u32> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    names
        .map(|name| {
            if let Some(known) = name.and_then(|name| numbers.get(name)) {
                return *known;
            }
            let number = next;
            next += 1;
            if let Some(name) = name {
                numbers.insert(name, number);
            }
            number
        })
        .collect()
}
