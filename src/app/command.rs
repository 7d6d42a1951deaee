//! The table of commands: everything that a key, the command line, a menu or a script can ask for.
//!
//! Keys, footer hints, help, palette, the `space` menu, names in the configuration, and the tables of the README all
//! come from here; nothing else knows a key.
//!
//! To add one more: a row in the table below and an arm in `super::update`; the compiler finds the second.

mod keymap;

pub use keymap::{Keymap, KeymapError};

use super::App;

/// Where a command applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Moving in lists, columns and documents.
    Moving,
    Everywhere,
    /// On the selected thing.
    Selection,
    /// In documents.
    Document,
    /// By name; their keys count only while nothing could be read and there is nothing else to press them on.
    Unread,
    /// Only by name, on the command line.
    Named,
}

impl Scope {
    pub fn title(self) -> &'static str {
        match self {
            Scope::Moving => "moving",
            Scope::Everywhere => "everywhere",
            Scope::Selection => "on a selection",
            Scope::Document => "in documents",
            Scope::Unread => "when nothing could be read",
            Scope::Named => "by name",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub cmd: Cmd,
    /// For the command line, the configuration and scripts.
    pub name: &'static str,
    pub scope: Scope,
    /// Keys as shipped.
    pub keys: &'static [&'static str],
    /// One line.
    pub help: &'static str,
    /// A word or two for the footer.
    pub hint: Option<&'static str>,
    /// What may follow the name on the command line; empty when nothing.
    pub argument: &'static str,
    /// Why it cannot run now.
    pub ready: fn(&App) -> Result<(), &'static str>,
}

macro_rules! commands {
    ($($cmd:ident $name:literal $scope:ident [$($key:literal)*] $help:literal hint($hint:expr) arg($argument:literal) $ready:ident;)*) => {
        /// Everything that can be asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cmd { $($cmd,)* }

        /// The table, in the order of help.
        pub const COMMANDS: &[Spec] = &[$(Spec {
            cmd: Cmd::$cmd,
            name: $name,
            scope: Scope::$scope,
            keys: &[$($key),*],
            help: $help,
            hint: $hint,
            argument: $argument,
            ready: ready::$ready,
        },)*];
    };
}

