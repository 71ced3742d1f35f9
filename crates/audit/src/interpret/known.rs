//! A group outside of a run named by one known attribute, for protocols that know the true name.

use std::collections::BTreeSet;

use rightly_data::dataset::{Attribute, AttributeKind};
use rightly_stats::multiple::holm;

use super::{
    attributes,
    phrase_test::{Tested, that_hold},
    unnamed::{Side, Subject},
};

/// Images of a class: whether each is inside the group, and its value of the attribute.
pub struct Labelled<'a> {
    pub inside: Vec<bool>,
    pub values: &'a [&'a str],
}

/// The value that names the group: chosen on `fit`, tested on `confirm` as names are; `None` where no value holds.
pub fn value(fit: &Labelled<'_>, confirm: &Labelled<'_>) -> Option<String> {
    let names: BTreeSet<&str> = fit.values.iter().chain(confirm.values).copied().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let all = fit.values.iter().chain(confirm.values);
    let attribute = Attribute {
        name: "value".to_owned(),
        kind: AttributeKind::Categories,
        categories: names.iter().map(|&name| name.to_owned()).collect(),
        values: all.map(|value| names.binary_search(value).ok()).collect(),
    };
    let (n, m) = (fit.values.len(), confirm.values.len());
    let side = |images: std::ops::Range<usize>, own: &Labelled<'_>| Side {
        images: images.collect(),
        inside: own.inside.clone(),
        ..Side::default()
    };
    let subject = Subject {
        class: 0,
        group: String::new(),
        fit: side(0..n, fit),
        confirm: side(n..n + m, confirm),
    };
    let mut tested: Vec<Tested> = attributes::candidates(&[attribute], &subject)
        .into_iter()
        .map(|candidate| Tested::yes_or_no(candidate, &subject.confirm))
        .collect();
    let p: Vec<f64> = tested.iter().map(|t| t.p).collect();
    tested.iter_mut().zip(holm(&p)).for_each(|(tested, q)| tested.q = q);
    let best = that_hold(&tested).into_iter().find(|t| t.candidate.rises)?;
    Some(best.candidate.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_that_goes_with_the_group_names_it() {
        let values: Vec<&str> = (0..90).map(|i| ["otter", "seal", "whale"][i % 3]).collect();
        let labelled = |inside: &dyn Fn(usize) -> bool| Labelled {
            inside: (0..90).map(inside).collect(),
            values: &values,
        };
        let otters = labelled(&|i| i % 3 == 0 && i % 5 > 0 || i == 1);
        assert_eq!(value(&otters, &otters).as_deref(), Some("otter"));
        let anything = labelled(&|i| i < 30);
        assert_eq!(value(&anything, &anything), None);
        assert_eq!(value(&otters, &anything), None, "what does not hold is no name");
    }
}
