//! Where the values of a convolution lie while it is computed.
//!
//! A convolution of kernel `k`, stride `s` and padding `p` is a sum of shifted planes, one shift a
//! tap. Images are copied once into zero-bordered planes, so that each tap reads one contiguous
//! span and no product is spent on bounds. Two things keep the border cheap:
//!
//! - several small images of a batch stand side by side in one plane, sharing the border between
//!   them (8 x 8 images: 14 % of the products go to borders instead of 56 %);
//! - for stride 2 a plane is split by the parity of rows and columns (its *phases*), after which
//!   every tap is again a contiguous span.

/// Positions are computed in tiles of three vectors, of 16 lanes at most.
pub(super) const TILE: usize = 48;
/// Rows of one register tile.
pub(super) const ROWS: usize = 4;
/// Fewest positions of a plane for which images are put side by side.
const POSITIONS: usize = 1024;
/// A batch is cut into at least this many groups where it has the images, so that threads find work.
const GROUPS: usize = 8;

/// One tap of the kernel that sees image somewhere (others only ever meet the border).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tap {
    /// Place in the kernel, row by row.
    pub(super) place: usize,
    /// Phase whose plane it reads.
    pub(super) phase: usize,
    /// Where the span starts within that plane.
    pub(super) shift: usize,
}

/// Sizes of one convolution and the layout of its planes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Geometry {
    pub(super) images: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    /// Images side by side.
    pub(super) group: usize,
    /// Columns from one image to the next, within a phase.
    pub(super) image_pitch: usize,
    /// Columns of a phase.
    pub(super) pitch: usize,
    /// Rows of a phase.
    pub(super) rows: usize,
    /// Phases along one axis.
    pub(super) phases: usize,
    pub(super) taps: Vec<Tap>,
}

impl Geometry {
    /// The layout for `x` [images, inputs, height, width] and `weight` [outputs, inputs, kernel, kernel], padding
    /// `kernel / 2`.
    pub(super) fn new(x: [usize; 4], weight: [usize; 4], stride: usize) -> Self {
        let [images, inputs, height, width] = x;
        let [outputs, _, kernel, _] = weight;
        let padding = kernel / 2;
        let out = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        let (out_height, out_width) = (out(height), out(width));
        let side_by_side = (POSITIONS / (out_height * out_width)).max(1);
        let group = side_by_side.min(images.div_ceil(GROUPS)).max(1);
        let image_pitch = (width + padding).div_ceil(stride);
        let phases = kernel.min(stride);
        let pitch = (group * image_pitch * stride + padding).div_ceil(stride);
        let rows = (height + 2 * padding).div_ceil(stride);
        let sees = |tap: usize, side: usize, out: usize| {
            (0..out).any(|o| (padding..padding + side).contains(&(o * stride + tap)))
        };
        let plane = rows * pitch;
        let mut taps = Vec::new();
        for row in (0..kernel).filter(|&row| sees(row, height, out_height)) {
            for column in (0..kernel).filter(|&column| sees(column, width, out_width)) {
                taps.push(Tap {
                    place: row * kernel + column,
                    phase: (row % stride) * phases + column % stride,
                    shift: (row / stride) * pitch + column / stride,
                });
            }
        }
        debug_assert!(taps.iter().all(|tap| tap.shift < plane));
        Self {
            images,
            inputs,
            outputs,
            height,
            width,
            kernel,
            stride,
            padding,
            out_height,
            out_width,
            group,
            image_pitch,
            pitch,
            rows,
            phases,
            taps,
        }
    }

    /// Elements of one image that goes in.
    pub(super) fn image(&self) -> usize {
        self.inputs * self.height * self.width
    }

    /// Elements of one image that comes out.
    pub(super) fn out_image(&self) -> usize {
        self.outputs * self.out_height * self.out_width
    }

    /// Elements of one channel's phases.
    pub(super) fn channel(&self) -> usize {
        self.phases * self.phases * self.rows * self.pitch
    }

    /// Elements of the packed input of a group, with room for the last tile.
    pub(super) fn packed(&self) -> usize {
        // Taps shift a tile of the last row beyond its channel by at most the kernel's extent.
        self.inputs * self.channel() + self.pitch * self.kernel + 2 * TILE
    }

    /// Positions of an output plane, gaps included.
    pub(super) fn positions(&self) -> usize {
        (self.out_height - 1) * self.pitch + (self.group - 1) * self.image_pitch + self.out_width
    }

    /// Zeros in front of each channel of a packed output gradient: the largest shift.
    pub(super) fn margin(&self) -> usize {
        self.taps.iter().map(|tap| tap.shift).max().unwrap_or(0)
    }

    /// Elements of one channel of a packed output gradient.
    pub(super) fn grad_channel(&self) -> usize {
        self.margin() + self.rows * self.pitch
    }

    /// Elements of the packed output gradient of a group.
    pub(super) fn packed_grad(&self) -> usize {
        self.outputs * self.grad_channel() + self.margin() + 2 * TILE
    }

    /// Where an input pixel lies in the packed planes of its channel: phase and position; `None` where no tap reads it.
    pub(super) fn place(&self, image: usize, row: usize, column: usize) -> Option<(usize, usize)> {
        let (row, column) = (row + self.padding, column + self.padding);
        let (phase_row, phase_column) = (row % self.stride, column % self.stride);
        if phase_row >= self.phases || phase_column >= self.phases {
            return None;
        }
        let position =
            (row / self.stride) * self.pitch + image * self.image_pitch + column / self.stride;
        Some((phase_row * self.phases + phase_column, position))
    }
}

/// `len` rounded up to whole tiles.
pub(super) fn whole_tiles(len: usize) -> usize {
    len.next_multiple_of(TILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_images_stand_side_by_side() {
        let geometry = Geometry::new([128, 64, 8, 8], [64, 64, 3, 3], 1);
        assert_eq!((geometry.group, geometry.pitch, geometry.rows), (16, 145, 10));
        let geometry = Geometry::new([128, 16, 32, 32], [16, 16, 3, 3], 1);
        assert_eq!((geometry.group, geometry.pitch, geometry.rows), (1, 34, 34));
    }

    #[test]
    fn taps_that_only_meet_the_border_are_left_out() {
        let geometry = Geometry::new([4, 8, 1, 1], [8, 8, 3, 3], 1);
        assert_eq!(geometry.taps.len(), 1);
        assert_eq!(geometry.taps[0].place, 4);
        let geometry = Geometry::new([4, 8, 2, 2], [8, 8, 3, 3], 2);
        assert_eq!(geometry.taps.len(), 4);
    }
}
