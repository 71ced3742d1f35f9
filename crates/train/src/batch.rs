//! Which images a step sees, and as which values.
use crate::TrainError;
use crate::data::{Normaliser, TrainingSet};
use crate::options::{Augmentation, TrainOptions};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use rightly_stats::rng::{keyed, standard_normal_fill};

/// The images of each step of an epoch, as positions; `order` holds all positions in the order of their ids.
///
/// The order is drawn from a stream keyed by (seed, epoch). A last batch of one image is left out.
pub(crate) fn batches(options: &TrainOptions, order: &[usize], epoch: usize) -> Vec<Vec<usize>> {
    let mut order = order.to_vec();
    order.shuffle(&mut keyed(options.seed, "train/order", "", epoch as u64));
    order.chunks(options.batch).filter(|batch| batch.len() > 1).map(<[usize]>::to_vec).collect()
}

/// Steps of an epoch over `images` images.
pub(crate) fn steps(images: usize, batch: usize) -> usize {
    images / batch + usize::from(images % batch > 1)
}

/// The images of each step of an epoch, as positions in the set: what [`crate::train()`] goes through.
///
/// # Errors
/// [`TrainError::Data`] where the set can't be trained on.
pub fn epoch_batches(
    set: &TrainingSet,
    options: &TrainOptions,
    epoch: usize,
) -> Result<Vec<Vec<usize>>, TrainError> {
    let order = set.checked("train", options.classes.len())?;
    Ok(batches(options, &order, epoch))
}

/// RGB planes `[n, 3, H, W]` of the images at some positions as an epoch sees them: cropped, mirrored and noised
/// where the options say so.
#[must_use]
pub fn epoch_pixels(
    set: &TrainingSet,
    positions: &[usize],
    options: &TrainOptions,
    epoch: usize,
) -> Vec<u8> {
    let mut pixels = vec![0; positions.len() * set.image_len()];
    pixels.par_chunks_mut(set.image_len()).zip(positions).for_each(|(into, &at)| {
        match options.augmentation {
            None => into.copy_from_slice(set.image(at)),
            Some(augmentation) => {
                let (seed, id) = (options.seed, &set.ids[at]);
                let change = Change::draw(seed, id, epoch, augmentation);
                change.apply(set.image(at), set.size, into);
                add_noise(into, change.noise, seed, id, epoch);
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
    fn draw(seed: u64, id: &str, epoch: usize, augmentation: Augmentation) -> Self {
        let mut rng = keyed(seed, "train/augment", id, epoch as u64);
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
fn add_noise(pixels: &mut [u8], deviation: f32, seed: u64, id: &str, epoch: usize) {
    if deviation > 0.0 {
        let mut noise = vec![0.0; pixels.len()];
        standard_normal_fill(&mut keyed(seed, "train/noise", id, epoch as u64), &mut noise);
        for (pixel, noise) in pixels.iter_mut().zip(noise) {
            // A cast of a float ends at 0 and 255.
            *pixel = (f32::from(*pixel) + 255.0 * deviation * noise).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use rightly_data::Preprocess;

    fn options() -> TrainOptions {
        let preprocess = Preprocess::preset("cifar").unwrap();
        let classes = vec!["a".into(), "b".into()];
        TrainOptions { batch: 4, ..TrainOptions::new(Arch::Resnet8, classes, preprocess, 3) }
    }

    #[test]
    fn an_epoch_sees_each_image_once_and_drops_a_lone_one() {
        let order: Vec<usize> = (0..11).collect();
        let first = batches(&options(), &order, 0);
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 3]);
        let mut seen = first.concat();
        seen.sort_unstable();
        assert_eq!(seen, order);
        assert_ne!(first, batches(&options(), &order, 1));
        assert_eq!(first, batches(&options(), &order, 0));
        assert_eq!(batches(&options(), &order[..9], 0).len(), 2);
        assert_eq!([11, 9, 8, 2].map(|n| steps(n, 4)), [3, 2, 2, 1]);
    }

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
        let draw = |seed, id: &str, epoch| Change::draw(seed, id, epoch, augmentation);
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
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
            add_noise(&mut pixels, deviation, 1, "a", 0);
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
