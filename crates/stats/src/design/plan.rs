//! Which units are sampled together, and within which sampling strata.

use super::Scope;

/// Sampling units (images, or clusters of them) and the sampling strata that they are drawn in.
///
/// Invariants: every unit belongs to one sampling unit, every sampling unit to one sampling
/// stratum; where the plan is estimable, every sampling stratum has two sampling units at least.
#[derive(Debug)]
pub(super) struct Plan {
    /// Sampling unit of each unit; `None` where each unit is its own.
    cluster_of: Option<Vec<u32>>,
    /// Stratum (class) of each unit, numbered from 0.
    stratum_of: Vec<u32>,
    /// Sampling units of each stratum.
    in_stratum: Vec<usize>,
    /// Sampling units of each sampling stratum, ascending.
    groups: Vec<Group>,
    estimable: bool,
}

/// One sampling stratum.
#[derive(Debug)]
pub(super) struct Group {
    /// Its sampling units.
    pub(super) members: Vec<u32>,
    /// Degrees of freedom of the variance between them.
    pub(super) freedom: f64,
}

impl Plan {
    pub(super) fn new(strata: &[u32], clusters: Option<&[u32]>, scope: Scope) -> Self {
        let (stratum_of, strata) = compact(strata);
        match clusters {
            None => Self::of_units(stratum_of, strata, scope),
            Some(clusters) => Self::of_clusters(stratum_of, strata, clusters, scope),
        }
    }

    fn of_units(stratum_of: Vec<u32>, strata: usize, scope: Scope) -> Self {
        let mut members = vec![Vec::new(); strata];
        for (unit, &s) in stratum_of.iter().enumerate() {
            members[s as usize].push(unit as u32);
        }
        let in_stratum: Vec<usize> = members.iter().map(Vec::len).collect();
        let estimable = match scope {
            Scope::Pooled => stratum_of.len() > 1,
            Scope::MeanOfStrata => strata > 0 && in_stratum.iter().all(|&m| m > 1),
        };
        let groups = collapse_singletons(members).into_iter().map(Group::of).collect();
        Self { cluster_of: None, stratum_of, in_stratum, groups, estimable }
    }

