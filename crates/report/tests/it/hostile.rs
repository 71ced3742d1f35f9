//! Texts from data (names, captions, attributes, words of a language model) stay texts: a reader of HTML by the standard
//! finds the same elements with the same attributes, whatever the texts are.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use html5gum::{DefaultEmitter, Token, Tokenizer};
use rightly_report::{
    ReportView, render,
    view::{Figure, NameView, Photo, PlantedRow, PlantedView, ProblemRow},
};
use sha2::{Digest as _, Sha256};

use crate::fixture;

/// An element's name, and its attributes with their values.
type Element = (String, Vec<(String, String)>);

/// Every start tag of a page, and the text inside scripts and styles.
fn read(page: &str) -> (Vec<Element>, Vec<(String, String)>) {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (mut elements, mut inline): (Vec<Element>, Vec<(String, String)>) =
        (Vec::new(), Vec::new());
    let mut open = None;
    for token in Tokenizer::new_with_emitter(page, emitter) {
        match token.unwrap() {
            Token::StartTag(tag) => {
                let name = text(&tag.name);
                let attributes = tag.attributes.iter().map(|(k, v)| (text(k), text(&v.value)));
                open = ["script", "style"].contains(&&*name).then(|| name.clone());
                if let Some(name) = &open {
                    inline.push((name.clone(), String::new()));
                }
                elements.push((name, attributes.collect()));
            }
            Token::String(string) => {
                if let (Some(_), Some(last)) = (&open, inline.last_mut()) {
                    last.1 += &text(&string.value);
                }
            }
            Token::EndTag(_) => open = None,
            Token::Error(error) => panic!("the page is no HTML: {error:?}"),
            _ => {}
        }
    }
    (elements, inline)
}

/// Elements with the names of their attributes, sorted.
fn structure(page: &str) -> Vec<(String, Vec<String>)> {
    let names = |attributes: &[(String, String)]| attributes.iter().map(|a| a.0.clone()).collect();
    let (elements, _) = read(page);
    let mut out: Vec<_> = elements.iter().map(|(name, all)| (name.clone(), names(all))).collect();
    out.sort();
    out
}

/// A report in which every text that can come from data is `text`.
fn poisoned(text: &str) -> ReportView {
    let mut view = fixture::view();
    let own = || text.to_owned();
    let photo = |photo: &mut Photo| {
        (photo.id, photo.class) = (own(), own());
        photo.answer = photo.answer.as_ref().map(|_| own());
    };
    let words = |words: &mut NameView| {
        if !words.title.is_empty() {
            words.title = own();
        }
        words.phrases.iter_mut().for_each(|phrase| phrase.phrase = own());
    };
    let mut rows = view.figures.rows().to_vec();
    for figure in &mut rows {
        if ["kite", "carton", "parachute"].map(Some).contains(&figure.class.as_deref()) {
            figure.class = Some(own());
        }
        figure.condition = figure.condition.as_ref().map(|c| c.replace("watermark", text));
    }
    view.figures = rows.into();
    let facts = &mut view.facts;
    (facts.model, facts.data, facts.split) = (own(), own(), own());
    (facts.cluster, facts.cam_layer) = (Some(own()), Some(own()));
    facts.classes[0] = own();
    facts.classes[10] = own();
    facts.rows.iter_mut().for_each(|row| row.1 = own());
    for finding in &mut view.findings {
        (finding.title, finding.description) = (own(), own());
        finding.images.iter_mut().for_each(|id| *id = own());
        finding.photos.iter_mut().for_each(photo);
    }
    let planted = PlantedRow {
        class: own(),
        value: own(),
        found: Some(own()),
        cost: Figure { value: Some(0.2), n: 30, ..Figure::default() },
        photos: vec![view.mistakes[0].clone()],
        ..PlantedRow::default()
    };
    view.planted = Some(PlantedView { rows: vec![planted], false_alarms: vec![own()] });
    if let Some(cams) = &mut view.cams {
        (cams.method, cams.layer) = (own(), own());
        cams.other_layer = Some((own(), Figure::absent(), Figure::absent()));
        let cards = cams.groups.iter_mut().flat_map(|(_, cards)| cards);
        cards.for_each(|card| photo(&mut card.photo));
    }
    if let Some(ranks) = &mut view.ranks {
        for class in &mut ranks.classes {
            class.class = own();
            words(&mut class.words);
            for feature in &mut class.features {
                feature.word = Some(own());
                feature.high.iter_mut().chain(&mut feature.low).for_each(|p| photo(&mut p.photo));
            }
        }
    }
    for class in view.groups.iter_mut().flat_map(|groups| &mut groups.classes) {
        class.class = own();
        for group in &mut class.groups {
            words(&mut group.words);
            group.name = format!("{text}/1");
            group.photos.iter_mut().chain(&mut group.far).for_each(|(p, _)| photo(p));
        }
    }
    if let Some(repair) = &mut view.repair {
        repair.notes.iter_mut().for_each(|note| *note = own());
        for model in &mut repair.repairs {
            (model.words, model.file, model.control) = (own(), own(), own());
            model.groups.iter_mut().for_each(|g| (g.class, g.name) = (own(), own()));
        }
    }
    view.mean_masks.iter_mut().for_each(|mask| mask.class = own());
    for confusion in &mut view.confusions {
        (confusion.class, confusion.answer) = (own(), own());
        confusion.photos.iter_mut().for_each(photo);
    }
    view.mistakes.iter_mut().for_each(photo);
    view.notes.iter_mut().for_each(|note| *note = own());
    view.without_photographs = Some(own());
    view.problems = vec![ProblemRow { image: own(), stage: own(), problem: own(), action: own() }];
    view
}

