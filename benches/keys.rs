//! How long a key waits for its frame, seen from the other end of a real terminal.
//!
//! The built program runs on a pseudo-terminal; a key is written, and the clock stops when the end of the next frame has
//! been read and understood, so that everything counts: line discipline, event stream, update, drawing, writing.
//!
//! ```text
//! cargo bench --bench keys -- [--snapshot DIR] [--keys N] [--findings PODS]
//! ```
//!
//! With `--findings` the keys go to the Findings screen of a made-up cluster of that many pods, each with a finding or
//! more; 50000 is what the screen is made for.

#[path = "../tests/it/pty/terminal.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod terminal;

use std::fmt::Write;
use std::io::Write as _;
use std::time::{Duration, Instant};

use terminal::{Terminal, demo};

/// Ends every frame (synchronized output).
const FRAME_END: &[u8] = b"\x1b[?2026l";

const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (200, 50)];

/// What is typed over and over. Each stroke changes something.
const WALK: &[&str] = &["j", "j", "k", "\x04", "\x15", "G", "g", "l", "h", "\x06", "\x02"];
const FILTER: &[&str] = &["/", "a", "p", "i", "\x7f", "\x7f", "\x7f", "\x1b"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut snapshot, mut keys) = (demo().to_string_lossy().into_owned(), 1000);
    let mut crowd = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--snapshot" => snapshot = arguments.next().expect("a directory"),
            "--keys" => keys = arguments.next().and_then(|it| it.parse().ok()).expect("a number"),
            "--findings" => {
                let pods = arguments.next().and_then(|it| it.parse().ok()).expect("a number");
                crowd = Some(privileged(pods));
            }
            // From cargo.
            _ => {}
        }
    }
    let mut report = String::new();
    if let Some(crowd) = &crowd {
        snapshot = crowd.path().to_string_lossy().into_owned();
    }
    for size in SIZES {
        measure(size, &snapshot, keys, crowd.is_some(), &mut report);
    }
    std::io::stdout().write_all(report.as_bytes()).expect("printed");
}

/// A snapshot of bare pods that can take their node over.
fn privileged(pods: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let cluster = directory.path().join("clusters/crowd");
    std::fs::create_dir_all(&cluster).expect("made");
    let mut text = String::from(r#"{"kind":"PodList","apiVersion":"v1","items":["#);
    for at in 0..pods {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"kind":"Pod","apiVersion":"v1","metadata":{{"namespace":"team-{}","name":"agent-{at}"}},"#,
            at % 50
        );
        text.push_str(r#""spec":{"nodeName":"node-1","serviceAccountName":"default","containers":[{"name":"app","image":"app:1","#);
        text.push_str(r#""securityContext":{"privileged":true}}]},"status":{"phase":"Running"}}"#);
    }
    text.push_str("]}");
    std::fs::write(cluster.join("pods.json"), text).expect("written");
    directory
}

fn measure(size: (u16, u16), snapshot: &str, keys: usize, findings: bool, report: &mut String) {
    let start = Instant::now();
    let mut terminal = Terminal::start_with(size, &[], terminal::PROGRAM, &["--snapshot", snapshot]);
    frame(&mut terminal, 0);
    let first = start.elapsed();
    terminal.idle();
    let loaded = start.elapsed();
    let _ = writeln!(
        report,
        "{}x{}  first frame {:.1} ms, everything derived and drawn after {:.2} s",
        size.0,
        size.1,
        first.as_secs_f64() * 1e3,
        loaded.as_secs_f64()
    );
    if findings {
        terminal.keys("2");
        terminal.idle();
        // The second row counts them.
        let screen = terminal.screen();
        let _ = writeln!(report, " {}", screen.lines().nth(1).unwrap_or_default());
    }
    let (mut drawn, mut listed) = (Vec::new(), Vec::new());
    while drawn.len() < keys {
        for key in WALK {
            drawn.push(stroke(&mut terminal, key).0);
        }
        for key in FILTER {
            let (frame, done) = stroke(&mut terminal, key);
            drawn.push(frame);
            listed.push(done);
        }
    }
    let _ = writeln!(report, "  key to frame            {}", percentiles(drawn));
    let _ = writeln!(report, "  filter key to its rows  {}", percentiles(listed));
    terminal.keys("\x03");
    terminal.end();
}

/// Time until the next frame has arrived, and until everything that followed from the key has.
fn stroke(terminal: &mut Terminal, key: &str) -> (Duration, Duration) {
    let from = terminal.bytes.len();
    let start = Instant::now();
    terminal.keys(key);
    frame(terminal, from);
    let drawn = start.elapsed();
    terminal.idle();
    (drawn, start.elapsed())
}

fn frame(terminal: &mut Terminal, from: usize) {
    terminal.wait("a frame", |it| it.bytes[from..].windows(FRAME_END.len()).any(|window| window == FRAME_END));
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    format!("p50 {:.2}  p90 {:.2}  p99 {:.2}  max {:.2} ms  ({} strokes)", at(50), at(90), at(99), at(100), times.len())
}
