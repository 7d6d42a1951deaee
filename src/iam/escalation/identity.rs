//! Techniques 1 to 32: identities and their policies.

use super::{By, Gives, On, Step, Technique, any, on, row};

use Gives::{
    Federated, Group, NewRole, Organization, Own, OwnOlder, OwnTagged, OwnUnbounded, OwnUndenied, Role,
    RoleWithAnything, User, UserInService, UserWithAnything,
};

const VERSION_OF_OWN: Step = on(On::OwnPolicy, "iam:CreatePolicyVersion");
const ASSUME: Step = on(On::Trust, "sts:AssumeRole");
const PUT_ON_ROLE: Step = on(On::Role, "iam:PutRolePolicy");
const ATTACH_TO_ROLE: Step = on(On::Role, "iam:AttachRolePolicy");
const VERSION_OF_ROLE: Step = on(On::RolePolicy, "iam:CreatePolicyVersion");
const OPEN_TRUST: Step = on(On::Role, "iam:UpdateAssumeRolePolicy");
const PUT_ON_USER: Step = on(On::User, "iam:PutUserPolicy");
const ATTACH_TO_USER: Step = on(On::User, "iam:AttachUserPolicy");
const PUT_ON_GROUP: Step = on(On::UserGroup, "iam:PutGroupPolicy");
const ATTACH_TO_GROUP: Step = on(On::UserGroup, "iam:AttachGroupPolicy");
const KEY: Step = on(On::User, "iam:CreateAccessKey");
const DROP_KEY: Step = on(On::User, "iam:DeleteAccessKey");

const ROOM_FOR_KEY: &[&str] = &["fewer than two access keys on the user"];
const NO_PASSWORD: &[&str] = &["a user without a password and without MFA"];
const PASSWORD: &[&str] = &["a user with a password and without MFA"];
const ISSUER: &[&str] = &["control of the address of the provider's issuer"];
const MANAGEMENT: &[&str] = &["the account manages the organisation, or is its delegate"];

