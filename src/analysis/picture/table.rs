//! Two CSV files in the forms that graph databases load in bulk: Neo4j's and Neptune's.

use super::{Picture, certainty_word};

/// Whose header rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Neo4j,
    Neptune,
}

impl Dialect {
    fn nodes(self) -> [&'static str; 5] {
        match self {
            Dialect::Neo4j => ["address:ID", "kind", "scope", "name", ":LABEL"],
            Dialect::Neptune => ["~id", "kind:String", "scope:String", "name:String", "~label"],
        }
    }

    fn edges(self) -> [&'static str; 5] {
        match self {
            Dialect::Neo4j => [":START_ID", ":END_ID", ":TYPE", "certainty", "rule"],
            Dialect::Neptune => ["~from", "~to", "~label", "certainty:String", "rule:String"],
        }
    }
}

impl Picture {
    /// One row a thing.
    pub fn node_table(&self, dialect: Dialect) -> String {
        let rows = self.things.iter().map(|key| {
            let word = key.kind.word();
            [key.to_string(), word.into(), key.scope.to_string(), key.name.to_string(), word.into()]
        });
        write(&dialect.nodes(), rows.map(Vec::from))
    }

    /// One row an arrow. Neptune wants an id for each.
    pub fn edge_table(&self, dialect: Dialect) -> String {
        let mut header: Vec<&str> = dialect.edges().to_vec();
        if dialect == Dialect::Neptune {
            header.insert(0, "~id");
        }
        let rows = self.arrows.iter().map(|arrow| {
            let (from, to, word) = (arrow.from.to_string(), arrow.to.to_string(), arrow.kind.word());
            let id = (dialect == Dialect::Neptune).then(|| format!("{from}|{word}|{to}"));
            let cells = [from, to, word.into(), certainty_word(arrow.certainty).into(), arrow.kind.row().rule.into()];
            id.into_iter().chain(cells).collect::<Vec<String>>()
        });
        write(&header, rows)
    }
}

fn write(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(header);
    rows.for_each(|row| drop(writer.write_record(&row)));
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
