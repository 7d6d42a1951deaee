//! The screens without a terminal: for golden screens, key scripts and the pictures of the README.

pub mod golden;
mod harness;
mod screen;
mod svg;

pub use harness::Harness;
pub use screen::dump;
pub use svg::svg;
