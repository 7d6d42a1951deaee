//! Findings: every rule is documented, has its examples, fires on them and on nothing else.

mod cases;
mod registry;
mod worlds;
