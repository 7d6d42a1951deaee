//! Findings: every rule is documented, has its examples, fires on them and on nothing else.

mod applier;
mod cases;
mod explained;
mod fingerprints;
mod pods;
mod registry;
mod repairs;
mod rights;
mod shell;
mod worlds;
