//! Whether a repair helped.

use serde::{Deserialize, Serialize};

use super::{Repair, evaluation::FEWEST};
use crate::{Metric, prose::number};

/// Corrected p-value up to which a gain is one.
const Q: f64 = 0.05;

/// What is said of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The worst group gains, more than with random groups, and the overall accuracy stays.
    Helps,
    /// The same at a cost that is larger than allowed: in overall accuracy, or in a class or group, by its interval and
    /// corrected for all of them.
    HelpsAtACost,
    /// It gains, but no more than with random groups of the same sizes: what helped was a new head.
    NoMoreThanRandom,
    /// No gain is shown.
    NotShown,
    /// The worst group loses.
    Harms,
}

/// Whether a repair helped, in figures and in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Name of the repair.
    pub repair: String,
    /// What is said of it.
    pub answer: Answer,
    /// The same as a sentence.
    pub words: String,
}

/// What a verdict rests on, on images that had no part in the repair.
pub(super) struct Evidence<'a> {
    /// Gain of the lowest accuracy of any group.
    pub(super) gain: &'a Metric,
    /// The same beyond random groups (or images).
    pub(super) beyond: &'a Metric,
    /// Accuracy over all images, before minus after.
    pub(super) cost: &'a Metric,
    /// The same, random groups minus the repair: what the repair itself costs, without what a new head does.
    pub(super) cost_beyond: &'a Metric,
    /// The group that was worst before.
    pub(super) worst: Option<Followed>,
    /// Classes and groups that lose more than is allowed, corrected for all of them; the largest loss first.
    pub(super) losers: Vec<Followed>,
}

/// A class or a group before, after and in the control: the same images.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Followed {
    pub(super) name: String,
    /// A class; else a group of one.
    pub(super) whole_class: bool,
    pub(super) before: f64,
    pub(super) after: f64,
    /// `None` without a control.
    pub(super) control: Option<f64>,
}

/// Most losers that a sentence names.
const SPELLED: usize = 3;

impl Verdict {
    pub(super) fn new(repair: Repair, evidence: &Evidence<'_>, max_cost: f64) -> Self {
        let Evidence { gain, beyond, cost, losers, .. } = evidence;
        let rises = |m: &Metric| m.low.is_some_and(|low| low > 0.0) && m.q.is_some_and(|q| q <= Q);
        let falls = gain.high.is_some_and(|high| high < 0.0) && gain.q.is_some_and(|q| q <= Q);
        let dear = cost.value.is_some_and(|cost| cost > max_cost) || !losers.is_empty();
        let answer = match (rises(gain), rises(beyond)) {
            _ if falls => Answer::Harms,
            (true, true) if dear => Answer::HelpsAtACost,
            (true, true) => Answer::Helps,
            (true, false) if beyond.value.is_some() => Answer::NoMoreThanRandom,
            _ => Answer::NotShown,
        };
        let random = match repair.adds_images() {
            true => "as many random images",
            false => "random groups of the same sizes",
        };
        let gains = format!("the lowest accuracy of any group gains {}", interval(gain));
        let said = match answer {
            Answer::Helps => {
                format!("helps: {gains}, {} more than with {random}", interval(beyond))
            }
            Answer::HelpsAtACost => {
                format!("helps at a cost: {gains}, {} more than with {random}", interval(beyond))
            }
            Answer::NoMoreThanRandom => format!(
                "is not shown to help: {gains}, but that it gains more than with {random} is not shown (difference {})",
                interval(beyond)
            ),
            Answer::NotShown if gain.value.is_none() => format!(
                "is not shown to help: no group has the {FEWEST} images that a worst group needs"
            ),
            Answer::NotShown if rises(gain) => format!(
                "is not shown to help: {gains}, but what a new head gains by itself is not known, since it was not held \
                 against {random}"
            ),
            Answer::NotShown => format!("is not shown to help: {gains}"),
            Answer::Harms => {
                format!("harms: the lowest accuracy of any group changes by {}", interval(gain))
            }
        };
        let mut words = format!("'{repair}' {said}; {}.", overall(evidence, random));
        if let Some(worst) = &evidence.worst {
            words += &format!(" The group that was worst, {}.", followed(worst, random));
        }
        words += &costs(losers, max_cost, random);
        Self { repair: repair.name().to_owned(), answer, words }
    }

