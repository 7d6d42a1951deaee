//! What tests are written with: estates as a few lines of text, and the screens without a terminal for golden screens,
//! key scripts and the pictures of the README.

pub mod estate_text;
pub mod golden;
mod harness;
mod screen;
mod svg;

pub use harness::Harness;
pub use screen::dump;
pub use svg::svg;
