//! Which images of a pool are added: DIM's data-centric mitigation (Zhang et al., CVPR 2024).

use std::collections::BTreeMap;

use ndarray::Axis;
use rand::seq::SliceRandom;
use rightly_data::table::Columns;
use rightly_stats::rng::keyed;

use super::{
    Repair,
    assign_groups::{Told, tell},
    grouping::Grouping,
    material::{Rows, by_class},
    output::path,
    pool::Pool,
};
use crate::{Error, Inputs, RunDir};

/// Squared distance of two images below which they are the same picture, as a share of the mean over their class.
const SAME: f64 = 0.01;

/// Images that were chosen, positions in the pool, each with the group that it was chosen for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Choice {
    pub(super) rows: Vec<usize>,
    pub(super) groups: Vec<Option<usize>>,
    pub(super) shares: Vec<f32>,
}

/// Chooses `budget` images of the pool for the groups that need them.
///
/// A group needs as many as it has images that the model gets wrong beyond what it gets wrong anywhere (`before`, on the
/// held-out images); the budget is dealt in that proportion, and goes on to the others where a group has no more. Of each
/// group those that belong to it most come first; an image that lies where a chosen one lies is left out.
pub(super) fn nearest(
    grouping: &Grouping,
    held: &Rows,
    before: &[f64],
    pool: &Pool,
    budget: usize,
) -> Result<Choice, Error> {
    let needs = needs(grouping, held, before);
    let told: Vec<(usize, Told)> = tell(grouping, held, &[&pool.rows])?;
    let mut ranked: BTreeMap<usize, Vec<(f32, usize)>> = BTreeMap::new();
    for (row, told) in told {
        for &(group, share) in &told.soft {
            if needs.contains_key(&group) && told.group == group {
                ranked.entry(group).or_default().push((share, row));
            }
        }
    }
    for rows in ranked.values_mut() {
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        rows.reverse();
    }
    let spread = spread(&pool.rows);
    let mut out = Choice::default();
    let mut given: BTreeMap<usize, usize> = BTreeMap::new();
    while out.rows.len() < budget {
        // The group that is furthest behind its part of the budget.
        let behind =
            |group: &usize| needs[group] / (given.get(group).copied().unwrap_or(0) + 1) as f64;
        let open = ranked.iter().filter(|(_, rows)| !rows.is_empty()).map(|(group, _)| *group);
        let next = open.max_by(|a, b| behind(a).total_cmp(&behind(b)).then(b.cmp(a)));
        let Some(group) = next else { break };
        let Some((share, row)) = ranked.get_mut(&group).and_then(Vec::pop) else { break };
        let class = pool.rows.labels[row];
        let near = SAME * spread.get(&class).copied().unwrap_or(0.0);
        let own = out.rows.iter().zip(&out.groups).filter(|(_, g)| **g == Some(group));
        if own.map(|(&other, _)| distance(&pool.rows, row, other)).any(|d| d <= near) {
            continue;
        }
        out.rows.push(row);
        out.groups.push(Some(group));
        out.shares.push(share);
        *given.entry(group).or_default() += 1;
    }
    Ok(out)
}

/// As many images at random.
pub(super) fn random(pool: &Pool, count: usize, seed: u64, draw: u64) -> Choice {
    let mut rows: Vec<usize> = (0..pool.ids.len()).collect();
    rows.shuffle(&mut keyed(seed, "intervention at random", "", draw));
    plain(rows, count)
}

/// The images with the largest loss.
pub(super) fn hardest(pool: &Pool, count: usize) -> Choice {
    let mut rows: Vec<usize> = (0..pool.ids.len()).collect();
    rows.sort_by(|&a, &b| pool.losses[b].total_cmp(&pool.losses[a]).then(a.cmp(&b)));
    plain(rows, count)
}

fn plain(mut rows: Vec<usize>, count: usize) -> Choice {
    rows.truncate(count);
    let n = rows.len();
    Choice { rows, groups: vec![None; n], shares: vec![0.0; n] }
}

/// Images of each named group that are wrong beyond the error of all images, where there are any.
pub(super) fn needs(grouping: &Grouping, held: &Rows, before: &[f64]) -> BTreeMap<usize, f64> {
    let all = before.iter().sum::<f64>() / before.len().max(1) as f64;
    let mut sums = BTreeMap::<usize, f64>::new();
    for (sample, right) in held.samples.iter().zip(before) {
        if let Some(member) = grouping.members.get(sample)
            && grouping.groups[member.group].name.is_some()
        {
            *sums.entry(member.group).or_default() += all - right;
        }
    }
    sums.retain(|_, need| *need > 0.0);
    sums
}

/// Mean squared distance of two images of each class.
fn spread(rows: &Rows) -> BTreeMap<usize, f64> {
    let of = |(class, own): (usize, Vec<usize>)| {
        let values = rows.values.select(Axis(0), &own).mapv(f64::from);
        let mean = values.mean_axis(Axis(0))?;
        let sum: f64 =
            values.rows().into_iter().map(|row| (&row - &mean).mapv(|v| v * v).sum()).sum();
        Some((class, 2.0 * sum / own.len() as f64))
    };
    by_class(&rows.labels).into_iter().filter_map(of).collect()
}