pub(super) const ROWS: &[Technique] = &[
    row(1, "writes a new version of its own policy", &["iam-001"], &[VERSION_OF_OWN], Own),
    row(
        1,
        "writes a new version of its own policy in place of an old one",
        &["iam-001"],
        &[on(On::OwnFullPolicy, "iam:DeletePolicyVersion"), on(On::OwnFullPolicy, "iam:CreatePolicyVersion")],
        Own,
    ),
    row(
        2,
        "goes back to an older version of its own policy",
        &["iam-002"],
        &[on(On::OwnOldPolicy, "iam:SetDefaultPolicyVersion")],
        OwnOlder,
    ),
    row(3, "writes an inline policy on itself", &["iam-005"], &[on(On::Own, "iam:PutRolePolicy")], Own).by(By::Role),
    row(4, "attaches a policy to itself", &["iam-009"], &[on(On::Own, "iam:AttachRolePolicy")], Own).by(By::Role),
    row(5, "writes an inline policy on a role and assumes it", &["iam-017"], &[PUT_ON_ROLE, ASSUME], RoleWithAnything),
    row(6, "attaches a policy to a role and assumes it", &["iam-014"], &[ATTACH_TO_ROLE, ASSUME], RoleWithAnything),
    row(
        7,
        "writes a new version of a role's policy and assumes the role",
        &["iam-016"],
        &[VERSION_OF_ROLE, ASSUME],
        RoleWithAnything,
    ),
    row(8, "lets itself into a role by its trust policy", &["iam-012"], &[OPEN_TRUST], Role),
    row(
        9,
        "writes an inline policy on a role and lets itself in",
        &["iam-019"],
        &[PUT_ON_ROLE, OPEN_TRUST],
        RoleWithAnything,
    ),
    row(
        10,
        "attaches a policy to a role and lets itself in",
        &["iam-020"],
        &[ATTACH_TO_ROLE, OPEN_TRUST],
        RoleWithAnything,
    ),
    row(
        11,
        "writes a new version of a role's policy and lets itself in",
        &["iam-021"],
        &[VERSION_OF_ROLE, OPEN_TRUST],
        RoleWithAnything,
    ),
    row(
        12,
        "makes a new role and attaches a policy to it",
        &[],
        &[on(On::NewRole, "iam:CreateRole"), on(On::NewRole, "iam:AttachRolePolicy")],
        NewRole,
    ),
    row(
        12,
        "makes a new role and writes an inline policy on it",
        &[],
        &[on(On::NewRole, "iam:CreateRole"), on(On::NewRole, "iam:PutRolePolicy")],
        NewRole,
    ),
    row(13, "writes an inline policy on itself", &["iam-007"], &[on(On::Own, "iam:PutUserPolicy")], Own).by(By::User),
    row(
        13,
        "writes an inline policy on a user and replaces its access key",
        &["iam-018"],
        &[PUT_ON_USER, KEY, DROP_KEY],
        UserWithAnything,
    ),
    row(
        13,
        "writes an inline policy on a user and makes an access key of it",
        &["iam-018"],
        &[PUT_ON_USER, KEY],
        UserWithAnything,
    )
    .needing(ROOM_FOR_KEY),
    row(14, "attaches a policy to itself", &["iam-008"], &[on(On::Own, "iam:AttachUserPolicy")], Own).by(By::User),
    row(
        14,
        "attaches a policy to a user and replaces its access key",
        &["iam-015"],
        &[ATTACH_TO_USER, KEY, DROP_KEY],
        UserWithAnything,
    ),
    row(
        14,
        "attaches a policy to a user and makes an access key of it",
        &["iam-015"],
        &[ATTACH_TO_USER, KEY],
        UserWithAnything,
    )
    .needing(ROOM_FOR_KEY),
    row(15, "writes an inline policy on its group", &["iam-011"], &[on(On::OwnGroup, "iam:PutGroupPolicy")], Own)
        .by(By::User),
    row(
        15,
        "writes an inline policy on a user's group and replaces its access key",
        &[],
        &[PUT_ON_GROUP, KEY, DROP_KEY],
        UserWithAnything,
    ),
    row(
        15,
        "writes an inline policy on a user's group and makes an access key of it",
        &[],
        &[PUT_ON_GROUP, KEY],
        UserWithAnything,
    )
    .needing(ROOM_FOR_KEY),
    row(16, "attaches a policy to its group", &["iam-010"], &[on(On::OwnGroup, "iam:AttachGroupPolicy")], Own)
        .by(By::User),
    row(
        16,
        "attaches a policy to a user's group and replaces its access key",
        &[],
        &[ATTACH_TO_GROUP, KEY, DROP_KEY],
        UserWithAnything,
    ),
    row(
        16,
        "attaches a policy to a user's group and makes an access key of it",
        &[],
        &[ATTACH_TO_GROUP, KEY],
        UserWithAnything,
    )
    .needing(ROOM_FOR_KEY),
    row(17, "adds itself to a group", &["iam-013"], &[on(On::Group, "iam:AddUserToGroup")], Group).by(By::User),
    row(
        17,
        "adds a user to a group and replaces its access key",
        &[],
        &[on(On::Group, "iam:AddUserToGroup"), KEY, DROP_KEY],
        Group,
    ),
    row(
        17,
        "adds a user to a group and makes an access key of it",
        &[],
        &[on(On::Group, "iam:AddUserToGroup"), KEY],
        Group,
    )
    .needing(ROOM_FOR_KEY),
    row(18, "makes an access key of a user", &["iam-002"], &[KEY], User).needing(ROOM_FOR_KEY),
    row(19, "replaces an access key of a user", &["iam-003"], &[KEY, DROP_KEY], User),
    row(20, "reactivates an access key of a user", &[], &[on(On::User, "iam:UpdateAccessKey")], User)
        .needing(&["an inactive access key of the user whose secret is known"]),
    row(21, "gives a user a password", &["iam-004"], &[on(On::User, "iam:CreateLoginProfile")], User)
        .needing(NO_PASSWORD),
    row(22, "changes a user's password", &["iam-006"], &[on(On::User, "iam:UpdateLoginProfile")], User)
        .needing(PASSWORD),
    row(
        23,
        "makes credentials of one service for a user",
        &[],
        &[on(On::User, "iam:CreateServiceSpecificCredential")],
        UserInService,
    ),
    row(
        23,
        "resets credentials of one service of a user",
        &[],
        &[on(On::User, "iam:ResetServiceSpecificCredential")],
        UserInService,
    )
    .needing(&["a service-specific credential of the user"]),
    row(
        24,
        "takes a user's MFA device away and gives it a password",
        &[],
        &[on(On::User, "iam:DeactivateMFADevice"), on(On::User, "iam:CreateLoginProfile")],
        User,
    )
    .needing(&["a user without a password"]),
    row(
        24,
        "takes a user's MFA device away and changes its password",
        &[],
        &[on(On::User, "iam:DeactivateMFADevice"), on(On::User, "iam:UpdateLoginProfile")],
        User,
    )
    .needing(&["a user with a password"]),
    row(25, "removes its permissions boundary", &[], &[on(On::Own, "iam:DeleteRolePermissionsBoundary")], OwnUnbounded)
        .by(By::Role),
    row(25, "replaces its permissions boundary", &[], &[on(On::Own, "iam:PutRolePermissionsBoundary")], OwnUnbounded)
        .by(By::Role),
    row(25, "removes its permissions boundary", &[], &[on(On::Own, "iam:DeleteUserPermissionsBoundary")], OwnUnbounded)
        .by(By::User),
    row(25, "replaces its permissions boundary", &[], &[on(On::Own, "iam:PutUserPermissionsBoundary")], OwnUnbounded)
        .by(By::User),
    row(26, "detaches its own policy that denies", &[], &[on(On::Own, "iam:DetachRolePolicy")], OwnUndenied)
        .by(By::Role),
    row(26, "deletes its own policy that denies", &[], &[on(On::Own, "iam:DeleteRolePolicy")], OwnUndenied)
        .by(By::Role),
    row(26, "detaches its own policy that denies", &[], &[on(On::Own, "iam:DetachUserPolicy")], OwnUndenied)
        .by(By::User),
    row(26, "deletes its own policy that denies", &[], &[on(On::Own, "iam:DeleteUserPolicy")], OwnUndenied)
        .by(By::User),
    row(27, "detaches a policy of the organisation", &[], &[any("organizations:DetachPolicy")], Organization)
        .needing(MANAGEMENT),
    row(27, "rewrites a policy of the organisation", &[], &[any("organizations:UpdatePolicy")], Organization)
        .needing(MANAGEMENT),
    row(27, "deletes a policy of the organisation", &[], &[any("organizations:DeletePolicy")], Organization)
        .needing(MANAGEMENT),
    row(28, "replaces the keys of a SAML provider", &[], &[on(On::Provider, "iam:UpdateSAMLProvider")], Federated),
    row(
        28,
        "changes the certificate that an OIDC provider is known by",
        &[],
        &[on(On::Provider, "iam:UpdateOpenIDConnectProviderThumbprint")],
        Federated,
    )
    .needing(ISSUER),
    row(
        28,
        "adds an audience to an OIDC provider",
        &[],
        &[on(On::Provider, "iam:AddClientIDToOpenIDConnectProvider")],
        Federated,
    )
    .needing(&["a token of the issuer for the added audience that the trust policy admits"]),
    row(
        28,
        "makes the OIDC provider that a trust policy names and that is not there",
        &[],
        &[on(On::Provider, "iam:CreateOpenIDConnectProvider")],
        Federated,
    )
    .needing(ISSUER),
    row(29, "assumes a role that trusts it", &["sts-001"], &[ASSUME], Role),
    row(30, "gives itself the tag that its policies ask for", &[], &[on(On::Own, "iam:TagRole")], OwnTagged)
        .by(By::Role),
    row(30, "gives itself the tag that its policies ask for", &[], &[on(On::Own, "iam:TagUser")], OwnTagged)
        .by(By::User),
    row(
        31,
        "writes an inline policy on a permission set",
        &[],
        &[any("sso:PutInlinePolicyToPermissionSet")],
        Organization,
    )
    .needing(MANAGEMENT),
    row(
        31,
        "attaches a policy to a permission set",
        &[],
        &[any("sso:AttachManagedPolicyToPermissionSet")],
        Organization,
    )
    .needing(MANAGEMENT),
    row(31, "assigns a permission set", &[], &[any("sso:CreateAccountAssignment")], Organization).needing(MANAGEMENT),
    row(32, "signs in as the root user of a member account", &[], &[any("sts:AssumeRoot")], Organization)
        .needing(&["the account manages the organisation, or is its delegate, and central root access is on"]),
];
