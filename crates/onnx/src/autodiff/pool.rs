//! Pooling.
use super::Grads;
use super::site::{Site, flat, tensor};
use super::window::{Window, planes};

/// Where every output pixel's gradient goes: calls with plane, output place and the input places of its window.
fn windows(
    window: &Window,
    [height, width]: [usize; 2],
    [rows, columns]: [usize; 2],
    mut call: impl FnMut(usize, &[usize]),
) {
    let mut places = Vec::with_capacity(window.kernel[0] * window.kernel[1]);
    for row in 0..rows {
        for column in 0..columns {
            places.clear();
            for ky in 0..window.kernel[0] {
                let Some(y) = window.place(0, row, ky, height) else { continue };
                for kx in 0..window.kernel[1] {
                    if let Some(x) = window.place(1, column, kx, width) {
                        places.push(y * width + x);
                    }
                }
            }
            call(row * columns + column, &places);
        }
    }
}

pub(super) fn max(site: &Site<'_>) -> Result<Grads, String> {
    let (x, grad) = (site.x(0)?, site.grad()?);
    let window = Window::new(site, None, x.shape(), grad.shape())?;
    let [.., height, width] = planes(x.shape())?;
    let [.., rows, columns] = planes(grad.shape())?;
    let mut out = vec![0.0; x.len()];
    let (area, steps) = (height * width, rows * columns);
    for ((out, x), grad) in out
        .chunks_mut(area.max(1))
        .zip(flat(x)?.chunks(area.max(1)))
        .zip(flat(grad)?.chunks(steps.max(1)))
    {
        if grad.iter().all(|&g| g == 0.0) {
            continue;
        }
        windows(&window, [height, width], [rows, columns], |step, places| {
            let mut best: Option<usize> = None;
            for &place in places {
                if best.is_none_or(|best| x[place] > x[best]) {
                    best = Some(place);
                }
            }
            if let Some(best) = best {
                out[best] += grad[step];
            }
        });
    }
    Ok(site.only(tensor(x.shape(), out)?))
}

pub(super) fn average(site: &Site<'_>) -> Result<Grads, String> {
    let (shape, grad) = (site.shape(0)?, site.grad()?);
    let window = Window::new(site, None, shape, grad.shape())?;
    let [batch, channels, height, width] = planes(shape)?;
    let [.., rows, columns] = planes(grad.shape())?;
    let with_padding = site.int("count_include_pad", 0) != 0;
    let (area, steps) = (height * width, rows * columns);
    let mut out = vec![0.0; batch * channels * area];
    for (out, grad) in out.chunks_mut(area.max(1)).zip(flat(grad)?.chunks(steps.max(1))) {
        windows(&window, [height, width], [rows, columns], |step, places| {
            let count = if with_padding {
                padded(&window, 0, step / columns, height)
                    * padded(&window, 1, step % columns, width)
            } else {
                places.len()
            };
            let share = grad[step] / count.max(1) as f32;
            for &place in places {
                out[place] += share;
            }
        });
    }
    Ok(site.only(tensor(shape, out)?))
}

/// Taps of a step that lie on the image or its padding (a last window of `ceil_mode` may reach beyond both).
fn padded(window: &Window, axis: usize, step: usize, size: usize) -> usize {
    let limit = size + window.begin[axis] + window.end[axis];
    (0..window.kernel[axis])
        .filter(|tap| step * window.stride[axis] + tap * window.dilation[axis] < limit)
        .count()
}

/// Every pixel of a plane has the same share.
pub(super) fn global_average(site: &Site<'_>) -> Result<Grads, String> {
    let (shape, grad) = (site.shape(0)?, flat(site.grad()?)?);
    let area: usize = shape.iter().skip(2).product();
    let out =
        grad.iter().flat_map(|&g| std::iter::repeat_n(g / area.max(1) as f32, area)).collect();
    Ok(site.only(tensor(shape, out)?))
}

pub(super) fn global_max(site: &Site<'_>) -> Result<Grads, String> {
    let (x, grad) = (site.x(0)?, flat(site.grad()?)?);
    let area: usize = x.shape().iter().skip(2).product();
    let mut out = vec![0.0; x.len()];
    for ((out, x), &g) in out.chunks_mut(area.max(1)).zip(flat(x)?.chunks(area.max(1))).zip(grad) {
        let mut best = 0;
        for (place, value) in x.iter().enumerate() {
            if *value > x[best] {
                best = place;
            }
        }
        out[best] = g;
    }
    Ok(site.only(tensor(x.shape(), out)?))
}
