//! What a reader reads, as snapshots.

use rightly_audit::verdict::Answer;
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
        // The default answer reaches nothing.
        f.value = Some(match f.metric.as_str() {
            "drop" => 0.642 - value,
            "default-answer" => 0.0,
            _ => value,
        });
        (f.low, f.high) = (interval.map(|i| i.0), interval.map(|i| i.1));
    }
    view.figures = rows.into();
    view
}

#[test]
fn the_whole_text() {
    insta::assert_snapshot!(html::text(&render(&fixture::view())).unwrap());
}

/// The same, and what the default answer reaches of it.
fn with_default(value: f64, default: f64, half: f64) -> ReportView {
    let mut view = with_box(value, Some((value - half, value + half)));
    let mut rows = view.figures.rows().to_vec();
    let of = |f: &&mut Figure| {
        f.condition.as_deref() == Some("gray-box") && f.class.as_deref() == Some("*")
    };
    for f in rows.iter_mut().filter(of) {
        match f.metric.as_str() {
            "default-answer" => f.value = Some(default),
            "beyond-default" => {
                let beyond = value - default;
                (f.value, f.low, f.high) = (Some(beyond), Some(beyond - half), Some(beyond + half));
            }
            _ => {}
        }
    }
    view.figures = rows.into();
    view
}

#[test]
fn what_the_default_answer_reaches_does_not_count() {
    let found = |view: &ReportView, words: &[&str]| {
        let text = hero(view);
        words.iter().for_each(|words| assert!(text.contains(words), "{text}"));
    };
    // One answer to every picture without an object: nothing is known without it.
    found(
        &with_default(0.5, 0.49, 0.05),
        &["whatever their class reach 49", "and only these count"],
    );
    found(&with_default(0.5, 0.05, 0.05), &["whatever their class reach 5"]);
    let plain = hero(&with_default(0.5, 0.01, 0.05));
    assert!(
        !plain.contains("default answer") && !plain.contains("whatever their class"),
        "{plain}"
    );
}

#[test]
fn where_the_default_answer_was_not_measured_it_may_be_the_largest_class() {
    let mut view = with_box(0.5, Some((0.45, 0.55)));
    let measured = |f: &&Figure| !matches!(f.metric.as_str(), "default-answer" | "beyond-default");
    view.figures = view.figures.rows().iter().filter(measured).cloned().collect::<Vec<_>>().into();
    let text = hero(&view);
    // 48 of 212 images are parachutes.
    assert!(
        text.contains("was not measured; one answer to all of them could be right in up to 22.6"),
        "{text}"
    );
}

#[test]
fn near_copies_are_said_under_the_verdict_where_images_are_the_unit() {
    let mut view = fixture::view();
    let row = |metric: &str, value: f64| Figure {
        metric: metric.to_owned(),
        class: Some("*".to_owned()),
        value: Some(value),
        n: 212,
        ..Figure::default()
    };
    let mut rows = view.figures.rows().to_vec();
    rows.extend([row("near-copies", 0.83), row("scenes", 41.0)]);
    view.figures = rows.into();
    let caveat = "Near-copies: these 212 images show at most 41 different scenes, so intervals that count images may be too narrow.";
    assert!(!hero(&view).contains("Near-copies"), "clusters are the unit");
    view.facts.cluster = None;
    let text = hero(&view);
    let after = text.split("(its surroundings).").nth(1).unwrap();
    assert!(after.starts_with(&format!("\n{caveat}\n")), "{text}");
}

#[test]
fn one_level_of_noise_is_no_empty_chart() {
    let mut view = fixture::view();
    let kept = |f: &&Figure| {
        !["rfs", "rfs-control", "noise-gap"].contains(&f.metric.as_str())
            || ["linf/0.25", "l2/60"].contains(&f.condition.as_deref().unwrap())
    };
    view.figures = view.figures.rows().iter().filter(kept).cloned().collect::<Vec<_>>().into();
    let page = render(&view);
    assert!(!page.contains("Relative foreground sensitivity against"));
    let text = html::text(&page).unwrap();
    assert!(
        text.contains("at one level of noise\nobject\nSame strength at every pixel: 0.25"),
        "{text}"
    );
    assert!(text.contains("Same total amount: 60"));
}

#[test]
fn chance_is_said_first_and_nothing_is_judged() {
    let mut view = ReportView { at_chance: true, ..fixture::view() };
    let answer = view.answer.as_mut().unwrap();
    answer.verdict = Answer::Meaningless;
    answer.sentence = "madeup-net is no better than chance on these images.".to_owned();
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
    assert!(text.contains("It is right in"), "{text}");
    for absent in
        ["Without the object", "Noise on and around", "Where the evidence lies", "Suspected cues"]
    {
        assert!(!text.lines().any(|l| l == absent), "{absent}");
    }
}
