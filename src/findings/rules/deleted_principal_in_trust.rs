//! The trust policy names a principal that was deleted
//!
//! ## What it checks
//! A principal of the form `AROA…` or `AIDA…` stands in the trust policy: what IAM shows once the role or user that was
//! named has been deleted.
//!
//! ## Why it matters
//! The id matches nobody. Where the principal was made again under the same name, the new one is refused: it has another
//! id.
//!
//! ## How to fix
//! Name the present ARN, or take the entry out.
//!
//! ## For newcomers
//! IAM remembers principals by an id, not by their name. A role that was deleted and made again looks the same and is
//! another.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::PrincipalPattern;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-018",
    slug: "deleted-principal-in-trust",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let speaks = |text: &str| text.contains("AROA") || text.contains("AIDA");
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| speaks(text))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in &document.statements {
            let entries = statement.principals.iter().flat_map(|it| it.values());
            for id in entries.filter_map(|it| match it {
                PrincipalPattern::Deleted(id) if id.starts_with("AROA") || id.starts_with("AIDA") => Some(id),
                _ => None,
            }) {
                let kind = if id.starts_with("AROA") { "role" } else { "user" };
                out.report(key.clone(), Severity::Medium, format!("{id} is the id of a {kind} that was deleted"))
                    .evidence(&key, format!("Statement[{}].Principal.AWS", statement.index), id.as_str())
                    .impact(format!("the {kind} that was meant is refused, even when it was made again under the same name"))
                    .fixes([
                        fix::aws(format!("# put the present ARN in the place of {id}\naws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument", fix::quoted(&role.name))),
                        fix::by_hand(format!("replace {id} by the present ARN of the {kind}, or take it out")),
                    ]);
            }
        }
    }
}
