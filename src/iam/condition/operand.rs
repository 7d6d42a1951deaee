//! Policy values, read once into the form in which they are compared (rules C5 to C10).

use std::cmp::Ordering;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::base::{Name, Truth};
use crate::iam::glob::{Glob, Token};
use crate::iam::pattern::{ArnGlob, Resolved, Template, Wildcards, split_arn};
use crate::iam::request::Context;

use super::operator::Test;

/// One policy value. `None` inside means that it cannot be read as what its operator compares, so it matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    Text(Template),
    Number(Option<Decimal>),
    Date(Option<Timestamp>),
    Bytes(Option<Vec<u8>>),
    Address(Option<IpNet>),
    Arn {
        fixed: Option<ArnGlob>,
        template: Template,
    },
    /// Of `Null`: the key is wanted absent.
    Presence(Option<bool>),
}

impl Operand {
    pub(super) fn new(test: Test, text: &str, variables: bool) -> Operand {
        match test {
            // Rule V1: the guides disagree on variables in Bool; we fill them in.
            Test::TextEquals | Test::TextEqualsIgnoreCase | Test::Bool => {
                Operand::Text(Template::new(text, variables, Wildcards::Literal))
            }
            Test::TextLike => Operand::Text(Template::new(text, variables, Wildcards::Special)),
            Test::Number(_) => Operand::Number(Decimal::parse(text)),
            Test::Date(_) => Operand::Date(date(text)),
            Test::Bytes => Operand::Bytes(STANDARD.decode(text).ok()),
            Test::Address => Operand::Address(network(text)),
            Test::Arn => {
                let template = Template::new(text, variables, Wildcards::Special);
                Operand::Arn { fixed: template.as_fixed().map(ArnGlob::from_glob), template }
            }
            Test::Null => Operand::Presence(bool_of(text)),
        }
    }

    /// Whether a request value matches this value; unknown only through a variable that is not known.
    pub(super) fn matches(&self, test: Test, value: &str, context: &Context) -> Truth {
        match self {
            Operand::Text(template) => match template.resolve(context) {
                Resolved::NoValue => Truth::No,
                Resolved::Glob(glob) => text(test, &glob, value).into(),
                Resolved::Unknown(widest) if text(test, widest, value) => Truth::Unknown,
                Resolved::Unknown(_) => Truth::No,
            },
            Operand::Number(number) => match (number, test) {
                (Some(number), Test::Number(order)) => {
                    Decimal::parse(value).is_some_and(|given| order.holds(given.cmp(number))).into()
                }
                _ => Truth::No,
            },
            Operand::Date(wanted) => match (wanted, test) {
                (Some(wanted), Test::Date(order)) => {
                    date(value).is_some_and(|given| order.holds(given.cmp(wanted))).into()
                }
                _ => Truth::No,
            },
            Operand::Bytes(bytes) => {
                bytes.as_ref().is_some_and(|bytes| STANDARD.decode(value).is_ok_and(|given| given == *bytes)).into()
            }
            Operand::Address(network) => match (network, IpAddr::from_str(value)) {
                (Some(network), Ok(address)) => network.contains(&address).into(),
                _ => Truth::No,
            },
            Operand::Arn { fixed, template } => {
                // Rule C10: the ARN operators compare ARNs; other text never matches.
                if split_arn(value).count() < 6 {
                    return Truth::No;
                }
                match (fixed, template.resolve(context)) {
                    (Some(glob), _) => glob.matches(value).into(),
                    (None, Resolved::Glob(glob)) => ArnGlob::from_glob(&glob).matches(value).into(),
                    (None, Resolved::NoValue) => Truth::No,
                    (None, Resolved::Unknown(widest)) if widest.matches(value) => Truth::Unknown,
                    (None, Resolved::Unknown(_)) => Truth::No,
                }
            }
            Operand::Presence(_) => Truth::No,
        }
    }

    /// Whether every value that a key can have matches.
    pub(super) fn matches_all(&self, test: Test) -> bool {
        test == Test::TextLike
            && matches!(self, Operand::Text(template) if template.as_fixed().is_some_and(Glob::is_any))
    }

    /// Whether no value that a key can have matches.
    pub(super) fn matches_none(&self, context: &Context) -> bool {
        match self {
            Operand::Text(template) | Operand::Arn { template, .. } => template.resolve(context) == Resolved::NoValue,
            Operand::Number(None) | Operand::Date(None) | Operand::Bytes(None) | Operand::Address(None) => true,
            _ => false,
        }
    }

    /// Whether the value can be read as what its operator compares.
    pub fn is_readable(&self) -> bool {
        !matches!(
            self,
            Operand::Number(None)
                | Operand::Date(None)
                | Operand::Bytes(None)
                | Operand::Address(None)
                | Operand::Presence(None)
        )
    }

