//! Tuning on the images whose cue is weakest.
use super::measure::predicted;
use super::train::{Detail, Observer, Trained};
use crate::ModelError;
use crate::heads::step::Mean;
use crate::heads::{Features, Head, HeadOptions, check, shuffled};

/// How strong the cue is in each image, to tune by and to measure by (Spuriosity Rankings, Moayeri et al. 2023).
#[derive(Debug, Clone, Copy)]
pub struct Cues<'a> {
    /// Spuriosity of each row that is trained on; high where the cue is strong.
    pub spuriosity: &'a [f64],
    /// Rows that are not trained on, by which the gap is measured.
    pub check: Features<'a>,
    /// Their spuriosity.
    pub check_spuriosity: &'a [f64],
    /// Rows of each class at either end that the gap compares, as far as the class has twice as many.
    pub check_images: usize,
}

/// How the gap closed: accuracy on the images of the strongest cue minus that on those of the weakest, class by class, mean
/// over the classes with at least two images.
#[derive(Debug, Clone, PartialEq)]
pub struct GapHistory {
    /// The gap before tuning, then after each epoch, -1 to 1.
    pub gaps: Vec<f64>,
    /// Images of each class that the last round was tuned on, as far as the class has them; 0 where the gap was small
    /// from the start.
    pub images: usize,
    /// Whether the bound was reached.
    pub closed: bool,
}

/// Images of each class at first, bound of the gap, rounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) images: usize,
    pub(super) bound: f64,
    pub(super) rounds: usize,
}

/// Tunes `start` on the `images` rows of each class with the lowest spuriosity until the gap is at most `bound`; where a
/// round's epochs are spent before, the next goes on from there with twice as many rows.
pub(super) fn train(
    data: &Features<'_>,
    cues: &Cues<'_>,
    start: &Head,
    options: &HeadOptions,
    settings: Settings,
    observe: Observer<'_>,
) -> Result<Trained, ModelError> {
    let Settings { images, bound, rounds } = settings;
    check(&cues.check, options)?;
    let sizes = (cues.spuriosity.len(), cues.check_spuriosity.len());
    if sizes != (data.labels.len(), cues.check.labels.len()) {
        return Err(bad(format!("spuriosity of {sizes:?} rows for other numbers of rows")));
    }
    if cues.spuriosity.iter().chain(cues.check_spuriosity).any(|s| !s.is_finite()) {
        return Err(bad("a spuriosity is not finite".to_owned()));
    }
    if images == 0 || rounds == 0 || cues.check_images == 0 || !bound.is_finite() {
        return Err(bad(
            "images, rounds and check images are at least 1, the bound a number".to_owned()
        ));
    }
    let shape = (start.inputs(), start.classes());
    if shape != (data.values.ncols(), data.classes) {
        return Err(bad(format!(
            "a head of {shape:?} features and classes for features {:?} of {} classes",
            data.values.dim(),
            data.classes
        )));
    }
    let ends = Ends::new(cues)?;
    let mut head = start.clone();
    let mut gaps = vec![ends.gap(&head, cues)?];
    let mut losses = Vec::new();
    let by_class = ranked(data.labels, data.classes, cues.spuriosity);
    let (mut tuned, mut closed) = (0, gaps[0] <= bound);
    for round in 0..rounds {
        if closed {
            break;
        }
        tuned = images.saturating_mul(1 << round.min(32));
        let rows: Vec<usize> =
            by_class.iter().flat_map(|rows| rows.iter().take(tuned).copied()).collect();
        let own = HeadOptions { seed: options.seed.wrapping_add(round as u64), ..options.clone() };
        let mut order = shuffled(rows, &own);
        let before = losses.len();
        let mut seen = |epoch: usize, head: &Head| {
            let gap = ends.gap(head, cues)?;
            gaps.push(gap);
            closed = gap <= bound;
            observe(before + epoch, head)?;
            Ok(!closed)
        };
        losses.extend(head.fit(data, &own, &mut Mean(data.weights), &mut order, &mut seen)?);
    }
    let closing = GapHistory { gaps, images: tuned, closed };
    Ok(Trained { head, losses, detail: Detail::GapHistory(closing) })
}

/// Rows of each class by rising spuriosity, equal ones in their order.
fn ranked(labels: &[usize], classes: usize, spuriosity: &[f64]) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); classes];
    for (row, &label) in labels.iter().enumerate() {
        rows[label].push(row);
    }
    for rows in &mut rows {
        rows.sort_by(|&a, &b| spuriosity[a].total_cmp(&spuriosity[b]));
    }
    rows
}

/// Rows of each class at the two ends, weakest cue first.
struct Ends(Vec<[Vec<usize>; 2]>);

impl Ends {
    fn new(cues: &Cues<'_>) -> Result<Self, ModelError> {
        let ranked = ranked(cues.check.labels, cues.check.classes, cues.check_spuriosity);
        let ends: Vec<[Vec<usize>; 2]> = ranked
            .iter()
            .filter(|rows| rows.len() > 1)
            .map(|rows| {
                let k = cues.check_images.min(rows.len() / 2);
                [rows[..k].to_vec(), rows[rows.len() - k..].to_vec()]
            })
            .collect();
        if ends.is_empty() {
            return Err(bad("no class has two rows to measure the gap by".to_owned()));
        }
        Ok(Self(ends))
    }

    fn gap(&self, head: &Head, cues: &Cues<'_>) -> Result<f64, ModelError> {
        let logits = head.logits(cues.check.values)?;
        let right = |row: usize| predicted(logits.row(row)) == Some(cues.check.labels[row]);
        let accuracy = |rows: &[usize]| {
            rows.iter().filter(|row| right(**row)).count() as f64 / rows.len() as f64
        };
        let sum: f64 = self.0.iter().map(|[low, high]| accuracy(high) - accuracy(low)).sum();
        Ok(sum / self.0.len() as f64)
    }
}

fn bad(message: String) -> ModelError {
    ModelError::Head(message)
}
