//! Connected parts of a mask and their bounding boxes.

use super::check;
use rightly_data::Mask;

/// A box of pixels; all four sides belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Last row, inside the box.
    pub bottom: usize,
    /// Last column, inside the box.
    pub right: usize,
}

impl Bounds {
    /// Rows, at least 1.
    pub fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    /// Columns, at least 1.
    pub fn width(&self) -> usize {
        self.right - self.left + 1
    }

    /// Smallest box around both.
    fn joined(self, other: Self) -> Self {
        Self {
            top: self.top.min(other.top),
            left: self.left.min(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }
}

/// One connected part of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Smallest box around it.
    pub bounds: Bounds,
    /// Its pixels.
    pub area: usize,
}

/// Box around everything that is object; `None` for an empty mask.
pub fn bounds(mask: &Mask) -> Option<Bounds> {
    check(mask);
    if mask.width == 0 {
        return None;
    }
    let mut all: Option<Bounds> = None;
    for (y, row) in mask.data.chunks_exact(mask.width).enumerate() {
        let Some(left) = row.iter().position(|&on| on) else {
            continue;
        };
        let right = row.iter().rposition(|&on| on).unwrap_or(left);
        let here = Bounds { top: y, left, bottom: y, right };
        all = Some(all.map_or(here, |sofar| sofar.joined(here)));
    }
    all
}

/// Pixels that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbours {
    /// Those that share a side.
    Four,
    /// Those that share a side or a corner.
    Eight,
}

/// The connected components, ordered by their first pixel, row by row.
pub fn components(mask: &Mask, neighbours: Neighbours) -> Vec<Component> {
    // How far beyond its ends a run touches those of the next row.
    let reach = match neighbours {
        Neighbours::Four => 0,
        Neighbours::Eight => 1,
    };
    check(mask);
    if mask.width == 0 {
        return Vec::new();
    }
    let mut runs: Vec<Component> = Vec::new();
    // parent[i] <= i, so that a root is the first run of its component.
    let mut parent: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for (y, row) in mask.data.chunks_exact(mask.width).enumerate() {
        let first = runs.len();
        let mut candidate = above.start;
        let mut x = 0;
        while let Some(skip) = row[x..].iter().position(|&on| on) {
            let left = x + skip;
            let length = row[left..].iter().position(|&on| !on).unwrap_or(row.len() - left);
            let right = left + length - 1;
            x = right + 1;
            let run = runs.len();
            runs.push(Component {
                bounds: Bounds { top: y, left, bottom: y, right },
                area: length,
            });
            parent.push(run);
            while candidate < above.end && runs[candidate].bounds.right + reach < left {
                candidate += 1;
            }
            let touching = runs[candidate..above.end]
                .iter()
                .take_while(|other| other.bounds.left <= right + reach)
                .count();
            for other in candidate..candidate + touching {
                join(&mut parent, run, other);
            }
        }
        above = first..runs.len();
    }
    let mut found: Vec<Component> = Vec::new();
    let mut index = vec![0; runs.len()];
    for run in 0..runs.len() {
        let root = root(&mut parent, run);
        if root == run {
            index[run] = found.len();
            found.push(runs[run]);
        } else {
            let whole = &mut found[index[root]];
            whole.bounds = whole.bounds.joined(runs[run].bounds);
            whole.area += runs[run].area;
        }
    }
    found
}

fn root(parent: &mut [usize], mut run: usize) -> usize {
    while parent[run] != run {
        parent[run] = parent[parent[run]];
        run = parent[run];
    }
    run
}

fn join(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::testing::{flood, mask, masks};
    use proptest::prelude::*;

    #[test]
    fn diagonal_neighbours_belong_together() {
        let picture = mask("#...\n.#..\n...#\n#..#");
        let found = components(&picture, Neighbours::Eight);
        assert_eq!(
            found,
            [
                Component { bounds: Bounds { top: 0, left: 0, bottom: 1, right: 1 }, area: 2 },
                Component { bounds: Bounds { top: 2, left: 3, bottom: 3, right: 3 }, area: 2 },
                Component { bounds: Bounds { top: 3, left: 0, bottom: 3, right: 0 }, area: 1 },
            ]
        );
        let apart = components(&picture, Neighbours::Four);
        assert_eq!(apart.iter().map(|c| c.area).collect::<Vec<_>>(), [1, 1, 2, 1]);
    }

    #[test]
    fn arms_that_meet_late_are_one() {
        for neighbours in [Neighbours::Four, Neighbours::Eight] {
            let found = components(&mask("#.#.#\n#.#.#\n#####"), neighbours);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].area, 11);
        }
    }

    #[test]
    fn empty_and_full() {
        assert_eq!(components(&mask("...\n..."), Neighbours::Eight), []);
        assert_eq!(bounds(&mask("...\n...")), None);
        let whole = Bounds { top: 0, left: 0, bottom: 1, right: 2 };
        assert_eq!(
            components(&mask("###\n###"), Neighbours::Eight),
            [Component { bounds: whole, area: 6 }]
        );
        let nothing = Mask { width: 0, height: 0, data: vec![] };
        assert_eq!(components(&nothing, Neighbours::Four), []);
    }

    proptest! {
        #[test]
        fn agrees_with_a_flood_fill(mask in masks(12)) {
            for neighbours in [Neighbours::Four, Neighbours::Eight] {
                prop_assert_eq!(components(&mask, neighbours), flood(&mask, neighbours));
            }
        }

        #[test]
        fn the_box_around_all_is_the_boxes_joined(mask in masks(12)) {
            let joined = components(&mask, Neighbours::Eight).iter().map(|c| c.bounds).reduce(Bounds::joined);
            prop_assert_eq!(bounds(&mask), joined);
        }
    }
}
