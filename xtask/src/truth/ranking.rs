//! Ranks by spuriosity against what was planted.
//!
//! With a cue: is it found as a spurious cue of its class, do the ranks follow it, is the gap positive? Without: does the
//! gap include 0?

use std::collections::BTreeMap;

use rightly::{findings::Kind, rank::STAGE};
use rightly_data::table::Table;
use rightly_stats::{Estimate, correlation::spearman};

use super::world::{Plain, Planter, World};

/// The gap that is held against the truth.
const CONDITION: &str = "k=50";

pub(crate) fn exam(planter: &Planter, worlds: &[String], seeds: u64) -> anyhow::Result<()> {
    println!(
        "Ranking ({CONDITION}; cue: Spearman correlation of spuriosity with the presence of the planted cue):\n\n\
         | world | seed | class | planted | ranks follow the cue | gap | gap without the object | found |\n|---|---|---|---|---|---|---|---|"
    );
    // Cues, found ones, alarms about classes without a cue; classes without a cue, those whose gap includes 0,
    // those whose gap without the object does.
    let mut sums: BTreeMap<&str, [usize; 6]> = BTreeMap::new();
    for name in worlds {
        for seed in 0..seeds {
            let world = planter.plant(name, seed, Plain::No)?;
            let sum = sums.entry(name).or_default();
            for class in &world.dataset.classes {
                let planted =
                    world.truths.iter().find(|t| t.kind == Kind::SpuriousCue && t.class == *class);
                // What exchanged surroundings say of a class has a group.
                let found = world.findings.iter().any(|f| {
                    f.kind == Kind::SpuriousCue
                        && f.group.is_none()
                        && f.class.as_deref() == Some(class)
                });
                let gap = gap_of(&world, class, "gap");
                let bare = gap_of(&world, class, "gap-without-object");
                let follows = planted.map(|t| follows(&world, class, &t.value)).transpose()?;
                if planted.is_some() {
                    sum[0] += 1;
                    sum[1] += usize::from(found);
                } else {
                    sum[2] += usize::from(found);
                    sum[3] += 1;
                    sum[4] += usize::from(zero(&gap));
                    sum[5] += usize::from(zero(&bare));
                }
                if planted.is_some() || found {
                    println!(
                        "| {name} | {seed} | {class} | {} | {} | {} | {} | {} |",
                        planted.map_or("–", |t| t.value.as_str()),
                        follows.map_or_else(|| "–".to_owned(), |e| shown(&e)),
                        shown(&gap),
                        shown(&bare),
                        if found { "yes" } else { "no" }
                    );
                }
            }
        }
    }
    println!(
        "\n| world | cues | found as cues | classes without a cue | their alarms | their gaps that include 0 | the same without the object |\n|---|---|---|---|---|---|---|"
    );
    for (name, [cues, found, alarms, without, zero, bare]) in sums {
        println!("| {name} | {cues} | {found} | {without} | {alarms} | {zero} | {bare} |");
    }
    println!();
    Ok(())
}

/// Whether a gap may be none; one that was not measured is none.
fn zero(gap: &Estimate) -> bool {
    gap.low.is_none_or(|low| low <= 0.0) && gap.high.is_none_or(|high| high >= 0.0)
}

fn gap_of(world: &World, class: &str, metric: &str) -> Estimate {
    let row = world.metrics.iter().find(|m| {
        m.stage == STAGE
            && m.metric == metric
            && m.condition.as_deref() == Some(CONDITION)
            && m.class.as_deref() == Some(class)
    });
    row.map_or_else(Estimate::default, |m| Estimate {
        value: m.value,
        low: m.low,
        high: m.high,
        n: m.n,
        clusters: None,
    })
}

/// Rank correlation of spuriosity with the cue's presence, over the class's ranked images.
fn follows(world: &World, class: &str, cue: &str) -> anyhow::Result<Estimate> {
    let table = Table::load(&world.run.path("rank/spuriosity.parquet"))?;
    let backgrounds = world.attributes.get("background");
    let (mut values, mut present) = (Vec::new(), Vec::new());
    let rows =
        table.texts("id")?.into_iter().zip(table.texts("class")?).zip(table.floats("spuriosity")?);
    for ((id, of), spuriosity) in rows {
        let (Some(id), Some(spuriosity)) = (id, spuriosity) else { continue };
        if of.as_deref() == Some(class)
            && let Some(background) = backgrounds.and_then(|b| b.get(&id))
        {
            values.push(spuriosity);
            present.push(f64::from(u8::from(background == cue)));
        }
    }
    Ok(spearman(&values, &present))
}

fn shown(e: &Estimate) -> String {
    let bound = |b: Option<f64>| b.map_or_else(|| "?".to_owned(), |b| format!("{b:+.2}"));
    match e.value {
        None => "not ranked".to_owned(),
        value => format!("{} [{}, {}]", bound(value), bound(e.low), bound(e.high)),
    }
}
