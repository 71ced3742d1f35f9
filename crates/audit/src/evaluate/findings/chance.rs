//! Whether the model does better than an answer that never looks at the picture.
//!
//! Two scales, each with its own best blind answer: over all images that is the output that is right for most of them;
//! over the classes' mean it is the output that is right for most classes. A model that lies above one of the two, by
//! its interval, looks at the picture. (Where nineteen images of twenty are of one class, a model that finds the
//! twentieth may be right less often than one that always says the first: the mean of the classes shows it.)

use std::collections::{BTreeMap, BTreeSet};

use super::{super::columns::Columns, data::data_problem};
use crate::{
    Finding, Inputs, Metric,
    findings::{AT_CHANCE, TOO_FEW},
    metrics::{MEAN, POOLED, find},
};

/// What the best answers reach that never look at the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Blind {
    /// Share of all images.
    pooled: f64,
    /// Mean over the classes.
    mean: f64,
}

impl Blind {
    /// `images`: of each class; `outputs`: those that are right for each class. `None` where nothing can be told: fewer
    /// than two classes have images, or one output is right for all of them.
    fn of(images: &[usize], outputs: &[Vec<usize>]) -> Option<Self> {
        let total: usize = images.iter().sum();
        let present = images.iter().filter(|&&n| n > 0).count();
        let mut right: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (&n, outputs) in images.iter().zip(outputs).filter(|(n, _)| **n > 0) {
            for &output in outputs.iter().collect::<BTreeSet<_>>() {
                let (of_images, of_classes) = right.entry(output).or_default();
                *of_images += n;
                *of_classes += 1;
            }
        }
        let most = |of: fn(&(usize, usize)) -> usize| right.values().map(of).max();
        let (pooled, mean) = (most(|r| r.0)?, most(|r| r.1)?);
        (present > 1 && pooled < total).then(|| Self {
            pooled: pooled as f64 / total as f64,
            mean: mean as f64 / present as f64,
        })
    }
}

/// How a figure stands to its blind answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Not above it, by the interval.
    AtChance,
    /// No model could be: the images are too few.
    TooFew,
    /// Above it.
    Above,
}

fn standing(figure: &Metric, blind: f64) -> Standing {
    let Some(value) = figure.value else { return Standing::AtChance };
    // Without an interval (a single cluster) the figure itself is all there is.
    if figure.low.unwrap_or(value) > blind {
        return Standing::Above;
    }
    // Wilson's lower bound where all are right.
    let n = figure.clusters.unwrap_or(figure.n) as f64;
    let best = n / (n + Z * Z);
    if value > blind && best <= blind { Standing::TooFew } else { Standing::AtChance }
}

/// Quantile of the 95 % interval.
const Z: f64 = 1.96;

pub(super) fn at_chance(inputs: &Inputs, columns: &Columns, metrics: &[Metric]) -> Option<Finding> {
    let mut images = vec![0_usize; inputs.dataset.classes.len()];
    for (&i, output) in inputs.selected.iter().zip(&columns.output) {
        images[inputs.dataset.samples[i].class] += usize::from(output.is_some());
    }
    let blind = Blind::of(&images, &inputs.label_map.outputs)?;
    judge(metrics, blind)
}

