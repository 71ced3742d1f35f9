//! Where figures are written: one row for each class, one for all images, one for the mean of
//! the classes.

use rightly_stats::{Design, Estimate};

use crate::{
    Inputs, Metric,
    evaluate::{EvaluateOptions, STAGE},
    metrics::{MEAN, POOLED},
};

/// Collects the figures of the stage.
pub(crate) struct MetricRows<'a> {
    classes: &'a [String],
    /// Class of each selected image.
    class_of: Vec<usize>,
    design: Design,
    metrics: Vec<Metric>,
    clustered: bool,
}

/// What a figure is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// One class.
    Class,
    /// All images.
    Pooled,
    /// The unweighted mean of the classes.
    Mean,
}

/// One row of a figure: its name, its images and how they were sampled.
pub(super) struct Scope {
    pub(super) name: String,
    pub(super) over: Over,
    pub(super) images: Vec<usize>,
    pub(super) design: Design,
}

impl<'a> MetricRows<'a> {
    pub(crate) fn new(inputs: &'a Inputs, options: &EvaluateOptions) -> Self {
        let class_of: Vec<usize> =
            inputs.selected.iter().map(|&i| inputs.dataset.samples[i].class).collect();
        let design = Design::new(
            class_of.iter().map(|&c| c as u32).collect(),
            inputs.clusters.clone(),
            inputs.options.seed,
            options.resamples,
        );
        Self {
            classes: &inputs.dataset.classes,
            class_of,
            design,
            metrics: Vec::new(),
            clustered: inputs.clusters.is_some(),
        }
    }

    pub(super) fn clustered(&self) -> bool {
        self.clustered
    }

    pub(crate) fn classes(&self) -> &'a [String] {
        self.classes
    }

    pub(crate) fn class_of(&self) -> &[usize] {
        &self.class_of
    }

    /// The design of some images.
    pub(crate) fn design(&self, images: &[usize]) -> Design {
        self.design.subset(images)
    }

    pub(super) fn push(&mut self, metric: Metric) {
        self.metrics.push(metric);
    }

    pub(super) fn into_metrics(self) -> Vec<Metric> {
        self.metrics
    }

    /// What figures over the images `usable` are computed for: each class, all images, the mean of
    /// the classes.
    pub(super) fn scopes(&self, usable: &[usize]) -> Vec<Scope> {
        let mut by_class = vec![Vec::new(); self.classes.len()];
        usable.iter().for_each(|&i| by_class[self.class_of[i]].push(i));
        let scope = |name: &str, over: Over, images: Vec<usize>| Scope {
            name: name.to_owned(),
            over,
            design: self.design(&images),
            images,
        };
        let classes = self.classes.iter().zip(by_class);
        let mut out: Vec<Scope> =
            classes.map(|(name, images)| scope(name, Over::Class, images)).collect();
        out.push(scope(POOLED, Over::Pooled, usable.to_vec()));
        out.push(scope(MEAN, Over::Mean, usable.to_vec()));
        out
    }

    /// A figure for each scope of `usable` that has images; the others get n = 0.
    pub(super) fn add(
        &mut self,
        metric: &str,
        condition: Option<&str>,
        usable: &[usize],
        mut figure: impl FnMut(&Scope) -> (Estimate, Option<f64>),
    ) {
        for scope in self.scopes(usable) {
            let (e, p) =
                if scope.images.is_empty() { (Estimate::default(), None) } else { figure(&scope) };
            self.push(Metric::new(STAGE, metric, condition, &scope.name, e).with_p(p));
        }
    }

    /// The share of images whose value is 1; the others' is 0.
    pub(super) fn add_share(
        &mut self,
        metric: &str,
        condition: Option<&str>,
        values: &[Option<f64>],
    ) {
        let usable: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
        self.add(metric, condition, &usable, |Scope { images, design, over, .. }| {
            let values: Vec<f64> = images.iter().filter_map(|&i| values[i]).collect();
            let e = match over {
                Over::Mean => design.mean_of_strata_within(&values, 0.0, 1.0),
                _ => design.proportion(&values.iter().map(|&v| v == 1.0).collect::<Vec<_>>()),
            };
            (e, None)
        });
    }

    /// The mean of values that can only lie in `range`.
    pub(super) fn add_mean(
        &mut self,
        metric: &str,
        condition: Option<&str>,
        values: &[Option<f64>],
        range: (f64, f64),
    ) {
        let usable: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
        self.add(metric, condition, &usable, |Scope { images, design, over, .. }| {
            let values: Vec<f64> = images.iter().filter_map(|&i| values[i]).collect();
            let e = match over {
                Over::Mean => design.mean_of_strata_within(&values, range.0, range.1),
                _ => design.mean_within(&values, range.0, range.1),
            };
            (e, None)
        });
    }
}
