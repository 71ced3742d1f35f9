//! From figures and findings to the answer, its sentence and what to do.

use rightly_stats::Estimate;

use super::{causes::causes, sentence::sentence, steps::steps, *};

fn row(metric: &str, condition: Option<&str>, class: &str, value: f64, half: f64) -> Metric {
    let e = Estimate {
        value: Some(value),
        low: Some(value - half),
        high: Some(value + half),
        n: 200,
        clusters: None,
    };
    let stage = match metric {
        "detectable-gap" => discover::STAGE,
        "gap" => rank::STAGE,
        _ => evaluate::STAGE,
    };
    Metric::new(stage, metric, condition, class, e)
}

const CLASSES: [&str; 4] = ["bus", "cat", "dog", "van"];

/// Clean accuracy .8 of four classes, `left` of it with the box gray; in how many classes cues and subgroups were looked for.
fn figures(left: f64, half: f64, looked: [usize; 2]) -> Vec<Metric> {
    let mut out = vec![row("accuracy", Some("none"), POOLED, 0.8, 0.03)];
    for class in CLASSES {
        out.push(row(
            "accuracy",
            Some("none"),
            class,
            if class == "dog" { 0.02 } else { 0.9 },
            0.02,
        ));
    }
    out.push(row("accuracy", Some("gray-box"), POOLED, left, half));
    out.push(row("drop", Some("gray-box"), POOLED, 0.8 - left, half));
    out.push(row("default-answer", Some("gray-box"), POOLED, 0.0, 0.0));
    out.push(row("beyond-default", Some("gray-box"), POOLED, left, half));
    for (metric, n) in [("gap", looked[0]), ("detectable-gap", looked[1])] {
        out.extend(CLASSES[..n].iter().map(|class| row(metric, None, class, 0.0, 0.1)));
    }
    out
}

fn finding(kind: Kind, class: Option<&str>, group: Option<&str>, title: &str) -> Finding {
    Finding {
        kind,
        class: class.map(str::to_owned),
        group: group.map(str::to_owned),
        title: title.to_owned(),
        description: String::new(),
        effect: Some(0.168),
        low: Some(0.1),
        high: Some(0.23),
        n: 200,
        p: None,
        q: Some(0.001),
        severity: 0.5,
        images: Vec::new(),
        evidence: Vec::new(),
    }
}

/// The answer, its sentence, and what to do.
fn say(metrics: &[Metric], findings: &[Finding], stages: &[&str]) -> (Answer, String, Vec<String>) {
    let inputs = InputOptions::new("net.onnx", "photos");
    let evidence = Evidence {
        model: "net",
        inputs: &inputs,
        cluster: None,
        stages: stages.iter().copied().collect(),
        metrics,
        findings,
        judged: BTreeSet::from(["van".to_owned()]),
    };
    let causes = causes(findings, &Cues::default());
    let hidden = needed(metrics);
    let answer = judge(&evidence, &causes, hidden.as_ref());
    let steps = steps(&evidence, answer, &causes, &[]);
    let said = sentence(&evidence, answer, &causes, hidden.as_ref());
    (answer, said, steps.into_iter().map(|step| step.what).collect())
}

const ALL: [&str; 3] = [evaluate::STAGE, rank::STAGE, discover::STAGE];

#[test]
fn right_reasons_are_said_only_where_everything_was_looked_for() {
    let (answer, said, _) = say(&figures(0.1, 0.05, [4, 4]), &[], &ALL);
    assert_eq!(answer, Answer::RightReasons);
    assert_eq!(
        said,
        "net needs the object for at least three quarters of its right answers; no cue was found, and no failing subgroup was found."
    );
    // The features of 'van' are judged wherever nothing is ranked: none of them is a cue.
    for (left, half, looked, end) in [
        (0.1, 0.05, [4, 0], "; no cue was found, and subgroups could be tested in no class."),
        (0.1, 0.05, [0, 4], "(1 of 4 classes tested), and no failing subgroup was found."),
        (
            0.1,
            0.05,
            [0, 0],
            "; no cue was found (1 of 4 classes tested), and subgroups could be tested in no class.",
        ),
        (0.3, 0.2, [4, 4], "; no cue was found, and no failing subgroup was found."),
    ] {
        let (answer, said, _) = say(&figures(left, half, looked), &[], &ALL);
        assert_eq!(answer, Answer::NotShown, "{said}");
        assert!(said.ends_with(end), "{said}");
    }
    let (_, said, _) = say(&figures(0.1, 0.05, [4, 4]), &[], &ALL[..1]);
    assert!(said.ends_with("; cues and subgroups were not looked for."), "{said}");
    // Nothing was evaluated.
    let only: Vec<Metric> = figures(0.1, 0.05, [0, 4]).split_off(9);
    let (answer, said, _) = say(&only, &[], &ALL[2..]);
    assert_eq!(answer, Answer::NotShown);
    assert_eq!(
        said,
        "How far net relies on the object was not measured; cues were not looked for, and no failing subgroup was found."
    );
    let (answer, said, steps) = say(&figures(0.3, 0.05, [4, 4]), &[], &ALL);
    assert_eq!(answer, Answer::LeansOnSurroundings);
    assert!(said.starts_with("net keeps 38 % of its accuracy without the object;"), "{said}");
    assert!(steps[0].contains("in other surroundings"), "{steps:?}");
}

