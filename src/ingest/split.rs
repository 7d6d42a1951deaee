//! Takes a JSON file apart while it is read: the elements of its large lists one by one, and the small rest.
//!
//! The memory used is one buffer, as large as the largest element (bounded by [`LIMIT`]), never the file. The splitter
//! does not look into elements: whoever parses one says how long it was, so that sound input is gone over once. Only
//! what does not parse is stepped over by [`scan`].

pub mod scan;
pub mod yaml;

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memmem;

use super::problem::kind_of_byte;

use scan::Scan;

/// The longest element that is read. An API server stores at most 1.5 MiB in one object, IAM far less.
pub const LIMIT: usize = 16 << 20;

/// Bytes asked for at a time.
pub const CHUNK: usize = 512 << 10;

/// A place in the (decompressed) file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes.
    pub column: u32,
}

/// What stands next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A value begins at the start of the window. Take it with [`Splitter::advance`] or [`Splitter::skip`].
    Value {
        /// Which of the lists, by its place in the names given; `None` for a value of the stream itself.
        list: Option<usize>,
        /// Position in its list, or in the stream.
        index: u32,
    },
    /// A top-level object has ended; [`Splitter::rest`] is what it held besides its lists.
    Closed,
    /// Something stands where it cannot: what was found and what was expected.
    Broken {
        found: String,
        expected: &'static str,
    },
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between the values of the stream.
    Between,
    /// Inside a top-level object, between its members.
    Members,
    /// Inside a list of the object, or inside an array of the stream itself.
    Elements(Option<usize>),
    Done,
}

/// What a top-level object held besides its lists.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// The object as it stands, but with null for its lists.
    pub text: Vec<u8>,
    /// Position in the stream.
    pub index: u32,
    /// Where the object began, and how long it was with everything in it.
    pub place: Place,
    pub length: u64,
    /// The lists that were there, if only as null: bit by bit, in the order of their names.
    pub listed: u32,
    /// A member was longer than [`LIMIT`] and is left out.
    pub cut: bool,
}

/// Reads a file, or anything else that can be read, as a stream of JSON values.
pub struct Splitter<R> {
    input: R,
    lists: &'static [&'static str],
    chunk: usize,
    buffer: Vec<u8>,
    /// The window starts here.
    start: usize,
    /// Bytes before the buffer.
    gone: u64,
    /// Lines are counted up to here.
    counted: usize,
    line: u32,
    line_start: u64,
    ended: bool,
    failure: Option<io::Error>,
    state: State,
    index: u32,
    /// Values of the stream so far.
    values: u32,
    /// Line break and indentation in front of the current element, when it stands on a line of its own.
    margin: Option<Vec<u8>>,
    rest: Rest,
}

