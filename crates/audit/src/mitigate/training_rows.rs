//! Rows as a repair trains on them.

use ndarray::{Array2, Array3, Axis};
use rightly_model::heads::{Standard, robust::Objects};

use super::{
    Repair,
    changed_pictures::{ByImage, ObjectMap},
    cue_strength::Spuriosity,
    material::{Rows, by_class},
};
use crate::Error;

/// Images of either end of the ranking of a class that `balanced-subset` keeps (Hard ImageNet).
const BALANCED: usize = 100;

/// What is known of images beside their features.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Features with the object filled with gray.
    pub(super) filled: ByImage<Vec<f32>>,
    /// Features with noise off the object, a few copies.
    pub(super) noisy: ByImage<Vec<Vec<f32>>>,
    /// Where each feature lies.
    pub(super) maps: ByImage<ObjectMap>,
    pub(super) spuriosity: Spuriosity,
}

/// Rows to train on, in standardised features.
pub(super) struct Prepared {
    pub(super) standard: Standard,
    /// `[n, d]`.
    pub(super) values: Array2<f32>,
    pub(super) labels: Vec<usize>,
    pub(super) weights: Option<Vec<f32>>,
    /// Maps `[n, d, positions]`, and how far each position is object.
    maps: Option<(Array3<f32>, Array2<f32>)>,
    pub(super) spuriosity: Vec<f64>,
}

impl Prepared {
    /// The rows of a repair: all of them as they are, or copies, or a part.
    ///
    /// # Errors
    /// Nothing is left.
    pub(super) fn new(repair: Repair, rows: &Rows, known: &Known) -> Result<Self, Error> {
        let all: Vec<usize> = (0..rows.len()).collect();
        let mut out = match repair {
            Repair::BackgroundOnly => Self::without_objects(rows, known),
            Repair::CoreNoise => Self::with_noise(rows, known),
            Repair::BalancedSubset => Self::part(rows, &ends(rows, known)),
            Repair::Saliency => Self::part(rows, &mapped(rows, known)),
            _ => Self::part(rows, &all),
        };
        if out.labels.is_empty() {
            return Err(Error::Usage(format!("'{repair}': no image to train on is left")));
        }
        if repair == Repair::LowestSpuriosity {
            let of = |sample: &usize| known.spuriosity.get(sample).copied().unwrap_or(0.0);
            out.spuriosity = rows.samples.iter().map(of).collect();
        }
        out.standard.apply(out.values.view_mut());
        if repair == Repair::Saliency {
            out.maps = maps(rows, known, out.standard.scale());
        }
        Ok(out)
    }

    fn of(values: Array2<f32>, labels: Vec<usize>) -> Self {
        Self {
            standard: Standard::of(values.view()),
            values,
            labels,
            weights: None,
            maps: None,
            spuriosity: Vec::new(),
        }
    }

    fn part(rows: &Rows, kept: &[usize]) -> Self {
        let own = rows.select(kept);
        Self::of(own.values, own.labels)
    }

    /// Every picture that has a mask, without its object.
    fn without_objects(rows: &Rows, known: &Known) -> Self {
        let own: Vec<(&Vec<f32>, usize)> = rows
            .samples
            .iter()
            .zip(&rows.labels)
            .filter_map(|(sample, &label)| Some((known.filled.get(sample)?, label)))
            .collect();
        let values = stacked(rows.values.ncols(), own.iter().map(|(vector, _)| vector.as_slice()));
        Self::of(values, own.into_iter().map(|(_, label)| label).collect())
    }

    /// Every picture as it is, and with noise off its object; both weigh the same (half of the batches have noise in the
    /// paper).
    fn with_noise(rows: &Rows, known: &Known) -> Self {
        let mut labels = rows.labels.clone();
        let mut weights = vec![1.0; rows.len()];
        let mut copies: Vec<&[f32]> = Vec::new();
        for (sample, &label) in rows.samples.iter().zip(&rows.labels) {
            let Some(noisy) = known.noisy.get(sample) else { continue };
            for vector in noisy {
                copies.push(vector);
                labels.push(label);
                weights.push(1.0 / noisy.len() as f32);
            }
        }
        let mut values = rows.values.clone();
        // Both have the same columns.
        let _ = values.append(Axis(0), stacked(values.ncols(), copies.into_iter()).view());
        Self { weights: Some(weights), ..Self::of(values, labels) }
    }

    pub(super) fn objects(&self) -> Option<Objects<'_>> {
        let (values, object) = self.maps.as_ref()?;
        Some(Objects::Maps { values: values.view(), object: object.view() })
    }
}

fn stacked<'a>(d: usize, vectors: impl ExactSizeIterator<Item = &'a [f32]>) -> Array2<f32> {
    let mut out = Array2::zeros((vectors.len(), d));
    for (mut row, vector) in out.rows_mut().into_iter().zip(vectors) {
        row.iter_mut().zip(vector).for_each(|(to, from)| *to = *from);
    }
    out
}

