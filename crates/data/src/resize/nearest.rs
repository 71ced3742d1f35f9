//! Pillow's nearest sampling: an affine map evaluated at pixel centres.
use super::Window;

/// Source index of each of `to` output positions along an axis of `from` pixels.
///
/// The position is summed up step by step, as Pillow does: its rounding decides at ties.
fn positions(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut position = step * 0.5;
    (0..to)
        .map(|_| {
            let index = (position as usize).min(from - 1);
            position += step;
            index
        })
        .collect()
}

pub(super) fn sample(
    data: &[u8],
    from: (usize, usize),
    channels: usize,
    to: (usize, usize),
    window: Window,
) -> Vec<u8> {
    let rows = positions(from.0, to.0);
    let columns = positions(from.1, to.1);
    let mut out = Vec::with_capacity(window.height * window.width * channels);
    for &y in &rows[window.top..window.top + window.height] {
        let row = &data[y * from.1 * channels..][..from.1 * channels];
        for &x in &columns[window.left..window.left + window.width] {
            out.extend_from_slice(&row[x * channels..][..channels]);
        }
    }
    out
}
