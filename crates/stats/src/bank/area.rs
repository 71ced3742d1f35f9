//! The exact area under the ROC curve of scores in single precision.

/// Bits of a key that one pass of the sort looks at.
const DIGIT: u32 = 11;

/// One group, and buffers that serve all phrases.
pub(super) struct Areas<'a> {
    members: &'a [bool],
    inside: Vec<u32>,
    outside: Vec<u32>,
    spare: Vec<u32>,
}

impl<'a> Areas<'a> {
    pub(super) fn new(members: &'a [bool]) -> Self {
        Self { members, inside: Vec::new(), outside: Vec::new(), spare: Vec::new() }
    }

    /// The probability that a member's score is above another image's, ties counted half. Counted in whole numbers.
    pub(super) fn of(&mut self, scores: &[f32]) -> f64 {
        self.inside.clear();
        self.outside.clear();
        for (score, member) in scores.iter().zip(self.members) {
            if *member { &mut self.inside } else { &mut self.outside }.push(key(*score));
        }
        sort(&mut self.inside, &mut self.spare);
        sort(&mut self.outside, &mut self.spare);
        let (mut below, mut up_to, mut twice) = (0, 0, 0_u64);
        for inside in &self.inside {
            below += self.outside[below..].iter().take_while(|key| *key < inside).count();
            up_to = up_to.max(below);
            up_to += self.outside[up_to..].iter().take_while(|key| *key <= inside).count();
            twice += (below + up_to) as u64;
        }
        let pairs = self.inside.len() as f64 * self.outside.len() as f64;
        twice as f64 / 2.0 / pairs
    }
}

/// A whole number in the order of the scores; one for both zeros.
fn key(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Sorts by digits, the last one first: three passes, where a sort by comparison makes seventeen over 100,000 keys.
fn sort(keys: &mut Vec<u32>, spare: &mut Vec<u32>) {
    if keys.len() < 1 << DIGIT {
        keys.sort_unstable();
        return;
    }
    let digits = 1_usize << DIGIT;
    let mut counts = vec![0_u32; 3 * digits];
    let digit = |key: u32, pass: u32| (key >> (pass * DIGIT)) as usize & (digits - 1);
    for key in keys.iter() {
        for pass in 0..3 {
            counts[pass as usize * digits + digit(*key, pass)] += 1;
        }
    }
    spare.resize(keys.len(), 0);
    for pass in 0..3 {
        let counts = &mut counts[pass as usize * digits..][..digits];
        let mut sum = 0;
        for count in counts.iter_mut() {
            sum += std::mem::replace(count, sum);
        }
        for key in keys.iter() {
            let place = &mut counts[digit(*key, pass)];
            spare[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(keys, spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_and_long_lists_are_sorted() {
        let scores = [f32::NEG_INFINITY, -2.0, -1e-40, -0.0, 0.0, 1e-40, 0.5, 3.0, f32::INFINITY];
        assert!(scores.windows(2).all(|w| (w[0] < w[1]) == (key(w[0]) < key(w[1]))));
        let mut keys: Vec<u32> = (0..10_000_u32).map(|i| i.wrapping_mul(2_654_435_761)).collect();
        let mut expected = keys.clone();
        expected.sort_unstable();
        sort(&mut keys, &mut Vec::new());
        assert_eq!(keys, expected);
    }
}
