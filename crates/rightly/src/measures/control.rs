//! The area-matched control: an image's own mask, moved onto its background.
//!
//! RFS and the gray ablation depend on how large the object is. The same measure taken with a mask
//! of exactly the same area and shape on another place of the same image tells what the area alone
//! does.

use super::{area, components::bounds, sound};
use rightly_data::Mask;

/// Largest share of a control that may lie on the object. Above it the control would mostly measure
/// the object again.
pub const MAX_OVERLAP: f64 = 0.5;

/// Shifts are tried in steps of this share of the longer side: 2 pixels at 224.
const STEPS: usize = 128;
/// The same for shifts with wrap-around, of which every image has many.
const WRAPPED_STEPS: usize = 64;

/// A moved mask.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The mask at its new place, the same size and area.
    pub mask: Mask,
    /// Share of the moved mask's area that lies on the object, 0..=[`MAX_OVERLAP`].
    pub overlap: f64,
    /// What was done, in words.
    pub how: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    Flip { rows: bool, columns: bool },
    Shift { down: isize, right: isize, wrapped: bool },
}

/// The mask flipped (left to right, top to bottom, both) or shifted within the image, whichever
/// lies least on the object; of equals, flips before shifts (they keep the distance from the
/// centre), then the shortest shift. Shifts are tried in steps of 1/128 of the longer side, and up to
/// the borders.
///
/// Only where all of these lie on the object by more than [`MAX_OVERLAP`], the mask is shifted with
/// wrap-around, which may split it at the borders (`how` says so). `None` where even that lies on the
/// object by more than [`MAX_OVERLAP`], as it must for an object of more than two thirds of the
/// image, and for empty and full masks.
pub fn moved(mask: &Mask) -> Option<Moved> {
    let total = area(mask);
    if !sound(mask) || total == 0 || total == mask.data.len() {
        return None;
    }
    let mut search = Search { best: None };
    for (rows, columns) in [(false, true), (true, false), (true, true)] {
        let flip = Move::Flip { rows, columns };
        search.offer(overlap(mask, flip), 0, flip);
    }
    shifts(mask, &mut search);
    let allowed = |count: usize| count as f64 <= MAX_OVERLAP * total as f64;
    if !search.best.is_some_and(|best| allowed(best.overlap)) {
        search.best = None;
        wrapped_shifts(mask, &mut search);
    }
    let best = search.best.filter(|best| allowed(best.overlap))?;
    Some(Moved {
        mask: apply(mask, best.how),
        overlap: best.overlap as f64 / total as f64,
        how: best.how.words(),
    })
}

impl Move {
    fn words(self) -> String {
        match self {
            Self::Flip { rows: false, .. } => "flipped left to right".into(),
            Self::Flip { columns: false, .. } => "flipped top to bottom".into(),
            Self::Flip { .. } => "turned by 180 degrees".into(),
            Self::Shift { down, right, wrapped } => {
                let wrap = if wrapped { ", wrapped around the borders" } else { "" };
                format!("shifted by {down} rows and {right} columns{wrap}")
            }
        }
    }

    /// Where pixel `(y, x)` goes.
    fn target(self, mask: &Mask, y: usize, x: usize) -> (usize, usize) {
        let (height, width) = (mask.height, mask.width);
        match self {
            Self::Flip { rows, columns } => {
                (if rows { height - 1 - y } else { y }, if columns { width - 1 - x } else { x })
            }
            Self::Shift { down, right, .. } => (
                (y as isize + down).rem_euclid(height as isize) as usize,
                (x as isize + right).rem_euclid(width as isize) as usize,
            ),
        }
    }
}

fn apply(mask: &Mask, how: Move) -> Mask {
    let mut out = Mask { data: vec![false; mask.data.len()], ..*mask };
    for (at, _) in mask.data.iter().enumerate().filter(|&(_, &on)| on) {
        let (y, x) = how.target(mask, at / mask.width, at % mask.width);
        out.data[y * mask.width + x] = true;
    }
    out
}

fn overlap(mask: &Mask, how: Move) -> usize {
    let moved = apply(mask, how);
    moved.data.iter().zip(&mask.data).map(|(&a, &b)| usize::from(a & b)).sum()
}

