//! The rows of a large matrix whose direction is nearest to that of a query: exact, in one pass for all queries.
//!
//! Rows come from the caller one at a time, so that the matrix may lie in a file. Each cosine is summed in the same order
//! whatever stands beside it, and the order of hits is a total one (cosine falling, then row rising). So the best of parts
//! are the best of all whatever the parts, and neither the number of threads nor that of queries has a part in the result.

mod cosines;

use std::{
    cmp::Ordering,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::threads::on_threads;
use cosines::{BLOCK, Block, Queries};

/// Fewest blocks that a thread takes at a time.
const TOGETHER: usize = 16;

/// A row and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its place in the matrix.
    pub row: usize,
    /// Cosine with the query, -1 to 1, right to about 1e-6: a sum in single precision.
    pub cosine: f32,
}

impl Hit {
    /// The better one first.
    fn order(&self, other: &Self) -> Ordering {
        other.cosine.total_cmp(&self.cosine).then(self.row.cmp(&other.row))
    }
}

/// What [`nearest`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// For each query its best rows, best first; equal cosines by row. None for a query that has no direction: of zeros
    /// alone, or with a value that is not finite.
    pub hits: Vec<Vec<Hit>>,
    /// Rows without a direction, which are no one's hit.
    pub left_out: usize,
}

/// The `k` of `rows` rows (all, where there are fewer) that are nearest to each of `queries` (`[q, d]`, of any length) by
/// cosine. `read` writes the `d` values of a row into what it is given. On `threads` threads (0: those of the rayon pool
/// around). `None` where `stop` was set before the end.
pub fn nearest(
    rows: usize,
    read: impl Fn(usize, &mut [f32]) + Sync,
    queries: ArrayView2<'_, f32>,
    k: usize,
    threads: usize,
    stop: &AtomicBool,
) -> Option<Nearest> {
    let sound: Vec<usize> = (0..queries.nrows())
        .filter(|&at| cosines::length(queries.row(at).iter().copied()).is_some())
        .collect();
    let padded = Queries::new(queries, &sound);
    let k = k.min(rows);
    let empty = || Part::new(sound.len(), k);
    let part = on_threads(threads, || {
        (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .with_min_len(TOGETHER)
            .fold(
                || (empty(), Block::new(&padded)),
                |(mut part, mut block), at| {
                    part.stopped |= stop.load(Relaxed);
                    if !part.stopped {
                        let from = at * BLOCK;
                        let count = BLOCK.min(rows - from);
                        part.left_out += block.fill(&padded, count, |i, row| read(from + i, row));
                        part.offer(from, count, &block);
                    }
                    (part, block)
                },
            )
            .map(|(part, _)| part)
            .reduce(empty, Part::merge)
    });
    if part.stopped {
        return None;
    }
    let mut hits = vec![Vec::new(); queries.nrows()];
    for (at, best) in sound.into_iter().zip(part.best) {
        hits[at] = best.sorted();
    }
    Some(Nearest { hits, left_out: part.left_out })
}

/// What some of the blocks gave.
struct Part {
    best: Vec<Best>,
    left_out: usize,
    stopped: bool,
}

impl Part {
    fn new(queries: usize, k: usize) -> Self {
        let best = Best { k, kept: Vec::new(), least: f32::NEG_INFINITY };
        Self { best: vec![best; queries], left_out: 0, stopped: false }
    }

    fn offer(&mut self, from: usize, count: usize, block: &Block) {
        for (query, best) in self.best.iter_mut().enumerate() {
            for (i, &cosine) in block.cosines(query)[..count].iter().enumerate() {
                // Of rows without a direction the cosine is no number, and this is false.
                if cosine >= best.least {
                    best.keep(Hit { row: from + i, cosine });
                }
            }
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.left_out += other.left_out;
        self.stopped |= other.stopped;
        for (best, other) in self.best.iter_mut().zip(other.best) {
            other.kept.into_iter().for_each(|hit| best.keep(hit));
        }
        self
    }
}

/// The best `k` hits so far, among up to twice as many: a selection now and then costs less than a heap at each hit.
#[derive(Clone)]
struct Best {
    k: usize,
    kept: Vec<Hit>,
    /// No hit below this is among the best.
    least: f32,
}

impl Best {
    fn keep(&mut self, hit: Hit) {
        if self.k == 0 {
            return;
        }
        self.kept.push(hit);
        if self.kept.len() >= 2 * self.k {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > self.k {
            let (_, last, _) = self.kept.select_nth_unstable_by(self.k - 1, Hit::order);
            self.least = last.cosine;
            self.kept.truncate(self.k);
        }
    }

    fn sorted(mut self) -> Vec<Hit> {
        self.prune();
        self.kept.sort_unstable_by(Hit::order);
        self.kept
    }
}

#[cfg(test)]
mod tests;
