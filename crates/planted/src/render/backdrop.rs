//! A background made ready for one picture.
use super::{
    super::{
        format::{Background, Linear, Region, World},
        stream::Stream,
    },
    noise,
    pattern::Pattern,
};

struct Sheet {
    pattern: Pattern,
    region: Region,
    opacity: f32,
    perspective: f32,
}

/// Layers from the top one down. Places are in shares of the picture's shorter side.
pub(super) struct Backdrop {
    sheets: Vec<Sheet>,
    /// Height of the horizon; 0 where there is none.
    horizon: f32,
    hills: f32,
    hills_key: u32,
    /// Height of the picture and distance of its pixels.
    height: f32,
    pixel: f32,
}

impl Backdrop {
    pub(super) fn draw(world: &World, background: &Background, stream: &mut Stream) -> Self {
        let short = world.width.min(world.height) as f32;
        let height = world.height as f32 / short;
        let horizon = background.horizon.map_or(0.0, |range| stream.within(range) as f32);
        let hills_key = stream.bits();
        let mut sheets: Vec<Sheet> = background
            .layers
            .iter()
            .map(|layer| {
                let texture = &world.textures[layer.texture];
                Sheet {
                    pattern: Pattern::draw(texture, [0.0; 3], world.variety.colour, stream),
                    region: layer.region,
                    opacity: stream.within(layer.opacity) as f32,
                    perspective: layer.perspective,
                }
            })
            .collect();
        sheets.reverse();
        Self {
            sheets,
            horizon: horizon * height,
            hills: background.hills * height,
            hills_key,
            height,
            pixel: 1.0 / short,
        }
    }

    /// Height of the horizon at a column.
    pub(super) fn horizon(&self, x: f32) -> f32 {
        if self.hills == 0.0 {
            return self.horizon;
        }
        let rise = noise::fractal(self.hills_key, x * 2.5, 0.5, 4, self.pixel * 2.5);
        self.horizon + self.hills * 2.0 * (rise - 0.5)
    }

    /// The colour at a place; `horizon` is [`Self::horizon`] of its column.
    pub(super) fn colour(&self, x: f32, y: f32, horizon: f32) -> Linear {
        let ground = ((y - horizon) / self.pixel + 0.5).clamp(0.0, 1.0);
        let mut left = 1.0;
        let mut sum = [0.0; 3];
        for sheet in &self.sheets {
            let share = match sheet.region {
                Region::All => 1.0,
                Region::Ground => ground,
                Region::Sky => 1.0 - ground,
            };
            let part = left * sheet.opacity * share;
            if part <= 0.0 {
                continue;
            }
            let colour = self.sheet(sheet, x, y, horizon);
            sum = std::array::from_fn(|c| sum[c] + part * colour[c]);
            left -= part;
            if left < 1e-3 {
                break;
            }
        }
        // What no layer covers is black.
        sum
    }

    fn sheet(&self, sheet: &Sheet, x: f32, y: f32, horizon: f32) -> Linear {
        if sheet.perspective == 0.0 {
            return sheet.pattern.colour(x, y, self.pixel);
        }
        // Depth below the horizon from 0 (far) to 1 (the lower edge). The plane's rows crowd
        // towards the horizon as 1 / depth does.
        let reach = (self.height - horizon).max(self.pixel);
        let depth = ((y - horizon) / reach).max(0.0) + 0.12;
        let flat = 1.0 - sheet.perspective;
        let widen = flat + sheet.perspective * 1.12 / depth;
        let steep = flat + sheet.perspective * 1.25 / (depth * depth);
        let u = (x - 0.5) * widen;
        let v = flat * y - sheet.perspective * 1.25 / depth * reach;
        sheet.pattern.colour(u, v, self.pixel * widen.max(steep.sqrt()))
    }
}
