//! What a page holds, whatever the view.

mod comparison;
mod fixture;
mod html;
mod page;
mod run;
mod text;
