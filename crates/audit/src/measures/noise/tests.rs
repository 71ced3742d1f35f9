use super::*;
use crate::measures::testing::{mask, masks, numbered};
use proptest::prelude::*;

const SIDES: [Side; 2] = [Side::Foreground, Side::Background];

/// Noise for tests that only need fixed, uneven values: a simple recurrence into -2..2.
fn rough(len: usize) -> Vec<f32> {
    let mut state = 12_345u32;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect()
}

/// A picture of one value.
fn flat(mask: &Mask, value: f32) -> Planes {
    Planes { width: mask.width, height: mask.height, data: vec![value; 3 * mask.data.len()] }
}

fn level(name: &str) -> Level {
    name.parse().unwrap()
}

#[test]
fn a_field_belongs_to_seed_id_and_trial() {
    let first = field(7, "a/1.png", 0, 1000);
    assert_eq!(field(7, "a/1.png", 0, 1000), first);
    assert_eq!(field(7, "a/1.png", 0, 10), first[..10]);
    for other in
        [field(8, "a/1.png", 0, 1000), field(7, "a/2.png", 0, 1000), field(7, "a/1.png", 1, 1000)]
    {
        let same = other.iter().zip(&first).filter(|(a, b)| a == b).count();
        assert!(same < 5, "{same} of 1000 values are shared");
        let product: f32 = other.iter().zip(&first).map(|(a, b)| a * b).sum::<f32>() / 1000.0;
        assert!(product.abs() < 0.15, "correlation {product}");
    }
}

#[test]
fn a_field_is_standard_normal() {
    let n = 200_000usize;
    let values = field(0, "x", 0, n);
    let moment = |p: i32| values.iter().map(|&v| f64::from(v).powi(p)).sum::<f64>() / n as f64;
    // Six standard errors: sqrt(1/n), sqrt(2/n), sqrt(15/n), sqrt(96/n).
    let error = 6.0 / (n as f64).sqrt();
    assert!(moment(1).abs() < error);
    assert!((moment(2) - 1.0).abs() < error * 2f64.sqrt());
    assert!(moment(3).abs() < error * 15f64.sqrt());
    assert!((moment(4) - 3.0).abs() < error * 96f64.sqrt());
    let beyond = values.iter().filter(|v| v.abs() > 1.959_964).count() as f64 / n as f64;
    assert!((beyond - 0.05).abs() < 6.0 * (0.05f64 * 0.95 / n as f64).sqrt());
}

#[test]
fn linf_adds_sigma_times_the_field_and_clamps() {
    let mask = mask("##.");
    let noise = [1.0, -4.0, 1.0, 8.0, 0.5, -1.0, 0.0, 0.25, 9.0];
    let out = add(&flat(&mask, 0.5), &mask, Side::Foreground, &noise, level("linf/0.25")).unwrap();
    assert_eq!(out.data, [0.75, 0.0, 0.5, 1.0, 0.625, 0.5, 0.5, 0.5625, 0.5]);
    let out = add(&flat(&mask, 0.5), &mask, Side::Background, &noise, level("linf/0.25")).unwrap();
    assert_eq!(out.data, [0.5, 0.5, 0.75, 0.5, 0.5, 0.25, 0.5, 0.5, 1.0]);
}

#[test]
fn l2_leaves_a_side_without_pixels_unchanged() {
    let (empty, full) = (mask("..\n.."), mask("##\n##"));
    let (noise, planes) = (rough(12), numbered(2, 2));
    assert_eq!(add(&planes, &empty, Side::Foreground, &noise, level("l2/1")).unwrap(), planes);
    assert_eq!(add(&planes, &full, Side::Background, &noise, level("l2/1")).unwrap(), planes);
    assert_eq!(add(&planes, &full, Side::Foreground, &[0.0; 12], level("l2/1")).unwrap(), planes);
}

#[test]
fn a_smaller_object_gets_denser_noise_at_one_norm() {
    let (small, large) = (mask("#...\n....\n....\n...."), mask("####\n####\n....\n...."));
    let noise = rough(48);
    let change = |mask: &Mask| {
        let out = add(&flat(mask, 0.5), mask, Side::Foreground, &noise, level("l2/0.3")).unwrap();
        let on = mask.data.iter().filter(|&&on| on).count();
        out.data.iter().map(|v| (v - 0.5).abs()).sum::<f32>() / on as f32
    };
    assert!(change(&small) > 2.0 * change(&large));
}

proptest! {
    #[test]
    fn the_other_side_is_untouched(mask in masks(9), l2 in any::<bool>(), value in 0.01f32..5.0) {
        let planes = numbered(mask.height, mask.width);
        let noise = rough(planes.data.len());
        let level = Level { norm: if l2 { Norm::L2 } else { Norm::Linf }, value };
        for side in SIDES {
            let out = add(&planes, &mask, side, &noise, level).unwrap();
            for (at, (&after, &before)) in out.data.iter().zip(&planes.data).enumerate() {
                prop_assert!((0.0..=1.0).contains(&after));
                if mask.data[at % mask.data.len()] != (side == Side::Foreground) {
                    prop_assert_eq!(after, before);
                }
            }
        }
    }

    #[test]
    fn both_sides_add_up_to_noise_everywhere(mask in masks(9), value in 0.01f32..2.0) {
        let planes = numbered(mask.height, mask.width);
        let noise = rough(planes.data.len());
        let level = Level { norm: Norm::Linf, value };
        let front = add(&planes, &mask, Side::Foreground, &noise, level).unwrap();
        let twice = add(&front, &mask, Side::Background, &noise, level).unwrap();
        let full = Mask { data: vec![true; mask.data.len()], ..mask };
        prop_assert_eq!(twice, add(&planes, &full, Side::Foreground, &noise, level).unwrap());
    }

    #[test]
    fn the_unclamped_norm_is_the_level(mask in masks(9), scale in 0.01..0.24f64) {
        let planes = flat(&mask, 0.5);
        let noise = rough(planes.data.len());
        for side in SIDES {
            // The noise lies in -2..2, so that no value leaves 0..1 at these scales.
            let value = (scale * norm(&noise, &mask, side)) as f32;
            if value > 0.0 {
                let out = add(&planes, &mask, side, &noise, Level { norm: Norm::L2, value }).unwrap();
                let square: f64 = out.data.iter().map(|&v| f64::from(v - 0.5).powi(2)).sum();
                let error = square.sqrt() - f64::from(value);
                // Half a unit in the last place of 0.5..1, for each value.
                prop_assert!(error.abs() < 3e-8 * (out.data.len() as f64).sqrt(), "{} off", error);
            }
        }
    }

    #[test]
    fn the_squared_norms_of_both_sides_add_up(mask in masks(9)) {
        let noise = rough(3 * mask.data.len());
        let square = |side| norm(&noise, &mask, side).powi(2);
        let all: f64 = noise.iter().map(|&v| f64::from(v).powi(2)).sum();
        prop_assert!((square(Side::Foreground) + square(Side::Background) - all).abs() <= 1e-9 * all);
    }
}
