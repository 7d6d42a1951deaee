//! Rows prepared for filtering: texts in lower case once, values of a field stored once each.
//!
//! A field is asked once per distinct value, not once per row, and bare words are looked for in one long text of all
//! names. That is fast enough on one thread for everything but regexes and fuzzy words, which run on all of them.

use std::sync::atomic::{AtomicBool, Ordering};

use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::pattern::lower;
use super::{Field, Pattern, Query, Row, Test, Value, is_used};

/// Stands behind every name, so that no match runs from one into the next. Cannot be typed.
const END: char = '\u{1f}';

/// The rows of one list.
#[derive(Debug, Default)]
pub struct Table {
    rows: usize,
    /// Names of all rows, as they are and in lower case, each ended by [`END`].
    names: Text,
    lower: Text,
    columns: Vec<(Field, Column)>,
}

/// One long text and where each row starts in it; one entry more than rows.
#[derive(Debug, Default)]
struct Text {
    text: String,
    starts: Vec<usize>,
}

/// The values of one field.
#[derive(Debug, Default)]
struct Column {
    /// Each distinct value once, with its lower case form.
    texts: Vec<(String, String)>,
    numbers: Vec<i64>,
    /// Where the values of each row start in `ids`; one entry more than rows.
    starts: Vec<u32>,
    /// Positions in `texts`, or in `numbers`.
    ids: Vec<u32>,
}

/// Takes rows in, in the order of the list.
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
    known: FxHashMap<(usize, String), u32>,
}

impl TableBuilder {
    /// A table for a list that knows these fields.
    pub fn new(fields: &[Field]) -> TableBuilder {
        let column = || Column { starts: vec![0], ..Column::default() };
        let mut table = Table { columns: fields.iter().map(|field| (*field, column())).collect(), ..Table::default() };
        table.names.starts.push(0);
        table.lower.starts.push(0);
        TableBuilder { table, known: FxHashMap::default() }
    }

    pub fn push(&mut self, row: &dyn Row) {
        let Table { rows, names, lower: lowered, columns } = &mut self.table;
        *rows += 1;
        row.names(&mut |name| {
            names.text.push_str(name);
            names.text.push(END);
            lowered.text.push_str(&lower(name));
            lowered.text.push(END);
        });
        names.starts.push(names.text.len());
        lowered.starts.push(lowered.text.len());
        for (at, (field, column)) in columns.iter_mut().enumerate() {
            row.values(*field, &mut |value| match value {
                Value::Number(number) => {
                    column.ids.push(small(column.numbers.len()));
                    column.numbers.push(number);
                }
                Value::Text(text) => {
                    let id = match self.known.get(&(at, text.to_owned())) {
                        Some(id) => *id,
                        None => {
                            let id = small(column.texts.len());
                            column.texts.push((text.to_owned(), lower(text).into_owned()));
                            self.known.insert((at, text.to_owned()), id);
                            id
                        }
                    };
                    column.ids.push(id);
                }
            });
            column.starts.push(small(column.ids.len()));
        }
    }

    pub fn build(self) -> Table {
        self.table
    }
}

/// Rows and values are counted in 32 bits; an estate of four thousand million pods is not one of ours.
fn small(count: usize) -> u32 {
    u32::try_from(count).expect("fewer rows than 32 bits count")
}

impl Table {
    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Distinct values of a text field, in the order they came. For completion and suggestions.
    pub fn values(&self, field: Field) -> impl Iterator<Item = &str> {
        let column = self.columns.iter().find(|(it, _)| *it == field);
        column.into_iter().flat_map(|(_, column)| column.texts.iter().map(|(text, _)| text.as_str()))
    }

    /// Positions of the rows that match, ascending. `within` limits the search to these rows (ascending): the result of
    /// a query that this one narrows. `None` when `stop` was raised.
    pub fn filter(&self, query: &Query, within: Option<&[u32]>, stop: &AtomicBool) -> Option<Vec<u32>> {
        let known: Vec<Field> = self.columns.iter().map(|(field, _)| *field).collect();
        let mut alive = FixedBitSet::with_capacity(self.rows);
        match within {
            Some(rows) => rows.iter().for_each(|row| alive.insert(*row as usize)),
            None => alive.insert_range(..),
        }
        let mut groups: Vec<_> = query.groups.iter().collect();
        groups.sort_by_key(|group| group.terms.iter().any(|term| is_slow(&term.test)));
        for group in groups {
            let mut terms = group.terms.iter().filter(|term| is_used(&term.test, &known)).peekable();
            if terms.peek().is_none() {
                continue;
            }
            let mut any = FixedBitSet::with_capacity(self.rows);
            for term in terms {
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                let mut found = self.rows_of(&term.test, &alive, stop);
                if term.negated {
                    found.toggle_range(..);
                }
                any.union_with(&found);
            }
            alive.intersect_with(&any);
        }
        (!stop.load(Ordering::Relaxed)).then(|| alive.ones().map(small).collect())
    }

    /// Rows that a test holds for. Rows that are not `alive` may be left out.
    fn rows_of(&self, test: &Test, alive: &FixedBitSet, stop: &AtomicBool) -> FixedBitSet {
        match test {
            Test::Word(pattern) => self.rows_with_word(pattern, alive, stop),
            Test::Text(field, patterns) => {
                let hit = |column: &Column| {
                    let matches = |(text, lower): &(String, String)| patterns.iter().any(|it| it.matches(text, lower));
                    column.texts.iter().map(matches).collect()
                };
                self.rows_with_values(*field, hit)
            }
            Test::Number(field, tests) => {
                let hit = |column: &Column| {
                    let holds = |number: &i64| tests.iter().any(|(it, limit)| it.holds(*number, *limit));
                    column.numbers.iter().map(holds).collect()
                };
                self.rows_with_values(*field, hit)
            }
        }
    }

