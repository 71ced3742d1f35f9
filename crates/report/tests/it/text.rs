//! What a reader reads, as snapshots.

use rightly_report::{ReportView, render, view::Figure};

use crate::{fixture, html};

fn hero(view: &ReportView) -> String {
    let text = html::text(&render(view)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|l| l.starts_with("right for")).unwrap();
    let end = lines.iter().position(|l| *l == "At a glance").unwrap_or(lines.len());
    lines[start + 1..end].join("\n")
}

/// The view with the accuracy under gray box, and its interval, replaced.
fn with_box(value: f64, interval: Option<(f64, f64)>) -> ReportView {
    let mut view = fixture::view();
    let mut rows = view.figures.rows().to_vec();
    for f in rows
        .iter_mut()
        .filter(|f| f.condition.as_deref() == Some("gray-box") && f.class.as_deref() == Some("*"))
    {
        f.value = Some(if f.metric == "drop" { 0.642 - value } else { value });
        (f.low, f.high) = (interval.map(|i| i.0), interval.map(|i| i.1));
    }
    view.figures = rows.into();
    view
}

#[test]
fn the_whole_text() {
    insta::assert_snapshot!(html::text(&render(&fixture::view())).unwrap());
}

#[test]
fn verdicts_follow_their_rules() {
    let found = |view: &ReportView, words: &str| {
        let text = hero(view);
        assert!(text.contains(words), "{text}");
    };
    found(&with_box(0.5, Some((0.4, 0.6))), "does not need the object");
    found(&with_box(0.1, Some((0.05, 0.16))), "needs the object for most");
    found(&with_box(0.3, Some((0.25, 0.36))), "uses the object, and the surroundings as well");
    found(&with_box(0.3, None), "Too little data");
}

#[test]
fn chance_is_said_first_and_nothing_is_judged() {
    let view = ReportView { at_chance: true, ..fixture::view() };
    insta::assert_snapshot!(hero(&view));
}

#[test]
fn no_findings_say_what_could_have_been_seen() {
    let view = ReportView { findings: Vec::new(), ..fixture::view() };
    let text = html::text(&render(&view)).unwrap();
    let line = text.lines().find(|l| l.starts_with("Nothing was found.")).unwrap();
    insta::assert_snapshot!(line);
}

#[test]
fn without_masks_reliance_is_not_judged() {
    let mut view = fixture::view();
    let keep = |f: &&Figure| f.metric == "accuracy" && f.condition.as_deref() == Some("none");
    view.figures = view.figures.rows().iter().filter(keep).cloned().collect::<Vec<_>>().into();
    view.cams = None;
    view.mean_masks.clear();
    let text = html::text(&render(&view)).unwrap();
    assert!(text.contains("was not measured."), "{text}");
    for absent in
        ["Without the object", "Noise on and around", "Where the evidence lies", "Suspected cues"]
    {
        assert!(!text.lines().any(|l| l == absent), "{absent}");
    }
}
