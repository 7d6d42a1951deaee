//! Parses arguments, hands over, exits.

fn main() {}
