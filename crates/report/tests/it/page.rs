//! Rules that every page keeps.

use rightly_report::{
    ReportView, render,
    view::{Figure, Photo, ProblemRow},
};

use crate::{fixture, html};

#[test]
fn a_full_page_is_balanced_and_small() {
    let page = render(&fixture::view());
    html::text(&page).unwrap();
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
}

#[test]
fn an_empty_view_is_a_page_that_says_so() {
    let text = html::text(&render(&ReportView::default())).unwrap();
    assert!(text.contains("No image could be evaluated."), "{text}");
    assert!(!text.contains("At a glance"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = render(&fixture::view());
    for forbidden in ["http://", "https://", "url(", "@import", "<link", "<iframe", "src=\"/"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
    let sources = page.match_indices(" src=\"").map(|(at, _)| &page[at + 6..at + 16]);
    assert!(sources.clone().count() > 20);
    sources.for_each(|s| assert_eq!(s, "data:image"));
}

#[test]
fn hostile_names_stay_text() {
    let names = [
        "<script>alert(1)</script>",
        "\"onmouseover=\"alert(1)",
        "'><img src=x onerror=alert(1)>",
        "</title></style></svg>",
        "😀 \u{202e}ltr",
        "שלום مرحبا",
        "&amp; & &#60;",
        &"x".repeat(300),
    ];
    for name in names {
        let mut view = fixture::view();
        let mut rows = view.figures.rows().to_vec();
        rows.iter_mut()
            .filter(|f| f.class.as_deref() == Some("kite") || f.class.as_deref() == Some("carton"))
            .for_each(|f| f.class = Some(name.to_owned()));
        rows.iter_mut().for_each(|f| {
            f.condition = f.condition.as_ref().map(|c| c.replace("watermark", name));
        });
        view.figures = rows.into();
        view.facts.model = name.to_owned();
        view.facts.data = name.to_owned();
        view.facts.cluster = Some(name.to_owned());
        view.facts.classes[10] = name.to_owned();
        view.mean_masks[0].class = name.to_owned();
        view.findings[0].title = name.to_owned();
        view.findings[0].description = name.to_owned();
        view.findings[0].images = vec![name.to_owned()];
        view.confusions[0].answer = name.to_owned();
        view.mistakes[0] =
            Photo { id: name.to_owned(), class: name.to_owned(), ..Photo::default() };
        view.notes.push(name.to_owned());
        view.without_photographs = Some(name.to_owned());
        view.problems[0] = ProblemRow {
            image: name.to_owned(),
            stage: name.to_owned(),
            problem: name.to_owned(),
            action: name.to_owned(),
        };
        let page = render(&view);
        let clean = render(&fixture::view());
        html::text(&page).unwrap_or_else(|e| panic!("{name}: {e}"));
        for element in ["<script", "<style", "<title", "<svg"] {
            let extra = page.matches(element).count().abs_diff(clean.matches(element).count());
            assert_eq!(extra, 0, "{name}: {element}");
        }
        assert!(!page.contains("onerror=alert(1)>"), "{name}");
        assert!(!page.contains("\"onmouseover"), "{name}");
    }
}

#[test]
fn every_mark_carries_its_n() {
    let page = render(&fixture::view());
    let titles: Vec<&str> = page
        .split("<title>")
        .skip(2)
        .map(|t| t.split("</title>").next().unwrap())
        // The titles of whole charts.
        .filter(|t| {
            !t.starts_with("Relative foreground sensitivity against")
                && !t.starts_with("Accuracy by")
                && !t.starts_with("Map of the images")
        })
        .collect();
    assert!(titles.len() > 40, "{}", titles.len());
    for title in titles {
        assert!(title.contains("n\u{a0}="), "{title}");
        assert!(title.contains("interval"), "{title}");
    }
}

#[test]
fn small_groups_and_missing_intervals_are_marked() {
    let mut view = fixture::view();
    let text = html::text(&render(&view)).unwrap();
    assert!(text.contains("few") && text.contains("not estimable"));
    let large = |f: &Figure| Figure { n: 500, low: f.value, high: f.value, ..f.clone() };
    view.figures = view.figures.rows().iter().map(large).collect::<Vec<_>>().into();
    view.mean_masks.clear();
    view.confusions.clear();
    view.repair = None;
    let text = html::text(&render(&view)).unwrap();
    assert_eq!(text.lines().filter(|l| *l == "few").count(), 1, "only the legend");
    assert!(!text.contains("interval not estimable"));
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    assert_eq!(render(&fixture::view()), render(&fixture::view()));
}
