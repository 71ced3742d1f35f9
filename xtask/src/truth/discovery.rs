//! Discovered subgroups against those that were planted, method by method on the same features.
//!
//! A planted subgroup is found where a finding of its class has at least half of its images among the subgroup's. Precision
//! at 10 is the largest share of the subgroup among the ten strongest images of a finding of its class, 0 where nothing of
//! the class was found. Beside it stands what needs no method: the same share among the ten images of the class with the highest
//! losses. A figure that this baseline has too shows nothing. The control is the default method on outcomes and losses dealt anew among the images of each class.
//! A world in which nothing is planted is also looked at with other held-out images under the same model, since a training
//! is long and a draw of images is not.

use std::collections::{BTreeMap, BTreeSet};

use rightly::{
    Finding,
    findings::Kind,
    planted_truth::{Truth, compare},
};
use rightly_stats::Design;

use super::world::{Plain, Planter, World};

/// Images of a finding that are looked at.
const TOP: usize = 10;
/// The baseline's name in tables.
const HIGHEST: &str = "the class's highest losses";
/// Bootstrap resamples; with few seeds the interval is a t interval.
const RESAMPLES: usize = 2000;

/// What a method does in one world.
#[derive(Clone, Copy, Default)]
struct Score {
    recall: f64,
    precision: f64,
    alarms: usize,
}

pub(crate) fn exam(
    planter: &Planter,
    worlds: &[String],
    seeds: u64,
    methods: &[String],
    draws: u64,
) -> anyhow::Result<()> {
    println!(
        "Subgroups (recall / precision at 10 / false alarms; highest losses: precision at 10 of the class's ten highest losses, of \
         subgroups / of cues; dealt anew: findings of the first method on outcomes dealt anew):\n"
    );
    println!("| world | seed | planted | {} | highest losses | dealt anew |", methods.join(" | "));
    println!("|---|---|---|{}---|---|", "---|".repeat(methods.len()));
    let mut by_world: BTreeMap<&str, Vec<Vec<Score>>> = BTreeMap::new();
    let mut of_cues: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut alarmed: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for name in worlds {
        for seed in 0..seeds {
            let world = planter.plant(name, seed, Plain::No)?;
            let mut scores = Vec::new();
            for method in methods {
                scores.push(score(&world, &planter.discover(&world, method)?));
            }
            let control = match methods.first() {
                Some(method) => planter.discover_dealt_anew(&world, method)?.len(),
                None => 0,
            };
            let planted = variants(&world).count();
            let cells: Vec<String> = scores.iter().map(|s| shown(*s, planted)).collect();
            let groups = highest(&world, Kind::FailingSubgroup)?;
            let cues = highest(&world, Kind::SpuriousCue)?;
            let share = |v: f64| if v.is_nan() { "–".to_owned() } else { format!("{v:.2}") };
            println!(
                "| {name} | {seed} | {planted} | {} | {} / {} | {control} |",
                cells.join(" | "),
                share(groups),
                share(cues)
            );
            if !cues.is_nan() {
                of_cues.entry(name).or_default().push(cues);
            }
            if planted > 0 {
                scores.push(Score { precision: groups, recall: f64::NAN, alarms: 0 });
                by_world.entry(name).or_default().push(scores);
            } else {
                let count = alarmed.entry(name).or_default();
                count.0 += usize::from(scores.first().is_some_and(|s| s.alarms > 0));
                count.1 += 1;
                for draw in 1..draws {
                    let found = planter.discover_drawn_anew(&world, &methods[0], draw)?;
                    for finding in &found {
                        println!("| {name} | {seed}, draw {draw} | 0 | {} |", finding.title);
                    }
                    count.0 += usize::from(!found.is_empty());
                    count.1 += 1;
                }
            }
        }
    }
    let with_baseline: Vec<String> = methods.iter().cloned().chain([HIGHEST.to_owned()]).collect();
    summary(&by_world, &with_baseline);
    for (name, shares) in of_cues {
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        println!("{name}: of the ten highest losses of a class with a cue {mean:.2} lack it.");
    }
    for (name, (with, all)) in alarmed {
        println!("{name}: {with} of {all} worlds with a finding.");
    }
    println!();
    Ok(())
}

