//! Accepting a finding: reason, last day, and the row in the file.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;

use crate::app::input::Purpose;
use crate::app::{App, Effect, Key};
use crate::findings::acceptance::Change;
use crate::findings::{Acceptance, Accepted};

/// Days that are offered: a quarter.
const OFFERED: i32 = 90;

impl App {
    /// `a`: asks for reason and last day; on an accepted finding a second press takes it back.
    pub(super) fn accept_command(&mut self, key: Option<(Key, bool)>, effects: &mut Vec<Effect>) {
        let Some(finding) = self.finding() else { return self.fail("no finding is selected") };
        let Some(today) = self.today() else {
            return self.fail("the data has no time to count a last day by; start with --at TIME");
        };
        if let Some(row) = self.accepted.covering(&finding.fingerprint, Some(today)) {
            let print = row.fingerprint.clone();
            return match key {
                Some((key, false)) => {
                    let text = format!("accepted until {}: {}   {key} again takes it back", row.until, row.reason);
                    self.confirm = Some(key);
                    self.say(text);
                }
                _ => {
                    let file = self.settings().accepted.clone();
                    effects.push(Effect::ChangeAccepted { file, change: Change::Withdraw(print) });
                }
            };
        }
        // What has run out is accepted anew with its reason at hand.
        let reason = self.accepted.row(&finding.fingerprint).map_or_else(String::new, |row| row.reason.clone());
        self.accepting = Some(Acceptance {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.id.to_owned(),
            subject: finding.subject.clone(),
            reason: String::new(),
            by: self.settings().user.clone(),
            until: today.saturating_add(Span::new().days(OFFERED)),
        });
        self.open_input(Purpose::Reason, &reason);
    }

    pub(super) fn take_reason(&mut self, text: &str) {
        let Some(accepting) = &mut self.accepting else { return };
        if text.is_empty() {
            self.accepting = None;
            return self.say("not accepted: no reason");
        }
        text.clone_into(&mut accepting.reason);
        let until = accepting.until.to_string();
        self.open_input(Purpose::Until, &until);
    }

    pub(super) fn take_until(&mut self, text: &str, effects: &mut Vec<Effect>) {
        let Some(today) = self.today() else { return };
        let until = match last_day(text, today) {
            Ok(until) => until,
            Err(reason) => {
                self.open_input(Purpose::Until, text);
                return self.fail(reason);
            }
        };
        let Some(accepting) = self.accepting.take() else { return };
        let change = Change::Accept(Acceptance { until, ..accepting });
        effects.push(Effect::ChangeAccepted { file: self.settings().accepted.clone(), change });
    }

    /// The file was read, or changed.
    pub(super) fn take_accepted(&mut self, change: Option<Change>, rows: Result<Vec<Acceptance>, String>) {
        let file = self.settings().accepted.clone();
        match rows {
            Ok(rows) => {
                match change {
                    Some(Change::Accept(it)) => self.say(format!("accepted until {}, in {file}; ! shows it", it.until)),
                    Some(Change::Withdraw(_)) => self.say(format!("taken back, in {file}")),
                    None => {}
                }
                if rows != self.accepted.rows() {
                    self.accepted = Arc::new(Accepted::new(rows));
                    self.refresh_page();
                }
            }
            Err(error) => {
                let meaning = match change {
                    Some(Change::Accept(_)) => "not accepted",
                    Some(Change::Withdraw(_)) => "not taken back",
                    None => "no finding counts as accepted",
                };
                let text = format!("{meaning}: {file}: {error}");
                self.log_line(text.clone());
                self.fail(text);
            }
        }
    }
}

/// A date, or days from today such as `90d`, that is not over.
fn last_day(text: &str, today: Date) -> Result<Date, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i32>().ok());
    let day = match days {
        Some(days) => today.checked_add(Span::new().days(days.clamp(0, 100_000))).ok(),
        None => text.parse().ok(),
    };
    match day {
        Some(day) if day < today => Err(format!("{day} is over; the data is of {today}")),
        Some(day) => Ok(day),
        None => Err(format!("`{text}` is no day such as 2027-03-31, and no number of days such as 90d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_day_is_a_date_or_a_number_of_days_and_not_over() {
        let today: Date = "2026-11-22".parse().expect("a date");
        assert_eq!(last_day("2027-03-31", today), Ok("2027-03-31".parse().expect("a date")));
        assert_eq!(last_day("10d", today), Ok("2026-12-02".parse().expect("a date")));
        assert_eq!(last_day("2026-11-21", today), Err("2026-11-21 is over; the data is of 2026-11-22".into()));
        assert!(last_day("soon", today).is_err() && last_day("-1d", today).is_ok());
    }
}
