//! Writing HTML: tags and names of attributes are ours, everything else is text and can be nothing but text.

use crate::base::text::clean;

/// A piece of a page under construction.
#[derive(Debug, Default)]
pub struct Html {
    out: String,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum Cell {
    Text(String),
    /// Names, addresses and values.
    Code(String),
    Number(usize),
    /// A severity, whose word is also its class.
    Severity(&'static str),
}

impl Html {
    /// An element with what `inside` writes in it. `tag` must be one that has an end tag.
    pub fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        inside: impl FnOnce(&mut Html),
    ) -> &mut Html {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.escape(&clean(value));
            self.out.push('"');
        }
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        // Between blocks only: inside running text a line break would be a blank.
        if !matches!(tag, "a" | "code" | "span" | "strong") {
            self.out.push('\n');
        }
        self
    }

    /// Foreign text: without control characters and with nothing that is markup.
    pub fn text(&mut self, text: &str) -> &mut Html {
        self.escape(&clean(text));
        self
    }

    /// Foreign text in several lines.
    pub fn lines(&mut self, text: &str) -> &mut Html {
        for (at, line) in text.lines().enumerate() {
            if at > 0 {
                self.out.push('\n');
            }
            self.text(line);
        }
        self
    }

    pub fn paragraph(&mut self, text: &str) -> &mut Html {
        self.element("p", &[], |it| {
            it.text(text);
        })
    }

    /// Something said in a lower voice.
    pub fn aside(&mut self, text: &str) -> &mut Html {
        self.element("p", &[("class", "soft")], |it| {
            it.text(text);
        })
    }

    pub fn code(&mut self, text: &str) -> &mut Html {
        self.element("code", &[], |it| {
            it.text(text);
        })
    }

    /// A table that scrolls by itself where the page is narrow.
    pub fn table(&mut self, caption: &str, heads: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> &mut Html {
        let wide = [("class", "wide"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")];
        self.element("div", &wide, |it| {
            it.element("table", &[], |it| {
                it.element("caption", &[], |it| {
                    it.text(caption);
                });
                it.element("thead", &[], |it| {
                    it.element("tr", &[], |it| {
                        for head in heads {
                            it.element("th", &[("scope", "col")], |it| {
                                it.text(head);
                            });
                        }
                    });
                });
                it.element("tbody", &[], |it| rows.into_iter().for_each(|row| it.row(row)));
            });
        })
    }

    fn row(&mut self, cells: Vec<Cell>) {
        self.element("tr", &[], |it| {
            for cell in cells {
                match cell {
                    Cell::Text(text) => it.element("td", &[], |it| {
                        it.text(&text);
                    }),
                    Cell::Code(text) => it.element("td", &[], |it| {
                        it.code(&text);
                    }),
                    Cell::Number(number) => it.element("td", &[("class", "number")], |it| {
                        it.text(&number.to_string());
                    }),
                    Cell::Severity(word) => it.element("td", &[], |it| {
                        it.severity(word);
                    }),
                };
            }
        });
    }

    pub fn severity(&mut self, word: &'static str) -> &mut Html {
        self.element("span", &[("class", &format!("mark {word}"))], |it| {
            it.text(word);
        })
    }

    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                it => self.out.push(it),
            }
        }
    }

    pub fn finish(self) -> String {
        self.out
    }
}

/// The start of a long text, with what was left out said.
pub fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{} … ({} more characters)", &text[..at], text[at..].chars().count()),
    }
}
