//! What only a real terminal shows: start, end, signals, suspending, resizing, and that the terminal is whole afterwards.

pub mod terminal;

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use terminal::{PROGRAM, Terminal, demo};

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

#[test]
fn the_screens_take_the_terminal_and_give_it_back() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.assert_taken();
    terminal.keys("qq");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_screens_end_by_command() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.keys(":q\r");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn ctrl_c_ends_the_screens() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn one_q_at_the_root_does_not_end_them() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.run("q");
    terminal.assert_taken();
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn keys_typed_before_the_first_frame_are_not_lost() {
    let mut terminal = Terminal::screens();
    terminal.keys(CTRL_C);
    // In the first instant the line discipline makes a signal of it.
    assert!(matches!(terminal.end(), 0 | 1 | 130));
}

#[test]
fn a_bug_in_the_screens_restores_the_terminal_and_leaves_a_report() {
    let mut terminal = Terminal::start(&["debug", "panic", "ui", "--snapshot", &demo().to_string_lossy()]);
    assert_eq!(terminal.end(), 5);
    let screen = terminal.screen().replace('\n', "");
    assert!(screen.contains("rolewalk stopped because of a bug: ") && screen.contains("nothing was sent."), "{screen}");
    let reports = terminal.reports();
    let [report] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(std::fs::metadata(report).expect("it is there").permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(report).expect("a text");
    assert!(text.contains("asked for on the command line") && !text.contains("payments"), "{text}");
}

#[test]
fn a_bug_in_a_background_job_leaves_the_screens_running() {
    let mut terminal = Terminal::start(&["debug", "panic", "worker", "--snapshot", &demo().to_string_lossy()]);
    terminal.idle();
    terminal.run("j");
    terminal.assert_taken();
    assert_eq!(terminal.reports().len(), 1);
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn signals_end_the_screens_with_the_terminal_whole() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut terminal = Terminal::screens();
        terminal.idle();
        terminal.signal(signal);
        assert_eq!(terminal.end(), code);
    }
}

#[test]
fn a_closed_window_ends_the_program() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    assert_eq!(terminal.close(), 129);
}

#[test]
fn the_mouse_is_off_unless_asked_for() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    assert_eq!(terminal.emulator().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    terminal.keys(CTRL_C);
    terminal.end();

    let mut terminal = Terminal::start(&["--mouse", "--snapshot", &demo().to_string_lossy()]);
    terminal.idle();
    assert_eq!(terminal.emulator().mouse_protocol_mode(), vt100::MouseProtocolMode::PressRelease);
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn suspended_screens_leave_a_whole_terminal_and_come_back() {
    // A shell with job control, which alone can bring a stopped program back.
    let script = "set -m; \"$0\" --snapshot \"$1\"; echo \"stopped $?\"; read answer; fg >/dev/null; echo \"ended $?\"";
    let demo = demo();
    let arguments = ["-c", script, PROGRAM, &demo.to_string_lossy()];
    let mut terminal = Terminal::start_with((100, 30), &[], "sh", &arguments);
    terminal.idle();
    let before = terminal.screen();
    terminal.keys(CTRL_Z);
    terminal.text("stopped 14");
    terminal.assert_whole();
    terminal.keys("\r");
    terminal.idle();
    terminal.assert_taken();
    assert_eq!(terminal.screen(), before);
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
    assert!(terminal.screen().contains("ended 0"), "{}", terminal.screen());
}

#[test]
fn nothing_is_suspended_where_no_shell_could_bring_it_back() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.run(CTRL_Z);
    terminal.assert_taken();
    terminal.signal(Signal::TSTP);
    terminal.idle();
    terminal.assert_taken();
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_program_that_was_stopped_from_outside_draws_everything_again() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    let before = terminal.screen();
    terminal.signal(Signal::STOP);
    terminal.signal(Signal::CONT);
    terminal.idle();
    terminal.assert_taken();
    assert_eq!(terminal.screen(), before);
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_new_size_is_drawn_at_once() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    for size in [(80, 24), (200, 50), (50, 10), (100, 30)] {
        terminal.resize(size);
        terminal.idle();
        terminal.assert_taken();
    }
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn below_the_smallest_size_both_sizes_are_named_and_quitting_works() {
    let mut terminal = Terminal::screens();
    terminal.idle();
    terminal.resize((50, 10));
    terminal.idle();
    let screen = terminal.screen();
    assert!(screen.contains("60x16") && screen.contains("50x10"), "{screen}");
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn without_colours_bold_and_reverse_survive() {
    let demo = demo();
    let arguments = ["--snapshot", &*demo.to_string_lossy()];
    let mut terminal = Terminal::start_with((100, 30), &[("NO_COLOR", "1")], PROGRAM, &arguments);
    terminal.idle();
    let all = String::from_utf8_lossy(&terminal.bytes).into_owned();
    assert!(!all.contains("\x1b[38;") && !all.contains("\x1b[48;"), "a colour was sent");
    assert!(all.contains("\x1b[7m"), "the selection is not reversed");
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn over_ssh_a_name_is_copied_through_the_terminal() {
    let demo = demo();
    let arguments = ["--snapshot", &*demo.to_string_lossy()];
    let mut terminal = Terminal::start_with((100, 30), &[("SSH_TTY", "/dev/pts/9")], PROGRAM, &arguments);
    terminal.idle();
    terminal.run("c");
    assert!(String::from_utf8_lossy(&terminal.bytes).contains("\x1b]52;c;"));
    assert!(terminal.screen().contains("OSC 52"), "{}", terminal.screen());
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
}

#[test]
fn without_a_terminal_two_lines_name_the_headless_command() {
    for arguments in [&[][..], &["--snapshot", "nowhere"], &["tui"]] {
        let output = assert_cmd::Command::new(PROGRAM).args(arguments).write_stdin("").output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("rolewalk list identities"), "{text}");
    }
}
