//! What the values of one mask file look like.
use super::labels::{Kind, Labels};

/// Numbers of one file's values, and what they look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Profile {
    /// Pixels there are.
    pub(super) pixels: usize,
    /// The file's own largest value: the scale of everything else here.
    pub(super) largest: u32,
    /// Pixels above 0.
    pub(super) above_zero: usize,
    /// Pixels at the largest value.
    pub(super) at_largest: usize,
    /// Pixels from a quarter, a half and three quarters of the largest value on.
    pub(super) from_quarters: [usize; 3],
    /// What the values look like.
    pub(super) looks: Looks,
    /// The values below the largest are few and lie in areas, not along edges.
    pub(super) flat: bool,
    /// One channel whose values below the largest are few and small: where the dataset holds label
    /// maps with void, this file is one.
    pub(super) may_be_labels: bool,
}

/// What the values of a file look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// Only 0.
    Empty,
    /// One value above 0.
    Flat,
    /// Detail was lost: by its format, or by ringing near 0 and near the largest value.
    Lossy,
    /// Small labels in flat areas beside 255 (65535 of 16 bits).
    LabelMap,
    /// Values beside 255 that may be labels or coverage.
    Unclear,
    /// Anything else: soft edges, mattes, several labels without 255.
    Coverage,
}

/// Most labels that a label map is expected to hold in one picture.
const MOST_LABELS: usize = 64;

impl Profile {
    pub(super) fn of(labels: &Labels) -> Self {
        let values = &labels.values;
        let largest = values.iter().copied().max();
        let largest = largest.expect("readers refuse a mask without pixels");
        let mut counts = Counts::default();
        for &value in values {
            counts.add(value, largest);
        }
        let Seen { looks, flat, may_be_labels } = looks(labels, largest, &counts);
        Self {
            pixels: values.len(),
            largest,
            above_zero: counts.above_zero,
            at_largest: counts.at_largest,
            from_quarters: counts.from_quarters,
            looks,
            flat,
            may_be_labels,
        }
    }

    /// A count as a share of the picture.
    pub(super) fn share(&self, count: usize) -> f64 {
        count as f64 / self.pixels.max(1) as f64
    }

    /// Pixels from half of the largest value on.
    pub(super) fn half(&self) -> usize {
        self.from_quarters[1]
    }
}

#[derive(Default)]
struct Counts {
    above_zero: usize,
    at_largest: usize,
    from_quarters: [usize; 3],
    /// Values between 0 and the largest; at most one more than [`MOST_LABELS`].
    between: Vec<u32>,
    highest_between: u32,
    last: u32,
}

impl Counts {
    fn add(&mut self, value: u32, largest: u32) {
        if value == 0 {
            return;
        }
        self.above_zero += 1;
        for (quarter, count) in (1u64..).zip(&mut self.from_quarters) {
            *count += usize::from(4 * u64::from(value) >= quarter * u64::from(largest));
        }
        if value == largest {
            self.at_largest += 1;
            return;
        }
        self.highest_between = self.highest_between.max(value);
        // Masks are flat: most neighbours are equal.
        if value != self.last && self.between.len() <= MOST_LABELS && !self.between.contains(&value)
        {
            self.between.push(value);
        }
        self.last = value;
    }
}

/// The part of a profile that is decided, not counted.
struct Seen {
    looks: Looks,
    flat: bool,
    may_be_labels: bool,
}

fn looks(labels: &Labels, largest: u32, counts: &Counts) -> Seen {
    let plain = |looks| Seen { looks, flat: false, may_be_labels: false };
    let between = counts.above_zero - counts.at_largest;
    if largest == 0 {
        return plain(Looks::Empty);
    }
    if labels.lossy {
        return plain(Looks::Lossy);
    }
    if between == 0 {
        return plain(Looks::Flat);
    }
    let surroundings = Surroundings::of(labels, largest);
    if surroundings.rings() {
        return plain(Looks::Lossy);
    }
    let few = counts.between.len() <= MOST_LABELS;
    let flat_share = surroundings.flat as f64 / between as f64;
    let flat = few && flat_share >= 0.5;
    let small = match largest {
        255 => 127,
        65535 => 32767,
        // Nothing that is used for void.
        _ => return Seen { looks: Looks::Coverage, flat, may_be_labels: false },
    };
    let one = labels.kind == Kind::OneChannel;
    let low = few && counts.highest_between <= small;
    let looks = if flat && one && low {
        Looks::LabelMap
    } else if flat
        && (one || labels.kind == Kind::GrayInColour)
        && between * 10 >= counts.above_zero
    {
        // Gray saved as colour, or high labels. Thin ones are edges that were enlarged.
        Looks::Unclear
    } else if one && low && (flat_share > 0.1 || between * 4 > counts.above_zero) {
        Looks::Unclear
    } else {
        Looks::Coverage
    };
    Seen { looks, flat, may_be_labels: one && low }
}

/// How values between 0 and the largest lie among their neighbours.
#[derive(Default)]
struct Surroundings {
    /// Those with an equal neighbour both in their row and in their column: areas, not edges.
    flat: usize,
    /// Values up to an eighth of the largest, and those from seven eighths on.
    near_ends: [usize; 2],
    /// Of those: peaks near 0 and dips near the largest, along rows and along columns. A soft edge
    /// has none; where detail was lost, they surround every edge.
    swings: [usize; 2],
}

impl Surroundings {
    fn of(labels: &Labels, largest: u32) -> Self {
        let (width, height) = (labels.width, labels.height);
        let at = |x: usize, y: usize| labels.values[y * width + x];
        let mut found = Self::default();
        for y in 0..height {
            for x in 0..width {
                let value = at(x, y);
                if value == 0 || value == largest {
                    continue;
                }
                let row = [x.checked_sub(1), Some(x + 1).filter(|&x| x < width)]
                    .map(|x| x.map(|x| at(x, y)));
                let column = [y.checked_sub(1), Some(y + 1).filter(|&y| y < height)]
                    .map(|y| y.map(|y| at(x, y)));
                found.add(value, largest, [row, column]);
            }
        }
        found
    }

    fn add(&mut self, value: u32, largest: u32, lines: [[Option<u32>; 2]; 2]) {
        self.flat += usize::from(lines.iter().all(|line| line.contains(&Some(value))));
        let end = if u64::from(value) * 8 <= u64::from(largest) {
            0
        } else if u64::from(value) * 8 >= u64::from(largest) * 7 {
            1
        } else {
            return;
        };
        self.near_ends[end] += 1;
        for line in lines {
            let [Some(before), Some(behind)] = line else { continue };
            let swing = if end == 0 {
                value > before && value > behind
            } else {
                value < before && value < behind
            };
            self.swings[end] += usize::from(swing);
        }
    }

    /// Measured on masks of photographs and drawn shapes: JPEG and lossy WebP of every quality have
    /// at least .18 swings a pixel at one of the ends, and both ends; blurred edges and those of
    /// box, bilinear and bicubic resizing have at most .09. Lanczos rings itself, and is right from
    /// half on too.
    fn rings(&self) -> bool {
        let rate = |end: usize| self.swings[end] as f64 / self.near_ends[end].max(1) as f64;
        self.near_ends.iter().all(|&count| count > 0) && rate(0).max(rate(1)) >= 0.15
    }
}
