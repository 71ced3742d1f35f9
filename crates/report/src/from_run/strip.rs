//! A few images that show the verdict: as photographed, without the object, without its surroundings, and the map over them, each
//! with what the model answers.

use std::collections::BTreeMap;

use rightly_audit::{
    Finding, RunDir,
    findings::Kind,
    measures::components::bounds,
    run::Manifest,
    verdict::{Answer, Cause, Verdict},
};
use rightly_data::{Mask, RgbImage, table};

use super::{
    album::{Album, encode},
    cams::maps,
    tables::Tables,
};
use crate::{
    ReportError, picture,
    view::{Panel, Picture, StripRow},
};

/// Rows of the strip.
const ROWS: usize = 4;
/// Longer side of a panel's picture, pixels.
const SIDE: usize = 224;
/// What is painted over; the value that the measures use.
const GRAY: u8 = 128;
/// The conditions that are shown, and their words.
const CONDITIONS: [(&str, &str); 3] = [
    ("none", "as photographed, outlined"),
    ("gray-box", "the object's box gray"),
    ("background-gray", "the object alone"),
];

/// What the model answers to a picture.
#[derive(Debug, Clone, Copy)]
struct Said {
    output: i64,
    correct: bool,
    /// Probability of the true class.
    confidence: f64,
}

/// Answers by image and condition.
type Answers = BTreeMap<String, BTreeMap<&'static str, Said>>;

/// What a row shows.
struct Wanted<'a> {
    title: String,
    /// Images of which one is shown.
    among: Vec<&'a str>,
    /// What the model has to do with it, by condition: right or not.
    shows: &'static [(&'static str, bool)],
}

pub(super) fn strip(
    run: &RunDir,
    manifest: &Manifest,
    tables: &Tables,
    album: &Album,
    verdict: &Verdict,
    found: &[Finding],
) -> Result<Vec<StripRow>, ReportError> {
    if verdict.verdict == Answer::Meaningless {
        return Ok(Vec::new());
    }
    let wanted = wanted(tables, verdict, found);
    let answers = answers(run, &wanted)?;
    let chosen: Vec<(&Wanted<'_>, &str)> =
        wanted.iter().filter_map(|row| Some((row, choose(row, &answers)?))).take(ROWS).collect();
    let ids: Vec<&str> = chosen.iter().map(|(_, id)| *id).collect();
    let maps = maps(run, &ids)?;
    let options = manifest.stages.get(rightly_audit::evaluate::STAGE);
    let target = options.and_then(|o| o.get("target")).and_then(|v| v.as_str());
    let predicted = target == Some("predicted");
    let mut out = Vec::new();
    for (row, id) in chosen {
        let Some(loaded) = album.load(id) else { continue };
        let mask = loaded.mask.as_ref();
        let class = tables.by_id(id).map_or_else(String::new, |seen| seen.class.clone());
        let mut panels = Vec::new();
        for (condition, words) in CONDITIONS {
            let Some(said) = answers.get(id).and_then(|own| own.get(condition)) else { continue };
            let drawn = match condition {
                "none" => Some(outlined(&loaded.crop, mask)),
                "gray-box" => mask.and_then(|mask| boxed(&loaded.crop, mask)),
                _ => mask.map(|mask| alone(&loaded.crop, mask)),
            };
            let Some(drawn) = drawn else { continue };
            panels.push(Panel {
                words: words.to_owned(),
                picture: Some(small(id, &drawn)?),
                answer: Some(tables.label(said.output)),
                right: Some(said.correct),
                confidence: Some(said.confidence),
            });
        }
        if let Some(map) = maps.get(id) {
            let (height, width) = (loaded.crop.height, loaded.crop.width);
            let map = picture::enlarge(&map.values, map.rows, map.columns, height, width);
            panels.push(Panel {
                words: if predicted {
                    "map for its answer".to_owned()
                } else {
                    format!("map for '{class}'")
                },
                picture: Some(small(id, &outlined(&picture::heat(&loaded.crop, &map), mask))?),
                answer: None,
                right: None,
                confidence: None,
            });
        }
        out.push(StripRow { title: row.title.clone(), id: id.to_owned(), class, panels });
    }
    Ok(out)
}

/// The rows that would show what the verdict says, the most telling first.
fn wanted<'a>(tables: &'a Tables, verdict: &Verdict, found: &'a [Finding]) -> Vec<Wanted<'a>> {
    let ids = |at: usize| found[at].images.iter().map(String::as_str).collect::<Vec<_>>();
    let of = |kind: Kind| verdict.findings.get(&kind).into_iter().flatten();
    let cues: Vec<&Cause> = of(Kind::SpuriousCue)
        .chain(of(Kind::ObjectIgnored))
        .filter(|cause| cause.class.is_some() && found[cause.finding].overlay().is_none())
        .collect();
    let mut out = Vec::new();
    if let Some(cue) = cues.first() {
        let class = cue.class.as_deref().expect("only cues of classes are left: by construction");
        out.push(Wanted {
            title: format!("{class}: right without its object"),
            among: ids(cue.finding),
            shows: &[("none", true), ("gray-box", true)],
        });
        // Groups that fail as the class does without its cue.
        let groups = cue.explains.iter().filter(|&&at| found[at].kind == Kind::FailingSubgroup);
        let without = groups.flat_map(|&other| ids(other)).collect();
        out.push(Wanted {
            title: format!("{class}: wrong where the cue is weak"),
            among: without,
            shows: &[("none", false)],
        });
    }
    for cause in of(Kind::FailingSubgroup) {
        let title = cause.title.rsplit_once(": ").map_or(cause.title.as_str(), |(name, _)| name);
        out.push(Wanted {
            title: title.to_owned(),
            among: ids(cause.finding),
            shows: &[("none", false)],
        });
    }
    // What needing the object looks like.
    if cues.is_empty() {
        out.push(Wanted {
            title: "Right as photographed, wrong without the object".to_owned(),
            among: tables.images.iter().map(|seen| seen.id.as_str()).collect(),
            shows: &[("none", true), ("gray-box", false)],
        });
    }
    for cause in of(Kind::FailingClass) {
        let Some(class) = &cause.class else { continue };
        out.push(Wanted {
            title: format!("{class}: a class that fails"),
            among: ids(cause.finding),
            shows: &[("none", false)],
        });
    }
    out
}

/// The first image that shows it, if possible one that does not become right without its object by accident. Findings name theirs
/// strongest first.
fn choose<'a>(row: &Wanted<'a>, answers: &Answers) -> Option<&'a str> {
    let is = |id: &str, condition: &str, right: bool| {
        let own = answers.get(id).and_then(|own| own.get(condition));
        own.map(|said| said.correct == right)
    };
    let shows = |id: &str| row.shows.iter().all(|(c, right)| is(id, c, *right) == Some(true));
    let plain = |id: &str| row.shows.len() > 1 || is(id, "gray-box", false) != Some(false);
    let list = || row.among.iter().copied().filter(|id| shows(id));
    list().find(|id| plain(id)).or_else(|| list().next())
}

