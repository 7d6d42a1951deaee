#!/usr/bin/env bash
# Writes what rolewalk reads: the answers of kubectl and the AWS CLI about EKS clusters and their accounts.
#
#   bash snapshot.sh [options] DIRECTORY
#
#   --profile NAME        AWS profile; may be repeated: the first account goes to aws/, further ones to accounts/ID/
#   --region NAME         region to look for clusters and instances in; may be repeated (default: the profile's region)
#   --cluster NAME        only this cluster; may be repeated
#   --context NAME        also the cluster of this kubectl context, without asking AWS for it; may be repeated
#   --without RESOURCE    leave a Kubernetes resource out, such as secrets; may be repeated
#   --bucket-policies     also read the policy of every S3 bucket (one or two calls each)
#
# Needs aws, kubectl and jq. Every call only reads. A call that is refused leaves its file out, is noted on stderr, and
# everything else goes on: rolewalk shows the gap. Values of Secrets never reach a file, nor those of ConfigMaps that
# rolewalk does not use. What is written can still be confidential (environment variables of pods): it is readable by
# you alone.
set -u
umask 077
export LC_ALL=C AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off

usage() {
  sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]:-$0}" >&2
  exit 2
}

profiles=() regions=() wanted=() contexts=() without=() buckets=no out=
while [ $# -gt 0 ]; do
  case $1 in
    --profile | --region | --cluster | --context | --without)
      [ $# -ge 2 ] || usage
      case $1 in
        --profile) profiles+=("$2") ;;
        --region) regions+=("$2") ;;
        --cluster) wanted+=("$2") ;;
        --context) contexts+=("$2") ;;
        --without) without+=("$2") ;;
      esac
      shift 2
      ;;
    --bucket-policies) buckets=yes; shift ;;
    -h | --help | -*) usage ;;
    *) [ -z "$out" ] || usage; out=$1; shift ;;
  esac
done
[ -n "$out" ] || usage
command -v jq >/dev/null || { echo 'snapshot: jq is needed' >&2; exit 1; }
mkdir -p -- "$out" || exit 1
if [ -n "$(ls -A -- "$out")" ]; then
  echo "snapshot: $out is not empty: files of two times would mix" >&2
  exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT

note() {
  echo >>"$work/gaps" # counted in a file: notes are also made in subshells
  printf 'not read: %s: %s\n' "$1" "$(tr '\n' ' ' <"$work/error" | cut -c 1-300)" >&2
}

# contains WORD LIST...: whether the word is in the list
contains() {
  local word=$1 item
  shift
  for item in "$@"; do [ "$item" = "$word" ] && return 0; done
  return 1
}

# save FILE COMMAND...: the command's output becomes the file, if it succeeds
save() {
  local file=$out/$1
  shift
  mkdir -p -- "$(dirname -- "$file")"
  if "$@" >"$work/answer" 2>"$work/error"; then
    mv -- "$work/answer" "$file"
  else
    note "${file#"$out"/}"
    return 1
  fi
}

# lines FILE COMMAND...: reads names, one a line; the command's answer for each becomes a line of the file. A name whose
# answer is refused leaves a line that says so; when all are refused there is no file.
lines() {
  local file=$out/$1 name good=0 bad=0
  shift
  mkdir -p -- "$(dirname -- "$file")"
  : >"$work/lines"
  while IFS= read -r name; do
    [ -n "$name" ] || continue
    if "$@" "$name" </dev/null >"$work/answer" 2>"$work/error" && jq -c . "$work/answer" >>"$work/lines" 2>"$work/error"; then
      good=$((good + 1))
    else
      bad=$((bad + 1))
      note "${file#"$out"/} ($name)"
      jq -cn --arg name "$name" '{unread: $name}' >>"$work/lines"
    fi
  done
  if [ "$bad" -gt 0 ] && [ "$good" -eq 0 ]; then
    return 1
  fi
  mv -- "$work/lines" "$file"
}

# names FILTER FILE: what the filter finds in a file that may not be there
names() {
  if [ -f "$out/$2" ]; then jq -r "$1" "$out/$2"; fi
}

profile=
region=
cluster=
ask() { # aws, with the profile and the region of the moment
  if [ -n "$profile" ]; then set -- --profile "$profile" "$@"; fi
  if [ -n "$region" ]; then set -- --region "$region" "$@"; fi
  aws --output json "$@"
}

# One account.

