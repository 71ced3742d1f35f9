//! Counter-based random streams keyed by what they are for.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A stream for `(seed, purpose, key, trial)`, the same whatever the order of calls or threads.
///
/// The ChaCha8 key is the BLAKE3 hash of the four fields, integers as 8 little-endian bytes and
/// texts preceded by their length, so that no two different quadruples share a message.
pub fn keyed(seed: u64, purpose: &str, key: &str, trial: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    for text in [purpose, key] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&trial.to_le_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// Fills `out` with independent draws of N(0, 1), in order.
pub fn standard_normal_fill(rng: &mut impl rand::Rng, out: &mut [f32]) {
    for value in out {
        *value = StandardNormal.sample(rng);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    fn first(seed: u64, purpose: &str, key: &str, trial: u64) -> u64 {
        keyed(seed, purpose, key, trial).next_u64()
    }

    #[test]
    fn every_field_changes_the_stream() {
        let base = first(1, "noise", "a/b.png", 0);
        assert_eq!(base, first(1, "noise", "a/b.png", 0));
        for other in [
            first(2, "noise", "a/b.png", 0),
            first(1, "noise", "a/b.png", 1),
            first(1, "noisea", "/b.png", 0),
            first(1, "nois", "ea/b.png", 0),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normal_draws_have_the_right_moments() {
        let mut x = vec![0f32; 200_000];
        standard_normal_fill(&mut keyed(7, "test", "", 0), &mut x);
        let n = x.len() as f64;
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let moment = |p: i32| x.iter().map(|&v| f64::from(v).powi(p)).sum::<f64>() / n;
        // five standard errors of each moment
        assert!(mean.abs() < 5.0 / n.sqrt());
        assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / n).sqrt());
    }
}
