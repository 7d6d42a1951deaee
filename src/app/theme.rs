//! Names of the themes; their colours are the business of the drawing.

/// Every theme, the default first.
pub const THEMES: [&str; 7] = ["terminal", "mono", "dark", "light", "high-contrast", "cvd-dark", "cvd-light"];
