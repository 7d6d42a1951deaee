//! Findings: every rule is documented, has its examples, fires on them and on nothing else.

mod applier;
mod cases;
mod pods;
mod registry;
mod repairs;
mod shell;
mod worlds;
