//! Which phrases of a large bank tell a group of images from the rest, by the scores of an image-text model.
//!
//! The score of an image for a phrase is the product of their embeddings (the cosine, where both have length 1), and a phrase
//! fits a group as far as its scores separate the group: by their AUC. The scores of a bank are a matrix as large as the
//! images times the phrases, and each AUC a sort of one of its columns. But the mean and the variance of a phrase `w`'s scores
//! follow from those of the embeddings, `w'm` and `w'Sw`, without any score. Were the scores of both sides normal, the AUC
//! would be `Phi((mean inside - mean outside) / sqrt(variance inside + variance outside))`; sums of hundreds of products
//! nearly are. So all phrases are ordered by that, and the exact AUC is computed of the first of them.

mod area;

use std::{cmp::Ordering, ops::Range};

use faer::{MatMut, MatRef};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{
    blocks::products, gram::Gram, linear::product_f32, quantile::normal_cdf, threads::on_threads,
};

/// Phrases whose scores are computed together, and images of one product. Fixed, so that no sum depends on the threads.
const PHRASES: usize = 64;
const IMAGES: usize = 4096;

/// How well a phrase's scores separate a group of images from the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Separation {
    /// Its place in the bank.
    pub phrase: usize,
    /// The AUC (0 to 1) that the scores would have, were those of either side normal with their means and variances.
    pub expected: f64,
    /// The exact AUC of the scores in single precision, ties counted half, as [`auc`](crate::auc::auc) gives it; `None` where
    /// it was not asked for.
    pub auc: Option<f64>,
}

/// Images and phrases in the same space, and the moments that serve every group.
#[derive(Debug)]
pub struct Bank<'a> {
    /// `[n, d]`, standard layout.
    images: ndarray::CowArray<'a, f32, ndarray::Ix2>,
    /// `[m, d]`, standard layout.
    phrases: ndarray::CowArray<'a, f32, ndarray::Ix2>,
    all: Moments,
    threads: usize,
}

impl<'a> Bank<'a> {
    /// Of image vectors, `[n, d]`, and phrase vectors, `[m, d]`, that the caller has brought to length 1. On `threads` threads
    /// (0: those of the rayon pool around), which have no part in the results. `None` where a value is not finite, or the
    /// vectors have no values.
    ///
    /// # Panics
    /// Where images and phrases differ in width.
    pub fn new(
        images: ArrayView2<'a, f32>,
        phrases: ArrayView2<'a, f32>,
        threads: usize,
    ) -> Option<Self> {
        assert_eq!(images.ncols(), phrases.ncols(), "width of images and phrases");
        let finite = |rows: &ArrayView2<'_, f32>| rows.iter().all(|x| x.is_finite());
        if images.ncols() == 0 || !finite(&images) || !finite(&phrases) {
            return None;
        }
        let (images, phrases) = (standard(images), standard(phrases));
        let all =
            on_threads(threads, || Moments::of(&Gram::of(images.view(), None, 0), &phrases.view()));
        Some(Self { images, phrases, all, threads })
    }

    /// All phrases, best first: the first `exact` by `expected` lead, ordered by their AUC, the others follow by `expected`;
    /// equal ones by their place. A high AUC is a phrase of the group; one of the rest has a low one and stands last. `members`
    /// (`[n]`) tells which images belong to the group; empty where a side has fewer than two.
    ///
    /// # Panics
    /// Where there is not one member flag for each image.
    pub fn separations(&self, members: &[bool], exact: usize) -> Vec<Separation> {
        assert_eq!(members.len(), self.images.nrows(), "a flag for each image");
        let inside = members.iter().filter(|m| **m).count();
        if inside.min(members.len() - inside) < 2 {
            return Vec::new();
        }
        on_threads(self.threads, || {
            let mut separations = self.expected(members, inside);
            let exact = exact.min(separations.len());
            let which: Vec<usize> = separations[..exact].iter().map(|s| s.phrase).collect();
            let areas = self.areas(&which, members);
            for (separation, area) in separations.iter_mut().zip(areas) {
                separation.auc = Some(area);
            }
            let auc = |s: &Separation| s.auc.expect("just set for the first of them");
            separations[..exact].sort_by(|a, b| falling(auc(a), auc(b), a, b));
            separations
        })
    }

    /// Every score, for anything else: `visit` gets the scores of some phrases, `[phrases, n]` row after row, on several
    /// threads and in any order, each phrase once.
    pub fn scores(&self, visit: impl Fn(Range<usize>, &[f32]) + Sync) {
        on_threads(self.threads, || {
            let m = self.phrases.nrows();
            (0..m.div_ceil(PHRASES)).into_par_iter().for_each_init(Vec::new, |buffer, block| {
                let range = block * PHRASES..((block + 1) * PHRASES).min(m);
                let phrases = self.phrases.slice(ndarray::s![range.clone(), ..]);
                visit(range, self.block(phrases, buffer));
            });
        });
    }

