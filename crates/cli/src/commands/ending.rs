//! What an audit says in the terminal at its end: the verdict, the figures behind it, and what to do. The rest stands in the
//! report and in `rightly metrics`.

use std::path::Path;

use rightly::{
    Report,
    findings::Kind,
    verdict::{Cause, Headline, Step, Verdict},
};

use crate::output::visible;

/// Most names in a line.
const NAMED: usize = 5;
/// Most steps that are shown.
const STEPS: usize = 3;

/// The lines about what an audit left.
pub(crate) fn of(report: &Report) -> anyhow::Result<String> {
    let run = report.run_dir();
    let cluster = run.manifest()?.cluster;
    Ok(lines(&report.verdict()?, run.root(), report.html(), cluster.as_deref()))
}

fn lines(verdict: &Verdict, run: &Path, report: &Path, cluster: Option<&str>) -> String {
    let mut out = format!("\n{}\n", visible(&verdict.sentence));
    let width = verdict.figures.iter().map(|f| f.name.chars().count()).max().unwrap_or(0);
    for (at, figure) in verdict.figures.iter().enumerate() {
        let name = visible(&figure.name);
        let n = if at == 0 { size(figure, cluster) } else { String::new() };
        let line = format!("  {name:width$}  {}{n}", share(figure));
        out += line.trim_end();
        out.push('\n');
    }
    let mut row = |label: &str, text: &str| out += &format!("  {label:<9} {}\n", visible(text));
    row("findings", &findings(verdict));
    let left: Vec<String> =
        verdict.left_out.iter().map(|left| format!("{} ({})", left.stage, left.why)).collect();
    if !left.is_empty() {
        row("left out", &left.join("; "));
    }
    for (at, Step { what, command }) in verdict.next.iter().take(STEPS).enumerate() {
        row(if at == 0 { "next" } else { "" }, what);
        if let Some(command) = command {
            let command = command.replace("--out RUN", &format!("--out {}", run.display()));
            row("", &format!("  {command}"));
        }
    }
    row("report", &report.display().to_string());
    out
}

fn share(figure: &Headline) -> String {
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    match (figure.value, figure.low, figure.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{:>3} % right [{}, {}]", percent(value), percent(low), percent(high))
        }
        (Some(value), ..) => format!("{:>3} % right", percent(value)),
        (None, ..) => "no data".to_owned(),
    }
}

fn size(figure: &Headline, cluster: Option<&str>) -> String {
    match (figure.clusters, cluster) {
        (Some(clusters), Some(column)) => {
            format!("   {} images, {clusters} values of '{}'", figure.n, visible(column))
        }
        _ => format!("   {} images", figure.n),
    }
}

fn findings(verdict: &Verdict) -> String {
    let all: Vec<String> =
        verdict.findings.iter().map(|(kind, list)| of_kind(*kind, list)).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" · ") }
}

fn of_kind(kind: Kind, list: &[Cause]) -> String {
    let (one, many) = match kind {
        Kind::DataProblem => ("problem of the data", "problems of the data"),
        Kind::SpuriousCue => ("cue", "cues"),
        Kind::FailingSubgroup => ("subgroup that fails", "subgroups that fail"),
        Kind::FailingClass => ("class that fails", "classes that fail"),
        Kind::ObjectIgnored => {
            ("class recognised without its object", "classes recognised without their object")
        }
    };
    let mut names: Vec<String> = Vec::new();
    for cause in list {
        let name = match (&cause.class, &cause.cue) {
            (Some(class), Some(cue)) => format!("{class}: {cue}"),
            (Some(class), None) => class.clone(),
            (None, Some(cue)) => cue.clone(),
            (None, None) => cause.title.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let words = if list.len() == 1 { one } else { many };
    format!("{} {words} ({}{more})", list.len(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly::{LeftOut, verdict::Answer};

    #[test]
    fn the_ending_says_answer_figures_findings_and_what_to_do() {
        let cause = |kind, class: Option<&str>, cue: Option<&str>| Cause {
            kind,
            class: class.map(str::to_owned),
            cue: cue.map(str::to_owned),
            title: "a title".to_owned(),
            effect: None,
            low: None,
            high: None,
            n: 20,
            finding: 0,
            explains: Vec::new(),
        };
        let figure = |name: &str, value, interval: Option<(f64, f64)>| Headline {
            name: name.to_owned(),
            condition: "none".to_owned(),
            value: Some(value),
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
            n: 212,
            clusters: Some(16),
        };
        let verdict = Verdict {
            verdict: Answer::Mixed,
            sentence: "net\u{1b}[2J needs the object.".to_owned(),
            classes: Vec::new(),
            figures: vec![
                figure("as photographed", 0.623, Some((0.41, 0.8))),
                figure("the object's box gray", 0.06, None),
            ],
            findings: [
                (Kind::SpuriousCue, vec![cause(Kind::SpuriousCue, None, Some("watermark"))]),
                (
                    Kind::FailingSubgroup,
                    vec![
                        cause(Kind::FailingSubgroup, Some("bus"), None),
                        cause(Kind::FailingSubgroup, Some("bus"), None),
                    ],
                ),
            ]
            .into(),
            left_out: vec![LeftOut { stage: "repair".into(), why: "none was asked for".into() }],
            next: vec![Step {
                what: "Repair the head.".into(),
                command: Some("rightly mitigate --out RUN".into()),
            }],
        };
        let text = lines(&verdict, Path::new("r"), Path::new("r/report.html"), Some("sequence"));
        assert_eq!(
            text,
            "\nnet\\u{1b}[2J needs the object.\n  \
             as photographed         62 % right [41, 80]   212 images, 16 values of 'sequence'\n  \
             the object's box gray    6 % right\n  \
             findings  1 cue (watermark) · 2 subgroups that fail (bus)\n  \
             left out  repair (none was asked for)\n  \
             next      Repair the head.\n              rightly mitigate --out r\n  \
             report    r/report.html\n"
        );
    }
}
