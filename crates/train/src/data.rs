//! Images to train on, in memory.
use crate::TrainError;
use rightly_data::Preprocess;
use rightly_data::preprocess::Channels;

/// Labelled images of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    /// Names, each once.
    pub ids: Vec<String>,
    /// Class of each image, below the number of classes.
    pub labels: Vec<usize>,
    /// RGB planes `[n, 3, H, W]` at the model's input size, resized and cropped already.
    pub pixels: Vec<u8>,
    /// `[H, W]`.
    pub size: [usize; 2],
}

impl TrainingSet {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Elements of one image.
    pub(crate) fn image_len(&self) -> usize {
        3 * self.size[0] * self.size[1]
    }

    /// RGB planes of one image.
    pub(crate) fn image(&self, at: usize) -> &[u8] {
        &self.pixels[at * self.image_len()..][..self.image_len()]
    }

    /// Positions of the images in the order of their ids, after everything about the set was checked.
    pub(crate) fn checked(&self, name: &str, classes: usize) -> Result<Vec<usize>, TrainError> {
        let bad = |message: String| Err(TrainError::Data(format!("{name}: {message}")));
        let n = self.len();
        if n == 0 {
            return bad("there are no images".to_owned());
        }
        if self.size.contains(&0) {
            return bad(format!("images of {} x {} pixels", self.size[0], self.size[1]));
        }
        if self.labels.len() != n || self.pixels.len() != n * self.image_len() {
            return bad(format!(
                "{n} ids, {} labels and {} pixel values; expected {n} labels and {n} x 3 x {} x {} = {} values",
                self.labels.len(),
                self.pixels.len(),
                self.size[0],
                self.size[1],
                n * self.image_len()
            ));
        }
        if let Some(at) = self.labels.iter().position(|&label| label >= classes) {
            return bad(format!(
                "image '{}' has label {}, expected below {classes}",
                self.ids[at], self.labels[at]
            ));
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_unstable_by(|&a, &b| self.ids[a].cmp(&self.ids[b]));
        if let Some(pair) = order.windows(2).find(|pair| self.ids[pair[0]] == self.ids[pair[1]]) {
            return bad(format!("two images have the id '{}'", self.ids[pair[0]]));
        }
        Ok(order)
    }

    /// Feeds everything that decides a result into a hash.
    pub(crate) fn hash(&self, order: &[usize], hasher: &mut blake3::Hasher) {
        hasher.update(&(self.len() as u64).to_le_bytes());
        for side in self.size {
            hasher.update(&(side as u64).to_le_bytes());
        }
        for &at in order {
            hasher.update(&(self.ids[at].len() as u64).to_le_bytes());
            hasher.update(self.ids[at].as_bytes());
            hasher.update(&(self.labels[at] as u64).to_le_bytes());
            hasher.update(self.image(at));
        }
    }
}

/// What a pixel value becomes in each channel of the model's input.
///
/// As `rightly_data::Preprocess::normalise` on planes of pixel / 255, each step rounded to f32, so that a model sees in
/// training exactly what it sees when it is evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Normaliser {
    tables: [[f32; 256]; 3],
    /// Plane of the picture that each channel is taken from.
    sources: [usize; 3],
}

impl Normaliser {
    pub(crate) fn new(preprocess: &Preprocess) -> Self {
        let mut tables = [[0.0; 256]; 3];
        for (channel, table) in tables.iter_mut().enumerate() {
            let (mean, std) = (preprocess.mean[channel], preprocess.std[channel]);
            for (value, entry) in (0..=u8::MAX).zip(table) {
                *entry = (f32::from(value) / 255.0 * preprocess.scale - mean) / std;
            }
        }
        let sources = match preprocess.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        Self { tables, sources }
    }

    /// A whole image, `[3, H, W]`.
    pub(crate) fn image(&self, planes: &[u8], into: &mut [f32]) {
        let size = planes.len() / 3;
        for (channel, into) in into.chunks_exact_mut(size).enumerate() {
            let plane = &planes[self.sources[channel] * size..][..size];
            for (into, pixel) in into.iter_mut().zip(plane) {
                *into = self.tables[channel][usize::from(*pixel)];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_data::Planes;

    fn set() -> TrainingSet {
        TrainingSet {
            ids: vec!["b".into(), "a".into()],
            labels: vec![0, 1],
            pixels: (0..24).map(|v| v * 10).collect(),
            size: [2, 2],
        }
    }

    #[test]
    fn what_is_wrong_with_a_set_is_said() {
        assert_eq!(set().checked("train", 2).unwrap(), [1, 0]);
        let message = |set: TrainingSet| set.checked("train", 2).unwrap_err().to_string();
        assert!(message(TrainingSet { labels: vec![0, 2], ..set() }).contains("'a' has label 2"));
        assert!(message(TrainingSet { labels: vec![0], ..set() }).contains("1 labels"));
        assert!(message(TrainingSet { ids: vec!["a".into(); 2], ..set() }).contains("id 'a'"));
        let none = TrainingSet { ids: vec![], labels: vec![], pixels: vec![], size: [2, 2] };
        assert!(message(none).contains("no images"));
    }

    #[test]
    fn values_are_those_of_evaluation_to_the_last_bit() {
        for name in Preprocess::PRESETS {
            let preprocess = Preprocess::preset(name).unwrap();
            let planes: Vec<u8> = (0..=255).cycle().take(3 * 256).map(|v: u8| v ^ 0x5a).collect();
            let data = planes.iter().map(|&v| f32::from(v) / 255.0).collect();
            let expected = preprocess.normalise(&Planes { width: 16, height: 16, data });
            let mut found = vec![0.0; 768];
            Normaliser::new(&preprocess).image(&planes, &mut found);
            assert_eq!(found, expected, "{name}");
        }
    }
}
