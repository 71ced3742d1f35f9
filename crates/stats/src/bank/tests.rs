use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::{
    auc::auc,
    rng::{keyed, standard_normal_fill},
};

/// Rows of length 1; the first `group` of them lean towards the first axis.
fn drawn(rows: usize, columns: usize, group: usize, seed: u64) -> Array2<f32> {
    let mut values = vec![0.0; rows * columns];
    standard_normal_fill(&mut keyed(seed, "bank", "", 0), &mut values);
    let mut rows = Array2::from_shape_vec((rows, columns), values).unwrap();
    for (i, mut row) in rows.outer_iter_mut().enumerate() {
        if i < group {
            row[0] += 1.5;
        }
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.mapv_inplace(|x| x / length);
    }
    rows
}

fn all_scores(bank: &Bank<'_>) -> Vec<Vec<f64>> {
    let all = Mutex::new(vec![Vec::new(); bank.phrases.nrows()]);
    bank.scores(|range, scores| {
        for (phrase, scores) in range.zip(scores.chunks_exact(bank.images.nrows())) {
            all.lock().unwrap()[phrase] = scores.iter().map(|s| f64::from(*s)).collect();
        }
    });
    all.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// The AUC is the module `auc`'s; what is expected is Phi of the scores' own means and variances.
    #[test]
    fn figures_are_those_of_the_scores(n in 4_usize..300, m in 1_usize..150, d in 1_usize..40, share in 0.1_f64..0.9, seed: u64) {
        let group = ((n as f64 * share) as usize).clamp(2, n - 2);
        let (images, phrases) = (drawn(n, d, group, seed), drawn(m, d, 0, !seed));
        let bank = Bank::new(images.view(), phrases.view(), 2).unwrap();
        let members: Vec<bool> = (0..n).map(|i| i < group).collect();
        let separations = bank.separations(&members, m);
        prop_assert_eq!(separations.len(), m);
        prop_assert!(separations.windows(2).all(|w| w[0].auc >= w[1].auc));
        let scores = all_scores(&bank);
        for s in separations {
            let scores = &scores[s.phrase];
            let moments = |side: &[f64]| {
                let mean = side.iter().sum::<f64>() / side.len() as f64;
                let square = side.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                (mean, square / side.len() as f64)
            };
            let (inside, outside) = (moments(&scores[..group]), moments(&scores[group..]));
            let spread = (inside.1 + outside.1).sqrt();
            if spread > 1e-3 {
                let expected = normal_cdf((inside.0 - outside.0) / spread);
                prop_assert!((s.expected - expected).abs() < 1e-4, "{} {expected}", s.expected);
            }
            // Products of other blocks may differ in the last bit, which decides near ties.
            let exact = auc(scores, &members).value.unwrap();
            let near = 4.0 / (group * (n - group)) as f64 + 1e-12;
            prop_assert!((s.auc.unwrap() - exact).abs() <= near, "{:?} {exact}", s.auc);
        }
    }
}

#[test]
fn areas_are_exact_with_ties() {
    let scores: Vec<f32> = (0..5000).map(|i| ((i * 7919) % 97) as f32 - 48.0).collect();
    let members: Vec<bool> = (0..5000).map(|i| (i * 31) % 7 == 0).collect();
    let wide: Vec<f64> = scores.iter().map(|s| f64::from(*s)).collect();
    assert_eq!(Some(area::Areas::new(&members).of(&scores)), auc(&wide, &members).value);
    let one = vec![0.25; 5000];
    assert_eq!(area::Areas::new(&members).of(&one), 0.5);
}

#[test]
fn threads_change_no_bit() {
    let (images, phrases) = (drawn(9000, 48, 900, 1), drawn(700, 48, 0, 2));
    let members: Vec<bool> = (0..9000).map(|i| i < 900).collect();
    let found = |threads| {
        let bank = Bank::new(images.view(), phrases.view(), threads).unwrap();
        (bank.separations(&members, 150), all_scores(&bank))
    };
    let one = found(1);
    assert_eq!(found(2), one);
    assert_eq!(found(5), one);
    assert_eq!(one.0.iter().filter(|s| s.auc.is_some()).count(), 150);
    assert!(one.0[150..].iter().all(|s| s.auc.is_none()));
}

/// A phrase of the group leads, its opposite is last, and the group's complement turns the order.
#[test]
fn the_phrase_of_the_group_leads() {
    let (images, mut phrases) = (drawn(2000, 16, 200, 3), drawn(50, 16, 0, 4));
    for (phrase, value) in [(17, 1.0), (33, -1.0)] {
        phrases.row_mut(phrase).fill(0.0);
        phrases[[phrase, 0]] = value;
    }
    let bank = Bank::new(images.view(), phrases.view(), 0).unwrap();
    let members: Vec<bool> = (0..2000).map(|i| i < 200).collect();
    let rest: Vec<bool> = members.iter().map(|m| !m).collect();
    let (inside, outside) = (bank.separations(&members, 5), bank.separations(&rest, 50));
    assert_eq!((inside[0].phrase, inside[49].phrase), (17, 33));
    assert_eq!((outside[0].phrase, outside[49].phrase), (33, 17));
    assert!((inside[0].expected - inside[0].auc.unwrap()).abs() < 0.01, "{:?}", inside[0]);
    assert!((inside[0].expected + outside[49].expected - 1.0).abs() < 1e-9);
}

#[test]
fn what_says_nothing() {
    let images = drawn(6, 3, 0, 5);
    let phrases = Array2::zeros((2, 3));
    let bank = Bank::new(images.view(), phrases.view(), 1).unwrap();
    assert!(bank.separations(&[false; 6], 1).is_empty());
    assert!(bank.separations(&[true, false, false, false, false, false], 1).is_empty());
    let members = [true, true, true, false, false, false];
    assert_eq!(
        bank.separations(&members, 1),
        [
            Separation { phrase: 0, expected: 0.5, auc: Some(0.5) },
            Separation { phrase: 1, expected: 0.5, auc: None },
        ]
    );
    let none = Bank::new(images.view(), phrases.slice(ndarray::s![..0, ..]), 1).unwrap();
    assert!(none.separations(&members, 9).is_empty());
    let mut bad = images.clone();
    bad[[2, 1]] = f32::NAN;
    assert!(Bank::new(bad.view(), images.view(), 1).is_none());
    assert!(Bank::new(images.view(), bad.view(), 1).is_none());
}
