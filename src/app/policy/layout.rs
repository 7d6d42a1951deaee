//! Line breaks for documents that are stored on one line. Nothing but white space changes: keys keep their order,
//! repeated ones stay, and what is no JSON is left as it is.

/// Longest line that is shown as it is.
const LONG: usize = 160;

/// The text to show, and whether lines were broken.
pub fn readable(text: &str) -> (String, bool) {
    if text.lines().all(|line| line.len() <= LONG) && text.lines().count() > 1 || text.len() < 60 {
        return (text.to_owned(), false);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => {
                quoted = true;
                out.push(character);
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if(|it| it.is_whitespace()).is_some() {}
                if let Some(close) = characters.next_if(|it| matches!(it, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            it if it.is_whitespace() => {}
            it => out.push(it),
        }
    }
    (out, true)
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    // Deeper is no policy; the indent must not outgrow the text.
    out.extend(std::iter::repeat_n(' ', 2 * depth.min(20)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_broken_and_only_white_space_changes() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","a\":{"],"Resource":"*","Condition":{}}]}"#;
        let (shown, relaid) = readable(text);
        assert!(relaid);
        assert_eq!(shown.lines().count(), 14);
        let squeeze = |text: &str| text.chars().filter(|it| !it.is_whitespace()).collect::<String>();
        assert_eq!(squeeze(&shown), squeeze(text));
    }

    proptest::proptest! {
        #[test]
        fn any_text_keeps_its_characters(text in "[{}\\[\\]\",: a\\\\é]{60,200}") {
            let squeeze = |text: &str| text.chars().filter(|it| !it.is_whitespace()).collect::<String>();
            proptest::prop_assert_eq!(squeeze(&readable(&text).0), squeeze(&text));
        }
    }
}