/// What the model says to the wanted images, read in one pass.
fn answers(run: &RunDir, wanted: &[Wanted<'_>]) -> Result<Answers, ReportError> {
    let mut out = Answers::new();
    let Some(path) = run.file_of(rightly_audit::evaluate::STAGE, "predictions.parquet")? else {
        return Ok(out);
    };
    for row in wanted {
        out.extend(row.among.iter().map(|id| ((*id).to_owned(), BTreeMap::new())));
    }
    for batch in table::read(&path)? {
        let batch = batch?;
        let conditions = table::texts(&batch, "condition", &path)?;
        let ids = table::texts(&batch, "id", &path)?;
        let outputs = table::integers(&batch, "output", &path)?;
        let correct = table::texts(&batch, "correct", &path)?;
        let confidence = table::floats(&batch, "confidence", &path)?;
        for at in 0..ids.len() {
            let known = CONDITIONS.iter().find(|(name, _)| conditions[at].as_deref() == Some(name));
            let own = ids[at].as_ref().and_then(|id| out.get_mut(id));
            let said = outputs[at].zip(correct[at].as_deref()).zip(confidence[at]);
            if let (Some((condition, _)), Some(own), Some(((output, correct), confidence))) =
                (known, own, said)
            {
                own.insert(condition, Said { output, correct: correct == "true", confidence });
            }
        }
    }
    Ok(out)
}

fn small(id: &str, image: &RgbImage) -> Result<Picture, ReportError> {
    encode(id, picture::jpeg(&picture::shrink(image, SIDE)))
}

fn outlined(image: &RgbImage, mask: Option<&Mask>) -> RgbImage {
    let mut out = image.clone();
    if let Some(mask) = mask {
        picture::outline(&mut out, mask);
    }
    out
}

/// The box around the object gray.
fn boxed(image: &RgbImage, mask: &Mask) -> Option<RgbImage> {
    let b = bounds(mask)?;
    Some(painted(image, |x, y| (b.left..=b.right).contains(&x) && (b.top..=b.bottom).contains(&y)))
}

/// Everything but the object gray.
fn alone(image: &RgbImage, mask: &Mask) -> RgbImage {
    painted(image, |x, y| !mask.data[y * mask.width + x])
}

fn painted(image: &RgbImage, gray: impl Fn(usize, usize) -> bool) -> RgbImage {
    let mut out = image.clone();
    for (at, pixel) in out.data.chunks_exact_mut(3).enumerate() {
        if gray(at % image.width, at / image.width) {
            pixel.fill(GRAY);
        }
    }
    out
}
