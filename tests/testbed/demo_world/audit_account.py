"""Account 444455556666, which keeps the audit trail: the other side of the roles that cross accounts."""
from .base import ACCOUNT, AUDIT_ACCOUNT, compact, lines, lists
from .iam import Account, allow, deny, policy


def trusted(*principals, when=None, actions=("sts:AssumeRole", "sts:TagSession")):
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals) if len(principals) > 1 else principals[0]}, "Action": list(actions)}
    if when:
        statement["Condition"] = when
    return policy(statement)


def build(prod):
    """`prod` is the issuer of prod-eu1; no provider of this account names it."""
    a = Account(AUDIT_ACCOUNT, f"accounts/{AUDIT_ACCOUNT}", ["eu-west-1"])
    a.caller = "RolewalkReader"
    home = f"arn:aws:iam::{ACCOUNT}"

    def pinned(sa):
        return {"StringEquals": {"sts:ExternalId": f"eu-west-1/{ACCOUNT}/prod-eu1/platform/{sa}"}}

    trail = policy(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::acme-audit-trail", "arn:aws:s3:::acme-audit-trail/*"]))
    write = policy(allow("s3:PutObject", "arn:aws:s3:::acme-audit-trail/*"))
    a.role("audit-reader", trusted(f"{home}:role/payments-api-role", f"{home}:role/grafana-role"), inline={"trail": trail}, created="2024-05-02 08:00")
    a.role("audit-writer", trusted(f"{home}:role/audit-shipper-base", when=pinned("audit-shipper-old")), inline={"trail": write}, created="2024-05-02 08:05", used=None)
    a.role("billing-reader", trusted("AROAEXAMPLEGONE2345XY", actions=("sts:AssumeRole",)), created="2024-07-08 10:00", used="2025-10-20 06:00",
           inline={"bills": policy(allow(["ce:GetCostAndUsage", "cur:DescribeReportDefinitions"]))})
    a.role("cost-reader", policy({"Effect": "Allow", "Principal": {"Federated": a.arn("oidc-provider/" + prod)}, "Action": "sts:AssumeRoleWithWebIdentity",
                                  "Condition": {"StringEquals": {prod + ":sub": "system:serviceaccount:monitoring:cost-exporter",
                                                                 prod + ":aud": "sts.amazonaws.com"}}}),
           created="2026-02-02 15:00", used=None, inline={"costs": policy(allow("ce:GetCostAndUsage"))})
    a.role("RolewalkReader", trusted(f"arn:aws:iam::{AUDIT_ACCOUNT}:root", actions=("sts:AssumeRole",)),
           inline={"read": policy(allow(["iam:Get*", "iam:List*", "eks:List*", "eks:Describe*", "ec2:DescribeInstances", "organizations:Describe*", "organizations:List*"]))})
    a.organization = organization()
    return a


def organization():
    """Complete for this account only: the reader of 111122223333 is not allowed to ask."""
    root, unit, owner, org = "r-ac1e", "ou-ac1e-5ec0r1ty", "999988887777", "o-acmeexample"
    full = {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "Name": "FullAWSAccess",
            "Description": "Allows access to every operation", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": True}
    keep = {"Id": "p-keeptrail1", "Arn": f"arn:aws:organizations::{owner}:policy/{org}/service_control_policy/p-keeptrail1", "Name": "keep-the-trail",
            "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
    resource = {"Id": "p-RCPFullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",
                "Name": "RCPFullAWSAccess", "Description": "Allows access to every operation", "Type": "RESOURCE_CONTROL_POLICY", "AwsManaged": True}
    text = {"p-FullAWSAccess": policy({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            "p-keeptrail1": policy(deny(["s3:DeleteBucket", "s3:DeleteObject", "organizations:LeaveOrganization"], "*", sid="KeepTrail")),
            "p-RCPFullAWSAccess": policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})}
    by_target = [{"TargetId": target, "Policies": found} for target, found in (
        (AUDIT_ACCOUNT, [full, keep]), (unit, [full]), (root, [full]), (AUDIT_ACCOUNT, [resource]), (unit, [resource]), (root, [resource]))]
    return {
        "organizations-list-policies-for-target.json": lists(Policies=[full, keep]),
        "organizations-list-policies-for-target.jsonl": lines(by_target),
        "organizations-list-parents.jsonl": lines([{"ChildId": AUDIT_ACCOUNT, "Parents": [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]},
                                                   {"ChildId": unit, "Parents": [{"Id": root, "Type": "ROOT"}]}]),
        "organizations-describe-policy.jsonl": lines({"Policy": {"PolicySummary": row, "Content": compact(text[row["Id"]])}} for row in (full, keep, resource)),
    }
