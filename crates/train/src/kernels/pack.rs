//! Between the usual layout `[n, c, h, w]` and the planes of a [`Geometry`].
use super::geometry::Geometry;

impl Geometry {
    /// Copies a group of images into zero-bordered planes. `packed` holds zeros, or another group of this geometry.
    pub(super) fn pack(&self, images: &[f32], packed: &mut [f32]) {
        let count = images.len() / self.image();
        if count < self.group {
            packed.fill(0.0);
        }
        let size = self.height * self.width;
        for (image, pixels) in images.chunks_exact(self.image()).enumerate() {
            for (channel, plane) in pixels.chunks_exact(size).enumerate() {
                let into = &mut packed[channel * self.channel()..][..self.channel()];
                for (row, line) in plane.chunks_exact(self.width).enumerate() {
                    self.pack_row(image, row, line, into);
                }
            }
        }
    }

    fn pack_row(&self, image: usize, row: usize, line: &[f32], channel: &mut [f32]) {
        if self.stride == 1 {
            let start = (row + self.padding) * self.pitch + image * self.image_pitch + self.padding;
            channel[start..start + line.len()].copy_from_slice(line);
            return;
        }
        let plane = self.rows * self.pitch;
        for first in 0..self.stride.min(line.len()) {
            let Some((phase, start)) = self.place(image, row, first) else { continue };
            let into = &mut channel[phase * plane + start..];
            for (value, pixel) in into.iter_mut().zip(line[first..].iter().step_by(self.stride)) {
                *value = *pixel;
            }
        }
    }

    /// Copies computed positions `[c, stride]` of one phase back into the pixels of a group of images.
    /// `first` is the plane's position of the first value.
    pub(super) fn unpack_phase(
        &self,
        phase: usize,
        first: usize,
        computed: &[f32],
        stride: usize,
        images: &mut [f32],
    ) {
        let size = self.height * self.width;
        for (image, pixels) in images.chunks_exact_mut(self.image()).enumerate() {
            for (plane, values) in pixels.chunks_exact_mut(size).zip(computed.chunks_exact(stride))
            {
                for (row, line) in plane.chunks_exact_mut(self.width).enumerate() {
                    for column in 0..self.stride.min(line.len()) {
                        let Some((of, start)) = self.place(image, row, column) else { continue };
                        if of != phase {
                            continue;
                        }
                        let from = &values[start - first..];
                        if self.stride == 1 {
                            line.copy_from_slice(&from[..line.len()]);
                        } else {
                            let pixels = line[column..].iter_mut().step_by(self.stride);
                            pixels.zip(from).for_each(|(pixel, value)| *pixel = *value);
                        }
                    }
                }
            }
        }
    }

    /// Rows of one output channel within the computed positions `plane`: for each image and row its pixels.
    pub(super) fn out_rows<'a>(
        &self,
        plane: &'a [f32],
        image: usize,
    ) -> impl Iterator<Item = &'a [f32]> {
        let (pitch, width) = (self.pitch, self.out_width);
        let first = image * self.image_pitch;
        (0..self.out_height).map(move |row| &plane[row * pitch + first..][..width])
    }

    /// As [`Geometry::out_rows`], to write.
    pub(super) fn out_rows_mut<'a>(
        &self,
        plane: &'a mut [f32],
        image: usize,
    ) -> impl Iterator<Item = &'a mut [f32]> {
        let (width, first) = (self.out_width, image * self.image_pitch);
        plane[first..]
            .chunks_mut(self.pitch)
            .take(self.out_height)
            .map(move |row| &mut row[..width])
    }
}
