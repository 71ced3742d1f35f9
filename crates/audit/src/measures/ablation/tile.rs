//! The object's box filled with a piece of its surroundings.

use crate::measures::{
    SizeMismatch,
    components::{Bounds, Neighbours, components},
    fit,
};
use rightly_data::{Mask, Planes};

/// Fills the box of each 8-connected component with the largest free neighbour tile, repeated.
///
/// The neighbours are the four boxes of the component's own size that touch its box on the right,
/// left, top and bottom, cut at the border of the image and before the nearest object pixel of any
/// component, so that a tile never contains one. The largest area wins; ties go right, left, up,
/// down. The tile is repeated from the box's upper left corner. All tiles are taken from the
/// unedited picture, so that no tile depends on another; where boxes overlap, the component whose
/// first pixel comes later (row by row) is laid on top.
///
/// `None` where some component has no free pixel along any side of its box. A picture without an
/// object is returned as it is: count such images apart, they are not ablated.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn tile(planes: &Planes, mask: &Mask) -> Result<Option<Planes>, SizeMismatch> {
    fit(planes, mask)?;
    let mut out = planes.clone();
    for component in components(mask, Neighbours::Eight) {
        let Some(source) = largest(mask, component.bounds) else { return Ok(None) };
        let piece = taken(planes, source);
        fill(&mut out, component.bounds, &piece);
    }
    Ok(Some(out))
}

/// [`tile`] as Hard ImageNet's code goes about it: the parts are 4-connected, and one is filled after the other, each from the
/// picture as those before it left it. A tile may so hold what an earlier box was filled with.
///
/// # Errors
/// Where picture and mask differ in size.
pub fn tile_in_sequence(planes: &Planes, mask: &Mask) -> Result<Option<Planes>, SizeMismatch> {
    fit(planes, mask)?;
    let mut out = planes.clone();
    for component in components(mask, Neighbours::Four) {
        let Some(source) = largest(mask, component.bounds) else { return Ok(None) };
        let piece = taken(&out, source);
        fill(&mut out, component.bounds, &piece);
    }
    Ok(Some(out))
}

/// The largest free neighbour of a box.
fn largest(mask: &Mask, b: Bounds) -> Option<Bounds> {
    let mut best: Option<(usize, Bounds)> = None;
    for tile in [right(mask, b), left(mask, b), up(mask, b), down(mask, b)].into_iter().flatten() {
        let area = tile.height() * tile.width();
        if best.is_none_or(|(most, _)| area > most) {
            best = Some((area, tile));
        }
    }
    best.map(|(_, tile)| tile)
}

fn row(mask: &Mask, y: usize) -> &[bool] {
    &mask.data[y * mask.width..(y + 1) * mask.width]
}

fn right(mask: &Mask, b: Bounds) -> Option<Bounds> {
    let start = b.right + 1;
    let mut end = (start + b.width()).min(mask.width);
    for y in b.top..=b.bottom {
        if let Some(free) = row(mask, y)[start..end].iter().position(|&on| on) {
            end = start + free;
        }
    }
    (end > start).then(|| Bounds { left: start, right: end - 1, ..b })
}

fn left(mask: &Mask, b: Bounds) -> Option<Bounds> {
    let mut start = b.left.saturating_sub(b.width());
    for y in b.top..=b.bottom {
        if let Some(last) = row(mask, y)[start..b.left].iter().rposition(|&on| on) {
            start += last + 1;
        }
    }
    (start < b.left).then(|| Bounds { left: start, right: b.left - 1, ..b })
}

fn up(mask: &Mask, b: Bounds) -> Option<Bounds> {
    let limit = b.top.saturating_sub(b.height());
    let free = (limit..b.top).rev().take_while(|&y| clear(mask, y, b)).count();
    (free > 0).then(|| Bounds { top: b.top - free, bottom: b.top - 1, ..b })
}

