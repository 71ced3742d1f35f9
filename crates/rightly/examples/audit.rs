//! An audit of the quickstart's classifier in a few lines: `cargo run --release -p rightly --example audit`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program, not a library")]

use std::{error::Error, path::Path, sync::atomic::AtomicBool};

use rightly::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().unwrap_or_else(|| "rightly-run".to_owned());

    let audit =
        Audit::new(quickstart.join("model.onnx"), quickstart.join("table.csv")).out(out).seed(0);
    // Notes as they come; a Ctrl-C handler would set the flag, and the next run would go on.
    let stop = AtomicBool::new(false);
    let report = audit.run_with(&stop, &|event| {
        if let Event::Note(text) = event {
            eprintln!("{text}");
        }
    })?;

    for finding in report.findings()? {
        println!("{}", finding.title);
    }
    for left_out in report.left_out() {
        println!("left out: {}: {}", left_out.stage, left_out.why);
    }
    println!("report: {}", report.html().display());
    Ok(())
}
