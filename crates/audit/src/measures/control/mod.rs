//! The area-matched control: an image's own mask, moved onto its background.
//!
//! RFS and the gray ablation depend on how large the object is. The same measure taken with a mask
//! of exactly the same area and shape on another place of the same image tells what the area alone
//! does.

use super::{area, check, components::bounds};
use rightly_data::Mask;
use std::{ops::RangeInclusive, slice::ChunksExact};

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
    moved_off(mask, mask)
}

/// [`moved`] for a part of an object: the part's mask at the place where it lies least on the whole `object`.
///
/// # Panics
/// Where the two masks differ in size.
pub fn moved_off(mask: &Mask, object: &Mask) -> Option<Moved> {
    check(mask);
    assert_eq!((mask.width, mask.height), (object.width, object.height), "masks of one picture");
    let total = area(mask);
    if total == 0 || total == mask.data.len() {
        return None;
    }
    let mut search = Search { best: None };
    for (rows, columns) in [(false, true), (true, false), (true, true)] {
        let flip = Move::Flip { rows, columns };
        search.offer(overlap(mask, object, flip), 0, flip);
    }
    if search.best.is_none_or(|best| best.overlap > 0) {
        shifts(mask, object, &mut search);
    }
    let allowed = |count: usize| count as f64 <= MAX_OVERLAP * total as f64;
    if !search.best.is_some_and(|best| allowed(best.overlap)) {
        search.best = None;
        wrapped_shifts(mask, object, &mut search);
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

fn overlap(mask: &Mask, object: &Mask, how: Move) -> usize {
    let moved = apply(mask, how);
    moved.data.iter().zip(&object.data).map(|(&a, &b)| usize::from(a & b)).sum()
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

/// Rows of a mask as bits, column `x` in bit `x % 64` of word `x / 64`.
struct Rows {
    width: usize,
    words: Vec<u64>,
}

impl Rows {
    /// The given rows of a mask that has columns.
    fn new(mask: &Mask, rows: RangeInclusive<usize>) -> Self {
        let each = mask.width.div_ceil(64);
        let mut words = Vec::with_capacity(each * mask.height);
        for row in mask.data[rows.start() * mask.width..(rows.end() + 1) * mask.width]
            .chunks_exact(mask.width)
        {
            words.extend(
                row.chunks(64).map(|piece| {
                    piece.iter().rev().fold(0u64, |word, &on| word << 1 | u64::from(on))
                }),
            );
        }
        Self { width: mask.width, words }
    }

    fn iter(&self) -> ChunksExact<'_, u64> {
        self.words.chunks_exact(self.width.div_ceil(64))
    }

    /// All rows shifted to the right, cyclically.
    fn rotated(&self, right: isize) -> Self {
        let up = right.rem_euclid(self.width as isize) as usize;
        let down = self.width - up;
        let last = u64::MAX >> (self.width.next_multiple_of(64) - self.width);
        let mut words = Vec::with_capacity(self.words.len());
        for row in self.iter() {
            let at = |index: Option<usize>| index.and_then(|i| row.get(i)).copied().unwrap_or(0);
            for word in 0..row.len() {
                // Bits that move up by `up`, and those that come around from `down` further on.
                let mut value = at(word.checked_sub(up / 64)) << (up % 64);
                if !up.is_multiple_of(64) {
                    value |= at(word.checked_sub(up / 64 + 1)) >> (64 - up % 64);
                }
                value |= at(Some(word + down / 64)) >> (down % 64);
                if !down.is_multiple_of(64) {
                    value |= at(Some(word + down / 64 + 1)) << (64 - down % 64);
                }
                words.push(if word + 1 == row.len() { value & last } else { value });
            }
        }
        Self { width: self.width, words }
    }
}

/// `-before ..= after` in steps, both ends and 0 included, nearest to 0 first on each side.
fn offsets(before: usize, after: usize, step: usize) -> Vec<isize> {
    let side = |end: usize, sign: isize| {
        let inner = (1..).map(move |k| k * step).take_while(move |&at| at < end);
        inner.chain((end > 0).then_some(end)).map(move |at| sign * at as isize)
    };
    std::iter::once(0).chain(side(after, 1)).chain(side(before, -1)).collect()
}

fn shifts(mask: &Mask, object: &Mask, search: &mut Search) {
    let Some(b) = bounds(mask) else {
        return;
    };
    let step = mask.height.max(mask.width).div_ceil(STEPS);
    let object = Rows::new(object, 0..=mask.height - 1);
    let inner = Rows::new(mask, b.top..=b.bottom);
    for right in offsets(b.left, mask.width - 1 - b.right, step) {
        let moved = inner.rotated(right);
        for down in offsets(b.top, mask.height - 1 - b.bottom, step) {
            let first = b.top.saturating_add_signed(down);
            search.offer_rows(object.iter().skip(first).zip(moved.iter()), down, right, false);
        }
    }
}

fn wrapped_shifts(mask: &Mask, object: &Mask, search: &mut Search) {
    let step = mask.height.max(mask.width).div_ceil(WRAPPED_STEPS);
    let own = Rows::new(mask, 0..=mask.height - 1);
    let object = Rows::new(object, 0..=mask.height - 1);
    let half = |side: usize| offsets((side - 1) / 2, side / 2, step);
    for right in half(mask.width) {
        let moved = own.rotated(right);
        for down in half(mask.height) {
            let first = down.rem_euclid(mask.height as isize) as usize;
            let rows = object.iter().skip(first).chain(object.iter().take(first));
            search.offer_rows(rows.zip(moved.iter()), down, right, true);
        }
    }
}

#[cfg(test)]
mod tests;
