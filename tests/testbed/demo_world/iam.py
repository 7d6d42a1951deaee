"""An AWS account: roles, policies, users, providers and instance profiles, as the AWS CLI prints them."""
import json
import os

from .base import NOW, at, aws_id, aws_time, hex_id, lines, lists, pretty

HERE = os.path.dirname(os.path.abspath(__file__))


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions, resources="*", sid=None, when=None, effect="Allow"):
    statement = {"Sid": sid} if sid else {}
    statement.update({"Effect": effect, "Action": actions, "Resource": resources})
    if when:
        statement["Condition"] = when
    return statement


def deny(actions, resources="*", sid=None, when=None):
    return allow(actions, resources, sid, when, effect="Deny")


def service_trust(service):
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def pod_identity_trust(actions=("sts:AssumeRole", "sts:TagSession"), when=None):
    statement = {"Sid": "AllowEksAuthToAssumeRoleForPodIdentity", "Effect": "Allow",
                 "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": list(actions)}
    if when:
        statement["Condition"] = when
    return policy(statement)


def sub(namespace, name):
    return f"system:serviceaccount:{namespace}:{name}"


def web_identity(account, host, subject=None, operator="StringEquals", audience="sts.amazonaws.com", key_host=None,
                 action="sts:AssumeRoleWithWebIdentity", sid=None, effect="Allow"):
    """One trust statement for tokens of the cluster whose issuer is `host`; `key_host` is what the keys are spelled with."""
    key = key_host or host
    condition = {}
    if audience:
        condition.setdefault("StringEquals" if operator.startswith("StringLike") else operator, {})[f"{key}:aud"] = audience
    if subject:
        condition.setdefault(operator, {})[f"{key}:sub"] = subject
    statement = {"Sid": sid} if sid else {}
    statement.update({"Effect": effect, "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"}, "Action": action})
    if condition:
        statement["Condition"] = condition
    return statement