#[derive(Clone, Copy)]
struct Candidate {
    overlap: usize,
    distance: usize,
    how: Move,
}

struct Search {
    best: Option<Candidate>,
}

impl Search {
    /// Takes a candidate that lies less on the object than the best so far, or as much and nearer.
    fn offer(&mut self, overlap: usize, distance: usize, how: Move) {
        if self.best.is_none_or(|best| (overlap, distance) < (best.overlap, best.distance)) {
            self.best = Some(Candidate { overlap, distance, how });
        }
    }

    /// Counts common bits of rows, giving up where the candidate can no longer win.
    fn offer_rows<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a [u64], &'a [u64])>,
        down: isize,
        right: isize,
        wrapped: bool,
    ) {
        let distance = down.unsigned_abs().pow(2) + right.unsigned_abs().pow(2);
        let limit = match self.best {
            Some(best) if distance < best.distance => best.overlap + 1,
            Some(best) => best.overlap,
            None => usize::MAX,
        };
        let mut count = 0;
        for (object, moved) in pairs {
            if count >= limit {
                return;
            }
            count +=
                object.iter().zip(moved).map(|(a, b)| (a & b).count_ones() as usize).sum::<usize>();
        }
        self.offer(count, distance, Move::Shift { down, right, wrapped });
    }
}

/// Rows of a mask as bits, each shifted to the right by `shift` columns, cyclically.
fn bits(mask: &Mask, rows: std::ops::RangeInclusive<usize>, shift: usize) -> Vec<Vec<u64>> {
    rows.map(|y| {
        let row = &mask.data[y * mask.width..(y + 1) * mask.width];
        let mut words = vec![0u64; mask.width.div_ceil(64)];
        let (tail, head) = row.split_at(mask.width - shift);
        for (x, &on) in head.iter().chain(tail).enumerate() {
            words[x / 64] |= u64::from(on) << (x % 64);
        }
        words
    })
    .collect()
}

/// `-before ..= after` in steps, both ends and 0 included, nearest to 0 first on each side.
fn offsets(before: usize, after: usize, step: usize) -> Vec<isize> {
    let side = |end: usize, sign: isize| {
        let inner = (1..).map(move |k| k * step).take_while(move |&at| at < end);
        inner.chain((end > 0).then_some(end)).map(move |at| sign * at as isize)
    };
    std::iter::once(0).chain(side(after, 1)).chain(side(before, -1)).collect()
}

fn shifts(mask: &Mask, search: &mut Search) {
    let Some(b) = bounds(mask) else {
        return;
    };
    let step = mask.height.max(mask.width).div_ceil(STEPS);
    let object = bits(mask, 0..=mask.height - 1, 0);
    for right in offsets(b.left, mask.width - 1 - b.right, step) {
        let shift = right.rem_euclid(mask.width as isize) as usize;
        let moved = bits(mask, b.top..=b.bottom, shift);
        for down in offsets(b.top, mask.height - 1 - b.bottom, step) {
            let first = b.top.saturating_add_signed(down);
            let pairs = object[first..].iter().zip(&moved).map(|(a, b)| (&a[..], &b[..]));
            search.offer_rows(pairs, down, right, false);
        }
    }
}

fn wrapped_shifts(mask: &Mask, search: &mut Search) {
    let step = mask.height.max(mask.width).div_ceil(WRAPPED_STEPS);
    let object = bits(mask, 0..=mask.height - 1, 0);
    let half = |side: usize| offsets((side - 1) / 2, side / 2, step);
    for right in half(mask.width) {
        let moved = bits(mask, 0..=mask.height - 1, right.rem_euclid(mask.width as isize) as usize);
        for down in half(mask.height) {
            let first = down.rem_euclid(mask.height as isize) as usize;
            let rows = object[first..].iter().chain(&object[..first]);
            let pairs = rows.zip(&moved).map(|(a, b)| (&a[..], &b[..]));
            search.offer_rows(pairs, down, right, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{flood, mask, masks};
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
        moves.into_iter().map(|how| overlap(mask, how)).min().unwrap()
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
                        let mut areas: Vec<usize> = flood(mask).iter().map(|c| c.area).collect();
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
}
