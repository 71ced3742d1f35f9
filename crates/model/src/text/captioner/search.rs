//! Greedy search and beams, with the rules of transformers' `generate`.
use super::decoder::{Decoder, Hidden, State};
use super::{Marks, Search};
use crate::ModelError;
use std::cmp::Ordering;
use std::sync::Arc;

/// A caption that ended.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) ids: Vec<u32>,
    pub(super) score: f64,
}

/// A caption under way.
struct Beam {
    ids: Vec<u32>,
    /// Sum of the logarithms of its ids' probabilities.
    sum: f64,
    /// Keys and values of all ids but the last; shared by the beams that go on from one.
    state: Option<Arc<State>>,
}

/// The best caption by [`Search`].
pub(super) fn run(
    decoder: &Decoder,
    hidden: &Hidden,
    marks: &Marks,
    search: &Search,
) -> Result<Found, ModelError> {
    if search.beams == 1 {
        greedy(decoder, hidden, marks, search)
    } else {
        beams(decoder, hidden, marks, search)
    }
}

fn scored(sum: f64, ids: usize, search: &Search) -> f64 {
    // The start is given, not found.
    sum / ((ids - 1) as f64).powf(search.length_penalty)
}

fn greedy(
    decoder: &Decoder,
    hidden: &Hidden,
    marks: &Marks,
    search: &Search,
) -> Result<Found, ModelError> {
    let mut beam = Beam { ids: vec![marks.start], sum: 0.0, state: None };
    while beam.ids.len() < search.max_length {
        let (logits, state) = decoder.step(&beam.ids, beam.state.as_deref(), hidden)?;
        let chances = log_softmax(&logits);
        // The first of equals.
        let best =
            (1..logits.len()).fold(0, |best, id| if logits[id] > logits[best] { id } else { best });
        beam.ids.push(best as u32);
        beam.sum += chances[best];
        beam.state = state.map(Arc::new);
        if marks.end.binary_search(&(best as u32)).is_ok() {
            break;
        }
    }
    let score = scored(beam.sum, beam.ids.len(), search);
    Ok(Found { ids: beam.ids, score })
}

/// A next id of a beam.
#[derive(Debug, Clone, Copy)]
struct Step {
    sum: f64,
    beam: usize,
    id: u32,
}

/// Best first; equal ones by beam and id.
fn order(a: &Step, b: &Step) -> Ordering {
    b.sum.total_cmp(&a.sum).then(a.beam.cmp(&b.beam)).then(a.id.cmp(&b.id))
}

fn beams(
    decoder: &Decoder,
    hidden: &Hidden,
    marks: &Marks,
    search: &Search,
) -> Result<Found, ModelError> {
    let width = search.beams;
    // As many that even where all of the best end, `width` others are left to go on.
    let kept = width.saturating_mul((1 + marks.end.len()).max(2));
    let mut running = vec![Beam { ids: vec![marks.start], sum: 0.0, state: None }];
    let mut ended: Vec<Found> = Vec::new();
    loop {
        let length = running[0].ids.len() + 1;
        let mut steps = Vec::new();
        let mut states = Vec::with_capacity(running.len());
        for (beam, from) in running.iter().enumerate() {
            let (logits, state) = decoder.step(&from.ids, from.state.as_deref(), hidden)?;
            states.push(state.map(Arc::new));
            let chances = log_softmax(&logits).into_iter().enumerate();
            steps.extend(chances.map(|(id, chance)| Step {
                sum: from.sum + chance,
                beam,
                id: id as u32,
            }));
        }
        if kept < steps.len() {
            steps.select_nth_unstable_by(kept, order);
            steps.truncate(kept);
        }
        steps.sort_unstable_by(order);
        let mut next: Vec<Beam> = Vec::with_capacity(width);
        for (rank, step) in steps.iter().enumerate() {
            let ends = length >= search.max_length || marks.end.binary_search(&step.id).is_ok();
            let with = || {
                let mut ids = running[step.beam].ids.clone();
                ids.push(step.id);
                ids
            };
            if !ends && next.len() < width {
                next.push(Beam { ids: with(), sum: step.sum, state: states[step.beam].clone() });
            } else if ends && rank < width {
                // One that ends counts only where it is among the best: the others were kept as a reserve.
                ended.push(Found { ids: with(), score: scored(step.sum, length, search) });
            }
        }
        // Stable: of equals the one that ended first.
        ended.sort_by(|a, b| b.score.total_cmp(&a.score));
        ended.truncate(width);
        let worst = ended.get(width - 1).map(|found| found.score);
        let hopeless = match (next.first(), worst) {
            (None, _) => true,
            (Some(best), Some(worst)) => scored(best.sum, length, search) <= worst,
            (Some(_), None) => false,
        };
        if hopeless {
            // A beam always ended: at the greatest length all of the best do.
            return ended.into_iter().next().ok_or_else(|| decoder.endless());
        }
        running = next;
    }
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |largest, &v| largest.max(v));
    let largest = f64::from(largest);
    let sum: f64 = logits.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
    let shift = largest + sum.ln();
    logits.iter().map(|&v| f64::from(v) - shift).collect()
}
