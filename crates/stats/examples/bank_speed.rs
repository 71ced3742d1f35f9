//! Times of a bank of phrases against images, as JSON; `bench/pool.py` runs it beside NumPy.
//!
//! ```text
//! bank_speed [IMAGES [PHRASES [COLUMNS [EXACT [ROUNDS [THREADS]]]]]]
//! ```
//! By default 100,000 images and 10,000 phrases of 512 values, exact areas of the best 300, three rounds, two threads. Images
//! and phrases are drawn, as is the group, a hundredth of the images that leans towards a direction of its own. With EXACT as
//! many as PHRASES every area is exact.

#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use std::{
    collections::HashSet,
    error::Error,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

use ndarray::Array2;
use rightly_stats::{
    bank::{Bank, Separation},
    rng::{keyed, standard_normal_fill},
};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<usize> =
        std::env::args().skip(1).map(|n| n.parse()).collect::<Result<_, _>>()?;
    let argument = |at: usize, default: usize| given.get(at).copied().unwrap_or(default);
    let (n, m, d) = (argument(0, 100_000), argument(1, 10_000), argument(2, 512));
    let (exact, rounds, threads) = (argument(3, 300), argument(4, 3), argument(5, 2));
    let group = n / 100;
    let (images, phrases) = (drawn(n, d, group, 1)?, drawn(m, d, 0, 2)?);
    let members: Vec<bool> = (0..n).map(|i| i < group).collect();
    let (mut prepare, mut separate, mut again) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let bank = Bank::new(images.view(), phrases.view(), threads).ok_or("not finite")?;
        prepare.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        found = bank.separations(&members, exact);
        separate.push(start.elapsed().as_secs_f64());
        // Another group of the same bank, of half of the images.
        let start = Instant::now();
        let other: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
        bank.separations(&other, exact);
        again.push(start.elapsed().as_secs_f64());
    }
    let bank = Bank::new(images.view(), phrases.view(), threads).ok_or("not finite")?;
    let start = Instant::now();
    let seen = AtomicUsize::new(0);
    bank.scores(|_, scores| {
        seen.fetch_add(scores.len(), Relaxed);
    });
    let scores = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let all = bank.separations(&members, m);
    let areas = start.elapsed().as_secs_f64();
    let gap = |s: &Separation| s.auc.map_or(0.0, |auc| (auc - s.expected).abs());
    let best = |list: &[Separation], count: usize| -> HashSet<usize> {
        list.iter().take(count).map(|s| s.phrase).collect()
    };
    let shared = |count| best(&found, count).intersection(&best(&all, count)).count();
    println!(
        "{}",
        json!({
            "prepare": prepare,
            "separate": separate,
            "other_group": again,
            "all_scores": scores,
            "scores_seen": seen.into_inner(),
            "all_areas": areas,
            "best": all.iter().take(3).map(|s| json!([s.phrase, s.auc])).collect::<Vec<_>>(),
            "largest_gap_to_expected": all.iter().map(gap).fold(0.0, f64::max),
            "of_the_best_20_found": shared(20),
            "of_the_best_100_found": shared(100),
        })
    );
    Ok(())
}

/// Rows of length 1; the first `group` lean towards one direction.
fn drawn(
    rows: usize,
    columns: usize,
    group: usize,
    seed: u64,
) -> Result<Array2<f32>, Box<dyn Error>> {
    let mut values = vec![0.0; rows * columns];
    standard_normal_fill(&mut keyed(seed, "bench", "", 0), &mut values);
    for (i, row) in values.chunks_exact_mut(columns).enumerate() {
        if i < group {
            row.iter_mut().step_by(3).for_each(|x| *x += 0.1);
        }
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= length);
    }
    Ok(Array2::from_shape_vec((rows, columns), values)?)
}
