//! Reading snapshot directories: whole worlds, broken files, every form a file may have.

mod broken;
mod dump;
mod forms;
mod properties;
#[cfg(unix)]
mod script;
mod tiny;
mod worlds;
