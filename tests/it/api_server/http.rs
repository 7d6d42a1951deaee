//! As much of HTTP/1.1 as an API server needs.

use std::io::{self, BufRead, Write};
use std::net::TcpStream;

use serde_json::json;

/// A request; bodies are read and dropped.
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The next request of the connection; none when it ended.
    pub fn read(reader: &mut impl BufRead) -> Option<Request> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let request = Request { method, path: decoded(path), query: query.to_owned(), headers };
        let length: u64 = request.header("content-length").parse().unwrap_or(0);
        io::copy(&mut io::Read::take(reader, length), &mut io::sink()).ok()?;
        Some(request)
    }

    /// Empty when it is not there.
    pub fn header(&self, name: &str) -> String {
        self.headers.iter().find(|it| it.0 == name).map(|it| it.1.clone()).unwrap_or_default()
    }

    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('=')).map(decoded)
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Where answers go.
pub struct Writer {
    stream: TcpStream,
    pub gzip: bool,
}

impl Writer {
    pub fn new(stream: TcpStream) -> Writer {
        let _ = stream.set_nodelay(true);
        Writer { stream, gzip: false }
    }

    pub fn body(&mut self, status: u16, body: &[u8]) -> io::Result<()> {
        self.answer(status, "", body)
    }

    pub fn answer(&mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
        if self.gzip && body.len() > 1000 {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(body)?;
            return self.plain(status, &format!("Content-Encoding: gzip\r\n{headers}"), &packer.finish()?);
        }
        self.plain(status, headers, body)
    }

    fn plain(&mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
        self.head(status, &format!("Content-Length: {}\r\n{headers}", body.len()))?;
        self.stream.write_all(body)
    }

    /// Announces a body of `length` bytes and sends only these, then the connection ends.
    pub fn torn(&mut self, length: usize, body: &[u8]) -> io::Result<()> {
        self.head(200, &format!("Content-Length: {length}\r\n"))?;
        self.stream.write_all(body)?;
        self.hang_up()
    }

    pub fn hang_up(&mut self) -> io::Result<()> {
        self.stream.shutdown(std::net::Shutdown::Both)?;
        Err(io::Error::other("hung up on purpose"))
    }

    /// An error as the API server words it.
    pub fn status(&mut self, status: u16, message: &str) -> io::Result<()> {
        self.body(status, &status_object(status, message))
    }

    fn head(&mut self, status: u16, headers: &str) -> io::Result<()> {
        let head = format!("HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{headers}\r\n");
        self.stream.write_all(head.as_bytes())
    }

    pub fn begin_stream(&mut self) -> io::Result<()> {
        self.head(200, "Transfer-Encoding: chunked\r\n")
    }

    pub fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.stream.write_all(&chunk)
    }

    pub fn end_stream(&mut self) -> io::Result<()> {
        self.stream.write_all(b"0\r\n\r\n")
    }
}

pub fn status_object(status: u16, message: &str) -> Vec<u8> {
    let reason = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        410 => "Expired",
        _ => "InternalError",
    };
    let object = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status});
    object.to_string().into_bytes()
}
