//! The registry: every rule, one file each.
//!
//! To add one more rule:
//!
//! 1. Write `rules/SLUG_WITH_UNDERSCORES.rs`. It opens with `//! ` and what is wrong as a heading without period, then
//!    the four headings of [`super::rule::HEADINGS`], each with a paragraph; that is what `rolewalk rules show` prints.
//!    Then `pub(super) static RULE: Rule` with id, slug (the file's name with hyphens), base severity, kind, category,
//!    `needs` (sources without which the rule counts as not evaluated), references (`super::super::reference`), `check`.
//! 2. In `check(context, out)` go over `context.workloads`, `context.roles()`, `context.service_accounts()` or the facts,
//!    and for each thing that is wrong call `out.report(subject, severity, "one sentence")` with `.evidence(object, path,
//!    value)`, `.impact(…)`, `.fix…(…)`. Which subject a family reports on says protocols.md section 4. Several reports on
//!    one subject become one finding. A verdict that is unknown: `.uncertain()`. Something that was not read and is not in
//!    `needs`: `out.cannot(sources)`. Do not work out what `crate::identity` answers already, and do not look at the
//!    platform yourself: the sink lowers it, unless the entry judges it (`.platform_judged()`).
//! 3. Add the name to `rules!` below, in alphabetical order.
//! 4. Write `tests/fixtures/findings/SLUG_WITH_UNDERSCORES.txt`: estates (`src/testing/estate_text.rs`), one case after the
//!    other. Lines that begin with two blanks are in both estates of the case, `- ` lines only in the one on which the
//!    rule fires, `+ ` lines only in the other; `= SEVERITY SUBJECT` says what it reports on the first, `! SEVERITY
//!    SUBJECT` what is left on the second (`= nothing` and `! nothing` are the same as no line). `== TITLE` begins the next
//!    case. The first case is the example: its second estate is the first with one line changed, the repair where the
//!    fix changes what we hold, and is quiet. Further cases are the guards and the clauses of the severity.
//! 5. Run `cargo test --lib findings::` and `cargo test --test it -- findings`; the tests there see to it that nothing of
//!    the above is missing. `ROLEWALK_UPDATE=1 cargo test --test it -- readme` renews the table of the README.

use super::rule::{Entry, Rule};

macro_rules! rules {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Every rule, in alphabetical order of their slugs.
        pub const ALL: &[Entry] = &[$(Entry {
            rule: &$name::RULE,
            source: include_str!(concat!("rules/", stringify!($name), ".rs")),
        }),*];
    };
}

rules! {
    abac_keys_without_podid,
    access_entry_for_recreated_principal,
    admin_pod_role,
    agent_blocked_by_policy_or_proxy,
    agent_missing_on_node,
    annotated_role_does_not_exist,
    annotation_fought_over,
    annotation_on_unused_serviceaccount,
    api_token_automounted_where_unused,
    association_change_not_yet_effective,
    association_names_missing_object,
    association_on_unsupported_compute,
    association_shadowed_by_web_identity,
    assume_any_role,
    audience_not_pinned,
    aws_auth_editable,
    aws_auth_entry_never_matches,
    aws_auth_shadowed_by_access_entry,
    bind_or_escalate,
    both_mechanisms_configured,
    boundary_or_session_policy_blocks,
    broad_group_has_role_edges,
    claim_dangling_or_wildcard_identity,
    cluster_recreated_old_issuer,
    cni_permissions_on_node_role,
    configured_role_differs_from_live,
    controller_cr_as_aws_proxy,
    coverage_gap,
    cross_account_one_sided,
    csi_driver_acts_for_pods,
    dangling_subject,
    data_wide_access,
    dead_grant,
    default_service_account_trusted,
    deleted_principal_in_trust,
    edit_scope_cluster,
    ephemeral_container_to_role,
    escalation_path_from_pod_role,
    excessive_token_lifetime,
    exec_to_role,
    explicit_deny_hits_workload,
    get_only_exec,
    half_configured_web_identity,
    high_value_and_untrusted_pods_co_located,
    hostnetwork_pod_reaches_node_role,
    identity_webhook_missing_or_altered,
    imds_reachable_from_pods,
    imdsv1_open_behind_hop_limit,
    impersonation_to_role,
    internet_facing_with_sensitive_role,
    irsa_not_injected,
    kms_missing,
    kubelet_dir_or_socket_mounted,
    latent_role,
    literal_wildcard,
    malformed_role_annotation,
    mapped_principal_cannot_be_audited_by_kubectl,
    mixed_identities_in_one_workload,
    namespace_relabel_enables_takeover,
    namespace_wide_trust,
    node_access_from_pod_role,
    node_provisioner_edit,
    node_role_lacks_eks_auth,
    node_role_mapped_beyond_node,
    node_role_overprivileged,
    node_takeover_capable_pod,
    nodes_proxy,
    oidc_provider_missing_in_role_account,
    orphaned_pod_identity,
    partition_mismatch,
    passrole_unscoped,
    pattern_spans_namespaces,
    pod_create_to_role,
    pod_predates_annotation,
    pod_predates_association,
    pod_role_can_grant_cluster_access,
    pod_role_is_cluster_admin,
    podid_role_unpinned,
    podid_trust_incomplete,
    podidentity_association_escalation,
    profile_shadows_role,
    provider_of_another_account,
    resource_policy_control,
    role_also_trusts_wide_aws_principal,
    role_name_misleads,
    role_shared_across_clusters,
    running_role_differs_from_declared,
    secrets_to_cluster_then_aws,
    secrets_wide_read,
    sensitive_role_in_every_container,
    serviceaccount_annotate,
    shared_service_account,
    silent_fallthrough_to_node_role,
    skip_containers_mismatch,
    stale_mapping,
    stale_or_foreign_oidc_provider,
    static_aws_keys,
    static_keys_shadow_role,
    sts_endpoint_trap,
    sub_and_aud_swapped,
    sub_mismatch,
    tags_disabled_but_required,
    target_role_chain_broken,
    target_role_trusts_base_without_externalid,
    token_audience_not_registered,
    token_file_not_mounted,
    token_hand_mounted_for_other_audience,
    token_request_to_role,
    too_many_masters,
    trust_open_to_cluster,
    unmapped_node_role,
    unused_association,
    unused_role_or_policy,
    vacuous_condition,
    webhook_or_policy_control,
    wildcard_or_notprincipal,
    windows_pod_linux_token_path,
    workload_needs_imds_but_blocked,
    workload_runs_on_node_role,
    workload_write_to_role,
    wrong_action,
    wrong_annotation_key_or_object,
    wrong_issuer_in_condition,
}

/// The rule with an id (in any case) or a slug.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.rule.id.eq_ignore_ascii_case(name) || entry.rule.slug == name)
}

/// All rules by id: family by family, in the order of the catalogue.
pub fn by_id() -> Vec<&'static Entry> {
    let mut entries: Vec<&Entry> = ALL.iter().collect();
    entries.sort_by_key(|entry| (entry.rule.category, entry.rule.id));
    entries
}

/// The table of the README: every rule with its severity and what is wrong, in Markdown.
pub fn table() -> String {
    let mut text = String::from("| id | rule | severity | what is wrong |\n|---|---|---|---|\n");
    for entry in by_id() {
        let Rule { id, slug, severity, .. } = entry.rule;
        text.push_str(&format!("| {id} | `{slug}` | {} | {} |\n", severity.word(), entry.title()));
    }
    text
}