fn distance(rows: &Rows, a: usize, b: usize) -> f64 {
    let pairs = rows.values.row(a).into_iter().zip(rows.values.row(b));
    pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// `mitigate/METHOD/chosen.parquet`: rank, id, class, group (null where it was chosen for none), share, loss.
pub(super) fn write_chosen(
    inputs: &Inputs,
    run: &RunDir,
    repair: Repair,
    grouping: &Grouping,
    pool: &Pool,
    choice: &Choice,
) -> Result<(), Error> {
    let class = |&row: &usize| inputs.dataset.classes[pool.rows.labels[row]].as_str();
    let name = |group: &Option<usize>| group.and_then(|g| grouping.groups[g].name.as_deref());
    let batch = Columns::new()
        .i64("rank", (1..=choice.rows.len()).map(|rank| rank as i64))
        .utf8("id", choice.rows.iter().map(|&row| pool.ids[row].as_str()))
        .utf8("class", choice.rows.iter().map(class))
        .utf8_opt("group", choice.groups.iter().map(name))
        .f32("share", choice.shares.iter().copied())
        .f32("loss", choice.rows.iter().map(|&row| pool.losses[row]))
        .batch()?;
    run.write_table(&path(repair, "chosen.parquet"), &batch)
}

#[cfg(test)]
mod tests {
    use super::super::grouping::{Group, Member};
    use super::*;
    use ndarray::Array2;

    /// Images of one class at these places on a line.
    fn rows(first: usize, places: &[f32]) -> Rows {
        Rows {
            samples: (first..first + places.len()).collect(),
            values: Array2::from_shape_fn((places.len(), 2), |(row, column)| {
                if column == 0 { places[row] } else { (row % 3) as f32 * 0.01 }
            }),
            labels: vec![0; places.len()],
        }
    }

    /// Two named groups, left and right of 0, and the rest.
    fn grouping(held: &Rows) -> Grouping {
        let named = |name: &str| Group { class: 0, name: Some(name.to_owned()) };
        let member = |(row, &sample): (usize, &usize)| {
            let group = usize::from(held.values[[row, 0]] > 0.0);
            (sample, Member { group, soft: vec![(group, 1.0)] })
        };
        Grouping {
            groups: vec![named("left"), named("right"), Group { class: 0, name: None }],
            members: held.samples.iter().enumerate().map(member).collect(),
            fit: held.samples.clone(),
            report: Vec::new(),
            splits: [String::new(), String::new()],
            words: String::new(),
            key: String::new(),
        }
    }

    fn pool(places: &[f32]) -> Pool {
        Pool {
            rows: rows(0, places),
            ids: places.iter().map(|p| p.to_string()).collect(),
            losses: places.iter().map(|p| p.abs()).collect(),
            words: String::new(),
            key: String::new(),
        }
    }

    #[test]
    fn images_are_chosen_for_the_group_that_fails_and_none_twice() {
        let places: Vec<f32> =
            (0..20).map(|at| if at < 10 { -5.0 } else { 5.0 } + (at % 10) as f32 * 0.1).collect();
        let held = rows(0, &places);
        let grouping = grouping(&held);
        // Everything on the left is wrong.
        let before: Vec<f64> = (0..20).map(|at| f64::from(u8::from(at >= 10))).collect();
        assert_eq!(needs(&grouping, &held, &before).into_keys().collect::<Vec<_>>(), [0]);
        let pool = pool(&[-6.0, 4.0, -3.0, 6.0, -4.5, -4.5, 5.0]);
        let choice = nearest(&grouping, &held, &before, &pool, 10).unwrap();
        let mut chosen: Vec<f32> =
            choice.rows.iter().map(|&row| pool.rows.values[[row, 0]]).collect();
        chosen.sort_by(f32::total_cmp);
        assert_eq!(chosen, [-6.0, -4.5, -3.0], "one of the two that lie together");
        assert!(choice.groups.iter().all(|group| *group == Some(0)));
        assert_eq!(nearest(&grouping, &held, &before, &pool, 2).unwrap().rows, choice.rows[..2]);
        // Nothing fails: nothing is needed.
        assert!(nearest(&grouping, &held, &[1.0; 20], &pool, 10).unwrap().rows.is_empty());
        // The hardest are those of the largest loss, the random ones as many and each once.
        assert_eq!(hardest(&pool, 2).rows, [0, 3]);
        let random = random(&pool, 5, 0, 0).rows;
        assert_eq!(random.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    }

    #[test]
    fn the_budget_goes_where_more_is_wrong() {
        let places: Vec<f32> =
            (0..40).map(|at| if at < 20 { -5.0 } else { 5.0 } + (at % 20) as f32 * 0.05).collect();
        let held = rows(0, &places);
        let mut grouping = grouping(&held);
        // A third of the class, all right, in no group.
        for sample in (0..40).filter(|at| at % 3 == 0) {
            grouping.members.insert(sample, Member { group: 2, soft: vec![(2, 1.0)] });
        }
        let right = |at: usize| at.is_multiple_of(3) || (at >= 20 && at.is_multiple_of(2));
        let before: Vec<f64> = (0..40).map(|at| f64::from(u8::from(right(at)))).collect();
        let needs = needs(&grouping, &held, &before);
        assert!(needs[&0] > needs.get(&1).copied().unwrap_or(0.0));
        let pool = pool(&(0..40).map(|at| places[at] + 0.02).collect::<Vec<_>>());
        let choice = nearest(&grouping, &held, &before, &pool, 12).unwrap();
        let left = choice.groups.iter().filter(|group| **group == Some(0)).count();
        assert!(left > choice.rows.len() / 2, "{left} of {}", choice.rows.len());
    }
}