provider() {
  ask iam get-open-id-connect-provider --open-id-connect-provider-arn "$1" >"$work/one" || return 1
  jq --arg arn "$1" '. + {OpenIDConnectProviderArn: $arn}' "$work/one"
}

parents() {
  ask organizations list-parents --child-id "$1" >"$work/one" || return 1
  jq --arg child "$1" '. + {ChildId: $child}' "$work/one"
}

# "TARGET TYPE"
attached() {
  ask organizations list-policies-for-target --target-id "${1% *}" --filter "${1#* }" >"$work/one" || return 1
  jq --arg target "${1% *}" '. + {TargetId: $target}' "$work/one"
}

organization_policy() { ask organizations describe-policy --policy-id "$1"; }

bucket() {
  if ask s3api get-bucket-policy --bucket "$1" >"$work/one" 2>"$work/why"; then
    jq -r .Policy "$work/one" >"$work/policy"
  elif grep -q NoSuchBucketPolicy "$work/why"; then
    printf 'null\n' >"$work/policy"
  else
    cat "$work/why" >&2
    return 1
  fi
  local key=
  key=$(ask s3api get-bucket-encryption --bucket "$1" 2>/dev/null |
    jq -r '[.ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID // empty][0] // empty')
  jq --arg arn "arn:${partition:-aws}:s3:::$1" --arg key "$key" \
    '{arn: $arn, policy: ., kmsKey: (if $key == "" then null else $key end)}' "$work/policy"
}

account() { # DIRECTORY ID
  local directory=$1 id=$2 target
  save "$directory/iam.json" ask iam get-account-authorization-details
  save "$directory/list-open-id-connect-providers.json" ask iam list-open-id-connect-providers &&
    names '.OpenIDConnectProviderList[].Arn' "$directory/list-open-id-connect-providers.json" |
    lines "$directory/get-open-id-connect-provider.jsonl" provider
  save "$directory/list-instance-profiles.json" ask iam list-instance-profiles
  if [ -n "$id" ]; then
    save "$directory/organizations-list-policies-for-target.json" \
      ask organizations list-policies-for-target --filter SERVICE_CONTROL_POLICY --target-id "$id"
    # From the account up to the root.
    : >"$work/parents"
    target=$id
    while [ -n "$target" ]; do
      parents "$target" </dev/null >"$work/parent" 2>"$work/error" || { note "$directory/organizations-list-parents.jsonl"; break; }
      jq -c . "$work/parent" >>"$work/parents"
      target=$(jq -r '.Parents[0].Id // empty' "$work/parent")
      case $target in r-*) break ;; esac
    done
    if [ -s "$work/parents" ]; then cp -- "$work/parents" "$out/$directory/organizations-list-parents.jsonl"; fi
    { printf '%s\n' "$id"; jq -r '.Parents[].Id' "$work/parents"; } | while IFS= read -r target; do
      printf '%s SERVICE_CONTROL_POLICY\n%s RESOURCE_CONTROL_POLICY\n' "$target" "$target"
    done | lines "$directory/organizations-list-policies-for-target.jsonl" attached
    { names '.Policies[].Id' "$directory/organizations-list-policies-for-target.json"
      names '.Policies[]?.Id' "$directory/organizations-list-policies-for-target.jsonl"; } | sort -u >"$work/policies"
    if [ -s "$work/policies" ]; then
      lines "$directory/organizations-describe-policy.jsonl" organization_policy <"$work/policies"
    fi
  fi
  if [ "$buckets" = yes ] && save "$directory/.buckets" ask s3api list-buckets; then
    names '.Buckets[].Name' "$directory/.buckets" | lines "$directory/resource-policies.jsonl" bucket
    rm -f -- "$out/$directory/.buckets"
  fi
}

# One cluster.

association() { ask eks describe-pod-identity-association --cluster-name "$cluster" --association-id "$1"; }
access_entry() { ask eks describe-access-entry --cluster-name "$cluster" --principal-arn "$1"; }
access_policies() {
  ask eks list-associated-access-policies --cluster-name "$cluster" --principal-arn "$1" >"$work/one" || return 1
  jq --arg arn "$1" '. + {principalArn: $arn}' "$work/one"
}
nodegroup() { ask eks describe-nodegroup --cluster-name "$cluster" --nodegroup-name "$1"; }
fargate_profile() { ask eks describe-fargate-profile --cluster-name "$cluster" --fargate-profile-name "$1"; }

