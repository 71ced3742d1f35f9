//! What an audit in a few lines needs: `use rightly::prelude::*;`.

pub use rightly_audit::{
    Event, Finding, Metric, RunDir,
    audit::{LeftOut, Stages},
    discover::DiscoverOptions,
    evaluate::EvaluateOptions,
    findings::Kind,
    interpret::InterpretOptions,
    mitigate::MitigateOptions,
    rank::RankOptions,
};

pub use crate::{Audit, Error, Report};
