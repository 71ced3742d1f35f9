//! Draws a shape: sixteen samples a pixel say which part is seen, distances to edges shade it.
use super::{
    super::{
        format::{Linear, Paint, Shape, Texture},
        stream::Stream,
    },
    canvas::Canvas,
    distance::Outline,
    light::Lamp,
    pattern::{Pattern, vary},
};

/// Place and turn of a figure in the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// Pixels.
    pub(super) centre: [f32; 2],
    /// Length of the unit square's side in pixels.
    pub(super) size: f32,
    /// Radians, clockwise.
    pub(super) turn: f32,
    /// Width over height.
    pub(super) stretch: f32,
    pub(super) mirrored: bool,
}

/// How colours and parts of a figure vary.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loose {
    pub(super) colour: f64,
    pub(super) jitter: f64,
    /// 1: colours as they are; 0: middle gray.
    pub(super) contrast: f64,
}

struct Coat {
    colour: Linear,
    pattern: Option<Pattern>,
}

/// A shape ready to be drawn.
pub(super) struct Figure<'a> {
    outlines: Vec<Outline<'a>>,
    roles: Vec<usize>,
    bevels: Vec<f32>,
    coats: Vec<Coat>,
    contrast: f32,
    pose: Pose,
    /// Unit coordinates from pixels, without the centre.
    inverse: [[f32; 2]; 2],
}

/// Middle gray in linear light.
const GRAY: f32 = 0.2;

/// All sixteen samples of a pixel.
pub(super) const FULL: u16 = u16::MAX;

impl<'a> Figure<'a> {
    pub(super) fn new(
        shape: &'a Shape,
        paints: &[Paint],
        textures: &[Texture],
        pose: Pose,
        loose: Loose,
        stream: &mut Stream,
    ) -> Self {
        let coats = paints
            .iter()
            .map(|paint| {
                let colour = paint.colours[stream.below(paint.colours.len())];
                let colour = vary(colour, loose.colour, stream);
                let texture = paint.texture.map(|texture| &textures[texture]);
                let pattern =
                    texture.map(|texture| Pattern::draw(texture, colour, loose.colour, stream));
                Coat { colour, pattern }
            })
            .collect();
        let outlines = shape
            .parts
            .iter()
            .map(|part| {
                let mut shift = || (loose.jitter * stream.signed()) as f32;
                let shift = [shift(), shift()];
                Outline::new(part, shift, 1.0 + (loose.jitter * stream.signed()) as f32)
            })
            .collect();
        let half = pose.size / 2.0;
        let (width, height) = (half * pose.stretch.sqrt(), half / pose.stretch.sqrt());
        let (sin, cos) = pose.turn.sin_cos();
        let sign = if pose.mirrored { -1.0 } else { 1.0 };
        let inverse = [[sign * cos / width, sign * sin / width], [-sin / height, cos / height]];
        Self {
            outlines,
            roles: shape.parts.iter().map(|part| part.role).collect(),
            bevels: shape.parts.iter().map(|part| part.bevel).collect(),
            coats,
            contrast: loose.contrast as f32,
            pose,
            inverse,
        }
    }

    /// Unit coordinates of a place in pixels.
    fn unit(&self, x: f32, y: f32) -> [f32; 2] {
        let (dx, dy) = (x - self.pose.centre[0], y - self.pose.centre[1]);
        self.inverse.map(|row| row[0] * dx + row[1] * dy)
    }

    /// Pixels that a part can touch: first column, first row, last column, last row (exclusive).
    fn bounds(&self, outline: &Outline<'_>, width: usize, height: usize) -> [usize; 4] {
        let ([cx, cy], radius) = outline.circle();
        let [[a, b], [c, d]] = self.inverse;
        let whole = a * d - b * c;
        let x = self.pose.centre[0] + (d * cx - b * cy) / whole;
        let y = self.pose.centre[1] + (a * cy - c * cx) / whole;
        let reach = radius * self.pose.size / 2.0 * self.longest() + 1.0;
        let clip = |v: f32, most: usize| (v.max(0.0) as usize).min(most);
        [
            clip((x - reach).floor(), width),
            clip((y - reach).floor(), height),
            clip((x + reach).ceil(), width),
            clip((y + reach).ceil(), height),
        ]
    }

    /// Longer side over the square's.
    fn longest(&self) -> f32 {
        self.pose.stretch.sqrt().max(1.0 / self.pose.stretch.sqrt())
    }

