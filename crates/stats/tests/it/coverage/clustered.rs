//! Coverage where whole clusters are sampled.

use rand_chacha::ChaCha8Rng;

use super::{covers, design, pooled_rfs};
use crate::worlds::{clusters, cut, difficulty, noise_trials, normal, rfs, uniform};

const CLUSTERS: (f64, f64) = (0.92, 0.97);

#[test]
fn clustered_proportions() {
    for (g, p) in [(15, 0.5), (15, 0.7), (15, 0.9), (16, 0.2), (30, 0.9), (60, 0.1)] {
        covers(&format!("clustered proportion G {g} p {p}"), CLUSTERS, p, |rng, seed| {
            let cluster = clusters(rng, g);
            let shared: Vec<f64> = (0..g).map(|_| normal(rng)).collect();
            let hit = |&c: &u32| difficulty(rng, shared[c as usize], 0.4) < cut(p);
            let hits: Vec<bool> = cluster.iter().map(hit).collect();
            design(cluster.iter().map(|c| c % 11).collect(), Some(cluster), seed).proportion(&hits)
        });
    }
}

/// The limit that the docs of `proportion` state: one cluster in sixteen is wrong as a whole, the
/// others miss one unit in 25, so that four samples of ten hold nothing of what they lack.
#[test]
fn clusters_of_a_rare_kind() {
    let (rare, miss) = (1.0 / 16.0, 0.04);
    let truth = (1.0 - rare) * (1.0 - miss);
    covers("limit: rare wrong clusters, G 15", (0.5, 0.92), truth, |rng, seed| {
        let cluster = clusters(rng, 15);
        let right: Vec<bool> = (0..15).map(|_| uniform(rng) >= rare).collect();
        let hits: Vec<bool> =
            cluster.iter().map(|&c| right[c as usize] && uniform(rng) >= miss).collect();
        design(vec![0; hits.len()], Some(cluster), seed).proportion(&hits)
    });
}

#[test]
fn clustered_drops_and_rfs() {
    for (g, on, off) in [(15, 0.4, 0.8), (20, 0.5, 0.65), (40, 0.3, 0.5)] {
        let cuts = (cut(on), cut(off));
        let sample = |rng: &mut ChaCha8Rng| {
            let cluster = clusters(rng, g);
            let shared: Vec<f64> = (0..g).map(|_| normal(rng)).collect();
            let (a, b): (Vec<f64>, Vec<f64>) = cluster
                .iter()
                .map(|&c| {
                    let image = difficulty(rng, shared[c as usize], 0.4);
                    noise_trials(rng, image, cuts)
                })
                .unzip();
            (cluster, a, b)
        };
        covers(&format!("clustered gap G {g}"), CLUSTERS, off - on, |rng, seed| {
            let (cluster, a, b) = sample(rng);
            let gap: Vec<f64> = b.iter().zip(&a).map(|(b, a)| b - a).collect();
            design(cluster.clone(), Some(cluster), seed).mean_within(&gap, -1.0, 1.0)
        });
        covers(&format!("clustered rfs G {g}"), CLUSTERS, rfs(on, off), |rng, seed| {
            let (cluster, a, b) = sample(rng);
            design(cluster.clone(), Some(cluster), seed).functional(1, pooled_rfs(&a, &b))[0]
        });
    }
}

#[test]
fn clustered_means_and_medians() {
    for g in [15, 30, 60] {
        let sample = |rng: &mut ChaCha8Rng| {
            let cluster = clusters(rng, g);
            let shared: Vec<f64> = (0..g).map(|_| normal(rng)).collect();
            let value = |&c: &u32| (0.6 * shared[c as usize] + 0.8 * normal(rng)).exp();
            let values: Vec<f64> = cluster.iter().map(value).collect();
            (cluster, values)
        };
        covers(&format!("clustered median G {g}"), CLUSTERS, 1.0, |rng, seed| {
            let (cluster, values) = sample(rng);
            design(cluster.clone(), Some(cluster), seed).median(&values)
        });
        covers(&format!("clustered mean G {g}"), CLUSTERS, 0.0, |rng, seed| {
            let (cluster, values) = sample(rng);
            let logs: Vec<f64> = values.iter().map(|v| v.ln()).collect();
            design(cluster.clone(), Some(cluster), seed).mean(&logs)
        });
    }
}

#[test]
fn clustered_class_means() {
    // five classes of four clusters each; then clusters that hold two classes each
    for spanning in [false, true] {
        let name = format!("clustered class means, spanning {spanning}");
        covers(&name, CLUSTERS, 0.0, |rng, seed| {
            let cluster = clusters(rng, 20);
            let class: Vec<u32> = cluster
                .iter()
                .enumerate()
                .map(|(i, c)| if spanning { (c + i as u32 % 2) % 5 } else { c % 5 })
                .collect();
            let shared: Vec<f64> = (0..20).map(|_| normal(rng)).collect();
            let value = |&c: &u32| 0.6 * shared[c as usize] + 0.8 * normal(rng);
            let values: Vec<f64> = cluster.iter().map(value).collect();
            design(class, Some(cluster), seed).mean_of_strata(&values)
        });
    }
}
