//! Groups of images that had no part in finding them, told from their features.

use ndarray::{Array2, Axis};
use rightly_model::heads::Standard;
use rightly_stats::ridge::Ridge;

use super::{
    grouping::{Grouping, Member},
    material::{Rows, by_class},
};
use crate::Error;

/// Penalty of the map from features to groups, as a share of the mean squared length of a row.
const PENALTY: f64 = 0.1;

/// Gives every image of `rows` that has no group one: a linear map from features to the groups (and soft labels) of its
/// class, fitted on `known`.
///
/// # Errors
/// As [`tell`].
pub(super) fn place(grouping: &mut Grouping, known: &Rows, rows: &[&Rows]) -> Result<(), Error> {
    let all: Vec<(usize, Told)> = tell(grouping, known, rows)?;
    for (sample, told) in all {
        grouping
            .members
            .entry(sample)
            .or_insert_with(|| Member { group: told.group, soft: told.soft });
    }
    Ok(())
}

/// Share of images with a group for which the map fitted on `known` gives the same; `None` where there are none.
///
/// # Errors
/// As [`tell`].
pub(super) fn agreement(
    grouping: &Grouping,
    known: &Rows,
    judge: &Rows,
) -> Result<Option<f64>, Error> {
    let told = tell(grouping, known, &[judge])?;
    let own = |sample: &usize| grouping.members.get(sample).map(|member| member.group);
    let both: Vec<bool> =
        told.iter().filter_map(|(at, told)| Some(own(at)? == told.group)).collect();
    let same = both.iter().filter(|same| **same).count();
    Ok((!both.is_empty()).then(|| same as f64 / both.len() as f64))
}

/// What the map says of an image.
pub(super) struct Told {
    pub(super) group: usize,
    pub(super) soft: Vec<(usize, f32)>,
}

/// Every image of `rows` with what the map fitted on `known` says of it. Of a class that has no groups, or none of whose
/// images is in one, all are in none.
///
/// # Errors
/// No map can be fitted to the features of a class.
pub(super) fn tell(
    grouping: &Grouping,
    known: &Rows,
    rows: &[&Rows],
) -> Result<Vec<(usize, Told)>, Error> {
    let known_by_class = by_class(&known.labels);
    let of_rows: Vec<_> = rows.iter().map(|rows| by_class(&rows.labels)).collect();
    let classes: std::collections::BTreeSet<usize> =
        of_rows.iter().flat_map(|own| own.keys().copied()).collect();
    let mut out = Vec::new();
    for class in classes {
        let groups = grouping.of_class(class);
        let members = known_by_class.get(&class).map_or(&[][..], Vec::as_slice);
        let map = Map::fit(grouping, &groups, known, members)?;
        for (rows, own) in rows.iter().zip(&of_rows) {
            for &row in own.get(&class).map_or(&[][..], Vec::as_slice) {
                let told = map.as_ref().map(|map| map.tell(&groups, rows, row));
                let rest = || {
                    let group = *groups.last().expect("a class has the rest: by construction");
                    Told { group, soft: vec![(group, 1.0)] }
                };
                out.push((rows.samples[row], told.unwrap_or_else(rest)));
            }
        }
    }
    Ok(out)
}

/// From standardised features of a class to its groups: first one column a group, then one a soft share.
struct Map {
    standard: Standard,
    ridge: Ridge,
}

impl Map {
    /// `None` where there is nothing to tell apart.
    fn fit(
        grouping: &Grouping,
        groups: &[usize],
        known: &Rows,
        members: &[usize],
    ) -> Result<Option<Self>, Error> {
        let place = |group: usize| groups.iter().position(|g| *g == group);
        let of: Vec<(usize, &Member)> = members
            .iter()
            .filter_map(|&row| Some((row, grouping.members.get(&known.samples[row])?)))
            .collect();
        if of.is_empty() || groups.len() < 2 {
            return Ok(None);
        }
        let rows: Vec<usize> = of.iter().map(|(row, _)| *row).collect();
        let mut values = known.values.select(Axis(0), &rows);
        let standard = Standard::of(values.view());
        standard.apply(values.view_mut());
        let count = groups.len();
        let mut targets = Array2::<f64>::zeros((of.len(), 2 * count));
        for (at, (_, member)) in of.iter().enumerate() {
            if let Some(place) = place(member.group) {
                targets[[at, place]] = 1.0;
            }
            for &(group, share) in &member.soft {
                if let Some(place) = place(group) {
                    targets[[at, count + place]] = f64::from(share);
                }
            }
        }
        let values = values.mapv(f64::from);
        let ridge = Ridge::fit(values.view(), targets.view(), PENALTY).ok_or_else(|| {
            Error::Usage(
                "groups can't be told from the features: no linear map fits them".to_owned(),
            )
        })?;
        Ok(Some(Self { standard, ridge }))
    }

    fn tell(&self, groups: &[usize], rows: &Rows, row: usize) -> Told {
        let mut values = rows.values.select(Axis(0), &[row]);
        self.standard.apply(values.view_mut());
        let scores = self.ridge.predict(values.mapv(f64::from).view());
        let count = groups.len();
        let mut best = 0;
        for at in 1..count {
            if scores[[0, at]] > scores[[0, best]] {
                best = at;
            }
        }
        let shares: Vec<f64> = (0..count).map(|at| scores[[0, count + at]].max(0.0)).collect();
        let sum: f64 = shares.iter().sum();
        let group = groups[best];
        let soft = if sum > 0.0 {
            let kept = shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
            kept.map(|(at, share)| (groups[at], (share / sum) as f32)).collect()
        } else {
            vec![(group, 1.0)]
        };
        Told { group, soft }
    }
}