    /// Which of a pixel's sixteen samples a part covers.
    fn samples(&self, outline: &Outline<'_>, x: usize, y: usize, middle: [f32; 2]) -> u16 {
        // Half a pixel's diagonal, in unit coordinates.
        let reach = 0.7072 * 2.0 / self.pose.size * self.longest();
        let (distance, clear) = outline.probe(middle);
        if clear > reach {
            return if distance < 0.0 { FULL } else { 0 };
        }
        let mut bits = 0;
        for sample in 0..16u16 {
            // Hammersley's points: each of sixteen rows and columns holds one, so that upright edges
            // are met to a sixteenth too.
            let dx = (f32::from(sample) + 0.5) / 16.0;
            let dy = (f32::from((sample as u8).reverse_bits() >> 4) + 0.5) / 16.0;
            let place = self.unit(x as f32 + dx, y as f32 + dy);
            bits |= u16::from(outline.distance(place) < 0.0) << sample;
        }
        bits
    }

    /// Draws what is not hidden yet, and marks the samples of the whole figure, hidden or not, in
    /// `cover` (`[H, W]`, row by row).
    pub(super) fn draw(&self, canvas: &mut Canvas, lamp: &Lamp, cover: Option<&mut [u16]>) {
        self.walk(canvas.width, canvas.height, cover, |part, pixel, bits, middle| {
            let seen = bits & canvas.left[pixel];
            if seen != 0 {
                canvas.add(pixel, seen, self.colour(part, middle, lamp));
            }
        });
    }

    /// Marks the samples of the figure in `cover` and draws nothing.
    pub(super) fn mark(&self, width: usize, height: usize, cover: &mut [u16]) {
        self.walk(width, height, Some(cover), |_, _, _, _| ());
    }

    /// Every part from the top one down, with the pixels that it touches and the samples there.
    fn walk(
        &self,
        width: usize,
        height: usize,
        mut cover: Option<&mut [u16]>,
        mut each: impl FnMut(usize, usize, u16, [f32; 2]),
    ) {
        for (part, outline) in self.outlines.iter().enumerate().rev() {
            let [left, top, right, bottom] = self.bounds(outline, width, height);
            for y in top..bottom {
                for x in left..right {
                    let middle = self.unit(x as f32 + 0.5, y as f32 + 0.5);
                    let bits = self.samples(outline, x, y, middle);
                    if bits == 0 {
                        continue;
                    }
                    let pixel = y * width + x;
                    if let Some(cover) = &mut cover {
                        cover[pixel] |= bits;
                    }
                    each(part, pixel, bits, middle);
                }
            }
        }
    }

    /// Colour of a part at a place, lit.
    fn colour(&self, part: usize, place: [f32; 2], lamp: &Lamp) -> Linear {
        let coat = &self.coats[self.roles[part]];
        let colour = match &coat.pattern {
            // Textures on objects measure in shares of the unit square, whose side is 2.
            Some(pattern) => pattern.colour(place[0] / 2.0, place[1] / 2.0, 1.0 / self.pose.size),
            None => coat.colour,
        };
        let colour = colour.map(|v| GRAY + (v - GRAY) * self.contrast);
        lamp.shade(colour, self.normal(part, place))
    }

    /// Tilt of the surface: rounded at the part's edge, and a little over the whole figure.
    fn normal(&self, part: usize, place: [f32; 2]) -> [f32; 2] {
        let mut tilt = place.map(|v| 0.22 * v);
        let (outline, bevel) = (&self.outlines[part], self.bevels[part]);
        if bevel > 0.0 {
            let distance = outline.distance(place);
            let edge = (1.0 + distance / bevel).clamp(0.0, 1.0);
            if edge > 0.0 {
                let step = 0.01;
                let dx = outline.distance([place[0] + step, place[1]]) - distance;
                let dy = outline.distance([place[0], place[1] + step]) - distance;
                let length = (dx * dx + dy * dy).sqrt().max(1e-6);
                let lean = 0.8 * edge * edge.sqrt();
                tilt = [tilt[0] + lean * dx / length, tilt[1] + lean * dy / length];
            }
        }
        // A covector: it turns into the picture by the transpose.
        let half = self.pose.size / 2.0;
        let [[a, b], [c, d]] = self.inverse;
        [(a * tilt[0] + c * tilt[1]) * half, (b * tilt[0] + d * tilt[1]) * half]
    }
}
