//! Commands that only read a run name the file that was changed, and end with 2.

use std::{fs, path::Path};

use crate::support::{code, evaluate, rightly, stderr, stdout};

fn report(run: &Path) -> std::process::Output {
    rightly().arg("report").arg(run).output().unwrap()
}

#[test]
fn what_only_reads_refuses_a_changed_file_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (run, other) = (folder.path().join("run"), folder.path().join("other"));
    for (out, seed) in [(&run, "0"), (&other, "1")] {
        let output = evaluate(out, &["--quick", "--seed", seed]).output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    }
    let page = fs::read(run.join("report.html")).unwrap();
    let metrics = || rightly().arg("metrics").arg(&run).output().unwrap();
    let compare = || rightly().args(["compare", "--quiet"]).args([&run, &other]).output().unwrap();
    let figures = stdout(&metrics());
    let compared = stdout(&compare());
    for name in [
        "run.toml",
        "metrics.json",
        "findings.json",
        "problems.csv",
        "samples.parquet",
        "predictions.parquet",
        "measures/ablation.parquet",
        "measures/noise.parquet",
        "measures/saliency.parquet",
        "measures/cam.parquet",
        "measures/objects.parquet",
        "measures/mean-mask.parquet",
        ".work/stages/evaluate.json",
        ".work/files.ledger",
    ] {
        let path = run.join(name);
        let whole = fs::read(&path).unwrap();
        for at in [whole.len() / 3, 2 * whole.len() / 3] {
            let mut bytes = whole.clone();
            bytes[at] ^= 16;
            fs::write(&path, bytes).unwrap();
            for (output, before) in [(metrics(), &figures), (compare(), &compared)] {
                let said = stderr(&output);
                match code(&output) {
                    0 => assert_eq!(&stdout(&output), before, "{name}"),
                    code => assert!(code == 2 && said.contains(name), "{name}: {code} {said}"),
                }
            }
            let output = report(&run);
            match code(&output) {
                0 => assert!(page == fs::read(run.join("report.html")).unwrap(), "{name}"),
                code => {
                    let said = stderr(&output);
                    assert!(code == 2 && said.contains(name), "{name}: {code} {said}");
                }
            }
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(code(&metrics()), 0);
    assert_eq!(code(&report(&run)), 0);
}

#[test]
fn a_command_of_another_seed_or_split_is_refused_and_a_changed_table_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let quick = ["--quick", "--quiet"];
    assert_eq!(code(&evaluate(&run, &quick).output().unwrap()), 0);
    let figures = fs::read(run.join("metrics.json")).unwrap();
    for (more, what) in [
        (&["--seed", "7"][..], "seed 0, now 7"),
        (&["--cluster", "background"][..], "cluster none, now 'background'"),
        (&["--limit", "3"][..], "limit none, now 3"),
    ] {
        let output = evaluate(&run, &[&quick[..], more].concat()).output().unwrap();
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
        assert_eq!(figures, fs::read(run.join("metrics.json")).unwrap());
    }
    // Swapped rows would still be a table.
    fs::copy(run.join("measures/objects.parquet"), run.join("measures/noise.parquet")).unwrap();
    let output = evaluate(&run, &quick).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("noise.parquet: was changed since it was written"), "{said}");
    assert_eq!(figures, fs::read(run.join("metrics.json")).unwrap());
}
