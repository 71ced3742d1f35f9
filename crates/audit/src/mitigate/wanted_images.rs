//! What to collect where the model fails, in words and numbers.

use rightly_data::table::Columns;
use rightly_stats::proportion::wilson;

use super::{
    evaluation::{Judges, Right},
    group_names::{GroupNames, numbered},
    grouping::Grouping,
};
use crate::{Error, Inputs, RunDir};

/// class, group, title (null without a name), accuracy, images (that were reported on), rest (other images of the class),
/// gap (rest minus group), low, high, more (images of the group that would halve the interval of the gap; null where no number
/// would: the rest of the class decides it).
pub(super) const COLLECT: &str = "mitigate/collect.parquet";

/// One group that fails.
struct Wanted {
    class: String,
    group: String,
    title: Option<String>,
    accuracy: f64,
    images: usize,
    rest: usize,
    gap: f64,
    interval: (f64, f64),
    more: Option<usize>,
}

/// Writes what to collect for the groups that are less accurate than the rest of their class, the largest gap first; and says
/// it, a sentence each for the first few.
///
/// # Errors
/// A table can't be read or written.
pub(super) fn write_wanted(
    inputs: &Inputs,
    run: &RunDir,
    grouping: &Grouping,
    judges: &Judges,
    before: &Right,
    names: &GroupNames,
) -> Result<Vec<String>, Error> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for (group, rows) in &judges.groups {
        let of = &grouping.groups[*group];
        let Some(name) = &of.name else { continue };
        let class = &inputs.dataset.classes[of.class];
        let all = judges.classes.iter().find(|(c, _)| *c == of.class);
        let Some((_, all)) = all else { continue };
        let hits = |rows: &[usize]| rows.iter().filter(|&&row| before[row] > 0.5).count();
        let (own, n) = (hits(rows), rows.len());
        let (others, m) = (hits(all) - own, all.len() - n);
        if n == 0 || m == 0 {
            continue;
        }
        let share = |hits: usize, n: usize| hits as f64 / n as f64;
        let gap = share(others, m) - share(own, n);
        let interval = rightly_stats::proportion::newcombe(others, m, own, n);
        let Some(interval) = interval.filter(|(low, _)| *low > 0.0) else { continue };
        wanted.push(Wanted {
            class: class.clone(),
            group: name.clone(),
            title: names.title(class, name).map(str::to_owned),
            accuracy: share(own, n),
            images: n,
            rest: m,
            gap,
            interval,
            more: more(own, n, others, m),
        });
    }
    wanted.sort_by(|a, b| b.gap.total_cmp(&a.gap).then(a.class.cmp(&b.class)));
    let count = |v: usize| v as i64;
    let batch = Columns::new()
        .utf8("class", wanted.iter().map(|w| w.class.as_str()))
        .utf8("group", wanted.iter().map(|w| w.group.as_str()))
        .utf8_opt("title", wanted.iter().map(|w| w.title.as_deref()))
        .f64("accuracy", wanted.iter().map(|w| w.accuracy))
        .i64("images", wanted.iter().map(|w| count(w.images)))
        .i64("rest", wanted.iter().map(|w| count(w.rest)))
        .f64("gap", wanted.iter().map(|w| w.gap))
        .f64("low", wanted.iter().map(|w| w.interval.0))
        .f64("high", wanted.iter().map(|w| w.interval.1))
        .i64_opt("more", wanted.iter().map(|w| w.more.map(count)))
        .batch()?;
    run.write_table(COLLECT, &batch)?;
    let say = |w: &Wanted| {
        let group = numbered(&w.class, &w.group)
            .unwrap_or_else(|| format!("'{}' of '{}'", w.group, w.class));
        let what = match &w.title {
            Some(title) => format!("{title} ({group})"),
            None => format!("images like those of {group}"),
        };
        let number = match w.more {
            Some(more) => format!("{more} more would halve the interval of their gap"),
            None => "the interval of their gap depends on the rest of the class as well".to_owned(),
        };
        format!(
            "To collect: {what}: {:.0} % of {} are right, {:.0} points fewer than of the rest; {number}.",
            100.0 * w.accuracy,
            w.images,
            100.0 * w.gap
        )
    };
    Ok(wanted.iter().take(5).map(say).collect())
}

/// Further images of a group that would halve the interval of its gap, at the shares that were seen.
fn more(own: usize, n: usize, others: usize, m: usize) -> Option<usize> {
    let half = |hits: usize, n: usize| wilson(hits, n).map(|(low, high)| (high - low) / 2.0);
    let of_rest = half(others, m)?;
    let of_own = half(own, n)?;
    // Both halves add as squares; that of the group alone can shrink.
    let wanted = (of_own.powi(2) + of_rest.powi(2)) / 4.0 - of_rest.powi(2);
    if wanted <= 0.0 {
        return None;
    }
    let rate = own as f64 / n as f64;
    let enough = |size: usize| {
        half((rate * size as f64).round() as usize, size).is_some_and(|h| h * h <= wanted)
    };
    let mut size = n;
    while !enough(size) {
        size += (size / 50).max(1);
    }
    Some(size - n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_sharp_needs_about_four_times_as_many() {
        // The rest is large: its part is small.
        let needed = more(10, 40, 9_000, 10_000).unwrap();
        assert!((110..=140).contains(&needed), "{needed}");
        assert_eq!(more(10, 40, 20, 40), None, "the rest is as small as the group");
        assert_eq!(more(0, 0, 5, 9), None);
    }
}
