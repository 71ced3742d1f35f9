//! Class names and wnids against labels.
use super::LabelMap;
use rightly_data::names::{close_names, name_key};
use std::collections::BTreeMap;

/// Case, spaces, hyphens, underscores and the Unicode form do not tell names apart.
fn plain(name: &str) -> String {
    name_key(name)
        .to_lowercase()
        .split(|c: char| c.is_whitespace() || c == '_' || c == '-')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_wnid(text: &str) -> bool {
    text.len() == 9
        && text.starts_with('n')
        && text.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

/// Names under which a label line goes: itself, its synonyms, and a wnid in front of them.
fn names(label: &str) -> Vec<String> {
    let mut rest = label.trim();
    let mut names = vec![plain(rest)];
    if let Some((first, after)) = rest.split_once([' ', '\t', ':', ','])
        && is_wnid(first)
    {
        names.push(plain(first));
        rest = after.trim_start_matches([' ', '\t', ':', ',']);
        names.push(plain(rest));
    }
    names.extend(rest.split(',').map(plain));
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// Outputs by each name of their labels.
pub(super) struct Known<'a> {
    labels: &'a [String],
    outputs: BTreeMap<String, Vec<usize>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(labels: &'a [String]) -> Self {
        let mut outputs: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (output, label) in labels.iter().enumerate() {
            for name in names(label) {
                outputs.entry(name).or_default().push(output);
            }
        }
        Self { labels, outputs }
    }

    /// Outputs whose label goes under a name.
    pub(super) fn of(&self, name: &str) -> &[usize] {
        self.outputs.get(&plain(name)).map_or(&[], Vec::as_slice)
    }

    /// Outputs with their labels, for a message.
    pub(super) fn listed(&self, outputs: &[usize]) -> String {
        let said = |&output: &usize| format!("output {output} ({})", self.labels[output]);
        outputs.iter().map(said).collect::<Vec<_>>().join(" and ")
    }

    /// The name that is closest to one that no label has, and its output.
    pub(super) fn close(&self, name: &str) -> Option<(&str, usize)> {
        let names = self.outputs.keys().map(String::as_str);
        let close = *close_names(&plain(name), names, 1).first()?;
        Some((close, self.outputs[close][0]))
    }
}

pub(super) fn match_names(
    classes: &[String],
    labels: Option<&[String]>,
    outputs: usize,
) -> Result<LabelMap, String> {
    let Some(labels) = labels else {
        let indices: Option<Vec<Vec<usize>>> = classes
            .iter()
            .map(|class| class.parse().ok().filter(|&index| index < outputs).map(|i| vec![i]))
            .collect();
        return indices.map(|outputs| LabelMap { outputs }).ok_or_else(|| {
            format!(
                "the model has no labels, so the dataset's classes ({}) can't be matched to its {outputs} outputs; \
                 give --labels FILE (one line an output) or --label-map FILE.csv with the columns class,output",
                listed(classes.iter().map(String::as_str))
            )
        });
    };
    let known = Known::new(labels);
    let mut found = Vec::with_capacity(classes.len());
    let (mut unknown, mut several) = (Vec::new(), Vec::new());
    for class in classes {
        match known.of(class) {
            [] => unknown.push(class.as_str()),
            [output] => found.push(vec![*output]),
            hits => several.push(format!("'{class}' fits {}", known.listed(hits))),
        }
    }
    if unknown.is_empty() && several.is_empty() {
        return Ok(LabelMap { outputs: found });
    }
    let mut parts = Vec::new();
    if !several.is_empty() {
        parts.push(format!("more than one output fits a class: {}", several.join("; ")));
    }
    if !unknown.is_empty() {
        let with_hints = unknown.iter().map(|class| match known.close(class) {
            Some((close, output)) => format!("'{class}' (close: '{close}', output {output})"),
            None => format!("'{class}'"),
        });
        parts.push(format!(
            "{} of {} classes match no label: {}",
            unknown.len(),
            classes.len(),
            with_hints.collect::<Vec<_>>().join(", ")
        ));
    }
    Err(format!(
        "{}; give --label-map FILE.csv with the columns class,output (several rows a class are allowed)",
        parts.join("; ")
    ))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.len() {
        0..=10 => names.join(", "),
        count => format!("{}, … {} in all", names[..10].join(", "), count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(classes: &[&str], labels: &[&str]) -> Result<Vec<Vec<usize>>, String> {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        match_names(&own(classes), Some(&own(labels)), labels.len()).map(|map| map.outputs)
    }

    const LABELS: [&str; 6] = [
        "tench, Tinca tinca",
        "crane",
        "maillot",
        "maillot, tank suit",
        "crane",
        "n02085620 Chihuahua",
    ];

    #[test]
    fn synonyms_case_and_separators() {
        assert_eq!(map(&["Tench", "tinca_tinca"], &LABELS).unwrap(), [[0], [0]]);
        assert_eq!(map(&["tank-suit", "tench, tinca tinca"], &LABELS).unwrap(), [[3], [0]]);
        assert_eq!(map(&["n02085620", "chihuahua"], &LABELS).unwrap(), [[5], [5]]);
    }

    #[test]
    fn the_unicode_form_tells_no_names_apart() {
        assert_eq!(map(&["cafe\u{301}"], &["tea", "Caf\u{e9}"]).unwrap(), [[1]]);
    }

    #[test]
    fn a_name_of_two_outputs_asks_for_a_map() {
        for name in ["crane", "maillot"] {
            let message = map(&[name, "tench"], &LABELS).unwrap_err();
            assert!(
                message.contains("--label-map") && message.contains("fits output"),
                "{message}"
            );
        }
    }

    #[test]
    fn every_unmatched_class_is_listed_with_what_is_close() {
        let message = map(&["tenc", "zebra", "tench"], &LABELS).unwrap_err();
        assert!(message.contains("2 of 3 classes"), "{message}");
        assert!(message.contains("'tenc' (close: 'tench', output 0), 'zebra'"), "{message}");
    }

    #[test]
    fn indices_need_no_labels() {
        let classes = ["1", "10", "2"].map(str::to_owned);
        assert_eq!(match_names(&classes, None, 11).unwrap().outputs, [[1], [10], [2]]);
        assert!(match_names(&classes, None, 10).unwrap_err().contains("--labels"));
    }
}