impl<R: Read> Splitter<R> {
    /// With no `lists`, every value of the stream is one element.
    pub fn new(input: R, lists: &'static [&'static str]) -> Splitter<R> {
        Splitter::with_chunk(input, lists, CHUNK)
    }

    pub fn with_chunk(input: R, lists: &'static [&'static str], chunk: usize) -> Splitter<R> {
        let mut splitter = Splitter {
            input,
            lists,
            chunk: chunk.max(1),
            buffer: Vec::new(),
            start: 0,
            gone: 0,
            counted: 0,
            line: 1,
            line_start: 0,
            ended: false,
            failure: None,
            state: State::Between,
            index: 0,
            values: 0,
            margin: Some(b"\n{".to_vec()),
            rest: Rest::default(),
        };
        while splitter.window().len() < 3 && splitter.grow() {}
        if splitter.window().starts_with(b"\xef\xbb\xbf") {
            splitter.start = 3;
            splitter.line_start = 3;
        }
        splitter
    }

    /// The bytes at hand, from the current place on.
    pub fn window(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Nothing will come after the window.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Why reading stopped before the end, if it did.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Reads on, so that the window gets longer. False when there is no more.
    pub fn grow(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.count_lines();
            self.gone += self.start as u64;
            self.counted -= self.start;
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let before = self.buffer.len();
        let wanted = self.chunk.max(before);
        self.buffer.resize(before + wanted, 0);
        let mut filled = before;
        while filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    self.ended = true;
                    break;
                }
            }
        }
        self.buffer.truncate(filled);
        filled > before
    }

    /// Where the window starts.
    pub fn place(&mut self) -> Place {
        self.count_lines();
        let offset = self.gone + self.start as u64;
        let column = u32::try_from(offset - self.line_start).unwrap_or(u32::MAX - 1) + 1;
        Place { offset, line: self.line, column }
    }

    fn count_lines(&mut self) {
        let passed = &self.buffer[self.counted.min(self.start)..self.start];
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            let lines = memchr::memchr_iter(b'\n', passed).count();
            self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            self.line_start = self.gone + (self.counted + last + 1) as u64;
        }
        self.counted = self.counted.max(self.start);
    }

    /// Steps over `count` bytes of the window.
    pub fn advance(&mut self, count: usize) {
        self.start += count.min(self.window().len());
    }

    /// Steps over white space, and over commas when they may stand here; returns the byte behind them. `keep` copies
    /// what it steps over to the rest.
    fn peek_token(&mut self, commas: bool, keep: bool) -> Option<u8> {
        loop {
            let window = self.window();
            let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n') || commas && byte == b',';
            let skipped = window.iter().position(|byte| !blank(*byte)).unwrap_or(window.len());
            if let Some(line) = memchr::memrchr(b'\n', &window[..skipped]) {
                let indentation = &window[line..skipped];
                let margin = (indentation.len() < 100 && skipped < window.len()).then(|| {
                    let mut margin = indentation.to_vec();
                    margin.push(b'{');
                    margin
                });
                self.margin = margin;
            } else if self.start + skipped > 0 {
                // What begins here shares its line with what is before it.
                self.margin = None;
            }
            if keep && self.rest.text.len() + skipped < LIMIT {
                self.rest.text.extend_from_slice(&self.buffer[self.start..self.start + skipped]);
            }
            self.start += skipped;
            match self.window().first().copied() {
                Some(byte) => return Some(byte),
                None if self.grow() => {}
                None => return None,
            }
        }
    }

    /// Goes to what stands next.
    pub fn event(&mut self) -> Event {
        loop {
            match self.state {
                State::Done => return Event::End,
                State::Between => match self.peek_token(false, false) {
                    None => {
                        self.state = State::Done;
                        return Event::End;
                    }
                    Some(b'{') if !self.lists.is_empty() => {
                        let place = self.place();
                        self.rest = Rest { text: vec![b'{'], index: self.values, place, ..Rest::default() };
                        self.start += 1;
                        self.state = State::Members;
                    }
                    Some(b'[') => {
                        self.start += 1;
                        self.index = 0;
                        self.state = State::Elements(None);
                    }
                    Some(byte @ (b']' | b'}' | b',' | b':')) => {
                        self.start += 1;
                        return broken(byte, "a JSON value");
                    }
                    Some(_) => {
                        self.values += 1;
                        return Event::Value { list: None, index: self.values - 1 };
                    }
                },
                State::Members => match self.peek_token(true, true) {
                    None => return self.cut("`}`"),
                    Some(b'}') => {
                        self.start += 1;
                        self.values += 1;
                        self.state = State::Between;
                        self.rest.text.push(b'}');
                        self.rest.length = self.gone + self.start as u64 - self.rest.place.offset;
                        return Event::Closed;
                    }
                    Some(b'"') => {
                        if let Some(event) = self.member() {
                            return event;
                        }
                    }
                    Some(byte) => {
                        self.state = State::Done;
                        return broken(byte, "a member name or `}`");
                    }
                },
                State::Elements(list) => match self.peek_token(true, false) {
                    None => return self.cut("`]`"),
                    Some(b']') => {
                        self.start += 1;
                        self.state = if list.is_some() { State::Members } else { State::Between };
                    }
                    Some(byte @ (b'}' | b':')) => {
                        self.start += 1;
                        return broken(byte, "`,` or `]`");
                    }
                    Some(_) => {
                        self.index = self.index.saturating_add(1);
                        return Event::Value { list, index: self.index - 1 };
                    }
                },
            }
        }
    }

    fn cut(&mut self, expected: &'static str) -> Event {
        self.state = State::Done;
        Event::Broken { found: "the end of the file".to_owned(), expected }
    }

    /// One member of a top-level object: a list is opened, everything else goes to the rest.
    fn member(&mut self) -> Option<Event> {
        let Extent::Whole(length) = self.measure() else { return Some(self.cut("a member name")) };
        let (start, end) = (self.start, self.start + length);
        let Ok(name) = serde_json::from_slice::<Cow<'_, str>>(&self.buffer[start..end]) else {
            self.state = State::Done;
            return Some(Event::Broken { found: "bytes that are no text".to_owned(), expected: "a member name" });
        };
        let list = self.lists.iter().position(|list| *list == name);
        self.rest.text.extend_from_slice(&self.buffer[start..end]);
        self.start = end;
        match self.peek_token(false, true) {
            Some(b':') => {
                self.rest.text.push(b':');
                self.start += 1;
            }
            Some(byte) => {
                self.state = State::Done;
                return Some(broken(byte, "`:`"));
            }
            None => return Some(self.cut("`:`")),
        }
        let Some(first) = self.peek_token(false, true) else { return Some(self.cut("a value")) };
        if let Some(list) = list {
            self.rest.listed |= 1 << list;
        }
        if list.is_some() && first == b'[' {
            self.rest.text.extend_from_slice(b"null");
            self.start += 1;
            self.index = 0;
            self.state = State::Elements(list);
            return None;
        }
        match self.measure() {
            Extent::Whole(0) => {
                self.state = State::Done;
                return Some(broken(first, "a value"));
            }
            Extent::Whole(length) if self.rest.text.len() + length < LIMIT => {
                self.rest.text.extend_from_slice(&self.buffer[self.start..self.start + length]);
                self.start += length;
            }
            Extent::Whole(_) | Extent::Large => {
                self.rest.text.extend_from_slice(b"null");
                self.rest.cut = true;
                self.skip(false);
            }
            Extent::Cut => return Some(self.cut("the rest of a value")),
        }
        let odd = list.is_some() && first != b'n';
        odd.then(|| Event::Broken { found: kind_of_byte(first).to_owned(), expected: "a list" })
    }

    /// Brings the value that starts the window into it as a whole, if it is not too long for that.
    pub fn measure(&mut self) -> Extent {
        let (mut scan, mut seen) = (Scan::default(), 0);
        loop {
            if let Some(more) = scan.feed(&self.buffer[self.start + seen..]) {
                return Extent::Whole(seen + more);
            }
            seen = self.window().len();
            if seen > LIMIT {
                return Extent::Large;
            }
            if !self.grow() {
                return if scan.is_whole_at_end() { Extent::Whole(seen) } else { Extent::Cut };
            }
        }
    }

    /// Steps over the value that starts the window, whatever its length. When it is `torn`, its brackets cannot be
    /// trusted: the next line that begins as its own line does ends it too.
    pub fn skip(&mut self, torn: bool) {
        let margin = self.margin.clone().filter(|_| torn);
        let overlap = margin.as_ref().map_or(0, Vec::len);
        let finder = margin.as_deref().map(memmem::Finder::new);
        let (mut scan, mut seen) = (Scan::default(), 0);
        loop {
            let window = self.window();
            let end = scan.feed(&window[seen..]).map(|more| (seen + more).max(1));
            let from = seen.saturating_sub(overlap);
            let next = finder.as_ref().and_then(|it| it.find(&window[from..])).map(|at| from + at + 1);
            if let Some(stop) = [end, next].into_iter().flatten().min() {
                self.advance(stop);
                return;
            }
            seen = window.len();
            if seen > LIMIT {
                self.advance(seen - overlap);
                seen = overlap;
            }
            if !self.grow() {
                self.advance(usize::MAX - self.start);
                return;
            }
        }
    }
}

/// How far a value reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// It is the first so many bytes of the window.
    Whole(usize),
    /// The file ends inside it.
    Cut,
    /// It is longer than [`LIMIT`].
    Large,
}

fn broken(byte: u8, expected: &'static str) -> Event {
    let found = if byte.is_ascii_graphic() { format!("`{}`", byte as char) } else { format!("byte 0x{byte:02x}") };
    Event::Broken { found, expected }
}
