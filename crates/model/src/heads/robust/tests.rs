//! Known optima, and what is no data.
use super::*;
use crate::ModelError;
use crate::heads::{Features, Head, HeadOptions, Optimizer, Standard};
use ndarray::{Array2, array};

fn options(epochs: usize, rate: f32) -> HeadOptions {
    let optimizer = Optimizer::Sgd { momentum: 0.9, weight_decay: 0.0 };
    HeadOptions { hidden: None, epochs, batch: None, rate, optimizer, seed: 5 }
}

/// One feature of +1 or -1; at +1 three of four rows are of class 1, at -1 one of four. The loss is least where the logits
/// differ by ln 3 x feature, for all rows and for each of the two groups (the sign of the feature).
fn even() -> (Array2<f32>, Vec<usize>, Vec<usize>) {
    let values = Array2::from_shape_fn((8, 1), |(row, _)| if row < 4 { 1.0 } else { -1.0 });
    (values, vec![1, 1, 1, 0, 0, 0, 0, 1], vec![0, 0, 0, 0, 1, 1, 1, 1])
}

/// Logit of class 1 minus that of class 0, at features +1 and 0.
fn margins(head: &Head) -> [f32; 2] {
    let logits = head.logits(array![[1.0_f32], [0.0]].view()).unwrap();
    [logits[[0, 1]] - logits[[0, 0]], logits[[1, 1]] - logits[[1, 0]]]
}

#[test]
fn every_trainer_reaches_the_known_optimum() {
    let (values, labels, groups) = even();
    let groups = Groups::hard(&groups, 2).unwrap();
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
    let zero = Head::linear(array![[0.0_f32], [0.0]].view(), &[0.0, 0.0]).unwrap();
    let rest = Array2::zeros((8, 1));
    let material = TrainingData {
        groups: Some(&groups),
        start: Some(&zero),
        objects: Some(Objects::Parts { object: values.view(), rest: rest.view() }),
        cues: Some(Cues {
            spuriosity: &[0.0; 8],
            check: features,
            check_spuriosity: &[0.0; 8],
            check_images: 2,
        }),
        ..TrainingData::of(features)
    };
    // Of which the domain heads are fitted together: apart, each sees one sign and has no single optimum.
    let uniform = Groups::soft(Array2::from_elem((8, 2), 0.5).view()).unwrap();
    for method in Method::published() {
        let (mut margin, mut close) = (3.0_f32.ln(), 1e-3);
        let method = match method {
            // The two rows that are wrong come twice: 3 against 2 instead of 3 against 1.
            Method::Jtt { .. } => {
                margin = 1.5_f32.ln();
                Method::Jtt { epochs: 20, copies: 1 }
            }
            // C times the rows times the slope of the mean loss is 1: 8 C (3/4 - p) = 1.
            Method::Dfr { .. } => {
                let p = 0.75 - 1.0 / (8.0 * 4.0_f32);
                margin = (p / (1.0 - p)).ln();
                close = 2e-3;
                Method::Dfr { strengths: vec![4.0], refits: 3 }
            }
            // A bound that is never reached.
            Method::LowestSpuriosity { .. } => {
                Method::LowestSpuriosity { images: 4, bound: -1.0, rounds: 2 }
            }
            other => other,
        };
        let mixed = matches!(method, Method::DiSoft { .. });
        let groups = if mixed { &uniform } else { &groups };
        let material = TrainingData { groups: Some(groups), ..material };
        let recipe = HeadTraining { method: method.clone(), options: options(400, 0.2) };
        let trained = recipe.train(&material).unwrap_or_else(|e| panic!("{method:?}: {e}"));
        let [at_one, at_zero] = margins(&trained.head);
        assert!(
            (at_one - margin).abs() < close && at_zero.abs() < close,
            "{method:?}: {at_one} {at_zero}"
        );
    }
}

