//! The report of an audit: one HTML file that works offline.
//!
//! | module | its subject |
//! |---|---|
//! | [`view`] | what a report shows, as plain data: no files, no model |
//! | `sections` | one module a section, in the order of the page |
//! | `compared` | the page of a comparison of two runs |
//! | `mask_sheet` | the masks of a dataset over its images, before any run |
//! | [`picture`] | activation maps and mask outlines drawn over photographs |
//! | [`from_run`] | a run directory to a view |
//!
//! [`render`] and [`render_comparison`] are pure functions from a view to the page; [`write()`] reads a run and writes its
//! `report.html`.

mod chart;
mod compared;
pub mod error;
mod format;
pub mod from_run;
mod mask_sheet;
mod page;
pub mod picture;
mod sections;
mod verdict;
pub mod view;

pub use compared::render_comparison;
pub use error::ReportError;
pub use from_run::write;
pub use mask_sheet::{is_mask_sheet, mask_sheet};
pub use page::render;
pub use view::ReportView;
