//! Random streams keyed by what they are for, so that no image depends on another.
use super::format::Range;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What every stream of one image shares: world, seed, split and index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) world: &'a str,
    pub(super) seed: u64,
    pub(super) split: &'a str,
    pub(super) index: u64,
}

impl Key<'_> {
    /// The stream for one purpose: 'pose', 'light', 'background', ….
    ///
    /// The ChaCha8 key is the BLAKE3 hash of all fields, texts preceded by their lengths.
    pub(super) fn stream(&self, purpose: &str) -> Stream {
        let mut hasher = blake3::Hasher::new();
        for text in [self.world, self.split, purpose] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hasher.update(&self.seed.to_le_bytes()).update(&self.index.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }
}

/// Draws in a fixed order.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// Uniform on `[0, 1)`, with 53 random bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform on a range.
    pub(super) fn within(&mut self, range: Range) -> f64 {
        range.low + (range.high - range.low) * self.unit()
    }

    /// Uniform on `[-1, 1)`.
    pub(super) fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// Uniform on `0..n`; 0 where `n` is 0. The bias is below n / 2^64.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// 32 random bits: the key of a noise field.
    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// An index with probability in proportion to its weight; the last one where all are 0.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (i, weight) in weights.enumerate() {
            last = i;
            if left < weight {
                return i;
            }
            left -= weight;
        }
        last
    }

    /// A random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_of_a_key_changes_its_streams() {
        let base = Key { world: "w", seed: 1, split: "train", index: 2 };
        let first = |key: Key<'_>, purpose| key.stream(purpose).bits();
        assert_eq!(first(base, "pose"), first(base, "pose"));
        let others = [
            first(base, "light"),
            first(Key { world: "v", ..base }, "pose"),
            first(Key { seed: 2, ..base }, "pose"),
            first(Key { split: "test", ..base }, "pose"),
            first(Key { index: 3, ..base }, "pose"),
        ];
        assert!(others.iter().all(|&other| other != first(base, "pose")));
    }

    #[test]
    fn draws_have_the_right_shares() {
        let mut stream = Key { world: "w", seed: 0, split: "s", index: 0 }.stream("test");
        let mut counts = [0; 3];
        for _ in 0..30_000 {
            counts[stream.weighted([1.0, 0.0, 3.0].into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        // five standard deviations of a binomial draw
        assert!((f64::from(counts[0]) - 7500.0).abs() < 5.0 * 75.0, "{counts:?}");
        let mean = (0..30_000).map(|_| stream.signed()).sum::<f64>() / 30_000.0;
        assert!(mean.abs() < 5.0 * (1.0f64 / 3.0 / 30_000.0).sqrt());
        let mut order: Vec<usize> = (0..50).collect();
        stream.shuffle(&mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(order != sorted && sorted == (0..50).collect::<Vec<_>>());
    }
}
