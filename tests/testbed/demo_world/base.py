"""Times, stable identifiers and the two ways of writing JSON.

Every identifier is a hash of a label that says what it is for, so nothing depends on order or on chance.
"""
import datetime as dt
import hashlib
import json

ACCOUNT = "111122223333"
AUDIT_ACCOUNT = "444455556666"
NOW = dt.datetime(2026, 2, 12, 2, 58, 14)

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


def at(text):
    """`2026-02-11 16:20` or with seconds, UTC."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return dt.datetime.strptime(text, form)


def k8s_time(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def aws_time(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def eks_time(t):
    """EKS answers with fractions of a second."""
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{number(str(t)) % 1000:03d}000+00:00"


def digest(label):
    return hashlib.sha256(f"rolewalk demo/{label}".encode()).hexdigest()


def number(label):
    return int(digest(label), 16)


def uid(label):
    h = digest("uid/" + label)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"


def aws_id(prefix, label):
    v = number(prefix + label)
    return prefix + "".join(BASE32[(v >> (5 * i)) & 31] for i in range(17))


def hex_id(prefix, label, digits=17):
    return f"{prefix}-0" + digest(prefix + label)[: digits - 1]


def suffix(label, length=5):
    v, text = number("suffix/" + label), ""
    for _ in range(length):
        text += SUFFIX[v % len(SUFFIX)]
        v //= len(SUFFIX)
    return text


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def rows(values):
    """One object a line."""
    return "[" + ",".join("\n" + compact(value) for value in values) + ("\n]" if values else "]")


def kubernetes_list(items):
    return '{"apiVersion":"v1","items":' + rows(items) + ',"kind":"List","metadata":{"resourceVersion":""}}\n'


def lists(**fields):
    """An AWS answer whose lists stand one object a line."""
    body = ",\n".join(f"{compact(name)}:{rows(values)}" for name, values in fields.items())
    return "{" + body + "}\n"


def lines(values):
    return "".join(compact(value) + "\n" for value in values)


def pretty(value):
    return json.dumps(value, indent=2) + "\n"