#[test]
fn no_element_and_no_attribute_comes_from_data() {
    let expected = structure(&render(&poisoned("harmless")));
    let long = format!("<b {}>", "x".repeat(100_000));
    for text in [
        "</script><script>alert(1)</script>",
        "</style><style>*{display:none}</style>",
        "</title><img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><a href=\"javascript:alert(1)\">x</a></svg>",
        "javascript:alert(1)",
        "[click](javascript:alert(1))",
        "\" onmouseover=\"alert(1)\" x=\"",
        "' onfocus='alert(1)' autofocus='",
        "`onclick=alert(1)`",
        "--><iframe srcdoc='<script>alert(1)</script>'></iframe><!--",
        "<![CDATA[<script>alert(1)</script>]]>",
        "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img&#62;",
        "{{constructor.constructor('alert(1)')()}}",
        "<meta http-equiv=refresh content='0;url=http://x'>",
        "<base href=http://x>",
        "\u{202e}<script>\u{2066}",
        "<\u{b}img\u{c}src=x>",
        "a\nb\rc\td",
        &long,
    ] {
        let page = render(&poisoned(text));
        let shown: String = text.chars().take(60).collect();
        assert!(structure(&page) == expected, "{shown}");
        let (elements, _) = read(&page);
        for (element, attributes) in &elements {
            for (name, value) in attributes {
                let kept = match name.as_str() {
                    "href" => value.starts_with('#'),
                    "src" => value.starts_with("data:image/"),
                    // Two tables are named by their metric; nothing else is.
                    "id" | "class" | "http-equiv" => !value.contains(text),
                    _ => !name.starts_with("on") && name != "style",
                };
                assert!(kept, "{shown}: <{element} {name}={value:.80}>");
            }
        }
    }
}

#[test]
fn the_policy_lets_the_pages_own_script_and_style_run_and_no_other() {
    let page = render(&poisoned("</script><script>alert(1)</script>"));
    let (elements, inline) = read(&page);
    let value = |attributes: &[(String, String)], name: &str| {
        attributes.iter().find(|a| a.0 == name).map(|a| a.1.clone())
    };
    let policy: Vec<String> = elements
        .iter()
        .filter(|(_, a)| value(a, "http-equiv").as_deref() == Some("Content-Security-Policy"))
        .filter_map(|(_, a)| value(a, "content"))
        .collect();
    let [policy] = &policy[..] else { panic!("{policy:?}") };
    assert!(policy.starts_with("default-src 'none'; img-src data:; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let names: Vec<&str> = inline.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["style", "script"]);
    for (name, text) in &inline {
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{name}-src 'sha256-{hash}'")), "{name}: {policy}");
    }
}
