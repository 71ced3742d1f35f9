//! What a page holds, whatever the view.

mod comparison;
mod fixture;
mod hostile;
mod html;
mod page;
mod run;
mod text;
