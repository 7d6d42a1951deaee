//! Names, three-valued truth and text cleaning: the words every other layer is written in, none of them about a domain.

pub mod name;
pub mod text;
pub mod truth;

pub use name::Name;
pub use truth::Truth;
