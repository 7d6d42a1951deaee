//! A layered drawing: one column for each kind of thing, in the order in which access flows, with few crossings.
//!
//! Columns are fixed by kind, so that the same thing stands at the same place in every picture; inside a column things
//! are ordered by the mean place of their neighbours (the barycentre rule of Sugiyama, Tagawa and Toda), a few sweeps
//! back and forth.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::base::Truth;
use crate::base::text::shorten;
use crate::model::{EntityKey, Kind};

use super::text::entities;
use super::{Arrow, Picture};

const COLUMN: usize = 290;
const ROW: usize = 34;
const BOX: (usize, usize) = (200, 24);
const MARGIN: usize = 20;
/// More things than this are cut from a drawing, and the drawing says so.
pub const MOST: usize = 600;

/// A thing in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub key: EntityKey,
    /// From the left, from 0.
    pub column: usize,
    /// From the top, from 0.
    pub row: usize,
}

/// Things in columns.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// By column, then row.
    pub spots: Vec<Spot>,
    /// Titles of the columns.
    pub columns: Vec<&'static str>,
    /// Arrows between places in `spots`.
    pub arrows: Vec<(usize, usize, Arrow)>,
    /// Things left out.
    pub cut: usize,
}

/// The column that a kind stands in: people and pods first, then accounts, nodes, roles, accounts of AWS.
fn rank(kind: Kind) -> (usize, &'static str) {
    match kind {
        Kind::User | Kind::Group | Kind::IamUser => (0, "people"),
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Pod
        | Kind::Container => (1, "workloads"),
        Kind::ServiceAccount | Kind::Namespace => (2, "accounts"),
        Kind::Node => (3, "nodes"),
        Kind::Role => (4, "roles"),
        Kind::Policy | Kind::Association | Kind::Provider => (5, "policies"),
        _ => (6, "everything"),
    }
}

impl Picture {
    /// Lays the things out. Cost: a few sweeps over the arrows.
    pub fn drawing(&self) -> Drawing {
        let kept: Vec<&EntityKey> = self.things.iter().take(MOST).collect();
        let mut ranks: Vec<(usize, &'static str)> = kept.iter().map(|key| rank(key.kind)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let column = |key: &EntityKey| ranks.iter().position(|it| *it == rank(key.kind)).unwrap_or_default();
        let mut columns: Vec<Vec<usize>> = vec![Vec::new(); ranks.len()];
        for (at, key) in kept.iter().enumerate() {
            columns[column(key)].push(at);
        }
        let place: BTreeMap<&EntityKey, usize> = kept.iter().enumerate().map(|(at, key)| (*key, at)).collect();
        let arrows: Vec<(usize, usize, &Arrow)> = self
            .arrows
            .iter()
            .filter_map(|arrow| Some((*place.get(&arrow.from)?, *place.get(&arrow.to)?, arrow)))
            .collect();
        let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); kept.len()];
        for (from, to, _) in &arrows {
            neighbours[*from].push(*to);
            neighbours[*to].push(*from);
        }
        let mut rows: Vec<usize> = vec![0; kept.len()];
        let number = |columns: &[Vec<usize>], rows: &mut Vec<usize>| {
            for column in columns {
                column.iter().enumerate().for_each(|(row, thing)| rows[*thing] = row);
            }
        };
        number(&columns, &mut rows);
        for sweep in 0..6 {
            let order: Vec<usize> =
                if sweep % 2 == 0 { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
            for at in order {
                // Mean row of the neighbours, in thousandths; things without any stay where they are.
                let mean = |thing: &usize| match neighbours[*thing].len() {
                    0 => rows[*thing] * 1000,
                    count => neighbours[*thing].iter().map(|it| rows[*it] * 1000).sum::<usize>() / count,
                };
                let mut column = columns[at].clone();
                column.sort_by_key(|thing| (mean(thing), *thing));
                columns[at] = column;
                number(&columns, &mut rows);
            }
        }
        let mut spots = Vec::new();
        let mut spot_of = vec![0; kept.len()];
        for (at, column) in columns.iter().enumerate() {
            for (row, thing) in column.iter().enumerate() {
                spot_of[*thing] = spots.len();
                spots.push(Spot { key: kept[*thing].clone(), column: at, row });
            }
        }
        let arrows = arrows.into_iter().map(|(from, to, arrow)| (spot_of[from], spot_of[to], arrow.clone())).collect();
        let columns = ranks.into_iter().map(|it| it.1).collect();
        Drawing { spots, columns, arrows, cut: self.things.len().saturating_sub(MOST) }
    }