    /// Whether it helped, at whatever cost.
    #[must_use]
    pub fn helps(&self) -> bool {
        matches!(self.answer, Answer::Helps | Answer::HelpsAtACost)
    }
}

/// A change in points with its interval.
fn interval(m: &Metric) -> String {
    match (m.value, m.low, m.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{} points [{}, {}]", percent(value), percent(low), percent(high))
        }
        (Some(value), ..) => format!("{} points", percent(value)),
        _ => "an unknown number of points".to_owned(),
    }
}

/// A fraction in hundredths: one digit, in every figure of a verdict.
fn percent(share: f64) -> String {
    number(100.0 * share, 1)
}

/// A change with its sign.
fn signed(value: f64) -> String {
    let text = percent(value);
    if value < 0.0 && text != "0.0" { text } else { format!("+{text}") }
}

/// What becomes of the accuracy over all images, and how much of it the repair adds to a new head.
fn overall(Evidence { cost, cost_beyond, .. }: &Evidence<'_>, random: &str) -> String {
    let Some(cost) = cost.value else { return "overall accuracy is not known".to_owned() };
    let change = format!("overall accuracy changes by {} points", signed(-cost));
    match cost_beyond.value {
        Some(beyond) => {
            format!("{change}, with {random} by {}", signed(beyond - cost))
        }
        None => change,
    }
}

fn followed(Followed { name, before, after, control, .. }: &Followed, random: &str) -> String {
    let change = format!("{name}, goes from {} % to {} %", percent(*before), percent(*after));
    match control {
        Some(control) => format!("{change}, with {random} to {} %", percent(*control)),
        None => change,
    }
}

/// How many classes and groups lose more than is allowed, and those that lose most; nothing where none does.
fn costs(losers: &[Followed], max_cost: f64, random: &str) -> String {
    if losers.is_empty() {
        return String::new();
    }
    let classes = losers.iter().filter(|loser| loser.whole_class).count();
    let of = [(classes, "class", "classes"), (losers.len() - classes, "group", "groups")];
    let counts: Vec<String> = of
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
        .collect();
    let verb = if losers.len() == 1 { "loses" } else { "lose" };
    let points = number(100.0 * max_cost, 1);
    let points = points.strip_suffix(".0").unwrap_or(&points);
    let each = if losers.len() == 1 { "" } else { " each" };
    let mut spelled: Vec<String> =
        losers.iter().take(SPELLED).map(|loser| fallen(loser, random)).collect();
    spelled.extend(match losers.len().saturating_sub(SPELLED) {
        0 => None,
        1 => Some("and 1 other of these".to_owned()),
        more => Some(format!("and {more} others of these")),
    });
    format!(
        " {} {verb} more than {points} point{}{each}, by intervals and corrected for all classes and groups: {}.",
        counts.join(" and "),
        if points == "1" { "" } else { "s" },
        spelled.join("; ")
    )
}