fn judge(metrics: &[Metric], blind: Blind) -> Option<Finding> {
    let accuracy = find(metrics, "accuracy", Some("none"), POOLED)?;
    let value = accuracy.value?;
    let pooled = standing(accuracy, blind.pooled);
    // A mean over classes one of which has a single image has no interval: it tells nothing where the pooled figure has one.
    let mean = find(metrics, "accuracy", Some("none"), MEAN)
        .filter(|mean| mean.low.is_some() || accuracy.low.is_none());
    let standing = mean.map_or(pooled, |mean| pooled.max(standing(mean, blind.mean)));
    let title = match standing {
        Standing::Above => return None,
        Standing::TooFew => TOO_FEW,
        Standing::AtChance => AT_CHANCE,
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let interval = accuracy.low.zip(accuracy.high).map_or(String::new(), |(low, high)| {
        format!(" (95 % interval {} to {})", percent(low), percent(high))
    });
    let of_classes = mean.and_then(|m| m.value).map_or(String::new(), |value| {
        format!(
            ", and in {} as the mean of the classes, where such an answer reaches {}",
            percent(value),
            percent(blind.mean)
        )
    });
    let advice = match standing {
        Standing::TooFew => "Give more images before any figure about reliance is read.",
        _ => {
            "No figure about reliance means anything until this is mended: usually the \
             preprocessing, the labels or the label map are wrong (see `rightly model` and \
             `rightly data`)."
        }
    };
    let mut finding = data_problem(
        title.to_owned(),
        format!(
            "The model is right in {} of {} images{interval}; one answer given to all of them without looking is right \
             in {}{of_classes}. {advice}",
            percent(value),
            accuracy.n,
            percent(blind.pooled),
        ),
        Vec::new(),
    );
    finding.severity = 1.0;
    finding.n = accuracy.n;
    (finding.effect, finding.low, finding.high) = (Some(value), accuracy.low, accuracy.high);
    finding.evidence = vec![accuracy.clone()];
    Some(finding)
}

#[cfg(test)]
mod tests {
    use rightly_stats::Design;

    use super::*;

    /// Figures of a model by its rows: for each class how many images are right, of how many, each image a cluster of
    /// its own unless `clusters` says how many there are.
    fn figures(classes: &[(usize, usize)], clusters: Option<usize>) -> (Vec<Metric>, Blind) {
        let (mut right, mut class_of) = (Vec::new(), Vec::new());
        for (class, &(good, all)) in classes.iter().enumerate() {
            right.extend((0..all).map(|image| image < good));
            class_of.extend(vec![class as u32; all]);
        }
        let groups: Option<Vec<u32>> = clusters.map(|n| {
            // Neighbours share a cluster, so that clusters are of one kind as sequences are.
            (0..right.len()).map(|image| (image * n / right.len()) as u32).collect()
        });
        let images: Vec<usize> = classes.iter().map(|&(_, all)| all).collect();
        let design = Design::new(class_of, groups, 0, 1000);
        let values: Vec<f64> = right.iter().map(|&r| f64::from(u8::from(r))).collect();
        let figure = |class: &str, e| Metric::new("evaluate", "accuracy", Some("none"), class, e);
        let metrics = vec![
            figure(POOLED, design.proportion(&right)),
            figure(MEAN, design.mean_of_strata_within(&values, 0.0, 1.0)),
        ];
        let outputs: Vec<Vec<usize>> = (0..classes.len()).map(|class| vec![class]).collect();
        (metrics, Blind::of(&images, &outputs).unwrap())
    }

    fn title(classes: &[(usize, usize)], clusters: Option<usize>) -> Option<String> {
        let (metrics, blind) = figures(classes, clusters);
        judge(&metrics, blind).map(|finding| finding.title)
    }

    fn at_chance(classes: &[(usize, usize)]) -> bool {
        title(classes, None).as_deref() == Some(AT_CHANCE)
    }

    #[test]
    fn unbalanced_classes_are_held_against_the_largest() {
        assert_eq!(title(&[(80, 80), (20, 20)], None), None, "right in all of 80 and 20");
        let one = title(&[(99, 99), (1, 1)], None);
        assert_eq!(one.as_deref(), Some(TOO_FEW), "one image of the other class");
        assert_eq!(title(&[(95, 95), (5, 5)], None), None, "95 and 5: the classes' mean tells");
        assert!(at_chance(&[(80, 80), (0, 20)]), "always the first");
        assert!(at_chance(&[(0, 80), (20, 20)]), "always the second");
        assert!(at_chance(&[(64, 80), (4, 20)]), "dealt at the classes' own rates");
        assert!(at_chance(&[(40, 80), (10, 20)]), "a coin");
        assert_eq!(title(&[(874, 950), (45, 50)], None), None, "finds a rare class at a cost");
    }

    #[test]
    fn balanced_classes_are_as_before() {
        assert!(at_chance(&[(10, 100); 10]), "one in ten of ten");
        assert_eq!(title(&[(30, 100); 10], None), None);
        assert!(at_chance(&[(0, 50), (0, 50)]), "swapped labels");
        assert_eq!(title(&[(50, 50), (50, 50)], None), None);
    }

    #[test]
    fn too_few_images_are_called_so() {
        assert_eq!(title(&[(2, 2), (1, 1)], None).as_deref(), Some(TOO_FEW));
        assert!(at_chance(&[(1, 2), (0, 1)]), "and wrong in most of them");
        assert_eq!(title(&[(1, 1); 12], None), None, "twelve of twelve classes");
        assert!(at_chance(&[(7, 10), (6, 10)]), "13 of 20 with two classes");
    }

    #[test]
    fn clusters_are_the_unit() {
        assert_eq!(title(&[(200, 200), (200, 200)], Some(16)), None);
        // As many images, half of the clusters wrong as a whole.
        assert!(title(&[(120, 200), (120, 200)], Some(4)).is_some());
        let (mut metrics, blind) = figures(&[(50, 50), (50, 50)], None);
        for metric in &mut metrics {
            (metric.low, metric.high) = (None, None);
        }
        assert!(judge(&metrics, blind).is_none(), "no interval: the figure itself");
    }

    #[test]
    fn outputs_that_are_right_for_several_classes_are_counted_together() {
        let one = Blind::of(&[10, 30, 60], &[vec![0], vec![1, 2], vec![2]]).unwrap();
        assert_eq!(one, Blind { pooled: 0.9, mean: 2.0 / 3.0 });
        assert_eq!(Blind::of(&[10, 30], &[vec![0], vec![0, 1]]), None, "output 0 is right for all");
        assert_eq!(Blind::of(&[10, 0], &[vec![0], vec![1]]), None, "one class has images");
        assert_eq!(Blind::of(&[], &[]), None);
    }
}