    fn expected(&self, members: &[bool], inside: usize) -> Vec<Separation> {
        // The smaller side's moments; the larger one's are what it leaves of all.
        let smaller = 2 * inside <= members.len();
        let rows: Vec<usize> = (0..members.len()).filter(|&i| members[i] == smaller).collect();
        let side = self.images.select(Axis(0), &rows);
        let one = Moments::of(&Gram::of(side.view(), None, 0), &self.phrases.view());
        let mut separations: Vec<Separation> = (0..self.phrases.nrows())
            .map(|phrase| {
                let (mean, square) = (one.means[phrase], one.squares[phrase]);
                let (other, rest) = self.all.less(&one, phrase);
                let spread = square / one.weight + rest / (self.all.weight - one.weight);
                let gap = if smaller { mean - other } else { other - mean };
                let expected = if spread > 0.0 {
                    normal_cdf(gap / spread.sqrt())
                } else {
                    0.5 * (1.0 + gap.partial_cmp(&0.0).map_or(f64::NAN, |order| order as i8 as f64))
                };
                Separation { phrase, expected, auc: None }
            })
            .collect();
        separations.sort_by(|a, b| falling(a.expected, b.expected, a, b));
        separations
    }

    fn areas(&self, which: &[usize], members: &[bool]) -> Vec<f64> {
        let n = members.len();
        which
            .par_chunks(PHRASES)
            .map_init(Vec::new, |buffer, which| {
                let phrases = self.phrases.select(Axis(0), which);
                let scores = self.block(phrases.view(), buffer);
                let mut areas = area::Areas::new(members);
                scores.chunks_exact(n).map(|scores| areas.of(scores)).collect::<Vec<f64>>()
            })
            .flatten_iter()
            .collect()
    }

    /// Scores of some phrases (at most [`PHRASES`]), `[phrases, n]`, in a buffer that is used again.
    fn block<'b>(&self, phrases: ArrayView2<'_, f32>, buffer: &'b mut Vec<f32>) -> &'b [f32] {
        let (n, count) = (self.images.nrows(), phrases.nrows());
        buffer.resize(n * count, 0.0);
        let mut out = MatMut::from_column_major_slice_mut(buffer, n, count);
        let phrases = matrix(&phrases);
        let images = matrix(&self.images.view());
        for from in (0..n).step_by(IMAGES) {
            let rows = IMAGES.min(n - from);
            let out = out.as_mut().subrows_mut(from, rows);
            product_f32(out, images.subrows(from, rows), phrases.transpose());
        }
        buffer
    }
}

/// Of each phrase's scores: mean, and sum of squares about it.
#[derive(Debug)]
struct Moments {
    weight: f64,
    means: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn of(gram: &Gram, phrases: &ArrayView2<'_, f32>) -> Self {
        let d = gram.columns();
        let all: Array2<f64> = gram.products();
        let all = all.as_slice().expect("a new matrix is in standard layout");
        let parts: Vec<Vec<(f64, f64)>> = phrases
            .to_slice()
            .expect("the phrases were brought into standard layout")
            .par_chunks(PHRASES * d)
            .map(|phrases| {
                let values: Vec<f64> = phrases.iter().map(|x| f64::from(*x)).collect();
                let mut turned = vec![0.0; values.len()];
                products(&mut turned, &values, all, d);
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
                let rows = values.chunks_exact(d).zip(turned.chunks_exact(d));
                rows.map(|(w, turned)| (dot(w, gram.mean()), dot(w, turned))).collect()
            })
            .collect();
        let (means, squares) = parts.into_iter().flatten().unzip();
        Self { weight: gram.weight(), means, squares }
    }

    /// Mean and squares of what is left of one phrase's scores without those of `part`, by the rule that [`Gram`] merges by.
    fn less(&self, part: &Self, phrase: usize) -> (f64, f64) {
        let rest = self.weight - part.weight;
        let (all, part_mean) = (self.means[phrase], part.means[phrase]);
        let mean = all + (all - part_mean) * (part.weight / rest);
        let between = part.weight * rest / self.weight * (part_mean - mean).powi(2);
        (mean, (self.squares[phrase] - part.squares[phrase] - between).max(0.0))
    }
}

fn falling(a: f64, b: f64, first: &Separation, second: &Separation) -> Ordering {
    b.total_cmp(&a).then(first.phrase.cmp(&second.phrase))
}

fn standard(rows: ArrayView2<'_, f32>) -> ndarray::CowArray<'_, f32, ndarray::Ix2> {
    if rows.is_standard_layout() {
        rows.into()
    } else {
        rows.as_standard_layout().into_owned().into()
    }
}

/// Rows in standard layout as a matrix.
fn matrix<'a>(rows: &ArrayView2<'a, f32>) -> MatRef<'a, f32> {
    let values = rows.to_slice().expect("rows in standard layout");
    MatRef::from_row_major_slice(values, rows.nrows(), rows.ncols())
}

#[cfg(test)]
mod tests;
