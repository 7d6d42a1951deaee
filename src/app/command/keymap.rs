//! Keys to commands: the table, with what the configuration changes.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::app::Key;

use super::{COMMANDS, Cmd, Scope};

/// Which key does what. Every key has one meaning at most, since all scopes can apply at the same time; but for those
/// that count only while nothing could be read, which have a table of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    by_key: FxHashMap<Key, Cmd>,
    without_data: FxHashMap<Key, Cmd>,
    keys: Vec<Vec<Key>>,
}

/// Why a key file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("no command `{name}`{}", nearest.map(|it| format!(", nearest is `{it}`")).unwrap_or_default())]
    NoCommand { name: String, nearest: Option<&'static str> },
    #[error("`{key}` is no key (for `{name}`)")]
    NoKey { name: String, key: String },
    /// Terminals send these as backspace, tab, enter or flow control.
    #[error("`{key}` cannot be bound: terminals use it for something else (for `{name}`)")]
    Reserved { name: String, key: String },
    #[error("`{key}` is bound twice: `{first}` and `{second}`")]
    Twice { key: String, first: &'static str, second: &'static str },
    #[error("`{name}` has no key and cannot get one: it needs an argument")]
    NeedsArgument { name: String },
}

impl Default for Keymap {
    fn default() -> Keymap {
        Keymap::new(&BTreeMap::new()).expect("a test holds the table against this")
    }
}

impl Keymap {
    /// The table with other keys for the commands named. A command with an empty list has no key.
    ///
    /// # Errors
    /// The first mistake in the order of names; nothing of a wrong file is used.
    pub fn new(changes: &BTreeMap<String, Vec<String>>) -> Result<Keymap, KeymapError> {
        let mut keys: Vec<Vec<Key>> = COMMANDS
            .iter()
            .map(|spec| {
                spec.keys.iter().map(|key| Key::parse(key).expect("a test holds the table against this")).collect()
            })
            .collect();
        for (name, wanted) in changes {
            let Some(cmd) = Cmd::from_name(name) else {
                let nearest = Cmd::nearest(name).map(|cmd| cmd.spec().name);
                return Err(KeymapError::NoCommand { name: name.clone(), nearest });
            };
            if cmd.spec().argument.starts_with('<') && !wanted.is_empty() {
                return Err(KeymapError::NeedsArgument { name: name.clone() });
            }
            keys[cmd as usize] = wanted.iter().map(|key| read(name, key)).collect::<Result<_, _>>()?;
        }
        let mut by_key: FxHashMap<Key, Cmd> = FxHashMap::default();
        let mut without_data: FxHashMap<Key, Cmd> = FxHashMap::default();
        for spec in COMMANDS {
            for key in &keys[spec.cmd as usize] {
                let table = if spec.scope == Scope::Unread { &mut without_data } else { &mut by_key };
                if let Some(first) = table.insert(*key, spec.cmd)
                    && first != spec.cmd
                {
                    let (first, second) = (first.spec().name, spec.name);
                    return Err(KeymapError::Twice { key: key.to_string(), first, second });
                }
            }
        }
        Ok(Keymap { by_key, without_data, keys })
    }

    pub fn command(&self, key: Key) -> Option<Cmd> {
        self.by_key.get(&key).copied()
    }

    /// While nothing could be read.
    pub fn without_data(&self, key: Key) -> Option<Cmd> {
        self.without_data.get(&key).copied()
    }

    pub fn keys(&self, cmd: Cmd) -> &[Key] {
        &self.keys[cmd as usize]
    }

    /// The first key of a command, as the footer names it.
    pub fn label(&self, cmd: Cmd) -> Option<String> {
        self.keys(cmd).first().map(Key::to_string)
    }

    /// Every key with its command and scope, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (Key, Cmd, Scope)> + '_ {
        COMMANDS.iter().flat_map(|spec| self.keys(spec.cmd).iter().map(|key| (*key, spec.cmd, spec.scope)))
    }
}

fn read(name: &str, text: &str) -> Result<Key, KeymapError> {
    let owned = || (name.to_owned(), text.to_owned());
    let Some(key) = Key::parse(text) else {
        let (name, key) = owned();
        return Err(KeymapError::NoKey { name, key });
    };
    if key.ctrl && ['h', 'i', 'j', 'm', 'q'].into_iter().any(|it| key == Key::ctrl(it)) {
        let (name, key) = owned();
        return Err(KeymapError::Reserved { name, key });
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        pairs.iter().map(|(name, keys)| ((*name).to_owned(), owned(keys))).collect()
    }

    #[test]
    fn the_table_binds_no_key_twice_and_no_reserved_one() {
        let keymap = Keymap::new(&BTreeMap::new()).expect("the table is free of clashes");
        let count: usize = COMMANDS.iter().map(|spec| spec.keys.len()).sum();
        assert_eq!(keymap.by_key.len() + keymap.without_data.len(), count);
        for (key, cmd, _) in keymap.iter() {
            assert_eq!(read("", &key.to_string()), Ok(key), "{cmd:?}");
        }
    }

    #[test]
    fn a_command_can_get_other_keys() {
        let keymap = Keymap::new(&changes(&[("details", &["E", "ctrl-o"]), ("raw", &["d"])])).expect("fine");
        assert_eq!(keymap.command(Key::char('E')), Some(Cmd::Details));
        assert_eq!(keymap.command(Key::char('d')), Some(Cmd::Raw));
        assert_eq!(keymap.command(Key::char('y')), None);
        assert_eq!(keymap.label(Cmd::Details).as_deref(), Some("E"));
    }

    #[test]
    fn a_wrong_key_file_is_refused_with_the_reason() {
        for (change, message) in [
            (changes(&[("details", &["y"])]), "`y` is bound twice: `details` and `raw`"),
            (changes(&[("detials", &["d"])]), "no command `detials`, nearest is `details`"),
            (changes(&[("details", &["alt-d"])]), "`alt-d` is no key (for `details`)"),
            (
                changes(&[("raw", &["ctrl-h"])]),
                "`ctrl-h` cannot be bound: terminals use it for something else (for `raw`)",
            ),
            (changes(&[("theme", &["T"])]), "`theme` has no key and cannot get one: it needs an argument"),
        ] {
            assert_eq!(Keymap::new(&change).expect_err(message).to_string(), message);
        }
    }
}