fn fallen(Followed { name, before, after, control, .. }: &Followed, random: &str) -> String {
    let change = format!("{name} from {} % to {} %", percent(*before), percent(*after));
    match control {
        Some(control) => format!("{change} (with {random} {} %)", percent(*control)),
        None => change,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: f64, low: f64, high: f64) -> Metric {
        let estimate = rightly_stats::Estimate {
            value: Some(value),
            low: Some(low),
            high: Some(high),
            n: 100,
            clusters: None,
        };
        let metric = Metric::new("mitigate", "gain", None, "*", estimate);
        Metric { q: estimate.p_of_zero(), ..metric }
    }

    #[test]
    fn a_repair_helps_beyond_its_control_or_not_at_all() {
        let none = Metric::new("mitigate", "gain", None, "*", rightly_stats::Estimate::default());
        let (clear, unclear) = (of(0.4, 0.2, 0.5), of(0.1, -0.1, 0.3));
        let (free, dear, same) = (of(-0.12, -0.15, -0.1), of(0.03, 0.01, 0.05), of(0.0, -0.1, 0.1));
        let beyond_cost = of(-0.008, -0.01, 0.0);
        let judged = |gain: &Metric, beyond: &Metric, cost: &Metric, losers: Vec<Followed>| {
            let worst = Some(Followed {
                name: "subgroup 2 of 'bus'".into(),
                whole_class: false,
                before: 0.0,
                after: 0.58,
                control: Some(0.06),
            });
            let evidence =
                Evidence { gain, beyond, cost, cost_beyond: &beyond_cost, worst, losers };
            let verdict = Verdict::new(Repair::Dim, &evidence, 0.01);
            (verdict.answer, verdict.words)
        };
        let say =
            |gain: &Metric, beyond: &Metric, cost: &Metric| judged(gain, beyond, cost, vec![]);
        let (answer, words) = say(&clear, &clear, &free);
        assert_eq!(answer, Answer::Helps);
        assert_eq!(
            words,
            "'dim' helps: the lowest accuracy of any group gains 40.0 points [20.0, 50.0], 40.0 points [20.0, 50.0] more than with \
             random groups of the same sizes; overall accuracy changes by +12.0 points, with random groups of the same sizes \
             by +11.2. The group that was worst, subgroup 2 of 'bus', goes from 0.0 % to 58.0 %, with random groups of the \
             same sizes to 6.0 %."
        );
        assert_eq!(say(&clear, &clear, &dear).0, Answer::HelpsAtACost);
        let loser = Followed {
            name: "'cup'".into(),
            whole_class: true,
            before: 0.989,
            after: 0.706,
            control: Some(0.97),
        };
        let (answer, words) = judged(&clear, &clear, &free, vec![loser]);
        assert_eq!(answer, Answer::HelpsAtACost);
        assert!(
            words.ends_with(
                " 1 class loses more than 1 point, by intervals and corrected for all classes and groups: 'cup' from 98.9 % to 70.6 % (with random groups of \
                 the same sizes 97.0 %)."
            ),
            "{words}"
        );
        assert_eq!(say(&clear, &unclear, &free).0, Answer::NoMoreThanRandom);
        let (answer, words) = say(&unclear, &clear, &same);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("overall accuracy changes by +0.0 points"), "{words}");
        let (answer, words) = say(&clear, &none, &free);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("not held against random groups"), "{words}");
        assert_eq!(say(&of(-0.2, -0.3, -0.1), &clear, &free).0, Answer::Harms);
        let (answer, words) = say(&none, &none, &free);
        assert_eq!(answer, Answer::NotShown);
        assert!(words.contains("no group has the 20 images"), "{words}");
    }

    #[test]
    fn losers_are_counted_as_what_they_are() {
        let loser = |name: &str, whole_class: bool| Followed {
            name: name.to_owned(),
            whole_class,
            before: 1.0,
            after: 0.5,
            control: None,
        };
        let all = [
            loser("'cup'", true),
            loser("cups on snow", false),
            loser("'bus'", true),
            loser("subgroup 2 of 'bus'", false),
            loser("subgroup 3 of 'bus'", false),
        ];
        assert_eq!(
            costs(&all, 0.025, "none"),
            " 2 classes and 3 groups lose more than 2.5 points each, by intervals and corrected for all classes and groups: 'cup' from 100.0 % to 50.0 %; \
             cups on snow from 100.0 % to 50.0 %; 'bus' from 100.0 % to 50.0 %; and 2 others of these."
        );
        assert!(costs(&all[..4], 0.01, "none").ends_with("; and 1 other of these."));
        assert!(costs(&all[1..2], 0.01, "none").starts_with(" 1 group loses"));
        assert_eq!(costs(&[], 0.01, "none"), "");
    }
}
