//! From a planned image to pixels and mask.
mod backdrop;
mod canvas;
mod distance;
mod figure;
mod light;
mod noise;
mod pattern;

use super::{
    format::{Item, Region, World},
    plan::Planned,
    setting::Setting,
    stream::{Key, Stream},
};
use backdrop::Backdrop;
use canvas::{Canvas, soft_shadow};
use figure::{FULL, Figure, Loose, Pose};
use light::Lamp;
use rightly_data::{Mask, RgbImage};

/// What of a scene is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Everything,
    /// No object and no shadow of it.
    Surroundings,
}

/// The object's share of a pixel's samples from which on the pixel is the object's: more than half.
const HALF: u32 = 8;

/// Draws one image.
pub(super) struct Painter<'w> {
    world: &'w World,
    planned: &'w Planned,
    setting: &'w Setting,
    key: Key<'w>,
    /// The picture's shorter side in pixels.
    short: f32,
}

impl<'w> Painter<'w> {
    pub(super) fn new(
        world: &'w World,
        planned: &'w Planned,
        setting: &'w Setting,
        key: Key<'w>,
    ) -> Self {
        Self { world, planned, setting, key, short: world.width.min(world.height) as f32 }
    }

    /// Pixels of the object that are more than half covered by it and by nothing before it.
    pub(super) fn mask(&self) -> Mask {
        let (width, height) = (self.world.width, self.world.height);
        let mut object = vec![0; width * height];
        let mut before = vec![0; width * height];
        let figure = self.object();
        figure.mark(width, height, &mut object);
        if let Some(occluder) = self.occluder() {
            occluder.mark(width, height, &mut before);
        }
        mask(width, height, &object, &before)
    }

    /// The picture.
    pub(super) fn image(&self, show: Show) -> RgbImage {
        self.paint(show).0
    }

    /// The picture and the object's mask.
    pub(super) fn paint(&self, show: Show) -> (RgbImage, Mask) {
        let (width, height) = (self.world.width, self.world.height);
        let lamp =
            Lamp::draw(&self.world.lights[self.setting.light].value, &mut self.key.stream("lamp"));
        let mut canvas = Canvas::new(width, height);
        if let Some(occluder) = self.occluder() {
            occluder.draw(&mut canvas, &lamp, None);
        }
        let before: Vec<u16> = canvas.left.iter().map(|left| !left).collect();
        let mut object = vec![0; width * height];
        let mut shade = vec![1.0; width * height];
        if show == Show::Everything {
            self.object().draw(&mut canvas, &lamp, Some(&mut object));
            let size = self.setting.size as f32 * self.short;
            darken(&mut shade, &object, (width, height), &lamp, size);
        }
        let background = &self.world.backgrounds[self.planned.background];
        let mut stream = self.key.stream("background");
        let backdrop = Backdrop::draw(self.world, background, &mut stream);
        // Clutter stands in the object's shadow and throws its own on the background.
        let open = canvas.left.clone();
        let first: Vec<_> = canvas.colour.clone();
        let mut thrown = vec![0; width * height];
        for figure in self.clutter() {
            figure.draw(&mut canvas, &lamp, Some(&mut thrown));
        }
        for figure in self.scatter(&backdrop, &mut stream) {
            figure.draw(&mut canvas, &lamp, Some(&mut thrown));
        }
        for (pixel, shade) in shade.iter().enumerate().filter(|(pixel, _)| open[*pixel] != 0) {
            let (now, was) = (&mut canvas.colour[pixel], first[pixel]);
            *now = std::array::from_fn(|c| was[c] + (now[c] - was[c]) * shade);
        }
        darken(&mut shade, &thrown, (width, height), &lamp, 0.15 * self.short);
        for x in 0..width {
            let place = (x as f32 + 0.5) / self.short;
            let horizon = backdrop.horizon(place);
            for y in 0..height {
                let pixel = y * width + x;
                let left = canvas.left[pixel];
                if left != 0 {
                    let colour = backdrop.colour(place, (y as f32 + 0.5) / self.short, horizon);
                    canvas.add(pixel, left, colour.map(|v| v * shade[pixel]));
                }
            }
        }
        (self.expose(&canvas, &lamp), mask(width, height, &object, &before))
    }

    /// Light, vignette, camera noise, levels.
    fn expose(&self, canvas: &Canvas, lamp: &Lamp) -> RgbImage {
        let (width, height) = (canvas.width, canvas.height);
        let mut stream = self.key.stream("camera");
        let noise = 255.0 * stream.within(self.world.variety.noise) as f32;
        let vignette = stream.within(self.world.variety.vignette) as f32;
        let key = stream.bits();
        let mut data = Vec::with_capacity(width * height * 3);
        for (pixel, colour) in canvas.colour.iter().enumerate() {
            let (x, y) = (pixel % width, pixel / width);
            let dx = (2 * x + 1) as f32 / width as f32 - 1.0;
            let dy = (2 * y + 1) as f32 / height as f32 - 1.0;
            let factor = lamp.slope(dx, dy) * (1.0 - vignette * 0.5 * (dx * dx + dy * dy));
            for (c, (value, tint)) in colour.iter().zip(lamp.tint).enumerate() {
                let grain = noise::normal(noise::hash(key, (3 * x + c) as i32, y as i32));
                data.push((light::level(value * tint * factor) + noise * grain).round() as u8);
            }
        }
        RgbImage { width, height, data }
    }

