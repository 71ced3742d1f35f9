//! Operators with several outputs, each of a shape of its own: norms with their statistics, losses, recurrent layers,
//! attention.
use super::super::known::{Known, elements, place};
use super::{Call, Results, same};
use crate::graph::proto::data_type;

pub(super) fn outputs(call: &Call<'_>) -> Option<Results> {
    let plain = |values: Vec<Known>| Some(Results { values, work: 0.0 });
    match call.op() {
        "LayerNormalization" => {
            let from = call.input(0)?;
            let statistics = statistics(from, call.int("axis", -1));
            plain(vec![same(call, from.kind), statistics.clone(), statistics])
        }
        "BatchNormalization" => {
            // Its further outputs are statistics of each channel.
            let channels = (3..=4).map(|at| call.input(at).cloned());
            let channels = channels.map(|known| {
                known.map_or_else(|| call.largest(), |known| Known { numbers: None, ..known })
            });
            let mut values = vec![same(call, call.kind(0))];
            values.extend(channels);
            plain(values)
        }
        "SoftmaxCrossEntropyLoss" | "NegativeLogLikelihoodLoss" => {
            let (from, labels) = (call.input(0)?, call.input(1)?);
            let each = call.node.string("reduction") == Some("none");
            let shape = if each { labels.shape.clone() } else { Vec::new() };
            let loss = Known::new(from.kind, shape);
            let loss = if each { loss.like(labels) } else { loss };
            plain(vec![loss, same(call, from.kind)])
        }
        "LSTM" | "GRU" | "RNN" => recurrent(call),
        "Attention" => attention(call),
        _ => None,
    }
}

/// One number for all elements from an axis on, in single precision.
fn statistics(from: &Known, axis: i64) -> Known {
    let Some(axis) = from.axis(axis) else {
        return Known::loose(data_type::FLOAT, from.elements());
    };
    let mut shape = from.shape.clone();
    shape[axis..].fill(1);
    Known::new(data_type::FLOAT, shape).like(from)
}

fn recurrent(call: &Call<'_>) -> Option<Results> {
    let (from, recurrence) = (call.input(0)?, call.input(2)?);
    let hidden = recurrence.shape.last().copied().unwrap_or(1);
    let directions = recurrence.shape.first().copied().unwrap_or(1);
    let batch_first = call.int("layout", 0) != 0;
    let [steps, batch] = match *from.shape.as_slice() {
        [batch, steps, _] if batch_first => [steps, batch],
        [steps, batch, _] => [steps, batch],
        _ => [from.elements(), 1],
    };
    let weights = recurrence.elements() as f64 + call.input(1).map_or(0.0, |w| w.elements() as f64);
    let work = weights * steps as f64 * batch as f64;
    let [all, last] = match batch_first {
        true => [vec![batch, steps, directions, hidden], vec![batch, directions, hidden]],
        false => [vec![steps, directions, batch, hidden], vec![directions, batch, hidden]],
    };
    let known = |shape| Known::new(from.kind, shape).like(from).like(recurrence);
    Some(Results { values: vec![known(all), known(last.clone()), known(last)], work })
}

/// Heads, rows and width of queries, keys or values.
fn heads(known: &Known, heads: i64) -> Option<[usize; 4]> {
    match *known.shape.as_slice() {
        [batch, heads, rows, width] => Some([batch, heads, rows, width]),
        [batch, rows, all] => {
            let heads = usize::try_from(heads).ok().filter(|heads| *heads > 0)?;
            Some([batch, heads, rows, all / heads])
        }
        _ => None,
    }
}

fn attention(call: &Call<'_>) -> Option<Results> {
    let (q, k, v) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let (of_q, of_kv) = (call.int("q_num_heads", 0), call.int("kv_num_heads", 0));
    let [batch, q_heads, q_rows, _] = heads(q, of_q)?;
    let [_, k_heads, k_rows, k_width] = heads(k, of_kv)?;
    let [_, v_heads, v_rows, v_width] = heads(v, of_kv)?;
    let past = |at: usize| match call.input(at) {
        Some(past) => past.shape.get(2).copied(),
        None => Some(0),
    };
    let keys = k_rows.saturating_add(past(4)?);
    let values = v_rows.saturating_add(past(5)?);
    let known = |kind: i32, shape: Vec<usize>| {
        let inputs = [0, 1, 2, 4, 5].into_iter().filter_map(|at| call.input(at));
        inputs.fold(Known::new(kind, shape), |known, input| known.like(input))
    };
    let own = match q.rank() {
        3 => vec![batch, q_rows, q_heads.saturating_mul(v_width)],
        _ => vec![batch, q_heads, q_rows, v_width],
    };
    let scores = known(q.kind, vec![batch, q_heads, q_rows, keys]);
    // The scores are a value of their own inside.
    let work = scores.elements() as f64 * (k_width.saturating_add(v_width)) as f64;
    let results = vec![
        known(q.kind, own),
        known(k.kind, vec![batch, k_heads, keys, k_width]),
        known(v.kind, vec![batch, v_heads, values, v_width]),
        scores,
    ];
    Some(Results { values: results, work })
}

/// What a discrete Fourier transform makes of its axis, or of the last one before the pairs of real and imaginary part.
pub(super) fn transform(call: &Call<'_>, length: Option<usize>) -> Option<Known> {
    let from = call.input(0)?;
    let rank = from.rank();
    let axis = match call.gives(2) {
        true => *call.input(2)?.whole()?.first()?,
        false if call.opset < 20 => call.int("axis", 1),
        false => call.int("axis", -2),
    };
    let axis = place(axis, rank).filter(|axis| axis + 1 < rank)?;
    let mut shape = from.shape.clone();
    let (inverse, half) = (call.int("inverse", 0) != 0, call.int("onesided", 0) != 0);
    // Half of a transform is turned back into the whole.
    let own = match half && inverse {
        true => shape[axis].saturating_sub(1).saturating_mul(2),
        false => shape[axis],
    };
    let size = length.unwrap_or(own);
    shape[axis] = if half && !inverse { size / 2 + 1 } else { size };
    shape[rank - 1] = if half && inverse { 1 } else { 2 };
    (elements(&shape) < usize::MAX).then(|| Known::new(from.kind, shape).like(from))
}
