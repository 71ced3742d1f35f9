//! `rightly report`: (re)writes RUN/report.html.

use crate::{args::ReportArgs, output};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let _lock = rightly::RunDir::open(&args.run)?.lock()?;
    let path = rightly_report::write(&args.run)?;
    output::print(&format!("{}\n", output::visible(&path.display().to_string())))
}