commands! {
    Down "down" Moving ["j" "down"] "next row or line" hint(None) arg("") always;
    Up "up" Moving ["k" "up"] "previous row or line" hint(None) arg("") always;
    Into "into" Moving ["l" "right" "enter"] "into: next column, open, expand" hint(Some("open")) arg("") always;
    Out "out" Moving ["h" "left"] "out: previous column, collapse" hint(None) arg("") always;
    First "first" Moving ["g" "home"] "first row" hint(None) arg("") always;
    Last "last" Moving ["G" "end"] "last row" hint(None) arg("") always;
    HalfDown "half-down" Moving ["ctrl-d"] "half a page down" hint(None) arg("") always;
    HalfUp "half-up" Moving ["ctrl-u"] "half a page up" hint(None) arg("") always;
    PageDown "page-down" Moving ["ctrl-f" "pgdn"] "a page down" hint(None) arg("") always;
    PageUp "page-up" Moving ["ctrl-b" "pgup"] "a page up" hint(None) arg("") always;
    DetailDown "detail-down" Moving ["J"] "scroll the detail pane down" hint(None) arg("") always;
    DetailUp "detail-up" Moving ["K"] "scroll the detail pane up" hint(None) arg("") always;
    NextPane "next-pane" Moving ["tab"] "next pane" hint(None) arg("") always;
    PreviousPane "previous-pane" Moving ["shift-tab"] "previous pane" hint(None) arg("") always;
    Zoom "zoom" Moving ["z"] "zoom the pane to the whole screen and back" hint(Some("zoom")) arg("") always;
    Explorer "explorer" Everywhere ["1"] "screen Explorer: pods, identity, role, access" hint(None) arg("") always;
    Findings "findings" Everywhere ["2"] "screen Findings: what is wrong, worst first" hint(None) arg("[query]") always;
    FindingsOf "findings-of" Selection ["F"] "findings of the selection" hint(Some("findings")) arg("[address]") selection;
    CopyFix "copy-fix" Selection ["Y"] "copy the fix of the finding; again: its next form" hint(Some("copy fix")) arg("[tool]") finding;
    Accept "accept" Selection ["a"] "accept the finding, with a reason and a last day; on an accepted one: take it back" hint(Some("accept")) arg("") finding;
    Accepted "accepted" Named [] "accepted findings: in force, run out, or without a finding" hint(None) arg("") always;
    Rules "rules" Named [] "every rule: what it found, or what it would have to read" hint(None) arg("") always;
    Blast "blast" Selection ["b" "3"] "blast radius: what falls if this falls" hint(Some("blast")) arg("[thing]") selection;
    ReachedBy "reached-by" Named [] "who can become this, hop by hop" hint(None) arg("[thing]") selection;
    Highlight "highlight" Selection ["B"] "mark the blast radius inside the Explorer; again to unmark" hint(Some("highlight")) arg("") selection;
    PathTo "path" Selection ["p"] "path from here (or from the mark) to ..." hint(Some("path")) arg("[from] [to]") selection;
    PathScreen "path-screen" Everywhere ["5"] "screen Path: the last path again, or one from here" hint(None) arg("") always;
    Picture "picture" Selection ["V"] "blast radius and paths as a picture, or as a tree" hint(Some("picture")) arg("") always;
    Deeper "deeper" Selection ["+" "="] "one hop deeper" hint(Some("deeper")) arg("") always;
    Shallower "shallower" Selection ["_"] "one hop less" hint(None) arg("") always;
    Depth "depth" Named [] "hops of the blast radius" hint(None) arg("<n>") always;
    WhoCanScreen "who-can-screen" Everywhere ["4"] "screen Who-can: who can do something on a resource" hint(None) arg("") always;
    Policy "policy" Everywhere ["6"] "screen Policy: the documents of a role" hint(Some("policy")) arg("[role]") always;
    Rbac "rbac" Everywhere ["7"] "screen RBAC: who holds which power, and what it leads to" hint(Some("RBAC")) arg("[subject|ns]") always;
    Diff "diff" Everywhere ["8"] "screen Diff: what changed since an earlier snapshot" hint(Some("diff")) arg("[snapshot]") always;
    Base "base" Selection ["D"] "choose the base snapshot (opens Diff)" hint(Some("base")) arg("") always;
    AllNamespaces "all" Everywhere ["0"] "scope: all namespaces" hint(None) arg("") always;
    Scope "scope" Everywhere ["@"] "scope picker: namespaces, then clusters" hint(Some("scope")) arg("") always;
    Filter "filter" Everywhere ["/"] "filter the list, search the document" hint(Some("filter")) arg("[query]") always;
    CommandLine "command" Everywhere [":"] "command line with completion" hint(Some("command")) arg("") always;
    Menu "menu" Everywhere ["space"] "menu of actions for the selection" hint(Some("actions")) arg("") always;
    Help "help" Everywhere ["?" "F1"] "help for this screen, searchable" hint(Some("help")) arg("[text]") always;
    Back "back" Everywhere ["esc"] "one step back: close, clear the filter, previous place; never quits" hint(None) arg("") always;
    Leave "leave" Everywhere ["q"] "same as esc; at the root it asks for a second q" hint(None) arg("") always;
    Interrupt "interrupt" Everywhere ["ctrl-c"] "in an input: cancel it; elsewhere: quit" hint(None) arg("") always;
    Suspend "suspend" Everywhere ["ctrl-z"] "suspend" hint(None) arg("") always;
    Redraw "redraw" Everywhere ["ctrl-l"] "draw again" hint(None) arg("") always;
    Reload "reload" Everywhere ["ctrl-r"] "read the data again" hint(None) arg("") always;
    Save "save" Everywhere ["ctrl-s"] "save what the screen shows (text, csv, json, md)" hint(Some("export")) arg("[file]") always;
    HistoryBack "history-back" Everywhere ["H"] "back through visited places" hint(None) arg("") always;
    HistoryForward "history-forward" Everywhere ["L"] "forward through visited places" hint(None) arg("") always;
    LastPlace "last-place" Everywhere ["-"] "the last place (again: return)" hint(None) arg("") always;
    NextProblem "next-problem" Everywhere ["]"] "next problem in the screen order" hint(Some("problem")) arg("") always;
    PreviousProblem "previous-problem" Everywhere ["["] "previous problem in the screen order" hint(None) arg("") always;
    ProblemsOnly "problems-only" Everywhere ["!"] "only rows with problems; Who-can: denied rows too; Findings: accepted ones too; Diff: only access changes" hint(Some("denied")) arg("") always;
    System "system" Everywhere ["."] "show or hide AWS and Kubernetes system objects" hint(None) arg("") always;
    Copy "copy" Everywhere ["c"] "copy the name or ARN of the selection" hint(Some("copy")) arg("") selection;
    CopyCommand "copy-command" Everywhere ["C"] "copy the question as a headless command" hint(None) arg("") always;
    Links "links" Everywhere ["o"] "links of the selection: console address, shown and copied" hint(None) arg("") selection;
    Names "names" Everywhere ["v"] "names short, names full (ARN)" hint(Some("names")) arg("") always;
    Details "details" Selection ["d"] "details page" hint(Some("details")) arg("") selection;
    Raw "raw" Selection ["y"] "raw document (YAML or JSON as stored)" hint(Some("raw")) arg("") selection;
    Explain "explain" Selection ["e"] "explain: may it do this, and why" hint(Some("explain")) arg("[thing] [action] [resource]") selection;
    WhoCan "who-can" Selection ["w"] "who can reach this: an action or level on a resource" hint(Some("who can")) arg("[action|level] [resource]") always;
    UsedBy "used-by" Selection ["u"] "used by: everything that points here" hint(Some("used by")) arg("[address]") selection;
    Rights "rights" Selection ["r"] "RBAC of this subject" hint(Some("rights")) arg("") selection;
    Mark "mark" Selection ["m"] "mark; again to unmark; `:go mark` returns to it" hint(None) arg("") selection;
    Trust "trust" Selection ["t"] "trust policy of this role" hint(Some("trust")) arg("") selection;
    QuickFilter "quick-filter" Selection ["f"] "quick filters menu; Who-can: which rows are shown" hint(Some("show")) arg("") always;
    Sort "sort" Selection ["s"] "sort by the next column" hint(None) arg("") always;
    SortReverse "sort-reverse" Selection ["S"] "reverse the sort" hint(None) arg("") always;
    Expand "expand" Selection ["x"] "expand or collapse all" hint(None) arg("") always;
    NextStatement "next-statement" Document ["}"] "next statement" hint(Some("statement")) arg("") always;
    PreviousStatement "previous-statement" Document ["{"] "previous statement" hint(None) arg("") always;
    NextMatch "next-match" Document ["n"] "next match" hint(Some("match")) arg("") always;
    PreviousMatch "previous-match" Document ["N"] "previous match" hint(None) arg("") always;
    Demo "demo" Unread ["d"] "open the built-in demo" hint(Some("open the demo")) arg("") always;
    Open "open" Unread ["o"] "open a saved snapshot, or a directory of dumps" hint(Some("open a snapshot")) arg("[file]") always;
    Context "context" Unread ["c"] "read another context of the kubeconfig" hint(Some("choose a context")) arg("[name]") always;
    Pods "pods" Named [] "list pods" hint(None) arg("[query]") always;
    ServiceAccounts "sa" Named [] "list service accounts" hint(None) arg("[query]") always;
    Roles "roles" Named [] "list IAM roles" hint(None) arg("[query]") always;
    Nodes "nodes" Named [] "list nodes" hint(None) arg("[query]") always;
    Associations "associations" Named [] "list Pod Identity associations" hint(None) arg("[query]") always;
    Go "go" Named [] "go to an address" hint(None) arg("<address>") always;
    Namespace "ns" Named [] "scope: one namespace, or all" hint(None) arg("<name|all>") always;
    Sharing "sharing" Named [] "roles that several service accounts sign with" hint(None) arg("") always;
    Tokens "tokens" Named [] "which identities sit on each node, or on the selected one" hint(None) arg("[node]") always;
    Sources "sources" Named [] "what was read, failed, skipped" hint(None) arg("") always;
    Export "export" Named [] "save the list as csv, json or md" hint(None) arg("<csv|json|md> [file]") always;
    Wrap "wrap" Named [] "wrap long lines, or cut them" hint(None) arg("") always;
    Theme "theme" Named [] "choose a theme" hint(None) arg("<name>") always;
    Mouse "mouse" Named [] "take mouse events, or leave them to the terminal" hint(None) arg("") always;
    Keys "keys" Named [] "every key" hint(None) arg("") always;
    About "about" Named [] "version, data and limits" hint(None) arg("") always;
    Log "log" Named [] "what happened in the background" hint(None) arg("") always;
    Quit "quit" Named [] "leave" hint(None) arg("") always;
}

