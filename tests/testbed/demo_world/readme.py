"""The two texts about the world: its README and the expectations that a test compares with the program."""

HEAD = """# The demo world

What `rolewalk --demo` shows: account 111122223333 with clusters `prod-eu1` (eu-west-1) and `staging-eu2` (eu-central-1), and account 444455556666,
which keeps the audit trail. The files are what `kubectl get -o json` and the AWS CLI would have printed on 2026-02-12 at 02:58:14 UTC; nothing in
them is real. Fields that bear on nothing here (resource versions, container statuses, selectors, probes) are left out to keep it small. Service control
policies of 111122223333 were not readable, so `aws/organizations-list-policies-for-target.json` is missing; everything else was read.

Written by `tests/testbed/make_demo_world.py`; do not edit by hand. Secret values are canaries (`canary-secret-N`, access keys `AKIACANARY...`):
none may appear in anything the program keeps or shows.

## Planted cases

| where | subject | finding | what is wrong |
| --- | --- | --- | --- |
"""
TABLE = """
## Expected identities

A workload with several rows for a container has pods that differ. A workload without pods is predicted.
`or` separates verdicts that the reference leaves open (`|` in the table for tests). The same table for tests: `tests/fixtures/demo_expectations.tsv`.
"""
IDENTITIES = """
### {cluster}

| workload | containers | source | role | verdict | rule |
| --- | --- | --- | --- | --- | --- |
"""
COLUMNS = ["cluster", "namespace", "workload", "container", "source", "role", "verdict"]


def text(planted, expected):
    cases = "".join("| " + " | ".join(row) + " |\n" for row in planted)
    rows, joined = "", {}
    for cluster, namespace, workload, container, *answer in expected:
        joined.setdefault(cluster, {}).setdefault((f"{namespace}/{workload}", *answer), []).append(container)
    for cluster, answers in joined.items():
        rows += IDENTITIES.format(cluster=cluster)
        rows += "".join(f"| {workload} | {', '.join(containers)} | {source} | {short(role)} | {verdict.replace('|', ' or ')} | {rule} |\n"
                        for (workload, source, role, verdict, rule), containers in answers.items())
    return HEAD + cases + TABLE + rows


def short(arn):
    """`arn:aws:iam::111122223333:role/a` as `a`, of another account as `444455556666:a`."""
    if not arn.startswith("arn:"):
        return arn
    account, name = arn.split(":")[4], arn.split("/", 1)[1]
    return name if account == "111122223333" else f"{account}:{name}"


def table(expected):
    return "".join("\t".join(row) + "\n" for row in [COLUMNS] + [list(row[:7]) for row in expected])
