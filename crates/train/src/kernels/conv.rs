//! One group of images through a convolution, forward and back.
use super::geometry::{Geometry, ROWS, whole_tiles};
use super::tile::{Correlate, Gather};
use pulp::Arch;

/// Weights `[outputs, inputs, k, k]` in the orders in which the tiles read them, and where each factor's span starts.
#[derive(Debug)]
pub(super) struct Plan {
    arch: Arch,
    /// Forward: one factor for each (input, tap).
    forward: Factors,
    /// Back to the input: for each phase one factor for each (output, tap of the phase).
    back: Vec<Factors>,
}

#[derive(Debug)]
struct Factors {
    /// `[blocks of ROWS rows][factors][ROWS]`.
    weights: Vec<f32>,
    bases: Vec<usize>,
    rows: usize,
}

impl Factors {
    fn new(rows: usize, bases: Vec<usize>, weight: impl Fn(usize, usize) -> f32) -> Self {
        let blocks = rows.div_ceil(ROWS);
        let mut weights = Vec::with_capacity(blocks * bases.len() * ROWS);
        for block in 0..blocks {
            for factor in 0..bases.len() {
                for row in block * ROWS..(block + 1) * ROWS {
                    weights.push(if row < rows { weight(row, factor) } else { 0.0 });
                }
            }
        }
        Self { weights, bases, rows: blocks * ROWS }
    }
}

/// Buffers of one worker.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) packed: Vec<f32>,
    /// Packed gradient of the output: zeros in the gaps.
    pub(super) grad: Vec<f32>,
    pub(super) computed: Vec<f32>,
}

impl Scratch {
    /// For the forward pass.
    pub(super) fn forward(geometry: &Geometry) -> Self {
        let rows = geometry.outputs.next_multiple_of(ROWS);
        Self {
            packed: vec![0.0; geometry.packed()],
            grad: Vec::new(),
            computed: vec![0.0; rows * whole_tiles(geometry.positions())],
        }
    }

    /// For the backward pass.
    pub(super) fn back(geometry: &Geometry) -> Self {
        let rows = geometry.inputs.next_multiple_of(ROWS);
        Self {
            packed: vec![0.0; geometry.packed()],
            grad: vec![0.0; geometry.packed_grad()],
            computed: vec![0.0; rows * whole_tiles(geometry.rows * geometry.pitch)],
        }
    }
}

impl Plan {
    /// Reorders the weights; `back` where the gradient of the input is wanted too.
    pub(super) fn new(geometry: &Geometry, weight: &[f32], back: bool) -> Self {
        let square = geometry.kernel * geometry.kernel;
        let at = |output: usize, input: usize, place: usize| {
            weight[(output * geometry.inputs + input) * square + place]
        };
        let taps = &geometry.taps;
        let forward = Factors::new(geometry.outputs, input_bases(geometry), |output, factor| {
            at(output, factor / taps.len(), taps[factor % taps.len()].place)
        });
        let phases = geometry.phases * geometry.phases;
        let of_phase = |phase: usize| {
            let taps: Vec<_> = taps.iter().filter(|tap| tap.phase == phase).collect();
            let bases = (0..geometry.outputs)
                .flat_map(|output| {
                    let start = output * geometry.grad_channel() + geometry.margin();
                    taps.iter().map(move |tap| start - tap.shift)
                })
                .collect();
            Factors::new(geometry.inputs, bases, |input, factor| {
                at(factor / taps.len(), input, taps[factor % taps.len()].place)
            })
        };
        let back = (0..if back { phases } else { 0 }).map(of_phase).collect();
        Self { arch: Arch::new(), forward, back }
    }

    pub(super) fn arch(&self) -> Arch {
        self.arch
    }

    /// `scratch.packed` through the convolution into `scratch.computed` `[outputs, stride]`; returns the stride.
    pub(super) fn forward(&self, geometry: &Geometry, scratch: &mut Scratch) -> usize {
        let stride = whole_tiles(geometry.positions());
        self.arch.dispatch(Gather {
            input: &scratch.packed,
            bases: &self.forward.bases,
            weights: &self.forward.weights,
            out: &mut scratch.computed[..self.forward.rows * stride],
            stride,
            len: geometry.positions(),
        });
        stride
    }

    /// Gradient of the weights from `scratch.packed` and `scratch.grad`: `[outputs, inputs, taps]`.
    pub(super) fn weight_gradient(&self, geometry: &Geometry, scratch: &Scratch) -> Vec<f32> {
        let mut out = vec![0.0; geometry.outputs * self.forward.bases.len()];
        self.arch.dispatch(Correlate {
            rows: &scratch.grad[geometry.margin()..],
            row_stride: geometry.grad_channel(),
            input: &scratch.packed,
            bases: &self.forward.bases,
            len: geometry.positions(),
            out: &mut out,
        });
        out
    }

    /// Gradient of the input images from `scratch.grad`, into `images` `[n, inputs, h, w]`, zeros so far.
    pub(super) fn input_gradient(
        &self,
        geometry: &Geometry,
        scratch: &mut Scratch,
        images: &mut [f32],
    ) {
        // With one phase, only the rows and columns within the border are computed.
        let (first, len) = if geometry.stride == 1 {
            let first = geometry.padding * geometry.pitch + geometry.padding;
            let last_image = (geometry.group - 1) * geometry.image_pitch;
            (first, (geometry.height - 1) * geometry.pitch + last_image + geometry.width)
        } else {
            (0, geometry.rows * geometry.pitch)
        };
        let stride = whole_tiles(len);
        for (phase, factors) in self.back.iter().enumerate() {
            if factors.bases.is_empty() {
                continue;
            }
            self.arch.dispatch(Gather {
                input: &scratch.grad[first..],
                bases: &factors.bases,
                weights: &factors.weights,
                out: &mut scratch.computed[..factors.rows * stride],
                stride,
                len,
            });
            geometry.unpack_phase(phase, first, &scratch.computed, stride, images);
        }
    }
}

/// Where the span of each (input, tap) starts in the packed planes.
fn input_bases(geometry: &Geometry) -> Vec<usize> {
    let plane = geometry.rows * geometry.pitch;
    (0..geometry.inputs)
        .flat_map(|input| {
            let channel = input * geometry.channel();
            geometry.taps.iter().map(move |tap| channel + tap.phase * plane + tap.shift)
        })
        .collect()
}

/// Adds up the weight gradients of groups, in order, and writes them as `[outputs, inputs, k, k]`.
pub(super) fn join_weight_gradients(geometry: &Geometry, parts: &[Vec<f32>]) -> Vec<f32> {
    let square = geometry.kernel * geometry.kernel;
    let taps = &geometry.taps;
    let mut whole = vec![0.0; geometry.outputs * geometry.inputs * square];
    for part in parts {
        for (kernel, values) in whole.chunks_exact_mut(square).zip(part.chunks_exact(taps.len())) {
            for (tap, value) in taps.iter().zip(values) {
                kernel[tap.place] += value;
            }
        }
    }
    whole
}