impl Cmd {
    pub fn spec(self) -> &'static Spec {
        &COMMANDS[self as usize]
    }

    /// By its name, or `q` for `quit`.
    pub fn from_name(name: &str) -> Option<Cmd> {
        if name == "q" {
            return Some(Cmd::Quit);
        }
        COMMANDS.iter().find(|spec| spec.name == name).map(|spec| spec.cmd)
    }

    /// The command whose name is nearest to a wrong one.
    pub fn nearest(name: &str) -> Option<Cmd> {
        let starts = COMMANDS.iter().find(|spec| !name.is_empty() && spec.name.starts_with(name));
        let near = COMMANDS.iter().min_by_key(|spec| strsim::osa_distance(spec.name, name));
        let near = near.filter(|spec| strsim::osa_distance(spec.name, name) <= 2.max(name.len() / 3));
        starts.or(near).map(|spec| spec.cmd)
    }
}

/// The table of keys for the README, in Markdown.
pub fn markdown(keymap: &Keymap) -> String {
    let mut text = String::from("| keys | action | where |\n|---|---|---|\n");
    for spec in COMMANDS.iter().filter(|spec| spec.scope != Scope::Named) {
        let keys: Vec<String> = keymap.keys(spec.cmd).iter().map(|key| format!("`{key}`")).collect();
        text.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), spec.help, spec.scope.title()));
    }
    text.push_str("\n| command | action |\n|---|---|\n");
    for spec in COMMANDS.iter().filter(|spec| spec.scope == Scope::Named || !spec.argument.is_empty()) {
        let argument = if spec.argument.is_empty() { String::new() } else { format!(" {}", spec.argument) };
        let name = format!(":{}{argument}", spec.name).replace('|', "\\|");
        text.push_str(&format!("| `{name}` | {} |\n", spec.help));
    }
    text
}

