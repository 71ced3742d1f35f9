//! `rightly data --preview FILE.html`.

use std::fs;

use crate::support::{code, quickstart, rightly, stderr, stdout};

fn data(more: &[&str]) -> std::process::Output {
    rightly().arg("data").arg(quickstart("table.csv")).args(more).output().unwrap()
}

#[test]
fn flags_for_decoding_serve_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("masks.html");
    let path = page.to_str().unwrap();
    let decoding = [
        "--max-pixels",
        "1000000",
        "--as-stored",
        "--max-bytes",
        "9999999",
        "--mask-resize",
        "nearest",
    ];
    let output = data(&[&["--preview", path][..], &decoding].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(fs::read_to_string(&page).unwrap().contains("What counts as object"));
    // They are heard: no picture is so small.
    let output = data(&["--preview", path, "--max-pixels", "4"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("the limit is 4") && !text.contains("<img"), "{}", text.len());
    // Without a reader of pictures they do nothing, which is said.
    let output = data(&["--max-pixels", "4"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("without --read or --preview"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn the_pages_name_steers_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("\u{1b}[2J\u{202e}.html");
    let output = data(&["--preview", page.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(page.is_file());
    let text = stdout(&output);
    assert!(text.contains("\\u{1b}[2J\\u{202e}.html"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