/// Mean over the truths of a kind: the share of each among the ten images of its class with the highest losses.
fn highest(world: &World, kind: Kind) -> anyhow::Result<f64> {
    let losses = world.losses()?;
    let (mut sum, mut count) = (0.0, 0_usize);
    for truth in world.truths.iter().filter(|truth| truth.kind == kind) {
        let ids: BTreeSet<&str> = truth.ids.iter().map(String::as_str).collect();
        let mut own: Vec<(f64, &str)> = world
            .of_class(&truth.class)
            .into_iter()
            .filter_map(|id| Some((*losses.get(id)?, id)))
            .collect();
        own.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        own.truncate(TOP);
        sum +=
            own.iter().filter(|(_, id)| ids.contains(id)).count() as f64 / own.len().max(1) as f64;
        count += 1;
    }
    Ok(if count == 0 { f64::NAN } else { sum / count as f64 })
}

fn variants(world: &World) -> impl Iterator<Item = &Truth> {
    world.truths.iter().filter(|t| t.kind == Kind::FailingSubgroup)
}

fn score(world: &World, findings: &[Finding]) -> Score {
    let alarms = compare(&world.truths, findings, |class| world.of_class(class)).false_alarms.len();
    let (mut found, mut precision, mut planted) = (0, 0.0, 0);
    for truth in variants(world) {
        let ids: BTreeSet<&str> = truth.ids.iter().map(String::as_str).collect();
        let share = |images: &[String]| {
            let hits = images.iter().filter(|id| ids.contains(id.as_str())).count();
            hits as f64 / images.len().max(1) as f64
        };
        let own = findings.iter().filter(|f| {
            f.kind == Kind::FailingSubgroup && f.class.as_deref() == Some(&truth.class)
        });
        let (mut hit, mut best) = (false, 0.0_f64);
        for finding in own {
            hit |= share(&finding.images) >= 0.5;
            best = best.max(share(&finding.images[..TOP.min(finding.images.len())]));
        }
        found += usize::from(hit);
        precision += best;
        planted += 1;
    }
    let of = |sum: f64| if planted == 0 { f64::NAN } else { sum / f64::from(planted) };
    Score { recall: of(found as f64), precision: of(precision), alarms }
}

fn shown(score: Score, planted: usize) -> String {
    match planted {
        0 => format!("{}", score.alarms),
        _ => format!("{:.2} / {:.2} / {}", score.recall, score.precision, score.alarms),
    }
}

/// Means over seeds, and what each method has beyond the first, paired by seed.
fn summary(by_world: &BTreeMap<&str, Vec<Vec<Score>>>, methods: &[String]) {
    println!(
        "\n| world | method | recall | precision at 10 | false alarms a world | recall beyond the first | precision beyond the first |\n\
         |---|---|---|---|---|---|---|"
    );
    for (name, seeds) in by_world {
        for (at, method) in methods.iter().enumerate() {
            let mean = |value: &dyn Fn(&Score) -> f64, less_first: bool| {
                let values: Vec<f64> = seeds
                    .iter()
                    .map(|s| value(&s[at]) - if less_first { value(&s[0]) } else { 0.0 })
                    .collect();
                if values.iter().any(|v| v.is_nan()) {
                    return "–".to_owned();
                }
                let e = Design::new(vec![0; values.len()], None, 0, RESAMPLES).mean(&values);
                let bound =
                    |b: Option<f64>| b.map_or_else(|| "?".to_owned(), |b| format!("{b:+.2}"));
                format!("{} [{}, {}]", bound(e.value), bound(e.low), bound(e.high))
            };
            let alarms =
                seeds.iter().map(|s| s[at].alarms).sum::<usize>() as f64 / seeds.len() as f64;
            println!(
                "| {name} | {method} | {} | {} | {alarms:.1} | {} | {} |",
                mean(&|s| s.recall, false),
                mean(&|s| s.precision, false),
                mean(&|s| s.recall, true),
                mean(&|s| s.precision, true)
            );
        }
    }
    println!();
}