class Account:
    def __init__(self, account_id, directory, regions):
        self.id, self.directory, self.regions = account_id, directory, regions
        self.roles, self.policies, self.users, self.groups = [], {}, [], []
        self.providers, self.profiles, self.instances = [], {}, {region: [] for region in regions}
        self.resource_policies, self.caller, self.organization = [], None, None
        with open(os.path.join(os.path.dirname(HERE), "aws_managed_subset.json"), encoding="utf-8") as f:
            self.published = json.load(f)

    def arn(self, rest):
        return f"arn:aws:iam::{self.id}:{rest}"

    def role(self, name, trust, inline=None, attach=(), path="/", boundary=None, created="2024-03-05 09:12", used="2026-02-12 01:40",
             tags=None):
        """`attach` names policies of this account or published ones. `used` is None for a role never used."""
        full = self.arn(f"role{path}{name}")
        row = {"Path": path, "RoleName": name, "RoleId": aws_id("AROA", full), "Arn": full, "CreateDate": aws_time(at(created)),
               "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
               "RolePolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in (inline or {}).items()],
               "AttachedManagedPolicies": [{"PolicyName": n, "PolicyArn": self.attach(n)} for n in attach]}
        if boundary:
            arn = self.attach(boundary, boundary=True)
            row["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        row["Tags"] = [{"Key": k, "Value": v} for k, v in (tags or {}).items()]
        row["RoleLastUsed"] = {"LastUsedDate": aws_time(at(used)), "Region": self.regions[0]} if used else {}
        self.roles.append(row)
        return full

    def managed(self, name, versions, default=None, path="/"):
        """`versions`: (date, document) oldest first, numbered so that the last one is `default`."""
        last = int((default or f"v{len(versions)}")[1:])
        arn = self.arn(f"policy{path}{name}")
        first = last - len(versions) + 1
        numbered = [{"Document": document, "VersionId": f"v{first + i}", "IsDefaultVersion": first + i == last,
                     "CreateDate": aws_time(at(date))} for i, (date, document) in enumerate(versions)]
        self.policies[arn] = {
            "PolicyName": name, "PolicyId": aws_id("ANPA", arn), "Arn": arn, "Path": path, "DefaultVersionId": f"v{last}",
            "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0, "IsAttachable": True,
            "CreateDate": aws_time(min(at("2024-06-11 08:00"), at(versions[0][0]))), "UpdateDate": aws_time(at(versions[-1][0])),
            "PolicyVersionList": numbered[::-1]}
        return arn

    def attach(self, name, boundary=False):
        arn = next((a for a, p in self.policies.items() if p["PolicyName"] == name), None)
        if arn is None:
            arn = self.publish(name)
        self.policies[arn]["PermissionsBoundaryUsageCount" if boundary else "AttachmentCount"] += 1
        return arn

    def publish(self, name):
        """A policy of AWS. A text published after the time of this world is dated back to before it."""
        row = json.loads(json.dumps(self.published[name]))
        if row["UpdateDate"] > aws_time(NOW):
            row["DefaultVersionId"], row["UpdateDate"] = f"v{int(row['DefaultVersionId'][1:]) - 1}", "2025-06-02T16:00:00+00:00"
        self.policies[row["Arn"]] = {
            "PolicyName": name, "PolicyId": aws_id("ANPA", row["Arn"]), "Arn": row["Arn"], "Path": row["Path"],
            "DefaultVersionId": row["DefaultVersionId"], "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0, "IsAttachable": True,
            "CreateDate": row["CreateDate"], "UpdateDate": row["UpdateDate"],
            "PolicyVersionList": [{"Document": row["Document"], "VersionId": row["DefaultVersionId"], "IsDefaultVersion": True,
                                   "CreateDate": row["UpdateDate"]}]}
        return row["Arn"]

    def user(self, name, inline=None, groups=(), created="2022-08-17 10:00"):
        arn = self.arn(f"user/{name}")
        self.users.append({"Path": "/", "UserName": name, "UserId": aws_id("AIDA", arn), "Arn": arn, "CreateDate": aws_time(at(created)),
                           "UserPolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in (inline or {}).items()],
                           "GroupList": list(groups), "AttachedManagedPolicies": [], "Tags": []})

    def group(self, name, attach):
        arn = self.arn(f"group/{name}")
        self.groups.append({"Path": "/", "GroupName": name, "GroupId": aws_id("AGPA", arn), "Arn": arn,
                            "CreateDate": aws_time(at("2022-08-17 09:40")), "GroupPolicyList": [],
                            "AttachedManagedPolicies": [{"PolicyName": n, "PolicyArn": self.attach(n)} for n in attach]})

    def provider(self, host, created, audiences=("sts.amazonaws.com",)):
        self.providers.append({"OpenIDConnectProviderArn": self.arn(f"oidc-provider/{host}"), "Url": host, "ClientIDList": list(audiences),
                               "ThumbprintList": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"], "CreateDate": aws_time(at(created)), "Tags": []})

    def profile(self, name, role_name, created="2024-03-05 09:20"):
        """An instance profile; its name need not be the role's."""
        arn = self.arn(f"instance-profile/{name}")
        role = next(r for r in self.roles if r["RoleName"] == role_name)
        inner = {k: role[k] for k in ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")}
        self.profiles[name] = {"Path": "/", "InstanceProfileName": name, "InstanceProfileId": aws_id("AIPA", arn), "Arn": arn,
                               "CreateDate": aws_time(at(created)), "Roles": [inner]}
        role["InstanceProfileList"].append(self.profiles[name])

    def instance(self, region, instance_id, profile, tokens, hops, name, dns, ip, zone, kind, launched, cluster, tags, vpc, subnet):
        self.instances[region].append({
            "ReservationId": hex_id("r", instance_id), "OwnerId": self.id, "Groups": [], "Instances": [{
                "IamInstanceProfile": {k: self.profiles[profile][v] for k, v in (("Arn", "Arn"), ("Id", "InstanceProfileId"))},
                "MetadataOptions": {"State": "applied", "HttpTokens": tokens, "HttpPutResponseHopLimit": hops, "HttpEndpoint": "enabled",
                                    "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled"},
                "Tags": [{"Key": f"kubernetes.io/cluster/{cluster}", "Value": "owned"}, {"Key": "Name", "Value": name}]
                + [{"Key": k, "Value": v} for k, v in tags.items()],
                "InstanceId": instance_id, "ImageId": hex_id("ami", region + kind), "State": {"Code": 16, "Name": "running"},
                "PrivateDnsName": dns, "PublicDnsName": "", "InstanceType": kind, "LaunchTime": aws_time(launched),
                "Placement": {"Tenancy": "default", "AvailabilityZone": zone},
                "SubnetId": subnet, "VpcId": vpc, "PrivateIpAddress": ip}]})

    def files(self, clusters):
        """Path to text, relative to the world."""
        d = self.directory
        out = {
            f"{d}/get-caller-identity.json": pretty({"UserId": aws_id("AROA", self.caller) + ":inventory", "Account": self.id,
                                                     "Arn": f"arn:aws:sts::{self.id}:assumed-role/{self.caller}/inventory"}),
            f"{d}/iam.json": lists(UserDetailList=self.users, GroupDetailList=self.groups, RoleDetailList=self.roles,
                                   Policies=[self.policies[arn] for arn in sorted(self.policies)]),
            f"{d}/list-open-id-connect-providers.json": lists(
                OpenIDConnectProviderList=[{"Arn": p["OpenIDConnectProviderArn"]} for p in self.providers]),
            f"{d}/get-open-id-connect-provider.jsonl": lines(self.providers),
            f"{d}/list-instance-profiles.json": lists(InstanceProfiles=list(self.profiles.values())),
        }
        if self.resource_policies:
            out[f"{d}/resource-policies.jsonl"] = lines(self.resource_policies)
        out.update({f"{d}/{name}": text for name, text in (self.organization or {}).items()})
        for region in self.regions:
            names = [c.name for c in clusters if c.region == region and c.account is self]
            out[f"{d}/{region}/eks-list-clusters.json"] = pretty({"clusters": names})
            out[f"{d}/{region}/ec2-describe-instances.json"] = lists(Reservations=self.instances[region])
        return out

