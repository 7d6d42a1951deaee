//! One change in full: what was gained and lost, and the policy texts side by side.

use similar::{DiffOp, TextDiff};

use crate::analysis::diff::{Change, ChangedDocument};
use crate::app::policy::readable;
use crate::app::text::{Line, Tone};

use super::{DiffLine, DiffView};

/// Lines of a text that are shown around a change in it.
const AROUND: usize = 3;

/// Texts with more lines are not laid beside each other; AWS stores none that long.
const LONG: usize = 5000;

/// A line of the detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    Line(Line),
    /// A line of the earlier text beside one of the later; without the one or the other where it has none.
    Beside {
        before: Option<String>,
        after: Option<String>,
    },
}

impl DiffView {
    /// What there is to say about a line. Cost: its texts.
    pub fn detail(&self, line: DiffLine) -> Vec<Detail> {
        if let Some(change) = self.change(line) {
            return of_change(change);
        }
        let mut lines = Vec::new();
        if let Some(it) = self.rights(line) {
            lines.push(Line::label("source", 8, it.source.to_string()));
            lines.push(Line::label("before", 8, it.before.word()));
            lines.push(Line::label("after", 8, it.after.word()));
            if !it.why.is_empty() {
                lines.push(Line::label("cause", 8, &it.why));
            }
            lines.push(Line::dim("What only the other side could read counts neither as gained nor as lost."));
        }
        if let Some(it) = self.not_comparable(line) {
            lines.push(Line::label("thing", 8, it.subject.to_string()));
            lines.push(Line::default().with(&it.why, Tone::Unknown));
            lines.push(Line::dim("It counts neither as gained nor as lost."));
        }
        lines.into_iter().map(Detail::Line).collect()
    }
}

fn of_change(change: &Change) -> Vec<Detail> {
    let mut out = vec![
        Line::default()
            .with(format!("{:<5}", change.effect().word()), super::tone(change.effect()))
            .with(change.subject.to_string(), Tone::Strong),
        Line::plain(&change.text),
    ];
    if !change.certain {
        out.push(Line::default().with("not certain: something that it hangs on was not read", Tone::Unknown));
    }
    out.extend(change.gained.iter().map(|it| Line::default().with("+ ", Tone::Strong).with(it, Tone::Plain)));
    out.extend(change.lost.iter().map(|it| Line::default().with("- ", Tone::Strong).with(it, Tone::Plain)));
    let mut out: Vec<Detail> = out.into_iter().map(Detail::Line).collect();
    for document in &change.documents {
        out.push(Detail::Line(Line::default()));
        beside(document, &mut out);
    }
    out
}

fn beside(document: &ChangedDocument, out: &mut Vec<Detail>) {
    let text = |text: &Option<crate::model::facts::iam::PolicyText>| {
        text.as_ref().map(|it| readable(it).0).unwrap_or_default()
    };
    let (before, after) = (text(&document.before), text(&document.after));
    let note = match (&document.before, &document.after) {
        (None, _) => "  not there before",
        (_, None) => "  not there any more",
        _ => "",
    };
    out.push(Detail::Line(Line::strong(document.name.as_str()).with(note, Tone::Dim)));
    if before.lines().count().max(after.lines().count()) > LONG {
        return out.push(Detail::Line(Line::dim("too long to be laid side by side; y shows it as stored")));
    }
    let diff = TextDiff::from_lines(&before, &after);
    let line = |texts: &[&str], at: usize| texts.get(at).map(|it| it.trim_end_matches(['\n', '\r']).to_owned());
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if at > 0 {
            out.push(Detail::Line(Line::dim("…")));
        }
        let start = out.len();
        for op in group {
            let (old, new) = (op.old_range(), op.new_range());
            let rows = match op {
                DiffOp::Equal { len, .. } => *len,
                _ => old.len().max(new.len()),
            };
            for row in 0..rows {
                let before = if row < old.len() { line(diff.old_slices(), old.start + row) } else { None };
                let after = if row < new.len() { line(diff.new_slices(), new.start + row) } else { None };
                out.push(Detail::Beside { before, after });
            }
        }
        outdent(&mut out[start..]);
    }
}

/// Takes away the indentation that all lines share: there is little room beside each other.
fn outdent(rows: &mut [Detail]) {
    fn texts(rows: &mut [Detail]) -> impl Iterator<Item = &mut String> {
        rows.iter_mut()
            .flat_map(|row| match row {
                Detail::Beside { before, after } => [before.as_mut(), after.as_mut()],
                Detail::Line(_) => [None, None],
            })
            .flatten()
    }
    let indentation = |text: &mut String| text.len() - text.trim_start_matches(' ').len();
    let shared = texts(rows).filter(|it| !it.is_empty()).map(indentation).min().unwrap_or(0);
    texts(rows).filter(|it| !it.is_empty()).for_each(|text| drop(text.drain(..shared)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(before: Option<&str>, after: Option<&str>) -> ChangedDocument {
        let text = |it: Option<&str>| it.map(Into::into);
        ChangedDocument { name: "inline a".into(), before: text(before), after: text(after) }
    }

    fn shown(document: &ChangedDocument) -> Vec<String> {
        let mut out = Vec::new();
        beside(document, &mut out);
        let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".into());
        let rows = out.iter().map(|it| match it {
            Detail::Line(line) => line.text(),
            Detail::Beside { before, after } => format!("{} | {}", text(before), text(after)),
        });
        rows.collect()
    }

    #[test]
    fn equal_lines_stand_beside_each_other_and_far_ones_are_left_out() {
        let old = (0..20).map(|it| format!("{it}\n")).collect::<String>();
        let new = old.replace("10\n", "ten\nand a half\n");
        let rows = shown(&document(Some(&old), Some(&new)));
        assert_eq!(
            rows,
            ["inline a", "7 | 7", "8 | 8", "9 | 9", "10 | ten", "- | and a half", "11 | 11", "12 | 12", "13 | 13"]
        );
    }

    #[test]
    fn a_text_that_one_side_lacks_is_told() {
        let rows = shown(&document(None, Some("a\n")));
        assert_eq!(rows, ["inline a  not there before", "- | a"]);
        assert!(shown(&document(Some("a\n"), None))[0].ends_with("not there any more"));
    }
}