/// Six rows of class 1 in one group, two of class 0 in the other, and a feature that says nothing: the mean loss is least
/// at log odds of ln 3, the loss of the worse group and every balanced loss at 0.
#[test]
fn the_worst_group_decides_where_groups_differ() {
    let values = Array2::<f32>::zeros((8, 1));
    let labels = [1, 1, 1, 1, 1, 1, 0, 0];
    let groups = Groups::hard(&[0, 0, 0, 0, 0, 0, 1, 1], 2).unwrap();
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
    let material = TrainingData { groups: Some(&groups), ..TrainingData::of(features) };
    let margin = |method: Method, batch: Option<usize>| {
        let options = HeadOptions { batch, ..options(3000, 0.05) };
        margins(&HeadTraining { method, options }.train(&material).unwrap().head)[1]
    };
    assert!((margin(Method::Erm, None) - 3.0_f32.ln()).abs() < 1e-3);
    assert!(margin(Method::ClassBalanced, None).abs() < 1e-3);
    assert!(margin(Method::RwgSoft, None).abs() < 1e-3);
    assert!(margin(Method::GroupDro { eta: 0.05, adjustment: 0.0 }, None).abs() < 0.05);
    assert!(margin(Method::Dim { eta: 0.05 }, None).abs() < 0.05);
    // Drawn rows: within what the draws of a step leave.
    assert!(margin(Method::RwgSoft, Some(4)).abs() < 0.5);
    assert!(margin(Method::GroupDro { eta: 0.01, adjustment: 0.0 }, Some(4)).abs() < 0.5);
}

#[test]
fn what_is_no_data_is_said_or_left_out() {
    let (values, labels, groups) = even();
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
    let finite = |head: &Head| head.layers().all(|(w, b)| w.iter().chain(b).all(|v| v.is_finite()));
    // Group 2 has no rows, class 2 neither.
    let with_empty = Groups::hard(&groups, 3).unwrap();
    let features = Features { classes: 3, ..features };
    let zero = Head::linear(Array2::zeros((3, 1)).view(), &[0.0; 3]).unwrap();
    let material = TrainingData {
        groups: Some(&with_empty),
        start: Some(&zero),
        ..TrainingData::of(features)
    };
    for method in Method::published() {
        let recipe =
            HeadTraining { method, options: HeadOptions { batch: Some(3), ..options(5, 0.1) } };
        match (&recipe.method, recipe.train(&material)) {
            (Method::Dfr { .. }, Err(e)) => {
                assert!(e.to_string().contains("class 2 has no rows"), "{e}")
            }
            (Method::LowestSpuriosity { .. } | Method::Saliency { .. }, Err(e)) => {
                assert!(e.to_string().contains("needs"), "{e}");
            }
            (_, Ok(trained)) => assert!(finite(&trained.head), "{recipe:?}"),
            (_, Err(e)) => panic!("{recipe:?}: {e}"),
        }
    }
    // One row, one group.
    let one = values.slice(ndarray::s![..1, ..]);
    let features = Features { values: one, labels: &[1], weights: None, classes: 2 };
    let group = Groups::hard(&[0], 1).unwrap();
    let material = TrainingData { groups: Some(&group), ..TrainingData::of(features) };
    for method in Method::published() {
        let recipe = HeadTraining { method, options: options(3, 0.1) };
        if let Ok(trained) = recipe.train(&material) {
            assert!(finite(&trained.head) && !matches!(recipe.method, Method::Dfr { .. }));
        }
    }
    // Not a number.
    let mut nan = values.clone();
    nan[[2, 0]] = f32::NAN;
    let features = Features { values: nan.view(), labels: &labels, weights: None, classes: 2 };
    for method in Method::published() {
        let error =
            HeadTraining { method, options: options(1, 0.1) }.train(&TrainingData::of(features));
        assert!(error.unwrap_err().to_string().contains("not finite"));
    }
}

#[test]
fn groups_are_checked() {
    let message = |groups: Result<Groups, crate::ModelError>| groups.unwrap_err().to_string();
    assert!(message(Groups::hard(&[0, 2], 2)).contains("row 1 is in group 2"));
    assert!(message(Groups::soft(array![[0.5_f32, 0.5], [0.0, 0.0]].view())).contains("row 1"));
    assert!(message(Groups::soft(array![[-0.5_f32, 0.5]].view())).contains("-0.5"));
    assert!(message(Groups::soft(array![[f32::NAN]].view())).contains("NaN"));
    let groups = Groups::soft(array![[3.0_f32, 1.0], [0.0, 2.0]].view()).unwrap();
    assert_eq!(groups.of(0), [(0, 0.75), (1, 0.25)]);
    assert_eq!((groups.sizes(), groups.largest()), (&[0.75, 1.25][..], vec![0, 1]));
    assert_eq!((groups.is_hard(), groups.of(7)), (false, &[][..]));
    assert_eq!(groups.select(&[1, 1]).sizes(), [0.0, 2.0]);
}

