//! Workload identities of other clouds: what can be checked from the Kubernetes side. Their IAM is not evaluated.

use super::answer::{Credential, Source, Verdict};
use super::container::Bench;
use super::injection::Declared;
use super::instance::NodeKind;

/// The audience that Entra ID takes a service account's token for.
const AZURE_AUDIENCE: &str = "api://AzureADTokenExchange";
/// Label by which a pod asks Azure's webhook for the token.
pub(super) const AZURE_LABEL: &str = "azure.workload.identity/use";

/// The identity that another cloud's annotation declares, where no AWS source is configured in the container.
pub(super) fn identity(bench: &Bench<'_>) -> Option<(Credential, Verdict, String)> {
    let Declared::Elsewhere(declared) = &bench.subject.declared else { return None };
    let name = declared.role.as_deref().unwrap_or_default();
    match declared.source {
        Source::Azure => {
            if bench.subject.labels.get(AZURE_LABEL).is_none_or(|value| value != "true") {
                let why =
                    format!("the account names client {name}, but the pod lacks the label {AZURE_LABEL}: \"true\"");
                return Some((declared.clone(), Verdict::Broken, why));
            }
            let token = bench.audiences().iter().any(|it| it == AZURE_AUDIENCE);
            if !token && bench.subject.pod.is_some() {
                let why = format!("no token for {AZURE_AUDIENCE} is mounted in this container");
                return Some((declared.clone(), Verdict::Broken, why));
            }
            let why = format!("annotation, label and token for client {name} are there; Entra ID is not evaluated");
            Some((declared.clone(), Verdict::Unknown, why))
        }
        // On a node of EC2 nobody answers for Google.
        Source::Gke if matches!(bench.subject.class.kind, NodeKind::Foreign | NodeKind::Unknown) => {
            let why = format!("the account is annotated for {name}; Google's IAM is not evaluated");
            Some((declared.clone(), Verdict::Unknown, why))
        }
        _ => None,
    }
}