    /// The text, for a value of a text operator without wildcards and variables.
    pub fn as_literal(&self) -> Option<&str> {
        if let Operand::Text(template) = self { template.as_fixed().and_then(Glob::as_literal) } else { None }
    }

    /// The pattern, for a value of a text operator without variables.
    pub fn as_pattern(&self) -> Option<&Glob> {
        if let Operand::Text(template) = self { template.as_fixed() } else { None }
    }

    /// Lower-case keys of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Name> {
        let template = match self {
            Operand::Text(template) | Operand::Arn { template, .. } => Some(template),
            _ => None,
        };
        template.into_iter().flat_map(Template::variables).map(|variable| &variable.key)
    }
}

fn text(test: Test, pattern: &Glob, value: &str) -> bool {
    match test {
        Test::Bool if bool_of(value).is_none() => false,
        Test::TextEqualsIgnoreCase | Test::Bool => {
            let mut folded: Vec<Token> = Vec::with_capacity(pattern.tokens().len());
            for token in pattern.tokens() {
                match token {
                    Token::Char(character) => folded.extend(character.to_lowercase().map(Token::Char)),
                    other => folded.push(*other),
                }
            }
            // Character by character on both sides, so that a final sigma folds alike.
            let value: String = value.chars().flat_map(char::to_lowercase).collect();
            Glob::from_tokens(folded).matches(&value)
        }
        _ => pattern.matches(value),
    }
}

fn bool_of(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Rule C9: a single address is a range of one.
fn network(text: &str) -> Option<IpNet> {
    IpNet::from_str(text).ok().or_else(|| IpAddr::from_str(text).ok().map(IpNet::from))
}

/// A decimal number of any size, compared exactly (rule C6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Without leading zeros.
    whole: Box<str>,
    /// Without trailing zeros.
    fraction: Box<str>,
}

impl Decimal {
    fn parse(text: &str) -> Option<Decimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !plain(whole) || !plain(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        // There is one zero.
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Decimal { negative, whole: whole.into(), fraction: fraction.into() })
    }

    fn size(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Rule C7: the W3C profiles of ISO 8601, from a year to fractions of a second, or epoch seconds. A time without a zone
/// is taken as UTC.
fn date(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 4 {
        return text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    }
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut numbers = day.split('-').map(number);
    let (year, month, of_month) =
        (numbers.next()??, numbers.next().unwrap_or(Some(1))?, numbers.next().unwrap_or(Some(1))?);
    if numbers.next().is_some() || day.split('-').next()?.len() != 4 {
        return None;
    }
    let (mut hour, mut minute, mut second, mut nanos, mut offset) = (0, 0, 0, 0, 0);
    if let Some(time) = time {
        let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone);
        let mut parts = clock.split(':');
        (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
        if let Some(seconds) = parts.next() {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            second = number(whole)?;
            number(fraction.get(..fraction.len().min(4))?)?;
            let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
            nanos = nine.parse().ok()?;
        }
        if parts.next().is_some() {
            return None;
        }
        offset = match zone {
            "" | "Z" | "z" => 0,
            _ => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let clock = &zone[1..];
                let (hours, minutes) = clock.split_once(':').or_else(|| clock.split_at_checked(2))?;
                sign * (i64::from(number(hours)?) * 3600 + i64::from(number(minutes)?) * 60)
            }
        };
    }
    let short = |value: i16| i8::try_from(value).ok();
    let local =
        DateTime::new(year, short(month)?, short(of_month)?, short(hour)?, short(minute)?, short(second)?, nanos)
            .ok()?;
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    utc.checked_sub(jiff::SignedDuration::from_secs(offset)).ok()
}

fn number(text: &str) -> Option<i16> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        let n = |text| Decimal::parse(text).expect("a number");
        assert_eq!(n("10"), n("10.0"));
        assert_eq!(n("-0"), n("0.0"));
        assert!(n("9") < n("10") && n("-10") < n("-9") && n("-1") < n("0.5") && n("0.05") < n("0.5"));
        assert!(n("9007199254740993") > n("9007199254740992"));
        for wrong in ["", "-", ".", "1e3", "0x1", "1.2.3", " 1", "ten"] {
            assert!(Decimal::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn dates_come_in_every_profile() {
        let same = [
            "2026-01-01T00:00:00Z",
            "2026",
            "2026-01",
            "2026-01-01",
            "2026-01-01T00:00Z",
            "2026-01-01T01:00:00+01:00",
            "1767225600",
            "2025-12-31T23:30:00.000-00:30",
        ];
        for text in same {
            assert_eq!(date(text), date(same[0]), "{text}");
            assert!(date(text).is_some(), "{text}");
        }
        assert!(date("2026-01-01T00:00:00.5Z") > date(same[0]));
        for wrong in [
            "",
            "x",
            "2026-13",
            "2026-02-30",
            "2026-01-01T25:00Z",
            "2026-01-01T00",
            "2026-1-1-1",
            "99999999999999999999",
            "-",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
