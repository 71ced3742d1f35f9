//! Just train twice.
use super::train::{Detail, Observer, Trained};
use crate::ModelError;
use crate::heads::step::Mean;
use crate::heads::{Features, Head, HeadOptions, shuffled};
use ndarray::ArrayView2;

/// Two stages of Liu et al. 2021, algorithm 1: a head by the mean loss for `first` epochs marks the rows that it gets
/// wrong, and a new one is trained for [`HeadOptions::epochs`] epochs on all rows and `copies` more of the wrong ones.
pub(super) fn train(
    data: &Features<'_>,
    options: &HeadOptions,
    first: usize,
    copies: usize,
    observe: Observer<'_>,
) -> Result<Trained, ModelError> {
    let n = data.labels.len();
    let mut head = Head::init(data.values.ncols(), data.classes, options);
    let mut order = shuffled((0..n).collect(), options);
    let early = HeadOptions { epochs: first, ..options.clone() };
    head.fit(data, &early, &mut Mean(data.weights), &mut order, &mut |_, _| Ok(true))?;
    let errors = errors(&head, data.values, data.labels)?;
    let mut rows: Vec<usize> = (0..n).collect();
    for _ in 0..copies {
        rows.extend(&errors);
    }
    let mut head = Head::init(data.values.ncols(), data.classes, options);
    let mut order = shuffled(rows, options);
    let mut seen = |epoch: usize, head: &Head| observe(epoch, head).map(|()| true);
    let losses = head.fit(data, options, &mut Mean(data.weights), &mut order, &mut seen)?;
    Ok(Trained { head, losses, detail: Detail::Errors(errors) })
}

/// Rows whose largest logit is another class's.
fn errors(
    head: &Head,
    values: ArrayView2<'_, f32>,
    labels: &[usize],
) -> Result<Vec<usize>, ModelError> {
    let logits = head.logits(values)?;
    let rows = logits.rows().into_iter().zip(labels).enumerate();
    Ok(rows
        .filter(|(_, (row, label))| super::measure::predicted(row.view()) != Some(**label))
        .map(|(at, _)| at)
        .collect())
}
