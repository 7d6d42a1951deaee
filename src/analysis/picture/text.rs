//! DOT, Mermaid, GraphML and JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::base::Truth;
use crate::base::text::clean;
use crate::model::EntityKey;

use super::{Picture, certainty_word};

impl Picture {
    /// Graphviz. Unknown arrows are dashed.
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph access {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for key in &self.things {
            // Writing to memory does not fail.
            let _ = writeln!(text, "  {};", quoted(&key.to_string()));
        }
        for arrow in &self.arrows {
            let style = if arrow.certainty == Truth::Yes { "" } else { ", style=dashed" };
            let pen = if arrow.marked { ", penwidth=2" } else { "" };
            let (from, to) = (quoted(&arrow.from.to_string()), quoted(&arrow.to.to_string()));
            let _ = writeln!(text, "  {from} -> {to} [label={}{style}{pen}];", quoted(arrow.kind.word()));
        }
        text.push_str("}\n");
        text
    }

    /// Mermaid flowchart. Unknown arrows are dotted.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (at, key) in self.things.iter().enumerate() {
            let _ = writeln!(text, "  n{at}[\"{}\"]", entities(&key.to_string()));
        }
        // Positions by search in a sorted list.
        let keys: Vec<&EntityKey> = self.things.iter().collect();
        let place = |key: &EntityKey| keys.binary_search(&key).unwrap_or_default();
        for arrow in &self.arrows {
            let (from, to) = (place(&arrow.from), place(&arrow.to));
            let line = match (arrow.certainty, arrow.marked) {
                (Truth::Yes, true) => "==>",
                (Truth::Yes, false) => "-->",
                _ => "-.->",
            };
            let _ = writeln!(text, "  n{from} {line}|{}| n{to}", arrow.kind.word());
        }
        text
    }

    /// GraphML with kinds, words and certainty as data.
    pub fn graphml(&self) -> String {
        let mut text = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n\
             <key id=\"kind\" for=\"node\" attr.name=\"kind\" attr.type=\"string\"/>\n\
             <key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n\
             <key id=\"edge\" for=\"edge\" attr.name=\"edge\" attr.type=\"string\"/>\n\
             <key id=\"certainty\" for=\"edge\" attr.name=\"certainty\" attr.type=\"string\"/>\n\
             <graph id=\"access\" edgedefault=\"directed\">\n",
        );
        for key in &self.things {
            let _ = writeln!(
                text,
                "<node id=\"{}\"><data key=\"kind\">{}</data><data key=\"name\">{}</data></node>",
                entities(&key.to_string()),
                key.kind.word(),
                entities(&key.name)
            );
        }
        for arrow in &self.arrows {
            let _ = writeln!(
                text,
                "<edge source=\"{}\" target=\"{}\"><data key=\"edge\">{}</data><data key=\"certainty\">{}</data></edge>",
                entities(&arrow.from.to_string()),
                entities(&arrow.to.to_string()),
                arrow.kind.word(),
                certainty_word(arrow.certainty)
            );
        }
        text.push_str("</graph>\n</graphml>\n");
        text
    }

    /// Nodes and edges as `results` of the envelope.
    pub fn json(&self) -> Vec<Value> {
        let nodes = self
            .things
            .iter()
            .map(|key| json!({ "node": key.to_string(), "kind": key.kind.word(), "name": key.name.as_str() }));
        let edges = self.arrows.iter().map(|arrow| {
            json!({
                "from": arrow.from.to_string(), "edge": arrow.kind.word(), "to": arrow.to.to_string(),
                "certainty": certainty_word(arrow.certainty),
            })
        });
        nodes.chain(edges).collect()
    }
}

/// A string of DOT.
fn quoted(text: &str) -> String {
    format!("\"{}\"", clean(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text inside XML, HTML or a Mermaid label.
pub(super) fn entities(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
