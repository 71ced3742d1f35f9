//! `rightly report`: (re)writes RUN/report.html.

use crate::{args::ReportArgs, output};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    rightly::RunDir::open(&args.run)?;
    let path = rightly_report::write(&args.run)?;
    output::print(&format!("{}\n", path.display()))
}
