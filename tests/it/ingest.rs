//! Reading snapshot directories: whole worlds, broken files, every form a file may have.

mod broken;
mod dump;
mod forms;
mod properties;
mod tiny;
mod worlds;
