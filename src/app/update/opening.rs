//! Opening other data: asking for it, choosing among what there is, and starting over with it.

use crate::app::input::Purpose;
use crate::app::opening::{Openable, Opened, Opening};
use crate::app::overlay::{Action, Overlay, Picker, PickerItem};
use crate::app::settings::Settings;
use crate::app::{App, Effect};

impl App {
    /// Nothing at all could be read. What is on the screen from before stays.
    pub(super) fn load_failed(&mut self, why: String) {
        self.loading = false;
        self.reloading = false;
        self.log_line(why.clone());
        if self.inventory.clusters.is_empty() && self.inventory.accounts.is_empty() {
            self.nothing = Some(why);
        } else {
            self.fail(why);
        }
    }

    /// `:open FILE`; without one, typing begins, and what is saved is offered.
    pub(super) fn open_command(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        if argument.is_empty() {
            self.open_input(Purpose::Command, "open ");
            effects.push(Effect::ListOpenable);
        } else {
            self.open_data(Opening::File(argument.to_owned()), effects);
        }
    }

    /// `:context NAME`; without one, there is a list to choose from.
    pub(super) fn context_command(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        if argument.is_empty() {
            self.choosing_context = true;
            effects.push(Effect::ListOpenable);
        } else {
            self.open_data(Opening::Context(argument.to_owned()), effects);
        }
    }

    pub(super) fn open_data(&mut self, opening: Opening, effects: &mut Vec<Effect>) {
        let what = match &opening {
            Opening::Demo => "the demo".to_owned(),
            Opening::File(typed) => format!("`{typed}`"),
            Opening::Context(name) => format!("context `{name}`"),
        };
        self.say(format!("opening {what}"));
        effects.push(Effect::Open(opening));
    }

    pub(super) fn take_openable(&mut self, openable: Openable) {
        self.openable = openable;
        if !std::mem::take(&mut self.choosing_context) {
            return;
        }
        if self.openable.contexts.is_empty() {
            return self.fail("the kubeconfig has no contexts; start with --kubeconfig FILE to use another one");
        }
        let item = |name: &String| PickerItem {
            label: name.clone(),
            note: String::new(),
            action: Action::Open(Opening::Context(name.clone())),
            blocked: None,
        };
        let items = self.openable.contexts.iter().map(item).collect();
        self.overlay = Some(Overlay::Picker(Picker::new("CONTEXTS", "", items)));
    }

    /// The data is there: everything about the old data goes, what the user has set stays.
    pub(super) fn take_opened(&mut self, opened: Result<Opened, String>, effects: &mut Vec<Effect>) {
        let Opened { opening, origin, command } = match opened {
            Ok(opened) => opened,
            Err(why) => return self.fail(why),
        };
        let settings = Settings {
            origin,
            command,
            // Those that were asked for are of the old data.
            namespace: None,
            cluster: None,
            size: self.size,
            ..self.settings.clone()
        };
        let fresh = App::with_keymap(settings, self.keymap.clone());
        let mut old = std::mem::replace(self, fresh);
        self.clock = old.clock;
        self.theme = std::mem::take(&mut old.theme);
        self.mouse = old.mouse;
        self.full_names = old.full_names;
        self.wrap = old.wrap;
        self.layout = std::mem::take(&mut old.layout);
        self.log = std::mem::take(&mut old.log);
        self.histories = std::mem::take(&mut old.histories);
        self.openable = std::mem::take(&mut old.openable);
        self.accepted = old.accepted.clone();
        self.accepted_asked = old.accepted_asked;
        // What still runs is about the old data: its answers are known by their numbers.
        self.wanted = old.wanted;
        self.outdated = old.wanted;
        self.deriving = old.deriving;
        self.asked = old.asked + 1;
        effects.push(Effect::Discard(Box::new(old)));
        effects.push(Effect::Turn(opening));
    }
}
