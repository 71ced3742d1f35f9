//! The features of another network, in which a subgroup has to show as well.
//!
//! In its own features a model puts the images near the edge of a class next to each other: they are a group that fails,
//! whatever they show. Another network does not know that edge. A group is drawn anew by its features: on the fitting images
//! they learn who belongs to it, and of the confirming images as many are taken as the group has there. Where these fail as
//! well, the group is one of images that look alike.

use ndarray::{Array2, ArrayView2};
use rightly_stats::{Estimate, pca::Pca, ridge::Ridge, slices};

use super::{
    DiscoverOptions,
    assignment::Grouped,
    gap_test::JudgedClass,
    material::Material,
    method::space::{pca, unit_rows},
};

/// Principal components of the second features.
const COMPONENTS: usize = 30;
/// Penalty of the regression, as a share of what each component weighs.
const PENALTY: f64 = 0.3;
/// Share of a group's gap that the group drawn anew has to have.
const SHARE: f64 = 0.5;

/// Whether a group that was drawn anew fails as the group does.
pub(super) fn agrees(gap: &Estimate, anew: &Estimate) -> bool {
    let large = anew.value.zip(gap.value).is_some_and(|(anew, gap)| anew >= SHARE * gap);
    large && anew.low.is_some_and(|low| low > 0.0)
}

/// Draws every tested group of a class anew by the features of `other`, which holds the same images. Nothing where these
/// features do not vary.
pub(super) fn look(
    options: &DiscoverOptions,
    seed: u64,
    clusters: Option<&[u32]>,
    methods: &[Grouped],
    other: &Material,
    judged: &mut JudgedClass,
) {
    let Some(view) = View::fit(other) else { return };
    let right = other.confirm.right();
    for (method, judged) in methods.iter().zip(&mut judged.methods) {
        for (group, judged) in judged.iter_mut().enumerate().filter(|(_, j)| j.p.is_some()) {
            let inside =
                |group: usize| move |g: Option<usize>| f64::from(u8::from(g == Some(group)));
            let fitted: Vec<f64> =
                method.fit.iter().map(|placed| inside(group)(placed.group())).collect();
            let n = method.members(group).len();
            judged.anew = view
                .drawn(&fitted, n)
                .map(|members| slices::gap(&right, &members, clusters, seed, options.resamples));
        }
    }
}

/// The images of both parts in the second features: components at deviation 1 on the fitted images.
struct View {
    fit: Array2<f64>,
    confirm: Array2<f64>,
}

impl View {
    fn fit(material: &Material) -> Option<Self> {
        let unit = unit_rows(material.fit.vectors.view());
        let pca = pca(unit.view(), COMPONENTS).ok()?;
        let fit = pca.scores_of(unit.view(), false);
        let n = fit.nrows().max(1) as f64;
        let deviations: Vec<f64> = fit
            .columns()
            .into_iter()
            .map(|column| (column.iter().map(|v| v * v).sum::<f64>() / n).sqrt())
            .collect();
        let scaled = |rows: ArrayView2<'_, f32>, pca: &Pca| {
            let mut scores = pca.scores_of(rows, false);
            for (mut column, deviation) in scores.columns_mut().into_iter().zip(&deviations) {
                let scale = if *deviation > 0.0 { 1.0 / deviation } else { 0.0 };
                column.mapv_inplace(|v| v * scale);
            }
            scores
        };
        let confirm = unit_rows(material.confirm.vectors.view());
        Some(Self { fit: scaled(unit.view(), &pca), confirm: scaled(confirm.view(), &pca) })
    }

    /// The `n` confirming images that belong most to those for which `fitted` is 1.
    fn drawn(&self, fitted: &[f64], n: usize) -> Option<Vec<usize>> {
        let targets = Array2::from_shape_vec((fitted.len(), 1), fitted.to_vec()).ok()?;
        let (rows, width) = self.fit.dim();
        let penalty = PENALTY * rows as f64 / width.max(1) as f64;
        let ridge = Ridge::fit(self.fit.view(), targets.view(), penalty)?;
        let scores = ridge.predict(self.confirm.view());
        let mut order: Vec<usize> = (0..scores.nrows()).collect();
        order.sort_by(|&a, &b| scores[[b, 0]].total_cmp(&scores[[a, 0]]).then(a.cmp(&b)));
        order.truncate(n);
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use rightly_stats::rng::{keyed, standard_normal_fill};

    use super::*;
    use crate::{
        discover::material::Part,
        features::{Outcome, WrongAnswers},
    };

    /// Every fifth image is wrong; where `seen`, the features know which.
    fn part(key: &str, n: usize, seen: bool) -> Part {
        let mut values = vec![0.0; n * 8];
        standard_normal_fill(&mut keyed(0, "second view", key, 0), &mut values);
        let mut vectors = Array2::from_shape_vec((n, 8), values).unwrap();
        vectors.mapv_inplace(|v| v + 5.0);
        let wrong = |i: usize| i.is_multiple_of(5);
        if seen {
            (0..n).filter(|&i| wrong(i)).for_each(|i| vectors[[i, 3]] += 8.0);
        }
        let outcome = |i: usize| Outcome {
            output: usize::from(wrong(i)),
            correct: !wrong(i),
            loss: 0.0,
            wrong: WrongAnswers::default(),
        };
        Part { samples: (0..n).collect(), vectors, outcomes: (0..n).map(outcome).collect() }
    }

    #[test]
    fn a_group_that_shows_is_drawn_again_and_an_edge_is_not() {
        for seen in [true, false] {
            let material = Material {
                class: 0,
                fit: part("fit", 150, seen),
                confirm: part("confirm", 150, seen),
            };
            let view = View::fit(&material).unwrap();
            let fitted: Vec<f64> = (0..150).map(|i| f64::from(u8::from(i % 5 == 0))).collect();
            let members = view.drawn(&fitted, 30).unwrap();
            assert_eq!(members.len(), 30);
            let right = material.confirm.right();
            let own: Vec<usize> = (0..150).filter(|i| i % 5 == 0).collect();
            let gap = |members: &[usize]| slices::gap(&right, members, None, 0, 200);
            assert_eq!(agrees(&gap(&own), &gap(&members)), seen, "{:?}", gap(&members));
        }
    }

    #[test]
    fn features_that_do_not_vary_say_nothing() {
        let mut material =
            Material { class: 0, fit: part("fit", 40, true), confirm: part("c", 40, true) };
        material.fit.vectors.fill(1.0);
        assert!(View::fit(&material).is_none());
    }
}
