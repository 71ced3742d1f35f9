//! `rightly model`: what a model takes, gives, and can be tapped at.

use crate::args::ModelArgs;

pub(crate) fn run(args: &ModelArgs) -> anyhow::Result<()> {
    let _ = args;
    anyhow::bail!("not yet")
}
