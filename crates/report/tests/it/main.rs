//! What a page holds, whatever the view.

mod fixture;
mod html;
mod page;
mod run;
mod text;
