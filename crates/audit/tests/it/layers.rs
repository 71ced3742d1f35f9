//! Stages use what lies at the root of the crate, never the inside of another stage. This reads their imports.

use std::{collections::BTreeSet, fs, path::Path};

/// The modules of stages, and those that may be used by all of them: features and training dynamics are inputs of stages.
const STAGES: [&str; 6] = ["evaluate", "rank", "discover", "interpret", "mitigate", "compare"];

/// What one stage may use of another beside the names of files and of the stage (constants): user, used, why.
const ALLOWED: [(&str, &str, &str); 2] = [
    (
        "mitigate/reaudit.rs",
        "evaluate",
        "a repaired model is measured as the model was: by the stage itself",
    ),
    ("mitigate/reaudit.rs", "compare", "and held against it by the comparison itself"),
];
/// As [`ALLOWED`], of one item.
const ALLOWED_ITEMS: [(&str, &str); 1] = [("mitigate/mod.rs", "evaluate::EvaluateOptions")];

fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push((
                path.to_string_lossy().replace('\\', "/"),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

/// The items that a source uses of a module: `module::item`, also inside braces.
fn items(source: &str, module: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let start = format!("{module}::");
    for (at, _) in source.match_indices(&start) {
        let before = source[..at].chars().next_back().unwrap_or(' ');
        let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let comment = source[line..at].contains("//");
        // Of the crate's own modules: `crate::module::` or after the crate's braces or by itself.
        let own = !before.is_alphanumeric()
            && before != '_'
            && (before != ':' || source[..at].ends_with("crate::"));
        if !own || comment {
            continue;
        }
        let rest = &source[at + start.len()..];
        let list = match rest.strip_prefix('{') {
            Some(list) => &list[..list.find('}').unwrap_or(list.len())],
            None => {
                &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
            }
        };
        let names =
            list.split(',').map(|name| name.trim().split("::").next().unwrap_or("").to_owned());
        out.extend(names.filter(|name| !name.is_empty() && name != "self"));
    }
    out
}

#[test]
fn stages_use_the_root_and_not_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for stage in STAGES {
        let mut files = Vec::new();
        sources(&root.join(stage), &mut files);
        for (path, source) in files {
            let name = path.rsplit_once("/src/").unwrap().1.to_owned();
            for other in STAGES.iter().filter(|other| **other != stage) {
                for item in items(&source, other) {
                    seen += 1;
                    let constant =
                        item.chars().all(|c| c.is_uppercase() || c == '_' || c.is_ascii_digit());
                    let allowed =
                        ALLOWED.iter().any(|(file, used, _)| *file == name && used == other)
                            || ALLOWED_ITEMS
                                .contains(&(name.as_str(), format!("{other}::{item}").as_str()));
                    if !constant && !allowed {
                        wrong.push(format!("{name} uses {other}::{item}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 20, "the imports are found: {seen}");
}

#[test]
fn what_is_used_of_a_module_is_found() {
    let source = "use crate::{\n    discover::{self, Method}, rank,\n};\nfn f() { rank::STAGE; other::rank::x(); my_rank::y }\n// rank::z\n";
    assert_eq!(items(source, "discover"), BTreeSet::from(["Method".to_owned()]));
    assert_eq!(items(source, "rank"), BTreeSet::from(["STAGE".to_owned()]));
}
