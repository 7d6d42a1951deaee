//! The page around the sections: it loads nothing, runs nothing, and says so to the browser.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::html::Html;

const STYLE: &str = include_str!("../../../../assets/report.css");

/// A part of the page.
pub struct Section {
    /// Where links lead.
    pub id: &'static str,
    pub title: &'static str,
    pub body: Html,
}

/// The whole page. `lines` stand below the title.
pub fn page(title: &str, lines: &[String], sections: Vec<Section>) -> String {
    let mut body = Html::default();
    body.element("header", &[], |it| {
        it.element("h1", &[], |it| {
            it.text(title);
        });
        lines.iter().for_each(|line| {
            it.paragraph(line);
        });
    });
    body.element("nav", &[("aria-label", "Sections")], |it| {
        it.element("ul", &[], |it| {
            for section in &sections {
                it.element("li", &[], |it| {
                    it.element("a", &[("href", &format!("#{}", section.id))], |it| {
                        it.text(section.title);
                    });
                });
            }
        });
    });
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
        policy()
    );
    let mut head = Html::default();
    head.element("title", &[], |it| {
        it.text(title);
    });
    out.push_str(&head.finish());
    out.push_str("<style>");
    out.push_str(STYLE);
    out.push_str("</style>\n</head>\n<body>\n");
    out.push_str(&body.finish());
    out.push_str("<main>\n");
    for section in sections {
        let mut head = Html::default();
        head.element("h2", &[("id", section.id)], |it| {
            it.text(section.title);
        });
        out.push_str("<section>\n");
        out.push_str(&head.finish());
        out.push_str(&section.body.finish());
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Nothing is allowed but our own style, by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