    /// One SVG that needs nothing else. Unknown arrows are dashed.
    pub fn svg(&self) -> String {
        let drawing = self.drawing();
        let tallest = drawing.spots.iter().map(|it| it.row + 1).max().unwrap_or(1);
        let wide = MARGIN * 2 + drawing.columns.len().max(1) * COLUMN;
        let high = MARGIN * 2 + (tallest + 2) * ROW;
        let corner = |spot: &Spot| (MARGIN + spot.column * COLUMN, MARGIN + (spot.row + 1) * ROW);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" \
             refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            entities(&self.title)
        );
        for (at, title) in drawing.columns.iter().enumerate() {
            // Writing to memory does not fail.
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-weight=\"bold\" fill=\"#555\">{title}</text>",
                MARGIN + at * COLUMN,
                MARGIN + 10
            );
        }
        for (from, to, arrow) in &drawing.arrows {
            out.push_str(&line(corner(&drawing.spots[*from]), corner(&drawing.spots[*to]), arrow));
        }
        for spot in &drawing.spots {
            let (x, y) = corner(spot);
            let name = label(&spot.key);
            let _ = writeln!(
                out,
                "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"#f4f6fa\" \
                 stroke=\"#456\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
                entities(&spot.key.to_string()),
                BOX.0,
                BOX.1,
                x + 6,
                y + 16,
                entities(&shorten(&name, 30, "…"))
            );
        }
        if drawing.cut > 0 {
            let _ = writeln!(
                out,
                "<text x=\"{MARGIN}\" y=\"{}\" fill=\"#a00\">{} more things are not drawn</text>",
                high - 8,
                drawing.cut
            );
        }
        out.push_str("</svg>\n");
        out
    }

    /// One page with the drawing and its arrows as a table; no script, nothing loaded.
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n\
             <style>body{{font-family:sans-serif;margin:1em}}td,th{{text-align:left;padding:.1em .8em .1em 0}}\
             svg{{max-width:100%;height:auto}}</style></head>\n<body>\n<h1>{0}</h1>\n",
            entities(&self.title)
        );
        out.push_str(&self.svg());
        out.push_str("<table>\n<tr><th>from</th><th>edge</th><th>to</th><th>certainty</th><th>rule</th></tr>\n");
        for arrow in &self.arrows {
            let row = arrow.kind.row();
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td title=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                entities(&arrow.from.to_string()),
                entities(row.means),
                row.word,
                entities(&arrow.to.to_string()),
                super::certainty_word(arrow.certainty),
                row.rule
            );
        }
        out.push_str("</table>\n</body></html>\n");
        out
    }
}

/// `payments/api`, or the name.
pub fn label(key: &EntityKey) -> String {
    if key.namespace.is_empty() { key.name.to_string() } else { format!("{}/{}", key.namespace, key.name) }
}

/// An arrow from the right edge of one box to the left edge of another; round the outside inside a column or backwards.
fn line(from: (usize, usize), to: (usize, usize), arrow: &Arrow) -> String {
    let middle = BOX.1 / 2;
    let dash = if arrow.certainty == Truth::Yes { "" } else { " stroke-dasharray=\"5 4\"" };
    let (colour, pen) = if arrow.marked { ("#b00020", "2.5") } else { ("#789", "1.2") };
    let path = if from.0 < to.0 {
        let (x1, y1, x2, y2) = (from.0 + BOX.0, from.1 + middle, to.0, to.1 + middle);
        let bend = (x2 - x1) / 2;
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend)
    } else {
        let (x1, y1, x2, y2) = (from.0 + BOX.0, from.1 + middle, to.0 + BOX.0, to.1 + middle);
        let bend = 45;
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1.max(x2) + bend, x1.max(x2) + bend)
    };
    format!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{pen}\"{dash} marker-end=\"url(#tip)\"><title>{}</title></path>\n",
        arrow.kind.word()
    )
}