    fn object(&self) -> Figure<'w> {
        let mut stream = self.key.stream("object");
        let class = &self.world.classes[self.planned.true_class];
        let variant = &class.variants[self.planned.variant];
        let which = stream.below(variant.shapes.len());
        let variety = &self.world.variety;
        let pose = Pose {
            centre: self.setting.centre.map(|v| v as f32),
            size: self.setting.size as f32 * self.short,
            turn: stream.within(variety.rotation).to_radians() as f32,
            stretch: stream.within(variety.stretch) as f32,
            mirrored: stream.unit() < variety.mirror,
        };
        let loose =
            Loose { colour: variety.colour, jitter: variety.jitter, contrast: class.contrast };
        let shape = &self.world.shapes[variant.shapes[which]];
        Figure::new(shape, &variant.paints[which], &self.world.textures, pose, loose, &mut stream)
    }

    fn item(
        &self,
        item: &'w Item,
        centre: [f32; 2],
        factor: f32,
        stream: &mut Stream,
    ) -> Figure<'w> {
        let pose = Pose {
            centre,
            size: stream.within(item.size) as f32 * self.short * factor,
            turn: stream.within(item.rotation).to_radians() as f32,
            stretch: 0.85 + 0.3 * stream.unit() as f32,
            mirrored: stream.unit() < 0.5,
        };
        let loose = Loose { colour: self.world.variety.colour, jitter: 0.03, contrast: 1.0 };
        let shape = &self.world.shapes[item.shape];
        Figure::new(shape, &item.paints, &self.world.textures, pose, loose, stream)
    }

    fn occluder(&self) -> Option<Figure<'w>> {
        let level = &self.world.occlusion[self.setting.occlusion].value;
        let mut stream = self.key.stream("occluder");
        if level.items.is_empty() {
            return None;
        }
        let item = &self.world.items[level.items[stream.below(level.items.len())]];
        let angle = std::f64::consts::TAU * stream.unit();
        let distance = stream.within(level.distance) * self.setting.size / 2.0;
        let short = f64::from(self.short);
        let [x, y] = self.setting.centre;
        let centre = [x + angle.cos() * distance * short, y + angle.sin() * distance * short];
        Some(self.item(item, centre.map(|v| v as f32), 1.0, &mut stream))
    }

    /// Items around the object, the nearest (lowest) first.
    fn clutter(&self) -> Vec<Figure<'w>> {
        let level = &self.world.clutter[self.setting.clutter].value;
        let mut stream = self.key.stream("clutter");
        let count = level.count[0] + stream.below(level.count[1] - level.count[0] + 1);
        let mut places: Vec<[f32; 2]> = (0..count)
            .map(|_| {
                let x = stream.unit() as f32 * self.world.width as f32;
                [x, (0.15 + 0.8 * stream.unit() as f32) * self.world.height as f32]
            })
            .collect();
        places.sort_by(|a, b| b[1].total_cmp(&a[1]));
        places
            .into_iter()
            .map(|centre| {
                let item = level.items[stream.below(level.items.len())];
                self.item(&self.world.items[item], centre, 1.0, &mut stream)
            })
            .collect()
    }

    /// Items that belong to the background, the nearest first.
    fn scatter(&self, backdrop: &Backdrop, stream: &mut Stream) -> Vec<Figure<'w>> {
        let background = &self.world.backgrounds[self.planned.background];
        let mut found = Vec::new();
        for scatter in &background.scatter {
            let count = scatter.count[0] + stream.below(scatter.count[1] - scatter.count[0] + 1);
            for _ in 0..count {
                let x = stream.unit() as f32 * self.world.width as f32;
                let horizon = backdrop.horizon(x / self.short) * self.short;
                let (height, depth) = (self.world.height as f32, stream.unit() as f32);
                let (y, factor) = match scatter.region {
                    Region::All => (depth * height, 1.0),
                    Region::Sky => (depth * horizon, 1.0),
                    // The nearer, the larger.
                    Region::Ground => (horizon + depth * (height - horizon), 0.45 + 0.55 * depth),
                };
                let figure = self.item(&self.world.items[scatter.item], [x, y], factor, stream);
                found.push((y, figure));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().map(|(_, figure)| figure).collect()
    }
}

/// Multiplies `shade` by the shadow of what `cover` holds; `size` in pixels is that of the thing.
fn darken(
    shade: &mut [f32],
    cover: &[u16],
    (width, height): (usize, usize),
    lamp: &Lamp,
    size: f32,
) {
    if cover.iter().all(|&samples| samples == 0) {
        return;
    }
    let longest = width.max(height) as f32;
    let shift = lamp.shadow_shift(0.1 * size).map(|v| v.clamp(-longest, longest).round() as isize);
    let radius = (0.05 * size).round().clamp(1.0, longest / 4.0) as usize;
    let plane = soft_shadow(cover, width, height, shift, radius);
    for (shade, dark) in shade.iter_mut().zip(plane) {
        *shade *= 1.0 - lamp.shadow * dark;
    }
}

fn mask(width: usize, height: usize, object: &[u16], before: &[u16]) -> Mask {
    let seen = |(object, before): (&u16, &u16)| (object & !before).count_ones() > HALF;
    Mask { width, height, data: object.iter().zip(before).map(seen).collect() }
}

const _: () = assert!(FULL.count_ones() == 2 * HALF);