eks() { # DIRECTORY
  local directory=$1
  save "$directory/list-pod-identity-associations.json" ask eks list-pod-identity-associations --cluster-name "$cluster" &&
    names '.associations[].associationId' "$directory/list-pod-identity-associations.json" |
    lines "$directory/describe-pod-identity-association.jsonl" association
  if [ "$(names '.cluster.accessConfig.authenticationMode // empty' "$directory/describe-cluster.json")" = CONFIG_MAP ]; then
    # There are none in this mode, and AWS answers the question with an error.
    printf '{"accessEntries": []}\n' >"$out/$directory/list-access-entries.json"
    : >"$out/$directory/describe-access-entry.jsonl"
    : >"$out/$directory/list-associated-access-policies.jsonl"
  elif save "$directory/list-access-entries.json" ask eks list-access-entries --cluster-name "$cluster"; then
    names '.accessEntries[]' "$directory/list-access-entries.json" | lines "$directory/describe-access-entry.jsonl" access_entry
    names '.accessEntries[]' "$directory/list-access-entries.json" |
      lines "$directory/list-associated-access-policies.jsonl" access_policies
  fi
  save "$directory/list-nodegroups.json" ask eks list-nodegroups --cluster-name "$cluster" &&
    names '.nodegroups[]' "$directory/list-nodegroups.json" | lines "$directory/describe-nodegroup.jsonl" nodegroup
  save "$directory/list-fargate-profiles.json" ask eks list-fargate-profiles --cluster-name "$cluster" &&
    names '.fargateProfileNames[]' "$directory/list-fargate-profiles.json" |
    lines "$directory/describe-fargate-profile.jsonl" fargate_profile
  save "$directory/list-addons.json" ask eks list-addons --cluster-name "$cluster"
}

kubeconfig=
context=
kube() { # kubectl, with the cluster of the moment
  if [ -n "$context" ]; then set -- --context "$context" "$@"; fi
  if [ -n "$kubeconfig" ]; then set -- --kubeconfig "$kubeconfig" "$@"; fi
  kubectl --request-timeout=120s "$@" </dev/null
}

# Names, key names and types of Secrets; of ConfigMaps also the values that rolewalk uses.
secrets() {
  set -o pipefail
  kube get secrets -A -o json | jq -c '.items |= map({apiVersion, kind, type,
    metadata: (.metadata | del(.managedFields) | if .annotations then .annotations |= del(."kubectl.kubernetes.io/last-applied-configuration") else . end),
    data: ((.data // {}) | map_values(""))})'
  local status=$?
  set +o pipefail
  return $status
}
config_maps() {
  set -o pipefail
  kube get configmaps -A -o json | jq -c --argjson kept '@KEPT_VALUES@' '.items |= map(
    (.metadata |= (del(.managedFields) | if .annotations then .annotations |= del(."kubectl.kubernetes.io/last-applied-configuration") else . end))
    | if .metadata.namespace == "kube-system" and .metadata.name == "aws-auth" then .
      else (if .data then .data |= with_entries(.key as $key | if ($kept | index([$key])) then . else .value = "" end) else . end)
        | (if .binaryData then .binaryData |= map_values("") else . end)
      end)'
  local status=$?
  set +o pipefail
  return $status
}

always='pods serviceaccounts namespaces nodes deployments.apps replicasets.apps statefulsets.apps daemonsets.apps
jobs.batch cronjobs.batch roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io
clusterroles.rbac.authorization.k8s.io clusterrolebindings.rbac.authorization.k8s.io networkpolicies.networking.k8s.io
mutatingwebhookconfigurations.admissionregistration.k8s.io configmaps secrets services ingresses.networking.k8s.io
csidrivers.storage.k8s.io persistentvolumes customresourcedefinitions.apiextensions.k8s.io'
sometimes='gateways.gateway.networking.k8s.io nodepools.karpenter.sh ec2nodeclasses.karpenter.k8s.aws
nodeclasses.eks.amazonaws.com ciliumnetworkpolicies.cilium.io'

kubernetes() { # DIRECTORY
  local directory=$1 resource plural
  save "$directory/version.json" kube version -o json
  kube api-resources --verbs=list -o name >"$work/resources" 2>"$work/error" || : >"$work/resources"
  for resource in $always $sometimes; do
    plural=${resource%%.*}
    contains "$plural" ${without[@]+"${without[@]}"} && continue
    case $plural in
      secrets) save "$directory/secrets.json" secrets ;;
      configmaps) save "$directory/configmaps.json" config_maps ;;
      serviceaccounts) save "$directory/serviceaccounts.json" kube get serviceaccounts -A -o json --show-managed-fields ;;
      *)
        if [ -s "$work/resources" ] && case " $sometimes " in *"$resource"*) ! grep -qxF "$resource" "$work/resources" ;; *) false ;; esac; then
          # The cluster does not have this resource, so there is none of it.
          printf '{"apiVersion": "v1", "items": [], "kind": "List"}\n' >"$out/$directory/$plural.json"
        else
          save "$directory/$plural.json" kube get "$resource" -A -o json
        fi
        ;;
    esac
  done
}

