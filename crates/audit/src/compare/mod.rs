//! The differences between two runs: two models, two datasets, or before and after.
//!
//! ```text
//! run A ─┐  tables ─► per-image values ─► pairs by id and class ─► B - A with interval and p ─┐
//! run B ─┘  metrics.json ─► figures without per-image values ──────────────────────────────┴─► q ─► RUN
//! ```
//! Everything is read from the runs' files; neither model nor images are opened.
//!
//! # Paired or not
//! Runs that share at least half of the smaller one's images (same id and class) are paired: a
//! difference is taken within each image, over the images that both runs can use. Otherwise the
//! figures are those of independent samples.
//!
//! # Intervals and tests
//! | figure | paired | not paired |
//! |---|---|---|
//! | accuracy under one condition | Tango or bootstrap; exact McNemar | Newcombe; permutation of labels |
//! | means | bootstrap of differences; sign-flip permutation | bootstrap in strata (run, class); permutation of labels within classes |
//! | RFS | bootstrap of pairs; exchange permutation | as means |
//! | medians | bootstrap of pairs, from 30 on; exchange permutation | square-and-add; permutation of labels |
//! | with clusters | as the design says, whole clusters exchanged | square-and-add; from the interval |
//! | no per-image values | not estimable | square-and-add; from the interval |
//!
//! The interval and the p-value of a row follow one law: the more cautious of the two decides both (`law.rs`). A figure that
//! no model has a part in (the object's size, say) has no interval over the same images: it does not vary.
//!
//! Where the runs' classes differ, a bootstrap test stands for the permutation of labels. Permutation
//! p-values are Monte Carlo, two-sided, with as many draws as the correction needs. Rows of fewer
//! than six images or clusters (four of each run, unpaired) are not tested, since no outcome could
//! be significant. `q` is Benjamini-Hochberg's over every row of the comparison that was tested, a
//! family that the runs' sizes decide and no outcome.

mod classes;
mod column;
mod common;
mod correlation;
mod figures;
mod findings;
mod law;
mod paired;
mod pairing;
mod rows;
mod sample;
mod side;
mod tables;
#[cfg(test)]
mod tests;
mod unpaired;

use std::{path::Path, sync::atomic::AtomicBool};

use rightly_stats::multiple::benjamini_hochberg;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Metric, RunDir, VERSION,
    run::{Compared, ComparisonManifest, StageRecord, json_rows, key_of, read_json},
    workers,
};
use side::Side;

/// The stage's name in files.
pub const STAGE: &str = "compare";
/// Changes with the code that decides what the stage leaves.
pub(crate) const REVISION: u32 = 1;
/// Both runs' figures beside each difference, in a comparison's run directory.
pub const SIDES: &str = "compare/sides.json";

/// Draws of a permutation that reach the observed difference before it stops: a p-value that
/// stopped early is exact to a tenth of itself.
const ENOUGH: usize = 100;
/// Fewest and most draws of a permutation test.
const DRAWS: (usize, usize) = (2_000, 40_000);
/// Draws for each row of the family: the smallest p-value that can come out is then what the
/// correction asks of a lone rejection at .05.
const DRAWS_A_ROW: usize = 20;

/// Options of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareOptions {
    /// Seed of resampling, permutations and split halves.
    pub seed: u64,
    /// Bootstrap resamples.
    pub resamples: usize,
    /// Worker threads; results do not depend on it.
    pub threads: usize,
}

impl Default for CompareOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { seed: 0, resamples: 2000, threads }
    }
}

/// What a permutation test draws from.
struct Draws<'a> {
    seed: u64,
    /// The row that is tested: its stream is its own.
    key: &'a str,
    most: usize,
}

/// A difference and the two figures behind it, over the images that were compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `B - A`: stage `compare`, condition `A|B/` and the figure's condition.
    pub difference: Metric,
    /// The figure in A.
    pub a: Metric,
    /// The figure in B.
    pub b: Metric,
}

/// Two runs held against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What was compared and how.
    pub manifest: ComparisonManifest,
    /// Every figure that both runs have, in the order of A.
    pub rows: Vec<Row>,
    /// The differences, then the correlations over classes; doubts; what was left out; what was
    /// understood.
    pub record: StageRecord,
}

