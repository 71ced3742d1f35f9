//! Signed distances to the parts of shapes, in unit coordinates: negative inside.
use super::super::format::{Geometry, Part};

/// A part, or a copy of one that has been moved and grown a little.
#[derive(Debug, Clone)]
pub(super) struct Outline<'a> {
    part: &'a Part,
    /// Centre after jitter.
    centre: [f32; 2],
    /// Factor of size.
    grow: f32,
    angle: (f32, f32),
    around: (f32, f32),
}

impl<'a> Outline<'a> {
    /// The part moved by `shift` and grown by the factor `grow`.
    pub(super) fn new(part: &'a Part, shift: [f32; 2], grow: f32) -> Self {
        Self {
            part,
            centre: [part.centre[0] + shift[0], part.centre[1] + shift[1]],
            grow,
            angle: (part.angle.cos(), part.angle.sin()),
            around: (part.around.cos(), part.around.sin()),
        }
    }

    /// Into the part's own coordinates: undoes the turn about the origin, the mirror, the centre,
    /// the part's turn, and the growth.
    fn local(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (cos, sin) = self.around;
        let mut x1 = x * cos + y * sin;
        let y1 = y * cos - x * sin;
        if self.part.mirrored {
            x1 = -x1;
        }
        let (dx, dy) = (x1 - self.centre[0], y1 - self.centre[1]);
        let (cos, sin) = self.angle;
        [(dx * cos + dy * sin) / self.grow, (dy * cos - dx * sin) / self.grow]
    }

    /// Distance to the outline; exact inside and outside but for ellipses, whose sign is exact.
    pub(super) fn distance(&self, place: [f32; 2]) -> f32 {
        self.grow * distance(&self.part.geometry, self.local(place))
    }

    /// [`Self::distance`], and a distance within which its sign can't change: never above the true
    /// distance to the outline.
    pub(super) fn probe(&self, place: [f32; 2]) -> (f32, f32) {
        let p = self.local(place);
        let near = distance(&self.part.geometry, p);
        let clear = match &self.part.geometry {
            Geometry::Ellipse { radius } => {
                (scaled_length(p, *radius) - 1.0).abs() * radius[0].min(radius[1])
            }
            _ => near.abs(),
        };
        (self.grow * near, self.grow * clear)
    }

    /// A circle that holds the outline: its centre and radius.
    pub(super) fn circle(&self) -> ([f32; 2], f32) {
        let far = |points: &[[f32; 2]]| points.iter().map(|p| length(*p)).fold(0.0, f32::max);
        let radius = match &self.part.geometry {
            Geometry::Ellipse { radius } => radius[0].max(radius[1]),
            Geometry::Rectangle { half, .. } => length(*half),
            Geometry::Polygon { points, round } => far(points) + round,
            Geometry::Ring { radius, half_width, .. } => radius + half_width,
            Geometry::Stroke { points, half_width } => far(points) + half_width,
        };
        let x = if self.part.mirrored { -self.centre[0] } else { self.centre[0] };
        let (cos, sin) = self.around;
        let y = self.centre[1];
        ([x * cos - y * sin, x * sin + y * cos], radius * self.grow)
    }
}

fn length([x, y]: [f32; 2]) -> f32 {
    (x * x + y * y).sqrt()
}

fn scaled_length(p: [f32; 2], radius: [f32; 2]) -> f32 {
    length([p[0] / radius[0], p[1] / radius[1]])
}

fn distance(geometry: &Geometry, p: [f32; 2]) -> f32 {
    match geometry {
        Geometry::Ellipse { radius } => ellipse(p, *radius),
        Geometry::Rectangle { half, round } => {
            let dx = p[0].abs() - half[0] + round;
            let dy = p[1].abs() - half[1] + round;
            length([dx.max(0.0), dy.max(0.0)]) + dx.max(dy).min(0.0) - round
        }
        Geometry::Polygon { points, round } => polygon(p, points) - round,
        Geometry::Ring { radius, half_width, half_angle } => {
            let Some(half_angle) = half_angle else {
                return (length(p) - radius).abs() - half_width;
            };
            let (sin, cos) = half_angle.sin_cos();
            let y = p[1].abs();
            // Beyond the end of the arc its round end is nearest.
            if p[0] * sin < y * cos {
                let (dx, dy) = (p[0] - radius * cos, y - radius * sin);
                return length([dx, dy]) - half_width;
            }
            (length(p) - radius).abs() - half_width
        }
        Geometry::Stroke { points, half_width } => {
            points.windows(2).map(|w| segment(p, w[0], w[1])).fold(f32::MAX, f32::min).sqrt()
                - half_width
        }
    }
}

/// First order: the implicit function over its gradient.
fn ellipse(p: [f32; 2], radius: [f32; 2]) -> f32 {
    let k0 = scaled_length(p, radius);
    let k1 = length([p[0] / (radius[0] * radius[0]), p[1] / (radius[1] * radius[1])]);
    if k1 < 1e-9 { -radius[0].min(radius[1]) } else { k0 * (k0 - 1.0) / k1 }
}

/// Squared distance to a segment.
fn segment(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
    let (wx, wy) = (p[0] - a[0], p[1] - a[1]);
    let whole = ex * ex + ey * ey;
    let t = if whole > 0.0 { ((wx * ex + wy * ey) / whole).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (wx - ex * t, wy - ey * t);
    dx * dx + dy * dy
}

/// Inside by the even-odd rule.
fn polygon(p: [f32; 2], points: &[[f32; 2]]) -> f32 {
    let mut nearest = f32::MAX;
    let mut inside = false;
    let mut a = points[points.len() - 1];
    for &b in points {
        nearest = nearest.min(segment(p, a, b));
        if (a[1] > p[1]) != (b[1] > p[1])
            && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]
        {
            inside = !inside;
        }
        a = b;
    }
    if inside { -nearest.sqrt() } else { nearest.sqrt() }
}
