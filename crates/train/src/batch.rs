//! The images of a step as values.
use crate::data::{Normaliser, TrainingSet};
use crate::options::{Augmentation, TrainOptions};
use crate::order::Visit;
use rand::RngExt as _;
use rayon::prelude::*;
use rightly_stats::rng::{keyed, standard_normal_fill};

/// RGB planes `[n, 3, H, W]` of some images as an epoch sees them: cropped, mirrored and noised where the options say so,
/// each time in another way.
#[must_use]
pub fn epoch_pixels(
    set: &TrainingSet,
    visits: &[Visit],
    options: &TrainOptions,
    epoch: usize,
) -> Vec<u8> {
    let mut pixels = vec![0; visits.len() * set.image_len()];
    pixels.par_chunks_mut(set.image_len()).zip(visits).for_each(|(into, visit)| {
        let image = set.image(visit.at);
        match options.augmentation {
            None => into.copy_from_slice(image),
            Some(augmentation) => {
                let key =
                    Key { seed: options.seed, id: &set.ids[visit.at], epoch, again: visit.again };
                let change = Change::draw(key, augmentation);
                change.apply(image, set.size, into);
                add_noise(into, change.noise, key);
            }
        }
    });
    pixels
}

/// Values `[n, 3, H, W]` of RGB planes.
pub(crate) fn values(pixels: &[u8], image_len: usize, normaliser: &Normaliser) -> Vec<f32> {
    let mut values = vec![0.0; pixels.len()];
    let images = values.par_chunks_mut(image_len).zip(pixels.par_chunks(image_len));
    images.for_each(|(into, planes)| normaliser.image(planes, into));
    values
}

/// What the changes of an image are drawn by.
#[derive(Clone, Copy)]
struct Key<'a> {
    seed: u64,
    id: &'a str,
    epoch: usize,
    /// How often it came before in the epoch.
    again: usize,
}

impl Key<'_> {
    fn stream(self, purpose: &str) -> impl rand::Rng + use<> {
        let purpose = match self.again {
            0 => purpose.to_owned(),
            again => format!("{purpose}/{again}"),
        };
        keyed(self.seed, &purpose, self.id, self.epoch as u64)
    }
}

/// What is done to one image in one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Change {
    /// Rows and columns by which the crop lies off the image, either way.
    shift: [isize; 2],
    mirror: bool,
    /// Deviation of the noise on pixels in 0..1.
    noise: f32,
}

impl Change {
    fn draw(key: Key<'_>, augmentation: Augmentation) -> Self {
        let mut rng = key.stream("train/augment");
        // Drawn in 64 bits, so that every platform draws the same.
        let padding = augmentation.padding as i64;
        let shift = [(); 2].map(|()| rng.random_range(-padding..=padding) as isize);
        let mirror = augmentation.flip && rng.random::<bool>();
        let noise = if augmentation.noise > 0.0 && rng.random::<bool>() {
            augmentation.noise * rng.random::<f32>()
        } else {
            0.0
        };
        Self { shift, mirror, noise }
    }

    /// As torchvision's `RandomCrop(size, padding)` and `RandomHorizontalFlip`: black is put around the picture, not
    /// around the normalised values.
    fn apply(self, planes: &[u8], [height, width]: [usize; 2], into: &mut [u8]) {
        let size = height * width;
        for (plane, into) in planes.chunks_exact(size).zip(into.chunks_exact_mut(size)) {
            for (row, into) in into.chunks_exact_mut(width).enumerate() {
                let from = row.checked_add_signed(self.shift[0]).filter(|&row| row < height);
                let line = from.map(|row| &plane[row * width..][..width]);
                for (column, into) in into.iter_mut().enumerate() {
                    let column = if self.mirror { width - 1 - column } else { column };
                    let column = column.checked_add_signed(self.shift[1]);
                    let pixel = line.zip(column).and_then(|(line, column)| line.get(column));
                    *into = pixel.copied().unwrap_or(0);
                }
            }
        }
    }
}

/// Adds N(0, deviation) to pixels in 0..1 and rounds them back to 8 bits.
fn add_noise(pixels: &mut [u8], deviation: f32, key: Key<'_>) {
    if deviation > 0.0 {
        let mut noise = vec![0.0; pixels.len()];
        standard_normal_fill(&mut key.stream("train/noise"), &mut noise);
        for (pixel, noise) in pixels.iter_mut().zip(noise) {
            // A cast of a float ends at 0 and 255.
            *pixel = (f32::from(*pixel) + 255.0 * deviation * noise).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crops_and_flips_move_pixels_and_fill_with_black() {
        let planes: Vec<u8> = (1..=27).collect();
        let mut pixels = vec![0; 27];
        Change { shift: [1, -1], mirror: false, noise: 0.0 }.apply(&planes, [3, 3], &mut pixels);
        assert_eq!(pixels[..9], [0, 4, 5, 0, 7, 8, 0, 0, 0]);
        Change { shift: [0, 0], mirror: true, noise: 0.0 }.apply(&planes, [3, 3], &mut pixels);
        assert_eq!(pixels[..9], [3, 2, 1, 6, 5, 4, 9, 8, 7]);
    }

    #[test]
    fn draws_are_keyed_by_seed_epoch_and_id_and_cover_their_range() {
        let augmentation = Augmentation { padding: 2, flip: true, noise: 0.2 };
        let draw =
            |seed, id: &str, epoch| Change::draw(Key { seed, id, epoch, again: 0 }, augmentation);
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        let copies: Vec<Change> = (0..20)
            .map(|again| Change::draw(Key { seed: 1, id: "a", epoch: 0, again }, augmentation))
            .collect();
        assert_eq!(copies[0], draw(1, "a", 0));
        assert!(copies.iter().any(|change| change.shift != copies[0].shift), "{copies:?}");
        let drawn: Vec<Change> = (0..400).map(|epoch| draw(1, "a", epoch)).collect();
        for side in 0..2 {
            for shift in -2..=2 {
                let count = drawn.iter().filter(|change| change.shift[side] == shift).count();
                assert!((45..=120).contains(&count), "{shift}: {count}");
            }
        }
        assert!((150..250).contains(&drawn.iter().filter(|change| change.mirror).count()));
        let noised = drawn.iter().filter(|change| change.noise > 0.0).count();
        assert!((150..250).contains(&noised), "{noised}");
        assert!(drawn.iter().all(|change| (0.0..0.2).contains(&change.noise)));
    }

    #[test]
    fn noise_has_its_deviation_and_stays_in_range() {
        let noised = |level: u8, deviation| {
            let mut pixels = vec![level; 20_000];
            add_noise(&mut pixels, deviation, Key { seed: 1, id: "a", epoch: 0, again: 0 });
            pixels
        };
        let middle = noised(128, 0.1);
        let mean = middle.iter().map(|&p| f64::from(p)).sum::<f64>() / 20_000.0;
        let square = middle.iter().map(|&p| (f64::from(p) - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!((mean - 128.0).abs() < 1.0, "{mean}");
        assert!((square.sqrt() - 25.5).abs() < 0.7, "{square}");
        // Half of the draws would leave the range.
        let black = noised(0, 0.1).iter().filter(|&&p| p == 0).count();
        assert!((9_000..11_500).contains(&black), "{black}");
        assert_eq!(noised(7, 0.0), vec![7; 20_000]);
    }
}
