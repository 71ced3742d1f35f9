//! Convolutions: the gradient of the input.
use super::Grads;
use super::matmul::product;
use super::site::{Site, flat, tensor};
use super::window::{Window, planes};
use ndarray::ArrayView2;

fn only_input(site: &Site<'_>) -> Result<(), String> {
    if (1..site.inputs.len()).any(|input| site.wants(input)) {
        return Err("weights that depend on the image".to_owned());
    }
    Ok(())
}

/// `Conv`: columns = weights^T grad for each group, then added back to the pixels that they came from.
pub(super) fn conv(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    let (grad, weights) = (site.grad()?, site.x(1)?);
    let shape = site.shape(0)?;
    let window = Window::new(site, weights.shape().get(2..), shape, grad.shape())?;
    let [batch, channels, height, width] = planes(shape)?;
    let [_, features, rows, columns] = planes(grad.shape())?;
    let groups = groups(site, channels, features)?;
    let (wide, deep) = (channels / groups, features / groups);
    let taps = window.kernel[0] * window.kernel[1];
    let (weights, grad) = (flat(weights)?, flat(grad)?);
    if weights.len() != features * wide * taps {
        return Err("weights do not fit the channels".to_owned());
    }
    let mut out = vec![0.0; batch * channels * height * width];
    let steps = rows * columns;
    for (image, out) in out.chunks_mut((channels * height * width).max(1)).enumerate() {
        for (group, out) in out.chunks_mut(wide * height * width).enumerate() {
            let first = image * features + group * deep;
            let g = matrix(&grad[first * steps..(first + deep) * steps], deep, steps)?;
            let first = group * deep * wide * taps;
            let w = matrix(&weights[first..first + deep * wide * taps], deep, wide * taps)?;
            let back = product(w.t(), g);
            let back = back.as_standard_layout();
            let back = back.as_slice().expect("in standard layout: by construction");
            if window.is_identity() {
                out.copy_from_slice(back);
            } else {
                fold(back, &window, [height, width], [rows, columns], out);
            }
        }
    }
    Ok(site.only(tensor(shape, out)?))
}

/// `ConvTranspose`: its input gradient is an ordinary convolution of the gradient.
pub(super) fn conv_transpose(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    let (grad, weights) = (site.grad()?, site.x(1)?);
    let shape = site.shape(0)?;
    if site.node.string("auto_pad").is_some_and(|auto| auto.starts_with("SAME"))
        || site.node.ints("output_shape").is_some()
    {
        return Err("automatic padding or an explicit output shape".to_owned());
    }
    let window = Window::new(site, weights.shape().get(2..), shape, grad.shape())?;
    let [batch, channels, height, width] = planes(shape)?;
    let [_, features, rows, columns] = planes(grad.shape())?;
    let groups = groups(site, channels, features)?;
    let (wide, deep) = (channels / groups, features / groups);
    let taps = window.kernel[0] * window.kernel[1];
    let (weights, grad) = (flat(weights)?, flat(grad)?);
    let steps = height * width;
    let mut out = Vec::with_capacity(batch * channels * steps);
    let mut unfolded = vec![0.0; deep * taps * steps];
    for image in 0..batch {
        for group in 0..groups {
            let first = (image * features + group * deep) * rows * columns;
            let g = &grad[first..first + deep * rows * columns];
            unfold(g, &window, [rows, columns], [height, width], &mut unfolded);
            let w = &weights[group * wide * deep * taps..(group + 1) * wide * deep * taps];
            let back =
                product(matrix(w, wide, deep * taps)?, matrix(&unfolded, deep * taps, steps)?);
            out.extend(back.iter());
        }
    }
    Ok(site.only(tensor(shape, out)?))
}

fn groups(site: &Site<'_>, channels: usize, features: usize) -> Result<usize, String> {
    usize::try_from(site.int("group", 1))
        .ok()
        .filter(|&g| g > 0 && channels.is_multiple_of(g) && features.is_multiple_of(g))
        .ok_or_else(|| format!("{channels} channels in {} groups", site.int("group", 1)))
}

fn matrix(elements: &[f32], rows: usize, columns: usize) -> Result<ArrayView2<'_, f32>, String> {
    ArrayView2::from_shape((rows, columns), elements).map_err(|error| error.to_string())
}

/// Adds `[channel, tap, step]` back to the pixels `[channel, height, width]` that the taps read.
fn fold(columns: &[f32], window: &Window, size: [usize; 2], steps: [usize; 2], out: &mut [f32]) {
    visit(window, size, steps, columns.len(), |from, to| out[to] += columns[from]);
}

/// The pixels that each tap of each step reads, 0 in the padding.
fn unfold(pixels: &[f32], window: &Window, size: [usize; 2], steps: [usize; 2], out: &mut [f32]) {
    out.fill(0.0);
    let count = out.len();
    visit(window, size, steps, count, |to, from| out[to] = pixels[from]);
}

/// Calls with each place in `[channel, tap, step]` and the pixel that it reads.
fn visit(
    window: &Window,
    [height, width]: [usize; 2],
    [rows, columns]: [usize; 2],
    count: usize,
    mut call: impl FnMut(usize, usize),
) {
    let [down, across] = window.kernel;
    let block = rows * columns;
    let channels = count / (down * across * block).max(1);
    for channel in 0..channels {
        for ky in 0..down {
            for kx in 0..across {
                let base = ((channel * down + ky) * across + kx) * block;
                for row in 0..rows {
                    let Some(y) = window.place(0, row, ky, height) else { continue };
                    for column in 0..columns {
                        if let Some(x) = window.place(1, column, kx, width) {
                            call(base + row * columns + column, (channel * height + y) * width + x);
                        }
                    }
                }
            }
        }
    }
}
