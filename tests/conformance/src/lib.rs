//! The same stories, told through every language, must end the same way.
//!
//! A story is data (`scenarios/*.json`): what happens in the cloud, what the program does, what its user sees. The
//! program is a driver, one for each language, that takes one command a line. The protocol is in `README.md`.

#![forbid(unsafe_code)]

mod cloud;
mod driver;
mod expectation;
mod language;
mod line;
mod names;
mod opening;
mod page;
pub mod rust_driver;
mod scenario;
mod story;
mod table;

pub use cloud::Cloud;
pub use driver::Driver;
pub use language::Language;
pub use line::Line;
pub use page::{page, path as page_path};
pub use scenario::Scenario;
pub use table::{Table, differences, print, run, scenarios};