/// Compares the run directory `b` with `a`.
///
/// # Errors
/// Where a folder is no finished audit, both are the same folder, they have no figure in common, or
/// a table can't be read; [`Error::Interrupted`] where `stop` was set.
pub fn compare(
    a: &Path,
    b: &Path,
    options: &CompareOptions,
    stop: &AtomicBool,
) -> Result<Comparison, Error> {
    if same_folder(a, b) {
        return Err(Error::Usage(format!(
            "{} was given twice; a comparison needs two runs",
            a.display()
        )));
    }
    between(&Side::open(a)?, &Side::open(b)?, options, stop)
}

/// Compares two opened runs.
fn between(
    a: &Side,
    b: &Side,
    options: &CompareOptions,
    stop: &AtomicBool,
) -> Result<Comparison, Error> {
    let pairs = pairing::pair(a, b);
    let figures = common::common(a, b);
    if figures.is_empty() {
        return Err(Error::Usage(findings::nothing_common(a, b)));
    }
    let tested: usize = figures.iter().map(|figure| figure.rows.len()).sum();
    let draws = (DRAWS_A_ROW * tested).clamp(DRAWS.0, DRAWS.1);
    let setting = rows::Setting::new([a, b], &pairs, options, draws);
    let rows = workers::ordered(figures.len(), options.threads, stop, |at| {
        Ok(setting.compare(&figures[at]))
    })?;
    let mut rows: Vec<Row> = rows.into_iter().flatten().collect();
    correct(&mut rows);
    let mut metrics: Vec<Metric> = rows.iter().map(|row| row.difference.clone()).collect();
    metrics.extend(classes::correlations(&setting));
    let manifest = ComparisonManifest {
        version: VERSION.to_owned(),
        seed: options.seed,
        compare: Compared {
            pairing: pairs.pairing,
            choice: pairs.choice.clone(),
            shared: pairs.shared.len(),
            only_a: a.images.len() - pairs.shared.len(),
            only_b: b.images.len() - pairs.shared.len(),
            resamples: options.resamples,
            a: a.compared(),
            b: b.compared(),
        },
    };
    let compared = &manifest.compare;
    let rest = format!("{:?}", (options.seed, options.resamples));
    let record = StageRecord {
        key: key_of(&[
            VERSION,
            &REVISION.to_string(),
            &compared.a.tables,
            &compared.b.tables,
            &rest,
        ]),
        metrics,
        findings: findings::doubts(a, b, &pairs),
        problems: findings::problems(a, b, &pairs),
        notes: findings::notes(a, b, &pairs),
    };
    Ok(Comparison { manifest, rows, record })
}

/// Benjamini-Hochberg over every row that was tested.
fn correct(rows: &mut [Row]) {
    let p: Vec<f64> = rows.iter().map(|row| row.difference.p.unwrap_or(f64::NAN)).collect();
    for (row, q) in rows.iter_mut().zip(benjamini_hochberg(&p)) {
        row.difference.q = q.is_finite().then_some(q);
    }
}

/// Whether two paths are one folder, by whatever names.
fn same_folder(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    matches!((real(a), real(b)), (Ok(a), Ok(b)) if a == b)
}

impl Comparison {
    /// Writes a run directory: `run.toml`, `compare/sides.json`, `metrics.json`, `findings.json`,
    /// `problems.csv`. The same comparison gives the same bytes.
    ///
    /// # Errors
    /// Where `run` is one of the two runs, was made from other inputs (unless `force`, which clears
    /// it), or can't be written.
    pub fn write(&self, run: &RunDir, force: bool) -> Result<(), Error> {
        self.check_target(run)?;
        self.manifest.claim(run, force)?;
        let run = run.keyed(&self.record.key);
        run.write(SIDES, json_rows(&run.path(SIDES), &self.rows)?.as_bytes())?;
        run.finish_stage(STAGE, &self.record)
    }

    /// Refuses one of the two runs as the place for their comparison.
    ///
    /// # Errors
    /// Where `run` is A or B.
    pub fn check_target(&self, run: &RunDir) -> Result<(), Error> {
        let compared = &self.manifest.compare;
        if [&compared.a, &compared.b].iter().any(|of| same_folder(&of.run, run.root())) {
            return Err(Error::Usage(format!(
                "--out {}: this is one of the two runs; a comparison needs a folder of its own",
                run.root().display()
            )));
        }
        Ok(())
    }
}

/// The rows of a comparison's run directory.
///
/// # Errors
/// Where the file is missing or holds something else.
pub fn read_rows(run: &RunDir) -> Result<Vec<Row>, Error> {
    read_json(&run.checked(SIDES)?)
}
