//! The page of a comparison. Every number is invented for these tests.

use rightly_report::{
    render_comparison,
    view::{ComparedSide, ComparisonView, Difference, Figure, FindingView, ProblemRow},
};

use crate::html;

fn figure(metric: &str, condition: Option<&str>, class: &str, value: f64, half: f64) -> Figure {
    Figure {
        metric: metric.to_owned(),
        condition: condition.map(str::to_owned),
        class: Some(class.to_owned()),
        value: Some(value),
        low: Some(value - half),
        high: Some(value + half),
        n: 212,
        clusters: None,
        p: None,
        q: None,
    }
}

/// A difference of `by` around `from`, with a half-width of `half`.
fn row(
    metric: &str,
    condition: Option<&str>,
    class: &str,
    [from, by, half]: [f64; 3],
    q: f64,
) -> Difference {
    Difference {
        a: figure(metric, condition, class, from, 0.06),
        b: figure(metric, condition, class, from + by, 0.06),
        difference: figure(metric, condition, class, by, half),
        q: Some(q),
    }
}

fn view() -> ComparisonView {
    let mut rows = Vec::new();
    for (class, accuracy, drop) in [
        ("goat", 0.3, 0.2),
        ("kite", 0.1, -0.1),
        ("racer", 0.05, 0.02),
        ("*", 0.124, 0.09),
        ("mean", 0.11, 0.1),
    ] {
        let q = if class == "racer" { 0.8 } else { 0.004 };
        rows.push(row("accuracy", Some("none"), class, [0.55, accuracy, 0.055], q));
        rows.push(row("accuracy", Some("gray-box"), class, [0.25, 0.034, 0.06], 0.41));
        rows.push(row("drop", Some("gray-box"), class, [0.3, drop, 0.05], q));
        rows.push(row("kept", Some("gray-box"), class, [0.5, -0.6 * drop, 0.05], q));
        rows.push(row("object-share-crop", None, class, [0.16, 0.004, 0.001], 0.0004));
    }
    rows.push(row("rfs", Some("linf/0.25"), "mean", [-0.1, 0.31, 0.2], 0.03));
    rows.push(row("accuracy", Some("noise-background/linf/0.25"), "*", [0.4, 0.1, 0.05], 0.02));
    let mut open = row("gap", Some("k=10"), "*", [0.2, 0.1, 0.05], 0.0);
    (open.difference.low, open.difference.high, open.q) = (None, None, None);
    rows.push(open);
    let correlation = |metric: &str, value: Option<f64>| Figure {
        value,
        low: value.map(|v| v - 0.3),
        high: value.map(|v| v + 0.2),
        n: 11,
        ..figure(metric, Some("gray-box"), "*", 0.0, 0.0)
    };
    ComparisonView {
        a: ComparedSide {
            name: "madeup-net".to_owned(),
            model: "madeup-net".to_owned(),
            data: "made-up frames".to_owned(),
            images: 212,
        },
        b: ComparedSide {
            name: "other-net".to_owned(),
            model: "other-net".to_owned(),
            data: "made-up frames".to_owned(),
            images: 212,
        },
        paired: true,
        choice: "Paired: both runs are about the same 212 images (the same data).".to_owned(),
        rows,
        correlations: vec![
            correlation("class-correlation", Some(0.71)),
            correlation("class-correlation-split", Some(0.44)),
            correlation("class-correlation-disattenuated", None),
            correlation("class-correlation-pearson", Some(0.69)),
        ],
        findings: vec![FindingView {
            kind: "data-problem".to_owned(),
            title: "the masks are read in different ways".to_owned(),
            description: "The runs' options about masks differ.".to_owned(),
            ..FindingView::default()
        }],
        problems: vec![ProblemRow {
            image: "3 figures".to_owned(),
            stage: "compare".to_owned(),
            problem: "only in A: rfs l2/60".to_owned(),
            action: "no difference".to_owned(),
        }],
        notes: vec!["The engine differs: rten in A, onnxruntime in B.".to_owned()],
        facts: vec![("Run of A".to_owned(), "/runs/a".to_owned())],
    }
}

fn text(view: &ComparisonView) -> String {
    html::text(&render_comparison(view)).unwrap()
}

#[test]
fn the_whole_text() {
    insta::assert_snapshot!(text(&view()));
}

#[test]
fn the_judgement_follows_the_corrected_tests() {
    let judged = |change: &dyn Fn(&mut Difference)| {
        let mut view = view();
        view.rows.iter_mut().for_each(change);
        text(&view)
    };
    let text = judged(&|row| row.q = row.q.map(|_| 0.3));
    assert!(text.contains("can't be told"), "{text}");
    assert!(text.contains("Of 27 differences that were tested, 0 hold"), "{text}");
    // A test whose interval holds zero does not count.
    let text = judged(&|row| {
        if row.a.metric == "kept" {
            row.difference.high = Some(0.01);
        }
    });
    assert!(text.contains("is right more often than") && text.contains("is not shown"), "{text}");
    let text = judged(&|row| {
        if row.a.metric == "accuracy" {
            row.q = Some(0.2);
        }
    });
    assert!(text.contains("keeps a smaller share of its right answers than"), "{text}");
    // From 64 to 0 % and from 39 to 0 %: neither loses less.
    let text = judged(&|row| {
        if row.a.metric == "kept" {
            (row.a.value, row.b.value, row.q) = (Some(0.0), Some(0.0), Some(0.8));
        }
    });
    assert!(
        text.contains("; both lose all of their right answers when the object's box is gray."),
        "{text}"
    );
    let text = judged(&|row| row.q = None);
    assert!(text.contains("could be tested"), "{text}");
}

#[test]
fn what_was_not_measured_has_no_section() {
    let empty = ComparisonView::default();
    let text = text(&empty);
    for absent in ["Side by side", "By class", "Objects", "The same classes?", "Findings"] {
        assert!(!text.lines().any(|line| line == absent), "{absent}: {text}");
    }
    assert!(text.contains("Every image and every figure is in both runs."), "{text}");
}

#[test]
fn hostile_names_stay_text_and_nothing_is_loaded() {
    let mut view = view();
    let name = "</title><script>alert(1)</script>";
    view.b.name = name.to_owned();
    view.b.model = name.to_owned();
    view.rows.iter_mut().filter(|r| r.a.class.as_deref() == Some("kite")).for_each(|row| {
        row.a.class = Some(name.to_owned());
    });
    let page = render_comparison(&view);
    html::text(&page).unwrap();
    assert!(!page.contains("<script>alert"), "escaped");
    for forbidden in ["http://", "https://", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_eq!(page, render_comparison(&view));
}
