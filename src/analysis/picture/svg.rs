//! A layout as SVG and as a page of its own: nothing is loaded, no script runs.

use std::fmt::Write;

use crate::base::Truth;
use crate::base::text::shorten;

use super::layout::{Extent, Gutter, Layout, Route, Spot};
use super::text::entities;
use super::{Picture, label};

const ROW: usize = 34;
const BOX: (usize, usize) = (210, 24);
const MARGIN: usize = 20;
/// Between two lanes of a gutter.
const LANE: usize = 9;
/// Letters that a box has room for.
const LETTERS: usize = 32;
/// More spots than this are cut, and the picture says so.
const MOST: usize = 600;
/// Siblings alike before the rest folds; the table of the page names all.
const SIBLINGS: usize = 12;
/// Names that a folded box says when it is pointed at.
const NAMED: usize = 40;

/// Where things stand, in pixels.
struct Frame<'a> {
    layout: &'a Layout,
    left: Vec<usize>,
    wide: usize,
}

impl Frame<'_> {
    fn new(layout: &Layout) -> Frame<'_> {
        let last = layout.gutters.len().saturating_sub(1);
        let mut left = Vec::with_capacity(layout.columns.len());
        let mut x = MARGIN;
        for (at, gutter) in layout.gutters.iter().enumerate() {
            let Gutter { exits, entries } = *gutter;
            let outside = at == 0 || at == last;
            x += if outside && exits + entries == 0 { 0 } else { (exits + entries) * LANE + 30 };
            if at < last {
                left.push(x);
                x += BOX.0;
            }
        }
        Frame { layout, left, wide: x + MARGIN }
    }

    fn x(&self, x: usize) -> usize {
        if self.layout.mirrored { self.wide - x.min(self.wide) } else { x }
    }

    fn middle(&self, row: usize) -> usize {
        MARGIN + (row + 1) * ROW + BOX.1 / 2
    }

    /// The line of a route from box to box, its corners square.
    fn path(&self, route: &Route) -> String {
        let spots = &self.layout.spots;
        let (from, to) = (&spots[route.from], &spots[route.to]);
        let mut points = vec![(self.left[from.column] + BOX.0, from.row)];
        if let Some(lane) = route.exit {
            let turn = self.left[from.column] + BOX.0 + 12 + lane * LANE;
            let row = route.along.map_or(to.row, |(row, _)| row);
            points.extend([(turn, from.row), (turn, row)]);
        }
        if let Some((row, lane)) = route.along {
            let lanes = self.layout.gutters.get(to.column).map_or(0, |it| it.entries);
            let turn = (self.left[to.column] + lane * LANE).saturating_sub(12 + lanes * LANE);
            points.extend([(turn, row), (turn, to.row)]);
        }
        points.push((self.left[to.column], to.row));
        if self.layout.mirrored {
            points.reverse();
        }
        let mut path = String::new();
        for (at, (x, row)) in points.into_iter().enumerate() {
            // Writing to memory does not fail.
            let _ = write!(path, "{}{} {}", if at == 0 { 'M' } else { 'L' }, self.x(x), self.middle(row));
        }
        path
    }
}

impl Picture {
    fn drawn(&self) -> Layout {
        self.layout(&Extent { siblings: SIBLINGS, is_open: &|_| false, most: MOST })
    }

    /// One SVG that needs nothing else. Unknown arrows are dashed.
    pub fn svg(&self) -> String {
        let layout = self.drawn();
        let frame = Frame::new(&layout);
        let (wide, high) = (frame.wide, MARGIN * 2 + (layout.rows + 2) * ROW);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" \
             refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            entities(&self.title)
        );
        for (column, title) in layout.columns.iter().enumerate() {
            let x = left_of(&frame, column);
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{}\" font-weight=\"bold\" fill=\"#555\">{title}</text>",
                MARGIN + 10
            );
        }
        // What stands out lies over the rest.
        for marked in [false, true] {
            for route in layout.routes.iter().filter(|it| it.marked == marked) {
                let dash = if route.certainty == Truth::Yes { "" } else { " stroke-dasharray=\"5 4\"" };
                let (colour, pen) = if marked { ("#b00020", "2.5") } else { ("#789", "1.2") };
                let mut words: Vec<&str> = route.arrows.iter().map(|at| self.arrows[*at].kind.word()).collect();
                words.dedup();
                let _ = writeln!(
                    out,
                    "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{pen}\" stroke-linejoin=\"round\"{dash} \
                     marker-end=\"url(#tip)\"><title>{}</title></path>",
                    frame.path(route),
                    words.join(", ")
                );
            }
        }
        for spot in &layout.spots {
            draw(&mut out, &frame, spot);
        }
        if layout.cut > 0 {
            let _ = writeln!(
                out,
                "<text x=\"{MARGIN}\" y=\"{}\" fill=\"#a00\">{} more things are not drawn</text>",
                high - 8,
                layout.cut
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

fn left_of(frame: &Frame<'_>, column: usize) -> usize {
    let left = frame.left[column];
    if frame.layout.mirrored { frame.x(left + BOX.0) } else { left }
}

fn draw(out: &mut String, frame: &Frame<'_>, spot: &Spot) {
    let (x, y) = (left_of(frame, spot.column), MARGIN + (spot.row + 1) * ROW);
    let (text, title, style) = match &spot.folded {
        None => (label(&spot.key), spot.key.to_string(), "fill=\"#f4f6fa\" stroke=\"#456\""),
        Some(folded) => {
            let mut names: Vec<String> = folded.things.iter().take(NAMED).map(ToString::to_string).collect();
            if folded.things.len() > NAMED {
                names.push(format!("and {} more", folded.things.len() - NAMED));
            }
            let behind = match folded.behind {
                0 => String::new(),
                count => format!(" ({count} behind)"),
            };
            let text = format!("+{} more{behind}", folded.things.len());
            (text, names.join("\n"), "fill=\"#fff\" stroke=\"#789\" stroke-dasharray=\"3 3\"")
        }
    };
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\" {style}/><text x=\"{}\" \
         y=\"{}\">{}</text></g>",
        title.split('\n').map(entities).collect::<Vec<_>>().join("\n"),
        BOX.0,
        BOX.1,
        x + 6,
        y + 16,
        entities(&shorten(&text, LETTERS, "…"))
    );
}