#[test]
fn faults_are_named() {
    let cue = finding(
        Kind::SpuriousCue,
        Some("bus"),
        None,
        "'bus' leans on a cue: street; 100 % of 40 right with it, 2 % of 45 without it",
    );
    let group = finding(
        Kind::FailingSubgroup,
        Some("van"),
        Some("slices/1"),
        "Violet vans fail: 0 % of 39 right, the rest 66 % of 131",
    );
    let unnamed = finding(
        Kind::FailingSubgroup,
        Some("cat"),
        Some("slices/2"),
        "'cat' fails on a subgroup: 2 % right, the rest 79 %",
    );
    let class = finding(Kind::FailingClass, Some("dog"), None, "'dog' fails: 2 % right");
    let overlay = finding(
        Kind::SpuriousCue,
        None,
        Some("overlay/watermark"),
        "the overlay 'watermark' costs 17 points of accuracy",
    );
    let metrics = figures(0.1, 0.05, [4, 4]);
    let (answer, said, steps) = say(&metrics, &[cue.clone(), group, unnamed, class.clone()], &ALL);
    assert_eq!(answer, Answer::Mixed);
    assert_eq!(
        said,
        "net needs the object for at least three quarters of its right answers, but it leans on cues in one class: bus (street); it \
         fails on 2 subgroups: violet vans, some of 'cat'; and it fails on one class: dog (4 of 200 right)."
    );
    assert!(steps[0].starts_with("Check which outputs the label map gives to dog"), "{steps:?}");
    assert!(steps[1].contains("bus without 'street'"), "{steps:?}");
    assert!(steps.iter().any(|step| step.starts_with("Repair the head")), "{steps:?}");
    let (answer, said, _) = say(&metrics, std::slice::from_ref(&class), &ALL);
    assert_eq!(answer, Answer::FailsOnSubgroups);
    assert!(said.ends_with(", but it fails on one class: dog (4 of 200 right)."), "{said}");
    // Without an interval it decides nothing.
    let unsure = Finding { low: None, high: None, ..class };
    let (answer, said, _) = say(&metrics, &[unsure], &ALL);
    assert_eq!(answer, Answer::NotShown);
    let end = "but it gets one class mostly wrong: dog (4 of 200 right), too few clusters for an interval.";
    assert!(said.ends_with(end), "{said}");
    let (answer, said, _) = say(&metrics, &[overlay], &ALL);
    assert_eq!(answer, Answer::LeansOnSurroundings);
    assert!(said.ends_with(", but it loses 17 points to the overlay 'watermark'."), "{said}");
    let (_, said, _) = say(&figures(0.3, 0.05, [4, 4]), &[cue], &ALL);
    assert_eq!(
        said,
        "net keeps 38 % of its accuracy without the object, and it leans on cues in one class: bus (street)."
    );
}

#[test]
fn at_chance_nothing_else_is_said() {
    let chance = finding(Kind::DataProblem, None, None, AT_CHANCE);
    let (answer, said, steps) = say(&figures(0.1, 0.05, [4, 4]), &[chance], &ALL);
    assert_eq!(answer, Answer::Meaningless);
    assert_eq!(
        said,
        "net is not shown to be better than chance on these images, so no other figure means anything."
    );
    assert!(steps[0].starts_with("Check preprocessing"), "{steps:?}");
    let few = finding(Kind::DataProblem, None, None, TOO_FEW);
    assert_eq!(say(&figures(0.1, 0.05, [4, 4]), &[few], &ALL).0, Answer::NotShown);
}