/// Rows of the strongest and of the weakest cue of each class.
fn ends(rows: &Rows, known: &Known) -> Vec<usize> {
    let value = |row: usize| known.spuriosity.get(&rows.samples[row]).copied().unwrap_or(0.0);
    let mut out = Vec::new();
    for (_, mut own) in by_class(&rows.labels) {
        own.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
        let top = BALANCED.min(own.len());
        let bottom = own.len().saturating_sub(BALANCED).max(top);
        out.extend(own[..top].iter().chain(&own[bottom..]));
    }
    out.sort_unstable();
    out
}

/// Rows whose pictures have a map.
fn mapped(rows: &Rows, known: &Known) -> Vec<usize> {
    (0..rows.len()).filter(|&row| known.maps.contains_key(&rows.samples[row])).collect()
}

/// Maps of those rows, in standardised features (which are scaled, not centred: a map's mean over positions is not).
fn maps(rows: &Rows, known: &Known, scale: &[f64]) -> Option<(Array3<f32>, Array2<f32>)> {
    let own: Vec<&ObjectMap> = mapped(rows, known)
        .into_iter()
        .filter_map(|row| known.maps.get(&rows.samples[row]))
        .collect();
    let (d, positions) = (scale.len(), own.first()?.object.len());
    let mut values = Array3::zeros((own.len(), d, positions));
    let mut object = Array2::zeros((own.len(), positions));
    for (at, map) in own.into_iter().enumerate() {
        for ((feature, position), to) in values.index_axis_mut(Axis(0), at).indexed_iter_mut() {
            *to = (f64::from(map.values[feature * positions + position]) * scale[feature]) as f32;
        }
        object.row_mut(at).iter_mut().zip(&map.object).for_each(|(to, from)| *to = *from);
    }
    Some((values, object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn rows() -> Rows {
        Rows {
            samples: vec![10, 11, 12, 13],
            values: array![[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0]],
            labels: vec![0, 0, 1, 1],
        }
    }

    fn known() -> Known {
        let map = |v: f32| ObjectMap { values: vec![v, 0.0, 1.0, 2.0], object: vec![1.0, 0.25] };
        let noisy = |v: f32| vec![vec![v + 0.5, 0.0], vec![v - 0.5, 0.0]];
        Known {
            filled: [(10, vec![-1.0, 5.0]), (12, vec![-3.0, 5.0])].into(),
            noisy: [(10, noisy(1.0)), (12, noisy(3.0))].into(),
            maps: [(10, map(1.0)), (12, map(3.0))].into(),
            spuriosity: [(10, 1.0), (11, -1.0), (12, 0.0), (13, 2.0)].into(),
        }
    }

    #[test]
    fn noisy_copies_weigh_as_much_as_their_pictures() {
        let out = Prepared::new(Repair::CoreNoise, &rows(), &known()).unwrap();
        assert_eq!(out.labels, [0, 0, 1, 1, 0, 0, 1, 1]);
        assert_eq!(out.weights.unwrap(), [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn objects_are_removed_where_they_are_known() {
        let out = Prepared::new(Repair::BackgroundOnly, &rows(), &known()).unwrap();
        assert_eq!(out.labels, [0, 1]);
        let none = Known::default();
        assert!(Prepared::new(Repair::BackgroundOnly, &rows(), &none).is_err());
        let message = Prepared::new(Repair::Saliency, &rows(), &none).err().unwrap().to_string();
        assert!(message.contains("'saliency': no image to train on is left"), "{message}");
    }

    #[test]
    fn maps_are_in_the_units_of_the_features() {
        let out = Prepared::new(Repair::Saliency, &rows(), &known()).unwrap();
        assert_eq!(out.labels, [0, 1], "those that have one");
        let Some(Objects::Maps { values, object }) = out.objects() else { panic!("no maps") };
        let scale = out.standard.scale()[0] as f32;
        assert!((values[[1, 0, 0]] - 3.0 * scale).abs() < 1e-6);
        assert_eq!((values[[1, 0, 1]], object[[1, 1]]), (0.0, 0.25));
    }

    #[test]
    fn both_ends_of_a_small_class_are_all_of_it() {
        assert_eq!(ends(&rows(), &known()), [0, 1, 2, 3]);
        let many = Rows {
            samples: (0..500).collect(),
            values: Array2::zeros((500, 1)),
            labels: vec![0; 500],
        };
        let known =
            Known { spuriosity: (0..500).map(|at| (at, at as f64)).collect(), ..Known::default() };
        let kept = ends(&many, &known);
        assert_eq!(kept.len(), 200);
        assert!(kept[..100].iter().eq(&(0..100).collect::<Vec<_>>()) && kept[100] == 400);
    }
}
