//! Convolution, batch norm, shortcut and ReLU of a whole batch in as few walks over memory as can be.
//!
//! Forward: one walk convolves and takes each part's moments, one normalises. Back: one walk takes
//! the sums that batch norm's gradient needs, one makes the gradient of the convolution's output
//! group by group (it never exists as a whole) and takes it back through the convolution.
//! The parts of a batch are fixed by its size, and parts are joined in order: the threads of the
//! rayon pool that this runs in have no part in the result.
use super::conv::{Plan, Scratch, join_weight_gradients};
use super::geometry::Geometry;
use super::norm::{self, Moments};
use rayon::prelude::*;

/// What a forward pass gives. Shapes: `out`, `conv` `[n, c, h, w]`, moments `[c]`.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) out: Vec<f32>,
    /// The convolution's output, before batch norm.
    pub(super) conv: Vec<f32>,
    pub(super) mean: Vec<f32>,
    /// With divisor n.
    pub(super) variance: Vec<f32>,
}

/// Batch norm's parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norm<'a> {
    pub(super) gamma: &'a [f32],
    pub(super) beta: &'a [f32],
    pub(super) epsilon: f32,
}

/// Forward pass in training mode.
pub(super) fn forward(
    geometry: &Geometry,
    x: &[f32],
    weight: &[f32],
    norm: Norm<'_>,
    shortcut: Option<&[f32]>,
    relu: bool,
) -> Forward {
    let plan = Plan::new(geometry, weight, false);
    let arch = plan.arch();
    let size = geometry.out_height * geometry.out_width;
    let mut conv = vec![0.0; geometry.images * geometry.out_image()];
    let parts: Vec<Vec<Moments>> = conv
        .par_chunks_mut(geometry.group * geometry.out_image())
        .zip(x.par_chunks(geometry.group * geometry.image()))
        .map_init(
            || Scratch::forward(geometry),
            |scratch, (conv, images)| {
                geometry.pack(images, &mut scratch.packed);
                let stride = plan.forward(geometry, scratch);
                let count = conv.len() / geometry.out_image();
                let planes = scratch.computed.chunks_exact(stride).take(geometry.outputs);
                let channel = |(channel, plane): (usize, &[f32])| {
                    for image in 0..count {
                        let into = &mut conv[(image * geometry.outputs + channel) * size..][..size];
                        let rows = geometry.out_rows(plane, image);
                        for (into, row) in into.chunks_exact_mut(geometry.out_width).zip(rows) {
                            into.copy_from_slice(row);
                        }
                    }
                    let pixels = (0..count)
                        .map(|image| &conv[(image * geometry.outputs + channel) * size..][..size]);
                    Moments::of(arch, pixels)
                };
                planes.enumerate().map(channel).collect()
            },
        )
        .collect();
    let moments: Vec<Moments> = (0..geometry.outputs)
        .map(|channel| parts.iter().fold(Moments::default(), |sum, part| sum.and(part[channel])))
        .collect();
    let affine: Vec<(f32, f32)> = moments
        .iter()
        .zip(norm.gamma)
        .zip(norm.beta)
        .map(|((moments, gamma), beta)| {
            let factor = gamma * inverse_deviation(moments.variance() as f32, norm.epsilon);
            (factor, beta - moments.mean as f32 * factor)
        })
        .collect();
    let mut out = vec![0.0; conv.len()];
    out.par_chunks_mut(geometry.out_image()).enumerate().for_each(|(image, out)| {
        let range = image * geometry.out_image()..(image + 1) * geometry.out_image();
        let (conv, shortcut) = (&conv[range.clone()], shortcut.map(|values| &values[range]));
        arch.dispatch(
            #[inline(always)]
            || normalise(out, conv, shortcut, &affine, relu),
        );
    });
    Forward {
        out,
        conv,
        mean: moments.iter().map(|moments| moments.mean as f32).collect(),
        variance: moments.iter().map(|moments| moments.variance() as f32).collect(),
    }
}

fn inverse_deviation(variance: f32, epsilon: f32) -> f32 {
    1.0 / (variance + epsilon).sqrt()
}

#[inline(always)]
fn normalise(
    out: &mut [f32],
    conv: &[f32],
    shortcut: Option<&[f32]>,
    affine: &[(f32, f32)],
    relu: bool,
) {
    let size = out.len() / affine.len();
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let planes = out.chunks_exact_mut(size).zip(conv.chunks_exact(size)).zip(affine).enumerate();
    for (channel, ((out, conv), &(factor, offset))) in planes {
        match shortcut {
            None => {
                for (out, conv) in out.iter_mut().zip(conv) {
                    *out = (conv * factor + offset).max(floor);
                }
            }
            Some(shortcut) => {
                let shortcut = &shortcut[channel * size..][..size];
                for ((out, conv), shortcut) in out.iter_mut().zip(conv).zip(shortcut) {
                    *out = (conv * factor + offset + shortcut).max(floor);
                }
            }
        }
    }
}