#[test]
fn a_group_without_rows_has_no_part_in_the_mean_of_heads() {
    let (values, labels, _) = even();
    let head = |of: usize, count: usize| {
        let groups = Groups::hard(&vec![of; labels.len()], count).unwrap();
        let features =
            Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
        let material = TrainingData { groups: Some(&groups), ..TrainingData::of(features) };
        let method = Method::DiSoft { copies: false };
        let recipe = HeadTraining { method, options: options(20, 0.1) };
        recipe.train(&material).unwrap().head
    };
    let alone = head(0, 1);
    assert_ne!(margins(&alone), [0.0, 0.0]);
    assert_eq!(head(1, 3), alone);
}

/// At a rate that moves nothing the heads are what they started from.
#[test]
fn domain_heads_start_anew_or_as_copies() {
    let (values, labels, groups) = even();
    let groups = Groups::hard(&groups, 2).unwrap();
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
    let own = Head::linear(array![[9.0_f32], [-4.0]].view(), &[2.0, 1.0]).unwrap();
    let layers = [(array![[9.0_f32]], vec![1.0]), (array![[1.0_f32], [2.0]], vec![0.0, 0.0])];
    let deep = Head::from_layers(layers.iter().map(|(w, b)| (w.view(), b.as_slice()))).unwrap();
    let starts = [None, Some(&own), Some(&deep)];
    let train = |copies: bool, start: usize, seed: u64, hidden: Option<usize>| {
        let start = starts[start];
        let material = TrainingData { groups: Some(&groups), start, ..TrainingData::of(features) };
        let method = Method::DiSoft { copies };
        let options = HeadOptions { seed, hidden, ..options(1, 1e-30) };
        HeadTraining { method, options }.train(&material).map(|trained| trained.head)
    };
    assert_eq!(train(true, 1, 0, None).unwrap(), own);
    let fresh = train(false, 1, 0, None).unwrap();
    assert_eq!(train(false, 0, 0, None).unwrap(), fresh);
    assert_ne!(train(false, 0, 1, None).unwrap(), fresh);
    let (weight, bias) = fresh.layers().next().unwrap();
    // Uniform up to 1 / sqrt(one input), and the mean of two.
    assert!(weight.iter().chain(bias).all(|w| w.abs() < 1.0 && *w != 0.0));
    let says = |head: Result<Head, ModelError>, what: &str| {
        let message = head.unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    };
    says(train(true, 0, 0, None), "needs a head to start from");
    says(train(true, 2, 0, None), "has 2 layers");
    says(train(false, 0, 0, Some(5)), "a hidden layer of 5");
}

#[test]
fn groups_of_classes_are_joined_over_them() {
    let rows: [&[(usize, f32)]; 3] = [&[(0, 0.25), (1, 0.75)], &[(2, 1.0)], &[(1, 0.5), (3, 0.5)]];
    let groups = Groups::sparse(rows, 4).unwrap();
    let joined = groups.joined(&[0, 1, 0, 1], 2).unwrap();
    assert_eq!(joined.of(0), [(0, 0.25), (1, 0.75)]);
    assert_eq!(joined.of(1), [(0, 1.0)]);
    assert_eq!(joined.of(2), [(1, 1.0)]);
    assert_eq!(joined.sizes(), [1.25, 1.75]);
    let apart = groups.joined(&[4, 1, 4, 2], 6).unwrap();
    let present = apart.present();
    assert_eq!((present.count(), present.sizes()), (3, &[1.25, 0.5, 1.25][..]));
    assert_eq!(present.of(0), [(2, 0.25), (0, 0.75)]);
    assert_eq!(present.of(2), [(0, 0.5), (1, 0.5)]);
    let says = |into: &[usize], what: &str| {
        let message = groups.joined(into, 2).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    };
    says(&[0, 1, 0], "4 groups joined by 3");
    says(&[0, 1, 2, 0], "group 2 is joined into 2");
}

#[test]
fn measures_count_by_group() {
    let logits = array![[1.0_f32, 0.0], [1.0, 0.0], [0.0, 1.0], [f32::NAN, 5.0]];
    let groups = Groups::hard(&[0, 0, 1, 2], 4).unwrap();
    let measure = Measure::of(logits.view(), &[0, 1, 1, 1], &groups, 2.0).unwrap();
    assert_eq!(measure.accuracy, 0.5);
    let accuracies: Vec<_> = measure.groups.iter().map(|group| group.accuracy).collect();
    assert_eq!(accuracies, [Some(0.5), Some(1.0), Some(0.0), None]);
    // The group of one wrong row is too small to be the worst.
    assert_eq!((measure.worst, measure.worst_group()), (Some(0), Some(0.5)));
    let least = Measure::of(logits.view(), &[0, 1, 1, 1], &groups, 9.0).unwrap();
    assert_eq!(least.worst_group(), None);
}