    fn rows_with_values(&self, field: Field, hit: impl Fn(&Column) -> Vec<bool>) -> FixedBitSet {
        let mut found = FixedBitSet::with_capacity(self.rows);
        if let Some((_, column)) = self.columns.iter().find(|(it, _)| *it == field) {
            let hit = hit(column);
            for (row, span) in column.starts.windows(2).enumerate() {
                let ids = &column.ids[span[0] as usize..span[1] as usize];
                found.set(row, ids.iter().any(|id| hit[*id as usize]));
            }
        }
        found
    }

    fn rows_with_word(&self, pattern: &Pattern, alive: &FixedBitSet, stop: &AtomicBool) -> FixedBitSet {
        if let Pattern::Substring { text, fold } = pattern {
            return (if *fold { &self.lower } else { &self.names }).rows_with(text, self.rows);
        }
        let matches = |row: &usize| {
            let names = self.names.row(*row).split_terminator(END);
            let lowered = self.lower.row(*row).split_terminator(END);
            !stop.load(Ordering::Relaxed) && names.zip(lowered).any(|(name, lower)| pattern.matches(name, lower))
        };
        let rows: Vec<usize> = alive.ones().collect();
        let found: Vec<usize> = rows.into_par_iter().with_min_len(1024).filter(matches).collect();
        let mut set = FixedBitSet::with_capacity(self.rows);
        set.extend(found);
        set
    }
}

fn is_slow(test: &Test) -> bool {
    match test {
        Test::Word(pattern) => pattern.is_slow(),
        Test::Text(..) | Test::Number(..) => false,
    }
}

impl Text {
    fn row(&self, row: usize) -> &str {
        &self.text[self.starts[row]..self.starts[row + 1]]
    }

    /// Rows that hold the text: one search over everything, skipping to the next row after a hit.
    fn rows_with(&self, wanted: &str, rows: usize) -> FixedBitSet {
        let mut found = FixedBitSet::with_capacity(rows);
        let finder = memchr::memmem::Finder::new(wanted.as_bytes());
        let bytes = self.text.as_bytes();
        let (mut from, mut row) = (0, 0);
        while let Some(at) = finder.find(&bytes[from..]) {
            row += self.starts[row + 1..].partition_point(|start| *start <= from + at);
            if row >= rows {
                break;
            }
            found.insert(row);
            from = self.starts[row + 1];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::query::parse;

    struct Sample(Vec<String>, String, i64);

    impl Row for Sample {
        fn names(&self, out: &mut dyn FnMut(&str)) {
            self.0.iter().for_each(|name| out(name));
        }

        fn values(&self, field: Field, out: &mut dyn FnMut(Value<'_>)) {
            match field {
                Field::Ns => out(Value::Text(&self.1)),
                Field::Pods => out(Value::Number(self.2)),
                _ => {}
            }
        }
    }

    const FIELDS: &[Field] = &[Field::Ns, Field::Pods];

    fn table(rows: &[Sample]) -> Table {
        let mut builder = TableBuilder::new(FIELDS);
        rows.iter().for_each(|row| builder.push(row));
        builder.build()
    }

    fn term() -> impl Strategy<Value = String> {
        (
            "!?",
            prop_oneof![
                "[abAB]{1,2}",
                "~[ab]{1,2}",
                "\\^[ab]",
                "[ab]\\$",
                "/[ab]{1,2}/",
                "ns:[ab]\\*?",
                "pods:>=[0-3]"
            ],
        )
            .prop_map(|(not, term)| not + &term)
    }

    proptest! {
        #[test]
        fn the_table_agrees_with_the_plain_match(
            rows in prop::collection::vec((prop::collection::vec("[abAB]{0,4}", 0..3), "[ab]{1,2}", 0i64..4), 0..12),
            groups in prop::collection::vec(prop::collection::vec(term(), 1..3), 0..4),
        ) {
            let rows: Vec<Sample> = rows.into_iter().map(|(names, ns, pods)| Sample(names, ns, pods)).collect();
            let text = groups.iter().map(|terms| terms.join("|")).collect::<Vec<_>>().join(" ");
            let query = parse(&text).expect("the generator writes queries");
            let plain: Vec<u32> = (0..rows.len()).filter(|at| query.matches(&rows[*at], FIELDS)).map(small).collect();
            let found = table(&rows).filter(&query, None, &AtomicBool::new(false)).expect("nobody stops it");
            prop_assert_eq!(&found, &plain, "{}", text);
        }
    }

    #[test]
    fn a_raised_flag_stops_the_filter() {
        let rows = [Sample(vec!["a".into()], "n".into(), 1)];
        assert_eq!(table(&rows).filter(&parse("a").expect("parses"), None, &AtomicBool::new(true)), None);
    }

    #[test]
    fn a_result_can_be_narrowed() {
        let rows = ["ab", "abc", "b"].map(|name| Sample(vec![name.into()], "n".into(), 1));
        let stop = AtomicBool::new(false);
        let found = table(&rows).filter(&parse("b").expect("parses"), Some(&[1, 2]), &stop);
        assert_eq!(found, Some(vec![1, 2]));
    }
}
