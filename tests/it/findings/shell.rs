//! The commands of a fix, taken apart as a POSIX shell would, as far as fixes use it.

/// One command with its words, and what it reads from its standard input.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    pub words: Vec<String>,
    pub input: String,
}

impl Command {
    /// The word behind `--name`.
    pub fn option(&self, name: &str) -> Option<&str> {
        let at = self.words.iter().position(|it| it == name)?;
        self.words.get(at + 1).map(String::as_str)
    }

    pub fn required(&self, name: &str) -> &str {
        self.option(name).unwrap_or_else(|| panic!("{name} is missing in {:?}", self.words))
    }

    pub fn has(&self, flag: &str) -> bool {
        self.words.iter().any(|it| it == flag)
    }

    /// Words that are neither options nor their values.
    pub fn plain(&self, with_value: &[&str]) -> Vec<&str> {
        let mut plain = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if with_value.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                plain.push(word.as_str());
            }
        }
        plain
    }
}

/// The commands of a text: one a line, `for NAME in WORDS; do COMMAND; done` spelt out, comments left out.
pub fn commands(text: &str) -> Vec<Command> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let (line, input) = match line.strip_suffix("<<'EOF'") {
            Some(line) => {
                let (input, after) = rest.split_once("\nEOF").expect("the document ends");
                rest = after.trim_start_matches('\n');
                (line, input)
            }
            None => (line, ""),
        };
        let words = words(line);
        if words.first().is_some_and(|it| it == "for") {
            found.extend(spelt_out(&words));
        } else if !words.is_empty() {
            found.push(Command { words, input: input.to_owned() });
        }
    }
    found
}

fn spelt_out(words: &[String]) -> Vec<Command> {
    let at = |word: &str| words.iter().position(|it| it == word).unwrap_or_else(|| panic!("no `{word}` in {words:?}"));
    let variable = format!("${}", words[1]);
    let values = &words[at("in") + 1..at("do")];
    let body = &words[at("do") + 1..at("done")];
    let bare = |word: &String| word.trim_end_matches(';').to_owned();
    values
        .iter()
        .map(bare)
        .map(|value| Command {
            words: body.iter().map(bare).map(|it| if it == variable { value.clone() } else { it }).collect(),
            input: String::new(),
        })
        .collect()
}

fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut any) = (Vec::new(), String::new(), false);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                any = true;
                word.extend(characters.by_ref().take_while(|it| *it != '\''));
            }
            '"' => {
                any = true;
                word.extend(characters.by_ref().take_while(|it| *it != '"'));
            }
            '\\' => word.extend(characters.next()),
            '#' if !any => break,
            ' ' if any => {
                words.push(std::mem::take(&mut word));
                any = false;
            }
            ' ' => {}
            other => {
                any = true;
                word.push(other);
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

#[test]
fn a_text_is_taken_apart_as_a_shell_would() {
    let found = commands(
        "# first\naws x --d '{\"a\": 1}'   # and\nfor id in i-1 i-2; do go --id \"$id\"; done\ncat <<'EOF'\nb\nEOF\nlast",
    );
    let words: Vec<Vec<&str>> = found.iter().map(|it| it.words.iter().map(String::as_str).collect()).collect();
    assert_eq!(
        words,
        [
            vec!["aws", "x", "--d", "{\"a\": 1}"],
            vec!["go", "--id", "i-1"],
            vec!["go", "--id", "i-2"],
            vec!["cat"],
            vec!["last"]
        ]
    );
    assert_eq!(found[3].input, "b");
}
