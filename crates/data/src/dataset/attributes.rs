//! What kind of attribute each column is, and the category of each image.
use super::Dataset;
use std::collections::{BTreeMap, BTreeSet};

/// Most distinct values with which a column of numbers is still one of categories.
pub const MAX_PLAIN_NUMBERS: usize = 20;
/// Quantile bins of other numbers.
pub const NUMBER_BINS: usize = 4;

/// How a column is used.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeKind {
    /// Each distinct value is a category.
    Categories,
    /// Numbers cut at quantiles: the upper, inclusive bounds of all bins but the last, ascending.
    Binned(Vec<f64>),
    /// Not an attribute: the column that names clusters.
    Cluster,
    /// Not an attribute: another value for each image (a name, a number of the row).
    Unique,
    /// Not an attribute: fewer than two distinct values.
    Constant,
}

/// A column as categories.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The column's name.
    pub name: String,
    /// How it is used.
    pub kind: AttributeKind,
    /// Names of the categories; numbers ascend, text is sorted. Empty where it is no attribute.
    pub categories: Vec<String>,
    /// For each sample, the index into `categories`; `None` where the value is missing. Empty
    /// where it is no attribute.
    pub values: Vec<Option<usize>>,
}

impl Attribute {
    /// Whether the column is used as an attribute.
    pub fn is_used(&self) -> bool {
        matches!(self.kind, AttributeKind::Categories | AttributeKind::Binned(_))
    }
}

/// The attribute columns of a dataset, in its order, with kinds decided over all its samples:
/// text, booleans and numbers of at most [`MAX_PLAIN_NUMBERS`] values are categories; other numbers
/// are cut into [`NUMBER_BINS`] quantile bins; the cluster column, text and integers that are unique
/// to each image, and constants are no attributes.
pub fn typed_attributes(dataset: &Dataset, cluster: Option<&str>) -> Vec<Attribute> {
    dataset
        .attributes
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells: Vec<Option<&str>> =
                dataset.samples.iter().map(|s| s.attributes[column].as_deref()).collect();
            typed(name, &cells, cluster == Some(name.as_str()))
        })
        .collect()
}

fn typed(name: &str, cells: &[Option<&str>], is_cluster: bool) -> Attribute {
    let numbers = numbers(cells);
    let present = cells.iter().flatten().count();
    let distinct = match &numbers {
        Some(numbers) => {
            numbers.iter().flatten().map(|v| ordered(*v)).collect::<BTreeSet<_>>().len()
        }
        None => cells.iter().flatten().collect::<BTreeSet<_>>().len(),
    };
    let whole = |v: &f64| v.fract() == 0.0;
    let continuous =
        numbers.as_ref().is_some_and(|values| values.iter().flatten().any(|v| !whole(v)));
    let unused = |kind| Attribute {
        name: name.to_owned(),
        kind,
        categories: Vec::new(),
        values: Vec::new(),
    };
    if is_cluster {
        return unused(AttributeKind::Cluster);
    }
    if distinct < 2 {
        return unused(AttributeKind::Constant);
    }
    // A measurement differs for each image too, but it has fractions.
    if distinct == present && present == cells.len() && !continuous {
        return unused(AttributeKind::Unique);
    }
    match numbers {
        Some(numbers) if distinct > MAX_PLAIN_NUMBERS => binned(name, &numbers),
        Some(numbers) => numeric_categories(name, &numbers),
        None => {
            let found: BTreeSet<&str> = cells.iter().flatten().copied().collect();
            let index: BTreeMap<&str, usize> =
                found.iter().enumerate().map(|(i, &value)| (value, i)).collect();
            Attribute {
                name: name.to_owned(),
                kind: AttributeKind::Categories,
                categories: found.iter().map(|&value| value.to_owned()).collect(),
                values: cells.iter().map(|cell| cell.map(|value| index[value])).collect(),
            }
        }
    }
}

/// `None` unless every cell that is filled is a number; those that aren't finite count as missing.
fn numbers(cells: &[Option<&str>]) -> Option<Vec<Option<f64>>> {
    let parsed = cells
        .iter()
        .map(|cell| match cell {
            None => Some(None),
            Some(text) => {
                text.trim().parse::<f64>().ok().map(|v| Some(v + 0.0).filter(|v| v.is_finite()))
            }
        })
        .collect::<Option<Vec<_>>>()?;
    parsed.iter().any(Option::is_some).then_some(parsed)
}

/// Finite numbers by value.
fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((((bits >> 63) as u64) >> 1) as i64)
}

fn numeric_categories(name: &str, numbers: &[Option<f64>]) -> Attribute {
    let found: BTreeMap<i64, f64> = numbers.iter().flatten().map(|&v| (ordered(v), v)).collect();
    let index: BTreeMap<i64, usize> = found.keys().enumerate().map(|(i, &k)| (k, i)).collect();
    Attribute {
        name: name.to_owned(),
        kind: AttributeKind::Categories,
        categories: found.values().map(f64::to_string).collect(),
        values: numbers.iter().map(|cell| cell.map(|v| index[&ordered(v)])).collect(),
    }
}

fn binned(name: &str, numbers: &[Option<f64>]) -> Attribute {
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let highest = sorted[sorted.len() - 1];
    let mut bounds: Vec<f64> = (1..NUMBER_BINS)
        .map(|bin| sorted[(bin * sorted.len()).div_ceil(NUMBER_BINS) - 1])
        .filter(|bound| *bound < highest)
        .collect();
    // Many equal values may fill several bins: they become one.
    bounds.dedup();
    let mut categories: Vec<String> = Vec::new();
    for (i, bound) in bounds.iter().enumerate() {
        categories.push(match i {
            0 => format!("<= {bound}"),
            _ => format!("> {} to {bound}", bounds[i - 1]),
        });
    }
    match bounds.last() {
        Some(last) => categories.push(format!("> {last}")),
        None => categories.push(format!("<= {highest}")),
    }
    let values = numbers
        .iter()
        .map(|cell| cell.map(|v| bounds.partition_point(|bound| *bound < v)))
        .collect();
    Attribute { name: name.to_owned(), kind: AttributeKind::Binned(bounds), categories, values }
}
