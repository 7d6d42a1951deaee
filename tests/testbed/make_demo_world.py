#!/usr/bin/env python3
"""Write the demo world: assets/demo/ and tests/fixtures/demo_expectations.tsv.

    python3 tests/testbed/make_demo_world.py

Standard library only. It always writes the same bytes; a test runs it and compares. Cases stand in rows, so lines are long. To add a case: put it in
demo_world/prod_apps.py (or staging.py, prod.py, main_account.py) with its expected identity and a `plant` line.
"""
import argparse
import os
import shutil
import sys

sys.dont_write_bytecode = True

from demo_world import audit_account, check, main_account, prod, readme, staging  # noqa: E402
from demo_world.base import ACCOUNT, NOW, k8s_time, pretty  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def world():
    """(files by path, expectations as text)"""
    account = main_account.build(prod.ISSUER, staging.ISSUER)
    audit = audit_account.build(prod.ISSUER)
    clusters = [prod.build(account), staging.build(account)]
    planted = [row for c in clusters for row in c.planted] + [(ACCOUNT, *row) for row in main_account.PLANTED]
    expected = sorted(row for c in clusters for row in c.expected)
    files = {"world.json": pretty({"now": k8s_time(NOW), "account": ACCOUNT, "clusters": {
        c.name: {"region": c.region, "oidcIssuer": f"https://{c.issuer}"} for c in clusters}})}
    for part in [account.files(clusters), audit.files(clusters)] + [c.files() for c in clusters]:
        files.update(part)
    files["README.md"] = readme.text(planted, expected)
    wrong = check.problems(files, [account, audit], clusters, planted)
    if wrong:
        sys.exit("the demo world does not hold together:\n  " + "\n  ".join(wrong))
    return files, readme.table(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(ROOT, "assets", "demo"), help="replaced as a whole")
    parser.add_argument("--expectations", default=os.path.join(ROOT, "tests", "fixtures", "demo_expectations.tsv"))
    arguments = parser.parse_args()
    files, expectations = world()
    shutil.rmtree(arguments.out, ignore_errors=True)
    for path, text in sorted(files.items()):
        full = os.path.join(arguments.out, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="\n") as f:
            f.write(text)
    os.makedirs(os.path.dirname(arguments.expectations), exist_ok=True)
    with open(arguments.expectations, "w", encoding="utf-8", newline="\n") as f:
        f.write(expectations)


if __name__ == "__main__":
    main()
