//! What counts as a result (iam-evaluation.md section 11, reporting rules; protocols.md section 4).

use rolewalk::base::Truth;
use rolewalk::graph::escalation::{gains, proofs};
use rolewalk::iam::Layer;

use super::{ROLE, key, lines, of_me, world};

#[test]
fn a_gain_that_adds_nothing_is_none() {
    let lambda = "iam:PassRole lambda:CreateFunction lambda:InvokeFunction";
    let with = |own: &str, target: &str| {
        of_me(&format!("me policy=<{lambda} {own}>; role t for=lambda.amazonaws.com policy=<{target}>"))
    };
    assert!(with("s3:*", "s3:GetObject@arn:aws:s3:::b/*").is_empty(), "held already");
    assert_eq!(with("s3:*@arn:aws:s3:::a*", "s3:GetObject@arn:aws:s3:::b/*"), ["37 yes role t"]);
    assert_eq!(with("s3:*?aws:SourceVpce=vpce-1", "s3:GetObject"), ["37 yes role t"], "held under a condition only");
    assert_eq!(with("s3:* -s3:GetObject", "s3:GetObject"), ["37 yes role t"], "denied to the role itself");
    assert!(
        of_me(&format!("me policy=<{lambda}>; role t for=lambda.amazonaws.com")).is_empty(),
        "a role that may do nothing"
    );
}

#[test]
fn a_role_that_is_named_elsewhere_adds_something_although_it_may_do_nothing() {
    let found = of_me(
        "me policy=<iam:PassRole lambda:CreateFunction lambda:InvokeFunction>; role t for=lambda.amazonaws.com; \
         role u trusts=arn:aws:iam::111122223333:role/t policy=<s3:*>",
    );
    assert_eq!(found, ["37 yes role t"]);
}

#[test]
fn an_administrator_has_no_gains_in_its_account() {
    let inventory = world(
        "me policy=<*>; role t trusts=111122223333 policy=<s3:*>; account 444455556666; role o account=444455556666 trusts=111122223333 policy=<s3:*>",
    );
    let found = gains(&inventory);
    assert_eq!(found.is_administrator(&key(ROLE)), Truth::Yes);
    assert_eq!(lines(&found, ROLE), ["29 yes role o"], "another account is another matter");
}

#[test]
fn conditions_that_are_not_known_stay_open_and_are_named() {
    let found = of_me("me policy=<iam:PutRolePolicy@role/me?aws:SourceVpce=vpce-1>");
    assert_eq!(found, ["3 maybe account if aws:sourcevpce"]);
    let found = of_me("me policy=<iam:AttachRolePolicy@role/me?iam:PolicyARN=arn:aws:iam::aws:policy/ReadOnlyAccess>");
    assert_eq!(found, ["4 maybe more if iam:policyarn"]);
    let found = of_me("me policy=<iam:AttachRolePolicy@role/me?iam:PolicyARN=arn:aws:iam::aws:policy/*>");
    assert_eq!(found, ["4 yes account"], "the principal chooses");
}

#[test]
fn a_condition_that_can_no_longer_hold_makes_none() {
    let until = |time: &str| {
        of_me(&format!(
            r#"now 2026-03-01T00:00:00Z; me policy={{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*","Condition":{{"DateLessThan":{{"aws:CurrentTime":"{time}"}}}}}}"#
        ))
    };
    assert_eq!(until("2027-01-01T00:00:00Z"), ["3 yes account"]);
    assert!(until("2026-01-01T00:00:00Z").is_empty());
    let revoked = r#"now 2026-03-01T00:00:00Z; me policy=<iam:PutRolePolicy>,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-02-01T00:00:00Z"}}}"#;
    assert_eq!(of_me(revoked), ["3 yes account"], "every new session begins later");
}

#[test]
fn denies_boundaries_and_scps_count() {
    let lambda = "iam:PassRole lambda:CreateFunction lambda:InvokeFunction";
    let target = "role t for=lambda.amazonaws.com policy=<s3:*>";
    assert_eq!(of_me(&format!("me policy=<{lambda}>; {target}")), ["37 yes role t"]);
    assert!(of_me(&format!("me policy=<{lambda} -lambda:Create*>; {target}")).is_empty());
    let bounded = |boundary: &str| {
        of_me(&format!(
            "me boundary=arn:aws:iam::111122223333:policy/b policy=<{lambda}>; policy b allow=<{boundary}>; {target}"
        ))
    };
    assert_eq!(bounded("*"), ["37 yes role t"]);
    assert!(bounded("lambda:*").is_empty());
    assert!(of_me(&format!("scp s says=<-iam:PassRole>; me policy=<{lambda}>; {target}")).is_empty());
}

#[test]
fn a_boundary_that_stays_caps_what_a_role_gives_itself() {
    let found = of_me(
        "me boundary=arn:aws:iam::111122223333:policy/b policy=<iam:PutRolePolicy>; policy b allow=<s3:* iam:PutRolePolicy>",
    );
    assert_eq!(found, ["3 yes ceiling of me"]);
    let found = of_me(
        "me boundary=arn:aws:iam::111122223333:policy/b policy=<s3:* iam:PutRolePolicy>; policy b allow=<s3:* iam:PutRolePolicy>",
    );
    assert!(found.is_empty(), "it has all that the boundary leaves: {found:?}");
}

