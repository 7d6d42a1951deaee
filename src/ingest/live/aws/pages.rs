//! How lists are read: page by page, then what they name, one by one.

use std::ops::ControlFlow;

use futures_util::stream;
use futures_util::{Stream, StreamExt as _};
use rustc_hash::FxHashSet;

use crate::base::Name;
use crate::ingest::object::{Text, object};
use crate::ingest::record::Context;
use crate::model::call::Call;

use super::account::Account;
use super::refusal::{Cause, Refusal};
use super::report::{Report, Seen};
use super::wire::Request;

/// Descriptions that are asked for at a time, for each list.
const AT_ONCE: usize = 8;

/// After so many refusals and no answer nothing else is tried.
const ENOUGH: usize = AT_ONCE;

/// Why a list is not whole when its tokens go in a circle.
pub const AGAIN: &str = "AWS named the same next page twice";

/// The tokens of a list so far.
#[derive(Default)]
pub struct Tokens {
    last: Option<String>,
    seen: FxHashSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Page,
    End,
    /// That page was read already.
    Again,
}

impl Tokens {
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    pub fn next(&mut self, token: Option<&str>) -> Next {
        let Some(token) = token.filter(|it| !it.is_empty()) else { return Next::End };
        self.last = Some(token.to_owned());
        if self.seen.insert(token.to_owned()) { Next::Page } else { Next::Again }
    }
}

object! {
    struct TokenIn<'de> {
        lower: Text<'de> = "nextToken",
        upper: Text<'de> = "NextToken",
    }
}

/// The token of the next page that an answer in JSON names.
pub fn next_token(body: &[u8]) -> Option<String> {
    let TokenIn { lower, upper } = serde_json::from_slice(body).ok()?;
    [lower, upper].iter().map(|it| it.to_string()).find(|it| !it.is_empty())
}

/// What a list gave.
#[derive(Debug, Default)]
pub struct List {
    pub seen: Seen,
    /// Why it is not whole, if it is not.
    pub broken: Option<Refusal>,
}

/// Reads a list to its end. `request` makes the call for a page from its token, empty for the first one.
pub async fn list(account: &Account, report: &mut Report, call: Call, request: impl Fn(&str) -> Request) -> List {
    let mut list = List::default();
    let mut tokens = Tokens::default();
    loop {
        match account.ask(request(tokens.last().unwrap_or_default())).await {
            Ok(answer) => {
                let (seen, listed) = report.json(&answer.0).await;
                list.seen.add(seen);
                if !listed {
                    let refusal = Refusal::new(Cause::NotUnderstood, "an answer does not hold the list");
                    report.failed(&refusal, call).await;
                    list.broken = Some(refusal);
                    return list;
                }
                match tokens.next(next_token(&answer.0).as_deref()) {
                    Next::Page => {}
                    Next::End => {
                        report.listed(String::new()).await;
                        return list;
                    }
                    Next::Again => {
                        report.listed(AGAIN.to_owned()).await;
                        list.broken = Some(Refusal::new(Cause::NotUnderstood, AGAIN));
                        return list;
                    }
                }
            }
            Err(refusal) => {
                report.failed(&refusal, call).await;
                list.broken = Some(refusal);
                return list;
            }
        }
    }
}

/// Describes what a list named. When the list was refused, so is this.
pub async fn describe(
    account: &Account,
    report: &mut Report,
    calls: (Call, Call),
    list: &List,
    request: impl Fn(&Name) -> Request,
) {
    let (listing, call) = calls;
    if let (Some(refusal), true) = (&list.broken, list.seen.names.is_empty()) {
        return report.failed(refusal, listing).await;
    }
    let mut described = Described::new(report, call);
    let ask = |name: Name| {
        let request = request(&name);
        async move { (name, account.ask(request).await) }
    };
    let mut answers = in_order(list.seen.names.iter().cloned(), ask);
    while let Some((name, answer)) = answers.next().await {
        match answer {
            Ok(answer) => drop(described.json(&answer.0).await),
            Err(refusal) => {
                if described.refused(&name, refusal).await.is_break() {
                    break;
                }
            }
        }
    }
    drop(answers);
    described.finish(list.broken.as_ref()).await;
}

/// Asks for several at a time; the answers come in the order of the names, whoever is answered first.
pub fn in_order<A: Future>(
    names: impl Iterator<Item = Name>,
    ask: impl FnMut(Name) -> A,
) -> impl Stream<Item = A::Output> + Unpin {
    Box::pin(stream::iter(names).map(ask).buffered(AT_ONCE))
}

/// The descriptions of one list while they come in.
pub struct Described<'a> {
    report: &'a mut Report,
    call: Call,
    good: usize,
    refused: Vec<(Name, Refusal)>,
}

impl<'a> Described<'a> {
    pub fn new(report: &'a mut Report, call: Call) -> Described<'a> {
        Described { report, call, good: 0, refused: Vec::new() }
    }

    pub async fn json(&mut self, body: &[u8]) -> Seen {
        self.good += 1;
        self.report.json(body).await.0
    }

    pub async fn read(&mut self, fill: impl FnOnce(&mut Context<'_>)) {
        self.report.facts(fill).await;
        self.good += 1;
    }

    /// Notes a refusal. Breaks when asking further is of no use.
    pub async fn refused(&mut self, name: &Name, refusal: Refusal) -> ControlFlow<()> {
        let hopeless = matches!(refusal.cause, Cause::Credentials | Cause::Unreachable);
        self.refused.push((name.clone(), refusal));
        if hopeless || self.good == 0 && self.refused.len() >= ENOUGH {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    pub async fn finish(self, list: Option<&Refusal>) {
        let Described { report, call, good, refused } = self;
        let hopeless = refused.iter().find(|(_, it)| matches!(it.cause, Cause::Credentials | Cause::Unreachable));
        let whole = refused.first().filter(|_| good == 0).or(hopeless);
        if let Some((_, refusal)) = whole {
            return report.failed(refusal, call).await;
        }
        for (name, refusal) in &refused {
            report.lost(name, refusal.why()).await;
        }
        let mut why = Vec::new();
        if let Some((_, first)) = refused.first() {
            let total = good + refused.len();
            why.push(format!("{} of {total} could not be read ({call}): {}", refused.len(), first.why()));
        }
        if let Some(list) = list {
            why.push(format!("the list of them is not whole: {}", list.why()));
        }
        report.listed(why.join("; ")).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_come_again_end_the_list() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.next(Some("a")), Next::Page);
        assert_eq!(tokens.next(Some("b")), Next::Page);
        assert_eq!(tokens.next(Some("a")), Next::Again);
        assert_eq!((tokens.next(Some("")), tokens.next(None)), (Next::End, Next::End));
    }

    #[test]
    fn both_spellings_of_a_token_are_known() {
        assert_eq!(next_token(br#"{"clusters":["NextToken"],"nextToken":"x"}"#).as_deref(), Some("x"));
        assert_eq!(next_token(br#"{"NextToken":"y"}"#).as_deref(), Some("y"));
        assert_eq!(next_token(br#"{"nextToken":null}"#), None);
    }
}