#[test]
fn tuning_ends_where_the_gap_is_small() {
    // The first feature is the object, the second a cue that all but the weak images have.
    let rows = |n: usize| {
        Array2::from_shape_fn((n, 2), |(row, feature)| {
            let sign = if row % 2 == 0 { 1.0 } else { -1.0 };
            let strong = row % 4 < 2;
            match feature {
                0 => 0.3 * sign,
                _ if strong => 2.0 * sign,
                _ => -2.0 * sign,
            }
        })
    };
    let labels: Vec<usize> = (0..40).map(|row| row % 2).collect();
    let cue: Vec<f64> = (0..40).map(|row| if row % 4 < 2 { 1.0 } else { 0.0 }).collect();
    let values = rows(40);
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 2 };
    // Relies on the cue alone.
    let start = Head::linear(array![[0.0_f32, 1.0], [0.0, -1.0]].view(), &[0.0, 0.0]).unwrap();
    let cues = Cues { spuriosity: &cue, check: features, check_spuriosity: &cue, check_images: 5 };
    let material =
        TrainingData { start: Some(&start), cues: Some(cues), ..TrainingData::of(features) };
    let method = Method::LowestSpuriosity { images: 3, bound: 0.1, rounds: 4 };
    let trained = HeadTraining { method, options: options(30, 0.3) }.train(&material).unwrap();
    let Detail::GapHistory(closing) = trained.detail else { panic!("{:?}", trained.detail) };
    assert_eq!(closing.gaps[0], 1.0);
    assert!(closing.closed && closing.gaps[closing.gaps.len() - 1] <= 0.1, "{closing:?}");
    assert!(closing.images >= 3 && closing.gaps.len() == trained.losses.len() + 1);
}

#[test]
fn sweeps_keep_the_best_epoch_and_threads_have_no_part_in_them() {
    let n = 600;
    let values = Array2::from_shape_fn((n, 7), |(i, j)| {
        ((i * 7 + j) as f32 * 1.7).sin() + (i % 3 * j) as f32 * 0.2
    });
    let labels: Vec<usize> = (0..n).map(|row| row % 3).collect();
    let groups = Groups::hard(&(0..n).map(|row| row % 5).collect::<Vec<_>>(), 5).unwrap();
    let features = Features { values: values.view(), labels: &labels, weights: None, classes: 3 };
    let standard = Standard::of(values.view());
    let material = TrainingData { groups: Some(&groups), ..TrainingData::of(features) };
    let mut recipes: Vec<HeadTraining> = ["erm", "group-dro", "dim", "rwg-soft", "jtt", "di-soft"]
        .into_iter()
        .map(|name| HeadTraining {
            method: name.parse().unwrap(),
            options: HeadOptions { batch: Some(64), ..options(4, 0.1) },
        })
        .collect();
    recipes.push(HeadTraining {
        method: Method::Dfr { strengths: vec![0.1, 0.01], refits: 3 },
        options: options(1, 0.1),
    });
    recipes.push(HeadTraining {
        method: Method::Saliency { strength: 1.0 },
        options: options(1, 0.1),
    });
    let score = |head: &Head| {
        let logits = head.logits(values.view())?;
        Ok(Measure::of(logits.view(), &labels, &groups, 1.0)?.worst_group().unwrap_or(f64::NAN))
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sweep(&material, &recipes, score))
    };
    let (one, three) = (with(1), with(3));
    for (at, (one, three)) in one.iter().zip(&three).enumerate() {
        let (Ok(one), Ok(three)) = (one, three) else {
            assert_eq!(at, recipes.len() - 1, "{:?} {:?}", recipes[at], one.as_ref().err());
            continue;
        };
        assert_eq!(one, three, "{:?}", recipes[at]);
        let best = one.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!((one.score(), score(&one.trained.head).unwrap()), (best, best));
        // The same head on features as they are and on standardised ones.
        let mut scaled = values.clone();
        standard.apply(scaled.view_mut());
        let there = one.trained.head.standardised(&standard);
        let pair =
            (there.logits(scaled.view()).unwrap(), one.trained.head.logits(values.view()).unwrap());
        assert!(pair.0.iter().zip(&pair.1).all(|(a, b)| (a - b).abs() < 1e-4));
        let back = there.raw(&standard).logits(values.view()).unwrap();
        assert!(back.iter().zip(&pair.1).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