/// What the backward pass needs of the forward pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saved<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) gamma: &'a [f32],
    pub(super) conv: &'a [f32],
    /// The output, where a ReLU ended it.
    pub(super) out: Option<&'a [f32]>,
    pub(super) mean: &'a [f32],
    pub(super) variance: &'a [f32],
    pub(super) epsilon: f32,
}

/// Gradients, in the shapes of what they belong to.
#[derive(Debug)]
pub(super) struct Back {
    /// Empty where it was not wanted.
    pub(super) x: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
    /// Empty where it was not wanted.
    pub(super) shortcut: Vec<f32>,
}

/// Backward pass; `input` and `shortcut` say whether those gradients are wanted.
pub(super) fn back(
    geometry: &Geometry,
    saved: Saved<'_>,
    grad: &[f32],
    input: bool,
    shortcut: bool,
) -> Back {
    let plan = Plan::new(geometry, saved.weight, input);
    let arch = plan.arch();
    let (size, image_len) = (geometry.out_height * geometry.out_width, geometry.out_image());
    let scales: Vec<f32> =
        saved.variance.iter().map(|&v| inverse_deviation(v, saved.epsilon)).collect();
    let mut kept = vec![0.0; if shortcut { grad.len() } else { 0 }];
    let sums_of = |image: usize, mut kept: Option<&mut [f32]>| -> Vec<[f32; 2]> {
        let channel = |channel: usize| {
            let start = image * image_len + channel * size;
            norm::gradient_sums(
                arch,
                [&grad[start..][..size], &saved.conv[start..][..size]],
                saved.out.map(|out| &out[start..][..size]),
                (saved.mean[channel], scales[channel]),
                kept.as_deref_mut().map(|kept| &mut kept[channel * size..][..size]),
            )
        };
        (0..geometry.outputs).map(channel).collect()
    };
    let parts: Vec<Vec<[f32; 2]>> = if shortcut {
        let kept = kept.par_chunks_mut(image_len).enumerate();
        kept.map(|(image, kept)| sums_of(image, Some(kept))).collect()
    } else {
        (0..geometry.images).into_par_iter().map(|image| sums_of(image, None)).collect()
    };
    let sums: Vec<[f64; 2]> = (0..geometry.outputs)
        .map(|channel| {
            parts.iter().fold([0.0; 2], |[a, b], part| {
                [a + f64::from(part[channel][0]), b + f64::from(part[channel][1])]
            })
        })
        .collect();
    // The gradient that passed the ReLU is there already where the shortcut wanted it.
    let (grad, out) = if shortcut { (&kept[..], None) } else { (grad, saved.out) };
    let count = (geometry.images * size) as f64;
    let terms: Vec<[f32; 4]> = (0..geometry.outputs)
        .map(|channel| {
            let scale = scales[channel];
            let [first, second] = sums[channel];
            [
                saved.mean[channel],
                saved.gamma[channel] * scale,
                (first / count) as f32,
                (second / count) as f32 * scale,
            ]
        })
        .collect();
    let fill = |scratch: &mut Scratch, first: usize, images: usize| {
        if images < geometry.group {
            scratch.grad.fill(0.0);
        }
        let planes = scratch.grad[..geometry.outputs * geometry.grad_channel()]
            .chunks_exact_mut(geometry.grad_channel())
            .enumerate();
        for (channel, plane) in planes {
            for image in 0..images {
                let start = (first + image) * image_len + channel * size;
                let into = geometry.out_rows_mut(&mut plane[geometry.margin()..], image);
                for (row, into) in into.enumerate() {
                    let at = start + row * geometry.out_width;
                    let range = at..at + geometry.out_width;
                    norm::gradient_row(
                        into,
                        [&grad[range.clone()], &saved.conv[range.clone()]],
                        out.map(|out| &out[range]),
                        terms[channel],
                    );
                }
            }
        }
    };
    let group = geometry.group * geometry.image();
    let step = |scratch: &mut Scratch, index: usize, into: Option<&mut [f32]>| {
        let images = &saved.x[index * group..][..group.min(saved.x.len() - index * group)];
        geometry.pack(images, &mut scratch.packed);
        arch.dispatch(
            #[inline(always)]
            || fill(scratch, index * geometry.group, images.len() / geometry.image()),
        );
        if let Some(into) = into {
            plan.input_gradient(geometry, scratch, into);
        }
        plan.weight_gradient(geometry, scratch)
    };
    let scratch = || Scratch::back(geometry);
    let mut x = vec![0.0; if input { saved.x.len() } else { 0 }];
    let parts: Vec<Vec<f32>> = if input {
        let groups = x.par_chunks_mut(group).enumerate();
        groups.map_init(scratch, |s, (index, into)| step(s, index, Some(into))).collect()
    } else {
        let groups = (0..geometry.images.div_ceil(geometry.group)).into_par_iter();
        groups.map_init(scratch, |s, index| step(s, index, None)).collect()
    };
    Back {
        x,
        weight: join_weight_gradients(geometry, &parts),
        gamma: sums.iter().map(|sums| sums[1] as f32).collect(),
        beta: sums.iter().map(|sums| sums[0] as f32).collect(),
        shortcut: kept,
    }
}
