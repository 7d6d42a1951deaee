//! The rules R139 to R176 of identity.md on small estates, and the vectors of its section 16 that RBAC answers.

use expect_test::{Expect, expect};
use rolewalk::base::Truth;
use rolewalk::graph::authorization::{Ineffective, Scope, Subject};
use rolewalk::rbac::Power;

use super::{authorization, request, who};

fn check(text: &str, asked: &str, expected: Expect) {
    expected.assert_eq(&who(&authorization(text), asked));
}

fn account(namespace: &str, name: &str) -> Subject {
    Subject::service_account(&namespace.into(), &name.into())
}

/// Powers of a subject and its implied groups, one a line: power, object, scope, names, certainty.
fn powers(text: &str, subject: &Subject) -> String {
    let authorization = authorization(text);
    let lines = authorization.powers_of(subject).map(|held| {
        let names = held.names.as_ref().map_or(String::new(), |names| format!(" only {names:?}"));
        let sure = if held.certainty == Truth::Yes { "" } else { "?" };
        format!("{}{sure} over {} in {}{names}", held.power, held.object, held.scope)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// R139: an account is in its groups; system:masters needs no binding.
#[test]
fn a_service_account_has_what_its_groups_have() {
    let text = "
        cluster c1
        clusterrole a can:get=secrets
        clusterrole b can:get=configmaps
        clusterrole c can:get=pods
        clusterrolebinding all clusterrole=c to:group=system:authenticated
        clusterrolebinding accounts clusterrole=b to:group=system:serviceaccounts
        rolebinding ns/own clusterrole=a to:group=system:serviceaccounts:ns
    ";
    let it = authorization(text);
    let may = |subject: &Subject, asked: &str| it.may(subject, &request(asked)).truth;
    assert_eq!(may(&account("ns", "app"), "get secrets -n ns"), Truth::Yes);
    assert_eq!(may(&account("ns", "app"), "get secrets -n other"), Truth::No);
    assert_eq!(may(&account("other", "app"), "get secrets"), Truth::No);
    assert_eq!(may(&account("other", "app"), "get configmaps"), Truth::Yes);
    assert_eq!(may(&Subject::User("alice".into()), "get configmaps"), Truth::No);
    assert_eq!(may(&Subject::User("alice".into()), "get pods"), Truth::Yes);
    assert_eq!(may(&Subject::User("system:anonymous".into()), "get pods"), Truth::No);
    assert_eq!(may(&Subject::group("system:masters"), "delete nodes"), Truth::Yes);
    assert_eq!(may(&Subject::User("system:serviceaccount:ns:app".into()), "get secrets -n ns"), Truth::Yes);
}

/// R139: a binding may write a service account as the user that its token is.
#[test]
fn a_user_of_the_name_of_an_account_is_that_account() {
    let text = "
        cluster c1
        clusterrole a can:get=secrets
        rolebinding ns/b clusterrole=a to:user=system:serviceaccount:x:app
    ";
    let it = authorization(text);
    assert_eq!(it.may(&account("x", "app"), &request("get secrets -n ns")).truth, Truth::Yes);
    check(text, "get secrets", expect!["allow User system:serviceaccount:x:app in ns"]);
}

/// R140: a RoleBinding grants inside its namespace, whatever role it names, and nothing outside namespaces.
#[test]
fn a_role_binding_ends_at_its_namespace() {
    let text = "
        cluster c1
        clusterrole wide can:*=* can:get=/metrics
        rolebinding ns/b clusterrole=wide to:user=u
        clusterrolebinding b clusterrole=wide to:user=w
    ";
    check(
        text,
        "get pods",
        expect![[r#"
        allow User u in ns
        allow User w in *"#]],
    );
    check(text, "get pods -n other", expect!["allow User w in *"]);
    check(text, "get nodes", expect!["allow User w in *"]);
    check(text, "get /metrics", expect!["allow User w in *"]);
    check(
        text,
        "get widgets.example.com",
        expect![[r#"
        allow User u in ns
        allow User w in *"#]],
    );
}

/// R140: a request for a namespace's own object counts as made inside it (RequestInfoFactory of the API server).
#[test]
fn a_role_binding_reaches_the_object_of_its_own_namespace() {
    let text = "
        cluster c1
        clusterrole label can:patch=namespaces
        rolebinding ns/b clusterrole=label to:user=u
    ";
    check(text, "patch namespaces", expect![""]);
    check(text, "patch namespaces ns", expect!["allow User u in ns"]);
    check(text, "patch namespaces other", expect![""]);
    expect!["ns-labels over namespaces in ns"].assert_eq(&powers(text, &Subject::User("u".into())));
}

/// R140, T40: `pods/*` matches nothing, `pods` no subresource, `*/exec` that subresource of anything.
#[test]
fn subresources_are_granted_by_their_own_name() {
    let text = "
        cluster c1
        clusterrole star can:*=pods/*
        clusterrole plain can:*=pods
        clusterrole exec can:create=*/exec
        clusterrole all can:create=*
        clusterrolebinding a clusterrole=star to:user=star
        clusterrolebinding b clusterrole=plain to:user=plain
        clusterrolebinding c clusterrole=exec to:user=exec
        clusterrolebinding d clusterrole=all to:user=all
    ";
    check(
        text,
        "create pods/exec",
        expect![[r#"
        allow User all in *
        allow User exec in *"#]],
    );
    check(
        text,
        "create pods",
        expect![[r#"
        allow User all in *
        allow User plain in *"#]],
    );
    check(text, "create deployments/exec", expect!["allow User all in *"]);
    expect![""].assert_eq(&powers(text, &Subject::User("star".into())));
}

/// R140: groups are exact or `*`; the core group is the empty one.
#[test]
fn a_group_is_part_of_a_resource() {
    let text = "
        cluster c1
        clusterrole core can:get=deployments.
        clusterrole apps can:get=deployments
        clusterrole any can:get=*
        clusterrolebinding a clusterrole=core to:user=core
        clusterrolebinding b clusterrole=apps to:user=apps
        clusterrolebinding c clusterrole=any to:user=any
    ";
    check(
        text,
        "get deployments",
        expect![[r#"
        allow User any in *
        allow User apps in *"#]],
    );
    check(text, "get deployments.extensions", expect!["allow User any in *"]);
}

/// R140: the literal `*` is granted only by `*`.
#[test]
fn a_star_that_is_asked_for_is_literal() {
    let text = "
        cluster c1
        clusterrole verbs can:*=pods
        clusterrole all can:*=*
        clusterrole most can:get,list,watch,create,update,patch,delete=pods
        clusterrolebinding a clusterrole=verbs to:user=verbs
        clusterrolebinding b clusterrole=all to:user=all
        clusterrolebinding c clusterrole=most to:user=most
    ";
    check(
        text,
        "* pods",
        expect![[r#"
        allow User all in *
        allow User verbs in *"#]],
    );
    check(text, "* *", expect!["allow User all in *"]);
}

/// R140: URLs are exact, or end in `*`; they are granted cluster-wide only.
#[test]
fn a_url_is_matched_by_its_start() {
    let text = "
        cluster c1
        clusterrole exact can:get=/healthz
        clusterrole start can:get=/healthz/*
        clusterrole all can:*=/*
        clusterrole star can:get=*
        clusterrolebinding a clusterrole=exact to:user=exact
        clusterrolebinding b clusterrole=start to:user=start
        clusterrolebinding c clusterrole=all to:user=all
        clusterrolebinding d clusterrole=star to:user=star
    ";
    check(
        text,
        "get /healthz",
        expect![[r#"
        allow User all in *
        allow User exact in *"#]],
    );
    check(
        text,
        "get /healthz/ping",
        expect![[r#"
        allow User all in *
        allow User start in *"#]],
    );
    check(text, "post /metrics", expect!["allow User all in *"]);
}

/// R141, T39: names narrow what has a name when it is authorized; a top-level create and deleting a collection have none.
#[test]
fn names_narrow_what_has_a_name() {
    let text = "
        cluster c1
        clusterrole mint can:create=serviceaccounts/token[app]
        clusterrole get can:get,list,watch,update,patch,delete,deletecollection,create=configmaps[a,b]
        rolebinding ns/m clusterrole=mint to:sa=ns/ci
        rolebinding ns/g clusterrole=get to:user=u
    ";
    check(text, "create serviceaccounts/token", expect!["cond ServiceAccount ns/ci in ns app"]);
    check(text, "create serviceaccounts/token app", expect!["allow ServiceAccount ns/ci in ns"]);
    check(text, "create serviceaccounts/token other", expect![""]);
    check(text, "get configmaps", expect!["cond User u in ns a,b"]);
    check(text, "list configmaps", expect!["cond User u in ns a,b"]);
    check(text, "list configmaps a", expect!["allow User u in ns"]);
    check(text, "create configmaps", expect![""]);
    check(text, "create configmaps a", expect![""]);
    check(text, "deletecollection configmaps", expect![""]);
    check(text, "delete configmaps c", expect![""]);
    expect![[r#"token-request over serviceaccounts in ns only ["app"]"#]]
        .assert_eq(&powers(text, &account("ns", "ci")));
}

/// R141: a grant without names beside one with them is the wider one, and the scope is its own.
#[test]
fn the_wider_grant_decides_the_verdict() {
    let text = "
        cluster c1
        clusterrole named can:get=secrets[x]
        clusterrole any can:get=secrets
        clusterrolebinding a clusterrole=named to:user=u
        rolebinding ns/b clusterrole=any to:user=u
    ";
    check(text, "get secrets", expect!["allow User u in ns"]);
    check(text, "get secrets -n other", expect!["cond User u in * x"]);
}

/// R142: live rules count; only where there are none the selectors are followed, through roles that aggregate too.
#[test]
fn an_aggregated_role_without_rules_is_the_union_of_what_it_selects() {
    let text = "
        cluster c1
        clusterrole admin aggregate:to-admin=true
        clusterrole edit label:to-admin=true aggregate:to-edit=true
        clusterrole part label:to-edit=true can:create=pods
        clusterrole live aggregate:to-edit=true can:get=pods
        clusterrolebinding a clusterrole=admin to:user=admin
        clusterrolebinding b clusterrole=live to:user=live
    ";
    check(text, "create pods", expect!["allow User admin in *"]);
    check(text, "get pods", expect!["allow User live in *"]);
}

/// R142: two roles that select each other come to an end.
#[test]
fn aggregation_in_a_circle_ends() {
    let text = "
        cluster c1
        clusterrole a label:x=b aggregate:x=a
        clusterrole b label:x=a aggregate:x=b
        clusterrolebinding a clusterrole=a to:user=u
    ";
    check(text, "create pods", expect![""]);
}

/// R143: creating bindings alone gives no role; with `bind` it does, named where the rule is.
#[test]
fn binding_needs_the_verb_bind() {
    let text = "
        cluster c1
        clusterrole make can:create=rolebindings
        clusterrole bind can:create=clusterrolebindings can:bind=clusterroles[view]
        clusterrole rewrite can:escalate,update=roles
        clusterrole half can:escalate=clusterroles
        rolebinding ns/a clusterrole=make to:user=make
        clusterrolebinding b clusterrole=bind to:user=bind
        rolebinding ns/c clusterrole=rewrite to:user=rewrite
        clusterrolebinding d clusterrole=half to:user=half
    ";
    expect![""].assert_eq(&powers(text, &Subject::User("make".into())));
    expect![[r#"bind over clusterroles in * only ["view"]"#]].assert_eq(&powers(text, &Subject::User("bind".into())));
    expect!["escalate over roles in ns"].assert_eq(&powers(text, &Subject::User("rewrite".into())));
    expect![""].assert_eq(&powers(text, &Subject::User("half".into())));
}

/// R144, R174: the edit and admin policies of EKS own every account of their namespaces.
#[test]
fn the_edit_policy_owns_the_accounts_of_its_namespaces() {
    let text = "
        cluster c1
        namespace dev-a
        namespace prod
        access-entry ci policy:AmazonEKSEditPolicy=dev-*
    ";
    let ci = Subject::Iam("arn:aws:iam::111122223333:role/ci".into());
    expect![[r#"
        impersonate over serviceaccounts in dev-a
        pod-create over pods in dev-a
        workload-create over workloads in dev-a
        workload-patch over workloads in dev-a
        pod-exec over pods in dev-a
        pod-attach over pods in dev-a
        pod-patch-image over pods in dev-a
        secret-mint over secrets in dev-a
        secret-read over secrets in dev-a
        sa-create over serviceaccounts in dev-a
        sa-annotate over serviceaccounts in dev-a
        portforward over pods in dev-a
        proxy over pods in dev-a
        proxy over services in dev-a"#]]
    .assert_eq(&powers(text, &ci));
    check(text, "create pods -n dev-b", expect!["allow IAM arn:aws:iam::111122223333:role/ci in dev-*"]);
    check(text, "create pods -n prod", expect![""]);
    check(text, "get nodes", expect![""]);
}

/// R145, R146, R147, R148, R149, R152, R153, R154, R155, R156, R157, R158, R159, R160, R161, R162, R163, R164, R166,
/// R167, R168, R169: each power is given by the least right that its rule names.
#[test]
fn every_power_is_given_by_the_right_that_its_rule_names() {
    let cases = [
        ("create=serviceaccounts/token", Power::TokenRequest),
        ("create=pods", Power::PodCreate),
        ("create=deployments", Power::WorkloadCreate),
        ("create=jobs", Power::WorkloadCreate),
        ("create=replicationcontrollers", Power::WorkloadCreate),
        ("patch=daemonsets", Power::WorkloadPatch),
        ("update=cronjobs", Power::WorkloadPatch),
        ("create=pods/exec", Power::PodExec),
        ("create=pods/attach", Power::PodAttach),
        ("patch=pods/ephemeralcontainers", Power::PodDebug),
        ("get=nodes/proxy", Power::NodesProxy),
        ("create=nodes/proxy", Power::NodesProxy),
        ("patch=pods", Power::PodPatchImage),
        ("patch=serviceaccounts", Power::SaAnnotate),
        ("list=secrets", Power::SecretRead),
        ("impersonate=groups", Power::Impersonate),
        ("impersonate=users", Power::Impersonate),
        ("impersonate=serviceaccounts", Power::Impersonate),
        ("delete=mutatingwebhookconfigurations", Power::WebhookControl),
        ("patch=namespaces", Power::NsLabels),
        ("create=persistentvolumes", Power::PvCreate),
        ("patch=ec2nodeclasses.karpenter.k8s.aws", Power::NodeclassEdit),
        ("create=nodepools.karpenter.sh", Power::NodeclassEdit),
        ("update=nodeclasses.eks.amazonaws.com", Power::NodeclassEdit),
        ("create=policies.iam.services.k8s.aws", Power::ControllerCrd),
        ("create=externalsecrets.external-secrets.io", Power::ControllerCrd),
        ("patch=nodes", Power::ScheduleSteer),
        ("create=pods/binding", Power::ScheduleSteer),
        ("create=pods/portforward", Power::PortForward),
        ("get=services/proxy", Power::Proxy),
    ];
    for (right, power) in cases {
        let text = format!("cluster c1\nclusterrole r can:{right}\nclusterrolebinding b clusterrole=r to:user=u");
        let it = authorization(&text);
        let held: Vec<(Power, Truth)> =
            it.powers_of(&Subject::User("u".into())).map(|held| (held.power, held.certainty)).collect();
        assert_eq!(held, [(power, Truth::Yes)], "{right}");
    }
    let both = [
        ("can:create=serviceaccounts,pods", Power::SaCreate, Truth::Yes),
        ("can:create,get=secrets", Power::SecretMint, Truth::Yes),
        ("can:escalate,patch=clusterroles", Power::Escalate, Truth::Yes),
        ("can:bind=roles can:create=rolebindings", Power::Bind, Truth::Yes),
        ("can:create=workflows.argoproj.io", Power::WorkloadCreate, Truth::Unknown),
        (
            "can:create=certificatesigningrequests can:update=certificatesigningrequests/approval \
             can:approve=signers[kubernetes.io/kube-apiserver-client]",
            Power::Csr,
            Truth::Unknown,
        ),
    ];
    for (rights, power, certainty) in both {
        let text = format!("cluster c1\nclusterrole r {rights}\nclusterrolebinding b clusterrole=r to:user=u");
        let it = authorization(&text);
        let user = Subject::User("u".into());
        assert!(it.powers_of(&user).any(|held| held.power == power && held.certainty == certainty), "{rights}");
    }
}

/// R148, T41: get is exec before 1.35 only, and nobody knows when the version was not read.
#[test]
fn get_on_exec_counts_before_version_1_35() {
    let text = |cluster: &str| {
        format!("{cluster}\nclusterrole r can:get=pods/exec\nclusterrolebinding b clusterrole=r to:user=u")
    };
    let user = Subject::User("u".into());
    expect!["pod-exec over pods in *"].assert_eq(&powers(&text("cluster c1 version=1.34"), &user));
    expect![""].assert_eq(&powers(&text("cluster c1 version=1.35"), &user));
    expect!["pod-exec? over pods in *"]
        .assert_eq(&powers(&text("cluster c1\ngap clusters/c1/describe-cluster.json"), &user));
}

/// R152, T42: get on nodes/proxy is exec everywhere, in every version.
#[test]
fn get_on_nodes_proxy_counts_in_every_version() {
    for version in ["1.29", "1.35", "1.40"] {
        let text = format!(
            "cluster c1 version={version}\nclusterrole r can:get=nodes/proxy\nclusterrolebinding b clusterrole=r to:user=u"
        );
        expect!["nodes-proxy over nodes in *"].assert_eq(&powers(&text, &Subject::User("u".into())));
    }
}

/// R165, T44: editing aws-auth is worth something only where the mode reads it.
#[test]
fn editing_aws_auth_counts_where_the_mode_reads_it() {
    let text = |cluster: &str, right: &str| {
        format!("cluster c1 {cluster}\nclusterrole r can:{right}\nrolebinding kube-system/b clusterrole=r to:user=u")
    };
    let user = Subject::User("u".into());
    let named = "patch=configmaps[aws-auth]";
    expect![""].assert_eq(&powers(&text("mode=API", named), &user));
    expect!["aws-auth-edit over configmaps in kube-system"].assert_eq(&powers(&text("mode=CONFIG_MAP", named), &user));
    expect!["aws-auth-edit over configmaps in kube-system"]
        .assert_eq(&powers(&text("mode=API_AND_CONFIG_MAP", named), &user));
    expect![""].assert_eq(&powers(&text("mode=CONFIG_MAP", "patch=configmaps[other]"), &user));
    // Creating it matters while there is none.
    expect!["aws-auth-edit over configmaps in kube-system"]
        .assert_eq(&powers(&text("mode=CONFIG_MAP", "create=configmaps"), &user));
    let present = format!("{}\naws-auth role:r=dev", text("mode=CONFIG_MAP", "create=configmaps"));
    expect![""].assert_eq(&powers(&present, &user));
    let elsewhere = text("mode=CONFIG_MAP", named).replace("kube-system/b", "ns/b");
    expect![""].assert_eq(&powers(&elsewhere, &user));
}

/// A power of two rights is held although two roles, or a group, give one each.
#[test]
fn rights_of_several_roles_add_up_to_a_power() {
    let text = "
        cluster c1
        clusterrole create can:create=secrets
        clusterrole read can:get=secrets
        rolebinding ns/a clusterrole=create to:sa=ns/app
        clusterrolebinding b clusterrole=read to:group=system:serviceaccounts
    ";
    expect![[r#"
        secret-mint over secrets in ns
        secret-read over secrets in *"#]]
    .assert_eq(&powers(text, &account("ns", "app")));
    let it = authorization(text);
    let mint = it.powers_of(&account("ns", "app")).next().expect("a power").clone();
    assert_eq!((mint.power, &mint.scope, mint.grants.len()), (Power::SecretMint, &Scope::Namespace("ns".into()), 2));
    expect!["secret-read over secrets in *"].assert_eq(&powers(text, &account("ns", "other")));
}

/// R172: the mode says which list counts; of both, the access entry wins.
#[test]
fn the_mode_decides_which_list_counts() {
    let text = |mode: &str| {
        format!(
            "cluster c1 mode={mode}
            clusterrole a can:get=pods
            clusterrole b can:get=pods
            clusterrolebinding a clusterrole=a to:group=by-entry
            clusterrolebinding b clusterrole=b to:group=by-map
            access-entry both groups=by-entry
            access-entry entry groups=by-entry
            aws-auth role:both=by-map role:map=by-map"
        )
    };
    let iam = |mode: &str| {
        let it = authorization(&text(mode));
        let rows = it.who_may(&request("get pods"));
        let rows = rows.iter().filter(|row| matches!(row.subject, Subject::Iam(_)));
        let rows = rows.map(|row| {
            let through = it.grants[row.answer.uses[0].grant].through.clone().expect("a group");
            format!("{} {through}", row.subject.name().rsplit('/').next().unwrap_or_default())
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(iam("API"), "both by-entry, entry by-entry");
    assert_eq!(iam("CONFIG_MAP"), "both by-map, map by-map");
    assert_eq!(iam("API_AND_CONFIG_MAP"), "both by-entry, entry by-entry, map by-map");
}

/// R172, T43: a role stands in aws-auth without its path; names compare without case.
#[test]
fn a_role_with_its_path_in_aws_auth_never_matches() {
    let text = "
        cluster c1 mode=CONFIG_MAP
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:group=dev
        aws-auth role:arn:aws:iam::111122223333:role/team/lost=dev role:Found=dev user:path/ann=dev
    ";
    check(
        text,
        "get pods",
        expect![[r#"
        allow Group dev in *
        allow IAM arn:aws:iam::111122223333:role/Found in *
        allow IAM arn:aws:iam::111122223333:user/path/ann in *"#]],
    );
    let it = authorization(text);
    let lost = it.mappings.iter().find(|it| it.principal.ends_with("lost")).expect("it is kept");
    assert_eq!((lost.counts, lost.reason), (Truth::No, Some(Ineffective::Path)));
}

/// R172: of two lines for one role, whatever their case, the later counts.
#[test]
fn the_later_line_of_aws_auth_counts() {
    let text = "
        cluster c1 mode=CONFIG_MAP
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:group=dev
        aws-auth role:one=dev role:ONE=ops
    ";
    check(text, "get pods", expect!["allow Group dev in *"]);
    assert_eq!(authorization(text).mappings[0].reason, Some(Ineffective::Replaced));
}

/// R172: a mapped account makes each of its users a cluster user by ARN.
#[test]
fn users_of_a_mapped_account_are_cluster_users_by_arn() {
    let text = "
        cluster c1 mode=CONFIG_MAP
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:user=arn:aws:iam::444455556666:user/ann
        aws-auth account:444455556666=
    ";
    check(
        text,
        "get pods",
        expect![[r#"
        unk IAM arn:aws:iam::444455556666:user/* in *
        allow User arn:aws:iam::444455556666:user/ann in *"#]],
    );
}

/// R172: account ids may stand unquoted, and a part that is no YAML loses only itself.
#[test]
fn odd_aws_auth_text_is_read_as_far_as_it_goes() {
    let text = r#"
        cluster c1 mode=CONFIG_MAP
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:group=dev
        aws-auth data:mapRoles="- {nonsense" data:mapAccounts=[11122223333] data:mapUsers=[{"userarn":"arn:aws:iam::111122223333:user/u","username":"u","groups":["dev"]}]
    "#;
    check(
        text,
        "get pods",
        expect![[r#"
            allow Group dev in *
            allow IAM arn:aws:iam::111122223333:user/u in *"#]],
    );
    let it = authorization(text);
    assert!(it.mappings.iter().any(|it| it.principal == "arn:aws:iam::011122223333:user/*"));
    assert!(it.missing.iter().any(|it| it.path == "clusters/c1/configmaps.json"));
}

/// R172: which user a session is depends on its name, which its maker chooses.
#[test]
fn a_user_name_with_a_template_leaves_the_user_open() {
    let text = "
        cluster c1
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:user=dev:ann
        access-entry dev username=dev:{{SessionName}}
        access-entry ops username=ops:{{SessionName}}
    ";
    check(
        text,
        "get pods",
        expect![[r#"
        unk IAM arn:aws:iam::111122223333:role/dev in *
        allow User dev:ann in *"#]],
    );
}

/// R173: access policies hold in their scope; an unpublished one could hold anything.
#[test]
fn an_access_policy_holds_in_its_scope() {
    let text = "
        cluster c1
        access-entry view policy:AmazonEKSViewPolicy=
        access-entry admin policy:AmazonEKSAdminPolicy=ns
        access-entry secret policy:AmazonEKSAdminViewPolicy=
        access-entry auto type=EC2 policy:AmazonEKSAutoNodePolicy=
    ";
    check(
        text,
        "list secrets",
        expect![[r#"
        allow IAM arn:aws:iam::111122223333:role/admin in ns
        unk IAM arn:aws:iam::111122223333:role/auto in *
        allow IAM arn:aws:iam::111122223333:role/secret in *"#]],
    );
    check(
        text,
        "create rolebindings -n ns",
        expect![[r#"
        allow IAM arn:aws:iam::111122223333:role/admin in ns
        unk IAM arn:aws:iam::111122223333:role/auto in *"#]],
    );
}

/// R173: an entry of another type than STANDARD needs a principal of the cluster's own account.
#[test]
fn a_node_entry_of_another_account_does_not_count() {
    let text = "
        cluster c1
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:group=nodes
        access-entry arn:aws:iam::444455556666:role/node type=EC2_LINUX groups=nodes
    ";
    check(text, "get pods", expect!["allow Group nodes in *"]);
}

/// R175: the creator of a cluster in mode CONFIG_MAP is in no listing.
#[test]
fn a_hidden_creator_is_told() {
    assert_eq!(authorization("cluster c1 mode=CONFIG_MAP").hidden_creator, Truth::Yes);
    assert_eq!(authorization("cluster c1 mode=API").hidden_creator, Truth::No);
    assert_eq!(authorization("cluster c1\ngap clusters/c1/describe-cluster.json").hidden_creator, Truth::Unknown);
}

/// R176: what a mapped principal may is its mapping's groups and policies together.
#[test]
fn a_mapped_principal_has_its_groups_and_its_policies() {
    let text = "
        cluster c1
        clusterrole token can:create=serviceaccounts/token
        rolebinding ns/b clusterrole=token to:group=dev
        access-entry dev groups=dev policy:AmazonEKSViewPolicy=
    ";
    let role = Subject::Iam("arn:aws:iam::111122223333:role/dev".into());
    expect!["token-request over serviceaccounts in ns"].assert_eq(&powers(text, &role));
    assert_eq!(authorization(text).may(&role, &request("list pods")).truth, Truth::Yes);
}

/// R191: what was not read is never "no".
#[test]
fn what_was_not_read_is_never_no() {
    let text = "
        cluster c1
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:user=u
        clusterrolebinding b clusterrole=gone to:user=v
        rolebinding ns/c role=local to:user=w
    ";
    check(text, "get secrets", expect![""]);
    check(
        &format!("{text}\ngap clusters/c1/clusterroles.json\ngap clusters/c1/roles.json"),
        "get secrets",
        expect![[r#"
            unk User u in *
            unk User v in *
            unk User w in ns"#]],
    );
    let it = authorization(&format!("{text}\ngap clusters/c1/rolebindings.json"));
    let answer = it.may(&Subject::User("u".into()), &request("get secrets"));
    assert_eq!(answer.truth, Truth::Unknown);
    assert_eq!(answer.missing.iter().map(ToString::to_string).collect::<Vec<_>>(), ["clusters/c1/rolebindings.json"]);
    assert_eq!(it.may(&Subject::User("u".into()), &request("get pods")).truth, Truth::Yes);
}

/// R191: without the mode or the access entries, a line of aws-auth may or may not count.
#[test]
fn a_map_that_an_unread_entry_could_override_is_unknown() {
    let text = "
        cluster c1 mode=API_AND_CONFIG_MAP
        clusterrole a can:get=pods
        clusterrolebinding a clusterrole=a to:group=dev
        aws-auth role:r=dev
    ";
    let row = "IAM arn:aws:iam::111122223333:role/r in *";
    let iam = |gap: &str| who(&authorization(&format!("{text}\n{gap}")), "get pods").lines().last().map(str::to_owned);
    assert_eq!(iam(""), Some(format!("allow {row}")));
    assert_eq!(iam("gap clusters/c1/list-access-entries.json"), Some(format!("unk {row}")));
    assert_eq!(iam("gap clusters/c1/describe-cluster.json"), Some(format!("unk {row}")));
}