# The user's own context for an endpoint, else a kubeconfig of our own that asks AWS for a token.
connect() { # ENDPOINT
  context='' kubeconfig=''
  local name
  name=$(kubectl config view -o json 2>/dev/null | jq -r --arg server "$1" \
    '(.clusters // [])[] | select(.cluster.server == $server) | .name' | head -n 1)
  if [ -n "$name" ]; then
    context=$(kubectl config view -o json | jq -r --arg name "$name" '(.contexts // [])[] | select(.context.cluster == $name) | .name' | head -n 1)
    if [ -n "$context" ]; then return 0; fi
  fi
  kubeconfig=$work/kubeconfig
  rm -f -- "$kubeconfig"
  ask eks update-kubeconfig --name "$cluster" --kubeconfig "$kubeconfig" >/dev/null 2>"$work/error"
}

# A directory name for a cluster: its name, and more where that is taken.
place() { # NAME SUFFIX
  local name
  name=$(printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_')
  if [ -e "$out/clusters/$name" ]; then name=$name@$2; fi
  printf 'clusters/%s' "$name"
}

# Everything.

jq -n --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{now: $now}' >"$out/world.json"
first=yes
[ ${#profiles[@]} -gt 0 ] || profiles=('')
for profile in "${profiles[@]}"; do
  region=
  id=
  directory=aws
  partition=aws
  if ask sts get-caller-identity >"$work/caller" 2>"$work/error"; then
    id=$(jq -r .Account "$work/caller")
    partition=$(jq -r '.Arn | split(":")[1]' "$work/caller")
    if [ "$first" = no ]; then directory=accounts/$id; fi
    mkdir -p -- "$out/$directory"
    cp -- "$work/caller" "$out/$directory/get-caller-identity.json"
  else
    note "$directory/get-caller-identity.json"
    if [ "$first" = no ]; then continue; fi
  fi
  first=no
  account "$directory" "$id"

  here=(${regions[@]+"${regions[@]}"})
  if [ ${#here[@]} -eq 0 ]; then
    default=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region ${profile:+--profile "$profile"} 2>/dev/null)}}
    if [ -n "$default" ]; then here=("$default"); else echo 'snapshot: no region: pass --region' >&2; fi
  fi
  for region in ${here[@]+"${here[@]}"}; do
    save "$directory/$region/ec2-describe-instances.json" ask ec2 describe-instances
    save "$directory/$region/eks-list-clusters.json" ask eks list-clusters || continue
    names '.clusters[]' "$directory/$region/eks-list-clusters.json" >"$work/clusters"
    while IFS= read -r cluster <&3; do
      if [ ${#wanted[@]} -gt 0 ] && ! contains "$cluster" "${wanted[@]}"; then continue; fi
      target=$(place "$cluster" "$region")
      mkdir -p -- "$out/$target"
      save "$target/describe-cluster.json" ask eks describe-cluster --name "$cluster"
      eks "$target"
      if connect "$(names '.cluster.endpoint // empty' "$target/describe-cluster.json")"; then
        kubernetes "$target"
      else
        note "$target (Kubernetes)"
      fi
    done 3<"$work/clusters"
  done
done
kubeconfig=
for context in ${contexts[@]+"${contexts[@]}"}; do
  target=$(place "${context##*/}" context)
  mkdir -p -- "$out/$target"
  kubernetes "$target"
done
if [ -f "$work/gaps" ]; then
  printf '%s answers are missing; rolewalk doctor lists what that costs\n' "$(wc -l <"$work/gaps" | tr -d ' ')" >&2
fi
echo "written: $out"