fn down(mask: &Mask, b: Bounds) -> Option<Bounds> {
    let limit = (b.bottom + 1 + b.height()).min(mask.height);
    let free = (b.bottom + 1..limit).take_while(|&y| clear(mask, y, b)).count();
    (free > 0).then(|| Bounds { top: b.bottom + 1, bottom: b.bottom + free, ..b })
}

/// Whether row `y` holds no object between the box's columns.
fn clear(mask: &Mask, y: usize, b: Bounds) -> bool {
    !row(mask, y)[b.left..=b.right].contains(&true)
}

/// A piece of a picture.
fn taken(planes: &Planes, tile: Bounds) -> Planes {
    let pixels = planes.width * planes.height;
    let rows = (0..3).flat_map(|channel| (tile.top..=tile.bottom).map(move |y| (channel, y)));
    let data = rows.flat_map(|(channel, y)| {
        let from = channel * pixels + y * planes.width + tile.left;
        planes.data[from..from + tile.width()].iter().copied()
    });
    Planes { width: tile.width(), height: tile.height(), data: data.collect() }
}

/// Fills a box with a piece, repeated from its upper left corner.
fn fill(out: &mut Planes, b: Bounds, tile: &Planes) {
    let width = out.width;
    let pixels = width * out.height;
    for channel in 0..3 {
        for y in 0..b.height() {
            let row = channel * tile.height + y % tile.height;
            let source = &tile.data[row * tile.width..(row + 1) * tile.width];
            let to = channel * pixels + (b.top + y) * width + b.left;
            for piece in out.data[to..to + b.width()].chunks_mut(source.len()) {
                piece.copy_from_slice(&source[..piece.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{flood, mask, masks, numbered, origin};
    use proptest::prelude::*;

    type Rule = fn(&Planes, &Mask) -> Result<Option<Planes>, SizeMismatch>;

    /// Where each pixel of the tiled picture comes from.
    fn origins(mask: &Mask) -> Option<Vec<usize>> {
        origins_by(tile, mask)
    }

    fn origins_by(rule: Rule, mask: &Mask) -> Option<Vec<usize>> {
        let out = rule(&numbered(mask.height, mask.width), mask).unwrap()?;
        let pixels = mask.data.len();
        let from: Vec<usize> =
            out.data[..pixels].iter().map(|&v| origin(v, mask.height, mask.width)).collect();
        // All channels move together.
        for (at, &value) in out.data.iter().enumerate() {
            assert_eq!(origin(value, mask.height, mask.width), from[at % pixels]);
        }
        Some(from)
    }

    /// The same rules, pixel by pixel: every candidate is tried from the largest down.
    fn brute(mask: &Mask, neighbours: Neighbours, in_sequence: bool) -> Option<Vec<usize>> {
        let (height, width) = (mask.height as isize, mask.width as isize);
        let mut from: Vec<usize> = (0..mask.data.len()).collect();
        for part in flood(mask, neighbours) {
            let before: Vec<usize> =
                if in_sequence { from.clone() } else { (0..mask.data.len()).collect() };
            let b = part.bounds;
            let (top, left) = (b.top as isize, b.left as isize);
            let (h, w) = (b.height() as isize, b.width() as isize);
            let mut candidates = Vec::new();
            for depth in (1..=w).rev() {
                candidates.push((0, top, left + w, h, depth));
                candidates.push((1, top, left - depth, h, depth));
            }
            for depth in (1..=h).rev() {
                candidates.push((2, top - depth, left, depth, w));
                candidates.push((3, top + h, left, depth, w));
            }
            let (_, t, l, th, tw) = candidates
                .into_iter()
                .filter(|&(_, t, l, th, tw)| {
                    t >= 0
                        && l >= 0
                        && t + th <= height
                        && l + tw <= width
                        && (t..t + th)
                            .all(|y| (l..l + tw).all(|x| !mask.data[(y * width + x) as usize]))
                })
                .min_by_key(|&(side, _, _, th, tw)| (-(th * tw), side))?;
            for y in 0..h {
                for x in 0..w {
                    from[((top + y) * width + left + x) as usize] =
                        before[((t + y % th) * width + l + x % tw) as usize];
                }
            }
        }
        Some(from)
    }

    #[test]
    fn ties_go_right_then_left_then_up_then_down() {
        assert_eq!(origins(&mask("...\n.#.\n...")).unwrap()[4], 5);
        assert_eq!(origins(&mask("...\n.##\n...")).unwrap()[4..6], [1, 2]);
        assert_eq!(origins(&mask("...\n..#\n...")).unwrap()[5], 4);
        assert_eq!(origins(&mask(".\n#\n.")).unwrap()[1], 0);
        assert_eq!(origins(&mask("#\n.")).unwrap()[0], 1);
    }

    #[test]
    fn a_cut_tile_is_repeated() {
        // Three columns of object, one free column on the right, nothing else free.
        assert_eq!(origins(&mask("###.\n###.")).unwrap(), [3, 3, 3, 3, 7, 7, 7, 7]);
        // Two of five free, on the left.
        assert_eq!(origins(&mask("..#####")).unwrap(), [0, 1, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn another_object_stops_the_tile() {
        // Right of the first object two columns are free, then the second begins.
        let from = origins(&mask("###..##")).unwrap();
        assert_eq!(from, [3, 4, 3, 3, 4, 3, 4]);
    }

    #[test]
    fn in_sequence_corners_are_no_bridge_and_later_parts_see_what_was_filled() {
        // Two parts that touch at a corner: one box of four, or two boxes of one pixel.
        let corner = mask("....\n.#..\n..#.\n....");
        assert_eq!(origins(&corner).unwrap()[5..7], [7, 7]);
        let apart = origins_by(tile_in_sequence, &corner).unwrap();
        assert_eq!((apart[5], apart[6], apart[10]), (6, 6, 11));
        // The ring's box is filled first, the hole with it; the part inside then takes its tile from what was filled.
        let ring = mask("#####..\n#...#..\n#.#.#..\n#...#..\n#####..");
        let (ours, theirs) =
            (origins(&ring).unwrap(), origins_by(tile_in_sequence, &ring).unwrap());
        assert_eq!(ours[16], 17, "from the picture");
        assert_eq!(theirs[16], theirs[17]);
        assert_ne!(theirs[17], 17);
    }

    #[test]
    fn nothing_free() {
        assert_eq!(origins(&mask("##\n##")), None);
        // The cross reaches all four borders, so that no side of its box is free.
        assert_eq!(origins(&mask(".#.\n###\n.#.")), None);
        assert_eq!(origins(&mask("#")), None);
    }

    #[test]
    fn an_empty_mask_changes_nothing() {
        assert_eq!(origins(&mask("..\n..")).unwrap(), [0, 1, 2, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn agrees_with_brute_force(mask in masks(12)) {
            prop_assert_eq!(origins(&mask), brute(&mask, Neighbours::Eight, false));
            let published = origins_by(tile_in_sequence, &mask);
            prop_assert_eq!(published, brute(&mask, Neighbours::Four, true));
        }

        #[test]
        fn no_object_pixel_is_left_or_brought_in(mask in masks(12)) {
            if let Some(from) = origins(&mask) {
                for (at, &source) in from.iter().enumerate() {
                    prop_assert!(!mask.data[source], "pixel {} shows object pixel {}", at, source);
                }
            }
        }

        #[test]
        fn outside_the_boxes_nothing_changes(mask in masks(12)) {
            if let Some(from) = origins(&mask) {
                let boxes = flood(&mask, Neighbours::Eight);
                for (at, &source) in from.iter().enumerate() {
                    let (y, x) = (at / mask.width, at % mask.width);
                    let boxed = boxes.iter().any(|c| {
                        (c.bounds.top..=c.bounds.bottom).contains(&y)
                            && (c.bounds.left..=c.bounds.right).contains(&x)
                    });
                    prop_assert_eq!(source == at, !boxed);
                }
            }
        }
    }
}
