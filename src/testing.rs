//! What tests are written with: estates as a few lines of text.

pub mod estate_text;
