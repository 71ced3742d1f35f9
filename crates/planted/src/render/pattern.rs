//! A texture made ready for one picture: its ranges drawn, its colours chosen.
use super::{
    super::{
        format::{Kind, Linear, Stop, Texture},
        stream::Stream,
    },
    noise,
};

/// Gives a colour for each place.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    kind: Kind,
    stops: Vec<Linear>,
    /// 1 / scale.
    frequency: f32,
    stretch: f32,
    turn: (f32, f32),
    offset: [f32; 2],
    contrast: f32,
    warp: f32,
    octaves: usize,
    softness: f32,
    grain: f32,
    key: u32,
}

/// Colours of one picture differ a little from those of the file.
pub(super) fn vary(colour: Linear, deviation: f64, stream: &mut Stream) -> Linear {
    let bright = 1.0 + deviation * 1.5 * stream.signed();
    colour.map(|v| {
        (f64::from(v) * bright * (1.0 + deviation * stream.signed())).clamp(0.0, 1.0) as f32
    })
}

impl Pattern {
    /// Draws what the texture leaves open. `own` is the colour of the part that carries it.
    pub(super) fn draw(
        texture: &Texture,
        own: Linear,
        deviation: f64,
        stream: &mut Stream,
    ) -> Self {
        let stops = texture
            .colours
            .iter()
            .map(|stop| match stop {
                Stop::Own(factor) => own.map(|v| (v * factor).min(1.0)),
                Stop::Colours(colours) => {
                    let colour = colours[stream.below(colours.len())];
                    vary(colour, deviation, stream)
                }
            })
            .collect();
        let angle = stream.within(texture.angle).to_radians();
        let free = texture.kind != Kind::Gradient;
        let mut offset = || if free { 64.0 * stream.unit() as f32 } else { 0.0 };
        let offset = [offset(), offset()];
        Self {
            kind: texture.kind,
            stops,
            frequency: 1.0 / stream.within(texture.scale) as f32,
            stretch: stream.within(texture.stretch) as f32,
            turn: (angle.cos() as f32, angle.sin() as f32),
            offset,
            contrast: stream.within(texture.contrast) as f32,
            warp: stream.within(texture.warp) as f32,
            octaves: texture.octaves,
            softness: texture.softness,
            grain: texture.grain,
            key: stream.bits(),
        }
    }

    /// The colour at a place; `pixel` is the distance between two pixels there.
    pub(super) fn colour(&self, x: f32, y: f32, pixel: f32) -> Linear {
        let (cos, sin) = self.turn;
        let mut u = (x * cos + y * sin) * self.frequency / self.stretch + self.offset[0];
        let mut v = (y * cos - x * sin) * self.frequency + self.offset[1];
        let pixel = pixel * self.frequency;
        if self.warp > 0.0 {
            let (a, b) = (u * 0.7, v * 0.7);
            u += self.warp * (2.0 * noise::fractal(self.key ^ 0x5bd1, a, b, 2, pixel) - 1.0);
            v += self.warp * (2.0 * noise::fractal(self.key ^ 0x1b87, a, b, 2, pixel) - 1.0);
        }
        let t = self.place(u, v, pixel);
        // What is much finer than a pixel is seen as its mean.
        let contrast = self.contrast / (1.0 + (pixel - 0.7).max(0.0) * 2.0);
        let mut colour = self.between(0.5 + (t - 0.5) * contrast);
        if self.grain > 0.0 {
            let fine = noise::hash(
                self.key ^ 0x27d4,
                (x * 160.0).floor() as i32,
                (y * 160.0).floor() as i32,
            );
            let factor = (1.0 + self.grain * noise::normal(fine)).max(0.0);
            colour = colour.map(|c| c * factor);
        }
        colour
    }

    /// Place between the first colour (0) and the last (1).
    fn place(&self, u: f32, v: f32, pixel: f32) -> f32 {
        let soft = (self.softness + pixel).min(0.5);
        let edge = |d: f32| (0.5 + d / (2.0 * soft.max(1e-3))).clamp(0.0, 1.0);
        // A wave of triangles between -0.25 and 0.25 with period 1: its sign is a band.
        let band = |t: f32| edge(((t - t.floor()) - 0.5).abs() - 0.25);
        match self.kind {
            Kind::Plain => 0.5,
            Kind::Gradient => u.clamp(0.0, 1.0),
            Kind::Stripes => band(v),
            Kind::Checks => {
                let (a, b) = (band(u * 0.5), band(v * 0.5));
                a + b - 2.0 * a * b
            }
            Kind::Dots => {
                let (x, y) = (u.floor(), v.floor());
                let h = noise::hash(self.key, x as i32, y as i32);
                let dx = u - x - 0.5 - 0.2 * ((h & 0xFF) as f32 / 255.0 - 0.5);
                let dy = v - y - 0.5 - 0.2 * ((h >> 8 & 0xFF) as f32 / 255.0 - 0.5);
                edge(0.3 - (dx * dx + dy * dy).sqrt())
            }
            Kind::Noise => {
                // Octaves gather around the middle: widen them to use the colours.
                let t = noise::fractal(self.key, u, v, self.octaves, pixel);
                ((t - 0.5) * 1.7 + 0.5).clamp(0.0, 1.0)
            }
            Kind::Ridges => noise::ridged(self.key, u, v, self.octaves, pixel),
            Kind::Bricks => {
                let row = (v * 2.0).floor();
                let along = u + if row.rem_euclid(2.0) < 1.0 { 0.0 } else { 0.5 };
                let brick = along.floor();
                let (dx, dy) = (along - brick, v * 2.0 - row);
                let inside = dx.min(1.0 - dx).min(0.5 * dy.min(1.0 - dy));
                let shade = 0.55 + 0.45 * noise::unit(self.key, brick as i32, row as i32);
                edge(inside - 0.04) * shade
            }
            Kind::Waves => {
                let bend = noise::fractal(self.key, u * 0.5, v * 0.5, self.octaves, pixel);
                0.5 + 0.5 * (std::f32::consts::TAU * (v + bend)).sin()
            }
            Kind::Cells => {
                let (first, second, which) = noise::cell(self.key, u, v);
                let shade = 0.3 + 0.7 * (which & 0xFFFF) as f32 / 65535.0;
                edge((second - first) * 0.5 - 0.06) * shade
            }
        }
    }

    /// Linear between the stops.
    fn between(&self, t: f32) -> Linear {
        let last = self.stops.len() - 1;
        let place = t.clamp(0.0, 1.0) * last as f32;
        let low = (place as usize).min(last);
        let high = (low + 1).min(last);
        let part = place - low as f32;
        std::array::from_fn(|c| self.stops[low][c] * (1.0 - part) + self.stops[high][c] * part)
    }
}
