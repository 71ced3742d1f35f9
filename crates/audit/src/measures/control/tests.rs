use super::*;
use crate::measures::{
    components::Neighbours,
    testing::{flood, mask, masks},
};
use proptest::prelude::*;

/// Least overlap over all flips and all shifts that stay inside, by trying each.
fn least(mask: &Mask) -> usize {
    let b = bounds(mask).unwrap();
    let mut moves = vec![
        Move::Flip { rows: true, columns: false },
        Move::Flip { rows: false, columns: true },
        Move::Flip { rows: true, columns: true },
    ];
    for down in -(b.top as isize)..=(mask.height - 1 - b.bottom) as isize {
        for right in -(b.left as isize)..=(mask.width - 1 - b.right) as isize {
            moves.push(Move::Shift { down, right, wrapped: false });
        }
    }
    moves.into_iter().map(|how| overlap(mask, mask, how)).min().unwrap()
}

#[test]
fn a_flip_that_is_free_is_taken() {
    let found = moved(&mask("##..\n#...")).unwrap();
    assert_eq!(found.mask, mask("..##\n...#"));
    assert_eq!((found.overlap, found.how.as_str()), (0.0, "flipped left to right"));
}

#[test]
fn a_central_object_is_shifted_by_as_little_as_needed() {
    let found = moved(&mask(".....\n.....\n..##.\n.....\n.....")).unwrap();
    // Flipping columns leaves half of it on the object.
    assert_eq!(found.mask, mask(".....\n.....\n.....\n..##.\n....."));
    assert_eq!(found.how, "shifted by 1 rows and 0 columns");
    assert_eq!(found.overlap, 0.0);
}

#[test]
fn wrap_around_only_where_nothing_else_is_left() {
    // The frame lies on itself however it is flipped, and fills the image from border to border.
    let frame = mask("#######\n#.....#\n#.....#\n#.....#\n#.....#\n#.....#\n#######");
    let found = moved(&frame).unwrap();
    assert!(found.how.ends_with("wrapped around the borders"), "{}", found.how);
    assert_eq!(area(&found.mask), area(&frame));
    // At its new place it is two full rows and two full columns; each of the four crosses the
    // frame at two pixels.
    assert_eq!(found.overlap, 8.0 / 24.0);
}

#[test]
fn no_control() {
    assert_eq!(moved(&mask("..\n..")), None);
    assert_eq!(moved(&mask("##\n##")), None);
    // Eight of nine: any place of it lies on the object by at least seven of eight.
    assert_eq!(moved(&mask("###\n#.#\n###")), None);
    assert_eq!(moved(&Mask { width: 0, height: 0, data: vec![] }), None);
}

#[test]
fn a_large_image_is_searched_in_steps_up_to_the_borders() {
    let mut data = vec![false; 300 * 400];
    for y in 100..200 {
        data[y * 400 + 150..y * 400 + 250].fill(true);
    }
    let found = moved(&Mask { width: 400, height: 300, data }).unwrap();
    assert_eq!(found.overlap, 0.0);
    // Exactly centred: flips are useless. 400 / 128 rounds up to steps of 4: 100 is a multiple.
    assert_eq!(found.how, "shifted by 100 rows and 0 columns");
    assert_eq!(offsets(5, 9, 4), [0, 4, 8, 9, -4, -5]);
    assert_eq!(offsets(0, 0, 4), [0]);
}

#[test]
fn rows_are_rotated_bit_by_bit() {
    for width in [1usize, 5, 63, 64, 65, 128, 200] {
        let data: Vec<bool> = (0..2 * width).map(|at| at * at % 7 < 3).collect();
        let mask = Mask { width, height: 2, data };
        let rows = Rows::new(&mask, 0..=1);
        for right in -(width as isize)..=width as isize {
            let how = Move::Shift { down: 0, right, wrapped: true };
            let expected = Rows::new(&apply(&mask, how), 0..=1);
            assert_eq!(rows.rotated(right).words, expected.words, "{width} by {right}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn same_area_and_the_overlap_that_is_stated(mask in masks(14)) {
        if let Some(found) = moved(&mask) {
            prop_assert_eq!((found.mask.width, found.mask.height), (mask.width, mask.height));
            prop_assert_eq!(area(&found.mask), area(&mask));
            let common = found.mask.data.iter().zip(&mask.data).filter(|&(&a, &b)| a && b).count();
            prop_assert_eq!(found.overlap, common as f64 / area(&mask) as f64);
            prop_assert!(found.overlap <= MAX_OVERLAP);
            if !found.how.contains("wrapped") {
                let sizes = |mask: &Mask| {
                    let mut areas: Vec<usize> = flood(mask, Neighbours::Eight).iter().map(|c| c.area).collect();
                    areas.sort_unstable();
                    areas
                };
                prop_assert_eq!(sizes(&found.mask), sizes(&mask));
            }
        }
    }

    #[test]
    fn no_other_place_lies_less_on_the_object(mask in masks(14)) {
        let on = area(&mask);
        if on > 0 && on < mask.data.len() {
            let least = least(&mask);
            match moved(&mask) {
                Some(found) if !found.how.contains("wrapped") => {
                    prop_assert_eq!(found.overlap, least as f64 / on as f64);
                }
                _ => prop_assert!(2 * least > on),
            }
        }
    }
}