#[test]
fn a_new_role_under_a_boundary_that_is_asked_for_is_capped_by_it() {
    let with = |rights: &str, boundary: &str| of_me(&format!("me policy=<{rights}>; policy b allow=<{boundary}>"));
    let asks = "?iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b";
    let rights = format!("iam:CreateRole{asks} iam:AttachRolePolicy{asks}");
    assert_eq!(with(&rights, "s3:*"), ["12 yes ceiling of b"]);
    assert!(with(&format!("{rights} s3:*"), "s3:GetObject").is_empty());
    assert_eq!(with("iam:CreateRole@role/x iam:AttachRolePolicy@role/x", "s3:*"), ["12 yes account"]);
}

#[test]
fn reserved_roles_and_policies_of_aws_are_never_changed() {
    let found = of_me(
        "me policy=<iam:UpdateAssumeRolePolicy>; role s path=/aws-service-role/x.amazonaws.com/ policy=<s3:*>; role r path=/aws-reserved/sso.amazonaws.com/ policy=<s3:*>",
    );
    assert!(found.is_empty(), "{found:?}");
    let found = of_me(
        "me attached=arn:aws:iam::aws:policy/X policy=<iam:CreatePolicyVersion>; policy X arn=arn:aws:iam::aws:policy/X allow=<sqs:*>",
    );
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_was_not_read_is_unknown_never_no() {
    let lambda = "me policy=<iam:PassRole lambda:CreateFunction lambda:InvokeFunction>";
    assert!(of_me(lambda).is_empty(), "all roles were read and none trusts the service");
    let inventory = world("me policy=oops");
    let found = gains(&inventory);
    assert_eq!(found.unread(), [key(ROLE)]);
    let found = of_me("me policy=<iam:PutRolePolicy>,oops");
    assert!(found.iter().all(|it| !it.contains(" yes ")), "{found:?}");
}

#[test]
fn the_tags_of_a_target_are_known() {
    let me = "me policy=<iam:PutRolePolicy?iam:ResourceTag/team=a>";
    assert_eq!(of_me(&format!("{me} tag:team=a")), ["3 yes account"]);
    assert!(of_me(&format!("{me} tag:team=b")).is_empty());
    assert!(of_me(me).is_empty());
}

#[test]
fn a_confused_deputy_guard_in_the_trust_does_not_hinder_the_account_itself() {
    let guarded = |condition: &str| {
        of_me(&format!(
            r#"me policy=<iam:PassRole glue:CreateDevEndpoint>; role t policy=<s3:*> trust={{"Effect":"Allow","Principal":{{"Service":"glue.amazonaws.com"}},"Action":"sts:AssumeRole","Condition":{condition}}}"#
        ))
    };
    assert_eq!(guarded(r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#), ["44 yes role t"]);
    assert_eq!(guarded(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:glue:*:111122223333:*"}}"#), ["44 yes role t"]);
    assert!(guarded(r#"{"StringEquals":{"aws:SourceAccount":"444455556666"}}"#).is_empty());
}

#[test]
fn a_gain_is_proved_by_the_statements_of_each_step() {
    let inventory =
        world("me policy=<s3:GetObject iam:PassRole@role/t lambda:*>; role t for=lambda.amazonaws.com policy=<sqs:*>");
    let found = gains(&inventory);
    let gain = found.of(&key(ROLE)).iter().find(|it| it.technique.number == 37).expect("lambda");
    let proofs = proofs(&inventory, gain, None);
    let said: Vec<(&str, &str, usize)> =
        proofs.iter().map(|it| (it.action, it.resource.as_str(), it.statement)).collect();
    assert_eq!(
        said,
        [
            ("iam:PassRole", "arn:aws:iam::111122223333:role/t", 1),
            ("lambda:CreateFunction", "*", 2),
            ("lambda:InvokeFunction", "*", 2)
        ]
    );
    assert!(proofs.iter().all(|it| it.layer == Layer::Identity && it.object == key(ROLE)));
}

#[test]
fn thousands_of_roles_alike_share_one_set() {
    let mut text = "me policy=<iam:PassRole lambda:CreateFunction lambda:InvokeFunction>; role you irsa=ns:you policy=<iam:PassRole lambda:CreateFunction lambda:InvokeFunction>".to_owned();
    for at in 0..50 {
        text += &format!("; role t{at} for=lambda.amazonaws.com policy=<s3:*>");
    }
    let found = gains(&world(&text));
    let set = |role: &str| found.of(&key(role))[0].to.targets().expect("roles").clone();
    let (mine, yours) = (set(ROLE), set("role/111122223333:you"));
    assert!(std::sync::Arc::ptr_eq(mine.shared(), yours.shared()));
    assert_eq!(mine.len(), 50);
    assert!(mine.contains(&key("role/111122223333:t7")) && !mine.contains(&key(ROLE)));
}
