//! rolewalk: which cloud identity every Kubernetes workload really has, why, what it can do, and what is wrong.
//!
//! # The idea in five sentences
//!
//! Sources report **facts** ([`ingest`]). Facts live in an **inventory** keyed by stable names ([`model`]). A pure
//! function **derives** an immutable **estate** from the inventory, as a whole, in the background ([`estate::derive`]).
//! Everything that can happen reaches the app as one closed enum, [`app::Msg`]; its `update` changes the state and
//! returns effects ([`app`]). [`ui`] turns state into cells and decides nothing.
//!
//! # The map, in reading order
//!
//! | module | holds | may use |
//! |---|---|---|
//! | [`base`] | names, three-valued truth, text cleaning; no domain words | nothing |
//! | [`iam`] | the IAM policy language: documents, patterns, conditions, decisions, permission sets, catalogue | base |
//! | [`rbac`] | the Kubernetes RBAC language: rules, requests, matching, the table of powers | base |
//! | [`model`] | ground facts, listings, coverage, feed, inventory | base, rbac |
//! | [`identity`] | which AWS identity each container gets and why | base, iam, model |
//! | [`graph`] | who runs as whom and can become what, with certainty | the above |
//! | [`analysis`] | questions over it: search, access | the above |
//! | [`findings`] | rules over all that: evidence, impact, fix; what was not evaluated | the above |
//! | [`estate`] | `derive`: inventory in, immutable estate out | the above |
//! | [`ingest`] | directories of `kubectl` and AWS CLI output, the demo | base, model |
//! | [`app`] | keys, commands, state, messages, update, effects | estate and below, not ingest |
//! | [`ui`] | drawing, themes, layout, hit areas | app and below |
//! | [`runtime`] | terminal, event loop, jobs, clipboard, log | ui, ingest and below |
//! | [`cli`] | arguments and headless commands | estate, ingest, runtime |
//!
//! What is absent is the design: from `base` to `estate` nothing does I/O, reads a clock, is async or can fail; `app`
//! has never heard of a terminal library; headless commands need neither `app` nor `ui`. A test walks the sources and
//! checks these arrows.
//!
//! # Invariants
//!
//! - **Three values.** [`base::Truth`] everywhere; what was not read is never "no". A listing answers "absent" only when
//!   it was read whole ([`model::Lookup`]), and an unknown names the sources that would settle it.
//! - **Evidence.** Every answer cites the rule that decided and can list its steps with object, path and value.
//! - **Declared and carried are two things.** For a running pod what it carries decides; the annotation is only what is
//!   declared.
//! - **No secret has a field.** Values of environment variables and ConfigMaps are kept for a short table of names;
//!   Secrets keep key names. Foreign text reaches a terminal only through [`base::text::clean`].
//! - **Read-only.** No call changes a cluster or an account.
//! - **Stable names.** State, messages and answers hold a [`model::EntityKey`]; graph node numbers live inside one
//!   estate.
//!
//! # Glossary
//!
//! - *association*: EKS Pod Identity's link from namespace and service account to a role
//! - *coverage*, *gap*, *loss*: what was read; a source that was not read whole; an object that could not be read
//! - *declared*: what annotation or association ask for now
//! - *drift*: a pod carries something else than is declared
//! - *finding*: something wrong with one thing, under the id of a rule
//! - *group*: pods of one owner with the same identities, one row of the Explorer
//! - *identity*: what an ordinary SDK call in a container signs with; *reachable*: what code there could also obtain
//! - *inventory*: all facts; *estate*: all that follows from them
//! - *origin*: where the stored text of an object stands
//! - *source*: one file of the layout, or the call that answers it
//! - *trust policy*: the document that says who may become a role
//! - *verdict*: works, broken, falls-back, none or unknown

pub mod base;
pub mod iam;
pub mod rbac;
pub mod model;
pub mod identity;
pub mod graph;
pub mod analysis;
pub mod findings;
pub mod estate;
pub mod ingest;
pub mod app;
pub mod ui;
pub mod runtime;
pub mod cli;

#[doc(hidden)]
pub mod testing;
