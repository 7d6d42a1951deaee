"""What the Amazon EKS pod identity webhook does to a pod at its creation (rules R13 to R26 of the identity reference)."""
from .base import digest

IRSA_VOLUME, IRSA_DIRECTORY = "aws-iam-token", "/var/run/secrets/eks.amazonaws.com/serviceaccount"
PODS_VOLUME, PODS_DIRECTORY = "eks-pod-identity-token", "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
PREFIX = "eks.amazonaws.com"


def token_volume(name, audience, path, expiration=86400):
    return {"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"audience": audience, "expirationSeconds": expiration, "path": path}}]}}


def expiration(annotations):
    """Pod before service account; under 600 is raised, over a day is left to the API server (R19)."""
    for source in annotations:
        value = source.get(f"{PREFIX}/token-expiration")
        if value:
            return max(600, int(value))
    return 86400


def mutate(pod, region, role, associated, service_account):
    """`role` and `associated` are what the webhook knew when the pod was created; an association stops it from looking further (R14)."""
    annotations = pod["metadata"].get("annotations", {})
    if f"{PREFIX}/skip-pod-identity-webhook" in pod["metadata"]["labels"] or not (role or associated):
        return
    skipped = annotations.get(f"{PREFIX}/skip-containers", "").split(",")
    if associated:
        identity = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
                    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", f"{PODS_DIRECTORY}/eks-pod-identity-token")]
        # The default lifetime is shortened by chance in this branch only (R19).
        life = 79200 + int(digest(pod["metadata"]["name"])[:8], 16) % 7201
        volume, directory = token_volume(PODS_VOLUME, "pods.eks.amazonaws.com", "eks-pod-identity-token", life), PODS_DIRECTORY
        pod["metadata"]["labels"][f"{PREFIX}/pod-identity"] = "enabled"
    else:
        identity = [("AWS_ROLE_ARN", role), ("AWS_WEB_IDENTITY_TOKEN_FILE", f"{IRSA_DIRECTORY}/token")]
        audience = service_account.get(f"{PREFIX}/audience", "sts.amazonaws.com")
        volume, directory = token_volume(IRSA_VOLUME, audience, "token", expiration([annotations, service_account])), IRSA_DIRECTORY
    regional = service_account.get(f"{PREFIX}/sts-regional-endpoints", "true") == "true"
    changed = False
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        if container["name"] in skipped:
            continue
        env = container.get("env", [])
        names = {variable["name"] for variable in env}
        has_pair = any(name in names for name, _ in identity)
        has_region = "AWS_REGION" in names or "AWS_DEFAULT_REGION" in names
        if has_pair and has_region and "AWS_STS_REGIONAL_ENDPOINTS" in names:
            continue
        changed = True
        if regional and "AWS_STS_REGIONAL_ENDPOINTS" not in names:
            env.append({"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"})
        if not has_region:
            env += [{"name": "AWS_DEFAULT_REGION", "value": region}, {"name": "AWS_REGION", "value": region}]
        if not has_pair:
            env += [{"name": name, "value": value} for name, value in identity]
        container["env"] = env
        mounts = container.setdefault("volumeMounts", [])
        if not any(mount["name"] == volume["name"] for mount in mounts):
            mounts.append({"mountPath": directory, "name": volume["name"], "readOnly": True})
    volumes = pod["spec"].setdefault("volumes", [])
    if changed and not any(v["name"] == volume["name"] for v in volumes):
        volumes.insert(0, volume)
