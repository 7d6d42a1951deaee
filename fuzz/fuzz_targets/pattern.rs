//! The fast matcher agrees with the plain one, and sets of patterns with the texts in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolewalk::iam::glob::{Glob, conjunction_is_empty, contains, disjoint};

/// The definition itself.
fn plain(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| plain(rest, &text[skip..])),
        Some(('?', rest)) => !text.is_empty() && plain(rest, &text[1..]),
        Some((c, rest)) => text.first() == Some(c) && plain(rest, &text[1..]),
    }
}

fuzz_target!(|input: (&str, &str, &str)| {
    let (a, b, text) = input;
    // The plain matcher is exponential, so it is only asked about short inputs.
    let cut = |text: &str, most: usize| -> Vec<char> { text.chars().take(most).collect() };
    let (pa, pb, t) = (cut(a, 10), cut(b, 10), cut(text, 12));
    let word = |chars: &[char]| chars.iter().collect::<String>();
    let (ga, gb, t_word) = (Glob::new(&word(&pa)), Glob::new(&word(&pb)), word(&t));
    let (in_a, in_b) = (ga.matches(&t_word), gb.matches(&t_word));
    assert_eq!(in_a, plain(&pa, &t));
    if in_b && !in_a {
        assert!(!contains(&ga, &gb));
    }
    if in_a && in_b {
        assert!(!disjoint(&ga, &gb) && !conjunction_is_empty(&[&ga, &gb, &Glob::any()]));
    }
    // Whatever the length, an answer comes.
    let (la, lb) = (Glob::new(a), Glob::new(b));
    let _ = (la.matches(text), disjoint(&la, &lb));
});
