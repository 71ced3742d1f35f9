//! Numbers and names for people.

use maud::{Markup, html};

use crate::view::Figure;

/// No-break space between a number and its unit.
pub(crate) const NBSP: char = '\u{a0}';

/// A number with at most `decimals` digits behind the point, none where they are zero; the minus
/// is a real one.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// A share as a percentage with one decimal at most.
pub(crate) fn percent(share: f64) -> String {
    format!("{}{NBSP}%", number(100.0 * share, 1))
}

/// A difference of shares in percentage points, with its sign.
pub(crate) fn points(difference: f64) -> String {
    format!("{}{NBSP}points", signed(100.0 * difference, 1))
}

pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    if value > 0.0 && text != "0" { format!("+{text}") } else { text }
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A share, as a percentage.
    Percent,
    /// A difference of shares, in points with a sign.
    Points,
    /// A plain number with two decimals.
    Plain,
    /// A plain number with a sign.
    Signed,
}

impl Unit {
    pub(crate) fn value(self, value: f64) -> String {
        match self {
            Self::Percent => percent(value),
            Self::Points => points(value),
            Self::Plain => number(value, 2),
            Self::Signed => signed(value, 2),
        }
    }

    fn bare(self, value: f64) -> String {
        match self {
            Self::Percent => number(100.0 * value, 1),
            Self::Points => signed(100.0 * value, 1),
            Self::Plain => number(value, 2),
            Self::Signed => signed(value, 2),
        }
    }

    /// The two bounds, or that there are none.
    pub(crate) fn bounds(self, figure: &Figure) -> String {
        match figure.interval() {
            None => "not estimable".to_owned(),
            Some((low, high)) => {
                let unit = match self {
                    Self::Percent => format!("{NBSP}%"),
                    _ => String::new(),
                };
                format!("{} to {}{unit}", self.bare(low), self.bare(high))
            }
        }
    }

    pub(crate) fn figure(self, figure: &Figure) -> String {
        figure.value.map_or_else(|| "no data".to_owned(), |v| self.value(v))
    }
}

/// The interval, in words for a sentence.
pub(crate) fn interval(figure: &Figure, unit: Unit) -> String {
    match figure.interval() {
        Some(_) => format!("95{NBSP}% interval {}", unit.bounds(figure)),
        None => "interval not estimable".to_owned(),
    }
}

/// Images behind a figure, and clusters where there are some.
pub(crate) fn count(figure: &Figure) -> String {
    let clusters =
        figure.clusters.map_or_else(String::new, |c| format!(" in {}", plural(c, "cluster")));
    format!("n{NBSP}={NBSP}{}{clusters}", figure.n)
}

pub(crate) fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// `n` with a mark where it is small.
pub(crate) fn marked_n(figure: &Figure) -> Markup {
    html! {
        (figure.n)
        @if let Some(clusters) = figure.clusters { span.muted { (NBSP) "/" (NBSP) (clusters) } }
        @if figure.is_small() { " " span.small-n title="fewer than 20 images" { "few" } }
    }
}

/// A subgroup for people: `subgroup 1` of the usual method, with the method's name otherwise; what is no `METHOD/K` is a
/// known value and stays.
pub(crate) fn subgroup(name: &str) -> String {
    match name.split_once('/') {
        Some(("slices", k)) => format!("subgroup {k}"),
        Some((method, k)) if k.parse::<usize>().is_ok() && is_method(method) => {
            format!("subgroup {k} ({method})")
        }
        _ => name.to_owned(),
    }
}

fn is_method(name: &str) -> bool {
    name.parse::<rightly_audit::discover::Method>().is_ok()
}

/// In the place of a name that a table of the run does not have.
pub(crate) const NO_NAME: &str = "(no name)";

/// A name from the user's data: isolated, so that its direction of writing can't disturb the page.
pub(crate) fn name(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// What a column is sorted by; nothing where there is no figure, which the page's script takes for less than any.
pub(crate) fn sorted_by(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A condition in words.
pub(crate) fn condition(name: &str) -> String {
    match name {
        "none" => "as photographed".to_owned(),
        "gray" => "object gray".to_owned(),
        "gray-box" => "object's box gray".to_owned(),
        "tile" => "object tiled over".to_owned(),
        "gray-control" => "same shape gray, moved off the object".to_owned(),
        "background-gray" => "surroundings gray".to_owned(),
        "background-blur" => "surroundings blurred".to_owned(),
        "background-swap" => "surroundings swapped".to_owned(),
        "background-swap/same-class" => "surroundings of another image of the class".to_owned(),
        "background-swap/other-class" => "surroundings of another class".to_owned(),
        control if control.starts_with("background-") && control.ends_with("/control") => {
            let own = control.trim_end_matches("/control");
            format!("{}, a piece of them kept", condition(own))
        }
        part if part.starts_with(PART) => match part[PART.len()..].strip_suffix("/control") {
            Some(part) => format!("{part}: same shape gray, moved off the object"),
            None => format!("{} gray", &part[PART.len()..]),
        },
        other => other.to_owned(),
    }
}

/// What the conditions begin with under which one part of the object is gray.
pub(crate) const PART: &str = "part-gray/";

/// A noise level in words: its norm and its size.
pub(crate) fn level(name: &str) -> (&'static str, Option<f64>) {
    let (norm, size) = name.split_once('/').unwrap_or(("", name));
    let norm = match norm {
        "linf" => "linf",
        "l2" => "l2",
        _ => "",
    };
    (norm, size.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_idle_digits_and_a_real_minus() {
        assert_eq!(number(0.30, 2), "0.3");
        assert_eq!(number(-0.04, 1), "0");
        assert_eq!(number(100.0, 1), "100");
        assert_eq!(signed(-0.25, 2), "\u{2212}0.25");
        assert_eq!(signed(0.25, 2), "+0.25");
        assert_eq!(percent(0.3113), "31.1\u{a0}%");
        assert_eq!(points(-0.081), "\u{2212}8.1\u{a0}points");
    }

    #[test]
    fn a_subgroup_is_no_path() {
        assert_eq!(subgroup("slices/3"), "subgroup 3");
        assert_eq!(subgroup("dim/3"), "subgroup 3 (dim)");
        assert_eq!(subgroup("day/3"), "day/3", "a value of a column");
        assert_eq!(subgroup("snow"), "snow");
    }

    #[test]
    fn an_interval_that_is_not_there_is_said() {
        let figure = Figure { value: Some(0.5), n: 3, clusters: Some(1), ..Figure::default() };
        assert_eq!(interval(&figure, Unit::Percent), "interval not estimable");
        assert_eq!(count(&figure), "n\u{a0}=\u{a0}3 in 1 cluster");
        let figure = Figure { low: Some(0.25), high: Some(0.5), ..figure };
        assert_eq!(interval(&figure, Unit::Percent), "95\u{a0}% interval 25 to 50\u{a0}%");
    }
}