/// Reasons why a command cannot run now.
mod ready {
    use super::App;

    #[expect(clippy::unnecessary_wraps, reason = "all rows of the table have one form")]
    pub fn always(_: &App) -> Result<(), &'static str> {
        Ok(())
    }

    pub fn selection(app: &App) -> Result<(), &'static str> {
        app.selected_key().map(|_| ()).ok_or("nothing is selected")
    }

    pub fn finding(app: &App) -> Result<(), &'static str> {
        app.finding().map(|_| ()).ok_or("no finding is selected")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_row_at_its_place_and_a_name_of_its_own() {
        for (at, spec) in COMMANDS.iter().enumerate() {
            assert_eq!(spec.cmd as usize, at);
            assert_eq!(Cmd::from_name(spec.name), Some(spec.cmd), "{}", spec.name);
        }
    }

    #[test]
    fn a_misspelt_command_finds_its_neighbour() {
        assert_eq!(Cmd::nearest("souces"), Some(Cmd::Sources));
        assert_eq!(Cmd::nearest("assoc"), Some(Cmd::Associations));
        assert_eq!(Cmd::nearest("xyzzy12"), None);
    }

    #[test]
    fn the_markdown_names_every_key_once() {
        let text = markdown(&Keymap::default());
        for spec in COMMANDS {
            for key in spec.keys {
                // One that counts only while nothing could be read may mean something else otherwise.
                let rows = COMMANDS.iter().filter(|it| it.keys.contains(key)).count();
                assert_eq!(text.matches(&format!("`{key}`")).count(), rows, "{key}");
            }
        }
    }
}