    fn of_clusters(stratum_of: Vec<u32>, strata: usize, clusters: &[u32], scope: Scope) -> Self {
        let (cluster_of, count) = compact(clusters);
        let mut pairs: Vec<(u32, u32)> =
            stratum_of.iter().copied().zip(cluster_of.iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut in_stratum = vec![0; strata];
        for &(s, _) in &pairs {
            in_stratum[s as usize] += 1;
        }
        let (groups, estimable) = match scope {
            Scope::Pooled => (vec![Group::of((0..count as u32).collect())], count > 1),
            Scope::MeanOfStrata => (
                connected(&pairs, &in_stratum, count),
                strata > 0 && in_stratum.iter().all(|&m| m > 1),
            ),
        };
        Self { cluster_of: Some(cluster_of), stratum_of, in_stratum, groups, estimable }
    }

    /// Whether the variance between sampling units can be estimated.
    pub(super) fn estimable(&self) -> bool {
        self.estimable
    }

    /// Whether sampling units are clusters.
    pub(super) fn clustered(&self) -> bool {
        self.cluster_of.is_some()
    }

    /// Units of each pair of stratum and sampling unit, pairs in ascending order.
    pub(super) fn units_by_stratum_and_sampling_unit(&self) -> Vec<Vec<usize>> {
        let pair = |&unit: &usize| (self.stratum_of[unit], self.sampling_unit(unit));
        let mut order: Vec<usize> = (0..self.stratum_of.len()).collect();
        order.sort_by_key(pair);
        order.chunk_by(|a, b| pair(a) == pair(b)).map(<[usize]>::to_vec).collect()
    }

    /// Number of sampling units.
    pub(super) fn units(&self) -> usize {
        self.groups.iter().map(|g| g.members.len()).sum()
    }

    /// Number of strata (classes).
    pub(super) fn strata(&self) -> usize {
        self.in_stratum.len()
    }

    pub(super) fn fewest_in_a_stratum(&self) -> usize {
        self.in_stratum.iter().copied().min().unwrap_or(0)
    }

    /// Sampling units of each stratum.
    pub(super) fn in_stratum(&self) -> &[usize] {
        &self.in_stratum
    }

    /// Stratum (class) of each unit.
    pub(super) fn stratum_of(&self) -> &[u32] {
        &self.stratum_of
    }

    /// Sampling strata.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Sampling unit of unit `unit`.
    pub(super) fn sampling_unit(&self, unit: usize) -> usize {
        self.cluster_of.as_ref().map_or(unit, |c| c[unit] as usize)
    }

    /// Number of sampling units that hold a hit, or that hold a miss, whichever is smaller.
    pub(super) fn fewest_clusters_of(&self, hits: &[bool]) -> usize {
        let mut holds = [vec![false; self.units()], vec![false; self.units()]];
        for (unit, &hit) in hits.iter().enumerate() {
            holds[usize::from(hit)][self.sampling_unit(unit)] = true;
        }
        holds.iter().map(|h| h.iter().filter(|&&x| x).count()).min().unwrap_or(0)
    }

    /// Writes the weight of each unit from the weights of the sampling units.
    pub(super) fn spread_weights(&self, of_sampling_units: &[f64], out: &mut [f64]) {
        match &self.cluster_of {
            None => out.copy_from_slice(of_sampling_units),
            Some(clusters) => {
                for (out, &c) in out.iter_mut().zip(clusters) {
                    *out = of_sampling_units[c as usize];
                }
            }
        }
    }
}

impl Group {
    fn of(members: Vec<u32>) -> Self {
        let freedom = members.len() as f64 - 1.0;
        Self { members, freedom }
    }
}

/// Numbers names from 0 in ascending order; returns the numbers and how many there are.
pub(super) fn compact(names: &[u32]) -> (Vec<u32>, usize) {
    let mut distinct = names.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let number = |name: &u32| distinct.partition_point(|d| d < name) as u32;
    (names.iter().map(number).collect(), distinct.len())
}

/// Pools the strata of one unit with each other, a lone one with the smallest other stratum.
fn collapse_singletons(strata: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    let (single, mut rest): (Vec<_>, Vec<_>) = strata.into_iter().partition(|m| m.len() == 1);
    let mut pooled: Vec<u32> = single.into_iter().flatten().collect();
    if pooled.len() == 1 {
        // min_by_key takes the first of equals, so the choice is the lowest stratum's
        if let Some(smallest) = rest.iter_mut().min_by_key(|m| m.len()) {
            smallest.append(&mut pooled);
        }
    }
    if !pooled.is_empty() {
        rest.push(pooled);
    }
    rest
}

/// Clusters joined by the strata that they share: where each cluster lies in one stratum these are
/// the strata, where clusters span strata they must be drawn together.
///
/// The degrees of freedom are those of the component's stratum with the fewest clusters (cautious).
fn connected(pairs: &[(u32, u32)], in_stratum: &[usize], clusters: usize) -> Vec<Group> {
    let mut parent: Vec<u32> = (0..clusters as u32).collect();
    for pair in pairs.windows(2) {
        // pairs are sorted, so neighbours of one stratum link all of its clusters
        if pair[0].0 == pair[1].0 {
            let (a, b) = (root(&mut parent, pair[0].1), root(&mut parent, pair[1].1));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let roots: Vec<u32> = (0..clusters as u32).map(|c| root(&mut parent, c)).collect();
    let (component, count) = compact(&roots);
    let mut groups: Vec<Group> =
        (0..count).map(|_| Group { members: Vec::new(), freedom: f64::INFINITY }).collect();
    for (cluster, &g) in component.iter().enumerate() {
        groups[g as usize].members.push(cluster as u32);
    }
    for &(s, c) in pairs {
        let group = &mut groups[component[c as usize] as usize];
        group.freedom = group.freedom.min(in_stratum[s as usize] as f64 - 1.0);
    }
    groups
}

fn root(parent: &mut [u32], mut of: u32) -> u32 {
    while parent[of as usize] != of {
        parent[of as usize] = parent[parent[of as usize] as usize];
        of = parent[of as usize];
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(plan: &Plan) -> Vec<Vec<u32>> {
        plan.groups().iter().map(|g| g.members.clone()).collect()
    }

    #[test]
    fn pooled_clusters_are_one_sample() {
        let plan = Plan::new(&[0, 0, 1, 1], Some(&[7, 7, 3, 3]), Scope::Pooled);
        assert_eq!(members(&plan), [vec![0, 1]]);
        assert!(plan.estimable());
        let plan = Plan::new(&[0, 0, 1, 1], Some(&[7, 7, 3, 3]), Scope::MeanOfStrata);
        assert!(!plan.estimable());
    }

    #[test]
    fn single_images_are_pooled() {
        let plan = Plan::new(&[5, 5, 1, 2, 9, 9, 9], None, Scope::Pooled);
        assert_eq!(members(&plan), [vec![0, 1], vec![4, 5, 6], vec![2, 3]]);
        let plan = Plan::new(&[5, 5, 1, 9, 9], None, Scope::Pooled);
        assert_eq!(members(&plan), [vec![0, 1, 2], vec![3, 4]]);
        assert!(!Plan::new(&[5, 5, 1], None, Scope::MeanOfStrata).estimable());
        assert!(!Plan::new(&[5], None, Scope::Pooled).estimable());
    }

    #[test]
    fn spanning_clusters_join_strata() {
        // clusters 0 and 1 in stratum 0; 1 and 2 in stratum 1; 3 and 4 in stratum 2
        let strata = [0, 0, 1, 1, 2, 2];
        let plan = Plan::new(&strata, Some(&[0, 1, 1, 2, 3, 4]), Scope::MeanOfStrata);
        assert_eq!(members(&plan), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(plan.groups()[0].freedom, 1.0);
        assert!(plan.estimable());
    }
}
