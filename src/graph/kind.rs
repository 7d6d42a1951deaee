//! The one table of edge kinds: word, rule, what an edge means, what it needs, how its use shows in logs, how to cut it.
//!
//! To add one more: a row here and an edge in a file of `build`, with one case in the tests that has it and one near
//! miss that has not.

/// What an edge of a kind is to a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever has the one thing can have the other.
    Step,
    /// Between two footholds of one thing, or from a set to what is in it; not shown.
    Inner,
    /// Says how things hang together; nobody gains anything by it.
    Reference,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    pub kind: EdgeKind,
    /// In machine-readable answers.
    pub word: &'static str,
    /// As people say it, between two names.
    pub title: &'static str,
    /// Rule of identity.md, or technique of iam-evaluation.md section 11.
    pub rule: &'static str,
    pub role: Role,
    pub means: &'static str,
    pub needs: &'static str,
    pub logs: &'static str,
    pub cut: &'static str,
}

macro_rules! kinds {
    ($($kind:ident $word:literal $title:literal $rule:literal $role:ident
        means $means:literal needs $needs:literal logs $logs:literal cut $cut:literal;)*) => {
        /// What an edge says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum EdgeKind { $($kind,)* }

        /// The table, in declaration order.
        pub const KINDS: &[KindRow] = &[$(KindRow {
            kind: EdgeKind::$kind,
            word: $word,
            title: $title,
            rule: $rule,
            role: Role::$role,
            means: $means,
            needs: $needs,
            logs: $logs,
            cut: $cut,
        },)*];
    };
}

kinds! {
    Same "same" "is" "" Inner
        means "one thing in another capacity" needs "" logs "" cut "";
    Includes "includes" "includes" "" Inner
        means "a set and what is in it" needs "" logs "" cut "";

    RunsAs "runs-as" "runs as" "R9" Step
        means "the pods run as this service account, and its token is mounted or can be asked for there"
        needs "code in a container of the pod"
        logs "Kubernetes audit: the service account's name with the pod in user.extra"
        cut "give the workload a service account of its own, and set automountServiceAccountToken to false";
    Irsa "irsa" "signs with (IRSA)" "R72" Step
        means "the containers exchange their projected token for a session of this role"
        needs "code in the container, or its token file"
        logs "CloudTrail AssumeRoleWithWebIdentity with the service account as subject"
        cut "narrow the role's trust policy, or take the annotation and the pods away";
    PodIdentity "pod-identity" "signs with (Pod Identity)" "R92" Step
        means "the agent on the node hands the containers a session of the association's role"
        needs "code in the container, or its token and an agent of the cluster"
        logs "CloudTrail AssumeRoleForPodIdentity, with cluster, namespace and pod as session tags"
        cut "delete the association, and narrow the trust policy by session tags";
    NodeIdentity "node-role" "signs with (node role)" "R100" Step
        means "with no identity of its own, the pod's calls are signed with the role of its node"
        needs "code in the container, and instance metadata in reach"
        logs "CloudTrail calls by assumed-role/NODE-ROLE/i-..., from the address of the node"
        cut "require IMDSv2 with hop limit 1, and give the workload an identity of its own";
    OtherCredential "credential" "signs with" "R40" Step
        means "the containers hold credentials of this role in another way"
        needs "code in the container"
        logs "CloudTrail calls by the role"
        cut "take the credentials out of the container";
    Imds "imds" "reaches over instance metadata" "R96" Step
        means "code in the container can ask instance metadata for the role of its node"
        needs "code in the container"
        logs "CloudTrail calls by assumed-role/NODE-ROLE/i-..."
        cut "require IMDSv2 with hop limit 1, or block 169.254.169.254 by an enforced network policy";
    HostNetwork "hostnetwork" "reaches over the host network" "R151" Step
        means "on the host network the pod reaches instance metadata whatever the hop limit"
        needs "code in the container"
        logs "CloudTrail calls by assumed-role/NODE-ROLE/i-..."
        cut "take hostNetwork from the pod";
    Token "token" "holds a token for" "R40" Step
        means "the container holds role and token of a web identity that its SDK does not try first"
        needs "code in the container"
        logs "CloudTrail AssumeRoleWithWebIdentity"
        cut "take the variables and the projected volume out of the pod, or narrow the trust policy";
    LatentTrust "latent-trust" "is trusted by" "R74" Step
        means "the role's trust policy admits the service account although nothing names the role in the cluster"
        needs "a token of the service account with an audience that the provider accepts"
        logs "CloudTrail AssumeRoleWithWebIdentity for a role that the cluster does not name"
        cut "name namespace and service account in the trust policy's condition";
    AssociationToken "association-token" "holds an association token for" "R79" Step
        means "the container holds the token that the Pod Identity agent takes"
        needs "code in the container, and an agent of the cluster"
        logs "CloudTrail AssumeRoleForPodIdentity"
        cut "delete the association";
    Interceptor "interceptor" "asks the metadata interceptor for" "R104" Step
        means "kube2iam or kiam hands out the role that the pod's annotation names"
        needs "code in the container, and an interceptor that agrees"
        logs "CloudTrail AssumeRole by the interceptor's role"
        cut "remove the interceptor, or its annotation";
    NodeTakeover "node-takeover" "takes over" "R150" Step
        means "privileges or host mounts of the pod amount to root on its node"
        needs "code in the privileged container"
        logs "nothing in Kubernetes or AWS; a runtime sensor on the node"
        cut "drop privileged, the capability or the host mount, and enforce the restricted pod security level";
    NodeTokensOf "node-token-files" "reads the tokens on" "R150" Step
        means "a host mount of the pod shows the token files of all pods of its node"
        needs "code in the container with the mount"
        logs "nothing"
        cut "take the hostPath volume away";
    NodeRole "instance-profile" "has the instance profile of" "R101" Step
        means "root on the node has the node's role, whatever the hop limit"
        needs "root on the node"
        logs "CloudTrail calls by assumed-role/NODE-ROLE/i-..."
        cut "keep the node role small; drain and replace the node";
    NodePods "node-pods" "runs" "R101" Step
        means "root on the node is inside every pod that runs there"
        needs "root on the node"
        logs "nothing"
        cut "keep pods with strong identities on nodes of their own";
    NodeTokens "node-tokens" "holds the token of" "R150" Step
        means "the tokens of the pods on the node lie in its file system"
        needs "root on the node, or reading the kubelet's directory"
        logs "Kubernetes audit and CloudTrail: the service account from an unusual address"
        cut "keep pods with strong identities on nodes of their own";
    KubeletByMetadata "kubelet" "acts as the kubelet of" "R102" Step
        means "credentials of the node role from this instance are the kubelet's identity in the cluster"
        needs "the node role's credentials from instance metadata"
        logs "Kubernetes audit: system:node:NAME from the pod's network"
        cut "require IMDSv2 with hop limit 1";
    KubeletToken "kubelet-token" "asks a token of" "R102" Step
        means "a kubelet may request tokens of the service accounts of the pods on its node"
        needs "the kubelet's identity"
        logs "Kubernetes audit: create serviceaccounts/token by system:node:NAME"
        cut "Kubernetes 1.33 or later, which limits the audiences; keep strong pods on nodes of their own";

    NewPodIrsa "new-pod-irsa" "gets in a new pod" "R146" Step
        means "a pod started as this service account may mount a token for every role that trusts it"
        needs "starting a pod as the service account"
        logs "Kubernetes audit: create pods; CloudTrail AssumeRoleWithWebIdentity"
        cut "narrow the role's trust policy";
    NewPodAssociation "new-pod-association" "gets by association" "R146" Step
        means "a pod started as this service account gets the association's role"
        needs "starting a pod as the service account on a node with the agent"
        logs "Kubernetes audit: create pods; CloudTrail AssumeRoleForPodIdentity"
        cut "delete the association";
    MintIrsa "minted-token" "is trusted by" "R145" Step
        means "a token with the right audience is all that the role's trust policy asks for"
        needs "minting a token of the service account; no pod"
        logs "Kubernetes audit: create serviceaccounts/token; CloudTrail AssumeRoleWithWebIdentity from anywhere"
        cut "take the right to create tokens away; narrow the trust policy";
    MintAssociation "minted-association-token" "is associated with" "R145" Step
        means "a token bound to a pod of the account, shown to an agent, gets the association's role"
        needs "minting a token bound to a running pod, and reaching an agent of the cluster"
        logs "Kubernetes audit: create serviceaccounts/token; CloudTrail AssumeRoleForPodIdentity"
        cut "take the right to create tokens away";
    MemberOf "member-of" "is a member of" "R139" Step
        means "who authenticates as the one also counts as a member of the group"
        needs "nothing more"
        logs "Kubernetes audit: user.groups"
        cut "bind rights to single subjects instead of the group";
    ClusterAdmin "cluster-admin" "rules" "R144" Step
        means "every verb on every resource of the cluster"
        needs "nothing more"
        logs "Kubernetes audit: any request by the subject"
        cut "remove the binding, or the access policy, that gives cluster-admin";
    NamespaceAdmin "namespace-admin" "owns everything in" "R144" Step
        means "pods, tokens and secrets of the namespace, and so every identity there"
        needs "nothing more"
        logs "Kubernetes audit: any request by the subject in the namespace"
        cut "replace the binding by one with the few rights needed";
    TokenRequest "token-request" "mints a token of" "R145" Step
        means "may create tokens of the service account with any audience, without a pod"
        needs "create serviceaccounts/token"
        logs "Kubernetes audit: create serviceaccounts/token"
        cut "remove create on serviceaccounts/token, or restrict it by resourceNames";
    PodCreate "pod-create" "starts a pod as" "R146" Step
        means "may start a pod as any service account of the namespace"
        needs "create pods; node takeover also needs a namespace that admits privileged pods"
        logs "Kubernetes audit: create pods"
        cut "remove create on pods; enforce pod security; keep strong service accounts in namespaces of their own";
    WorkloadCreate "workload-create" "writes a template as" "R147" Step
        means "a workload's template may name any service account of the namespace"
        needs "create, update or patch of a workload kind"
        logs "Kubernetes audit: create or patch deployments, jobs and the like"
        cut "remove the right to write workloads, or keep strong service accounts in namespaces of their own";
    WorkloadPatch "workload-patch" "changes a template to" "R147" Step
        means "the template of a running workload decides which service account its pods run as"
        needs "update or patch of a workload kind"
        logs "Kubernetes audit: patch deployments, cronjobs and the like"
        cut "remove update and patch on workloads, or keep strong service accounts in namespaces of their own";
    PodExec "pod-exec" "runs commands in" "R148" Step
        means "code in a running container, with everything that it has"
        needs "create pods/exec (before Kubernetes 1.35 also get)"
        logs "Kubernetes audit: create pods/exec"
        cut "remove pods/exec from the role";
    PodAttach "pod-attach" "attaches to" "R149" Step
        means "reads and writes the terminal of a running process"
        needs "create pods/attach (before Kubernetes 1.35 also get)"
        logs "Kubernetes audit: create pods/attach"
        cut "remove pods/attach from the role";
    PodDebug "debug" "adds a container to" "R149" Step
        means "an ephemeral container mounts the pod's volumes and sees its processes"
        needs "update or patch pods/ephemeralcontainers"
        logs "Kubernetes audit: patch pods/ephemeralcontainers"
        cut "remove pods/ephemeralcontainers from the role";
    NodesProxy "nodes-proxy" "runs commands by the kubelet in" "R152" Step
        means "the kubelet API runs commands in any pod of any node, past admission and most of the audit log"
        needs "get or create nodes/proxy"
        logs "Kubernetes audit: get nodes/proxy without what was run"
        cut "replace nodes/proxy by nodes/metrics, nodes/stats or nodes/pods";
    PodPatch "pod-patch-image" "replaces the image of" "R153" Step
        means "another image runs with the identity of the pod"
        needs "patch or update pods"
        logs "Kubernetes audit: patch pods"
        cut "remove patch and update on pods";
    SaAnnotate "sa-annotate" "redirects" "R154" Step
        means "the annotation decides which role, of those that trust the account, its new pods get"
        needs "patch or update serviceaccounts; new pods"
        logs "Kubernetes audit: patch serviceaccounts"
        cut "remove update and patch on serviceaccounts";
    SaCreate "sa-create" "creates" "R155" Step
        means "a service account that does not exist yet, and that a trust policy or an association already admits"
        needs "create serviceaccounts, and starting a pod or minting a token as it"
        logs "Kubernetes audit: create serviceaccounts"
        cut "name existing service accounts in the trust policy; delete the dangling association";
    SecretRead "secret-read" "reads the token secret of" "R156" Step
        means "a legacy token Secret is the Kubernetes identity of its service account; no AWS credential"
        needs "get, list or watch secrets"
        logs "Kubernetes audit: get or list secrets"
        cut "delete legacy token Secrets; restrict the role by resourceNames";
    SecretMint "secret-mint" "mints a secret token of" "R157" Step
        means "a Secret of type service-account-token makes a token that never expires"
        needs "create secrets and get or list them"
        logs "Kubernetes audit: create secrets"
        cut "remove create on secrets";
    Impersonate "impersonate" "impersonates" "R158" Step
        means "RBAC rights of the impersonated identity; EKS access policies do not count"
        needs "impersonate"
        logs "Kubernetes audit: impersonatedUser"
        cut "remove impersonate, or restrict it by resourceNames";
    Bind "bind" "binds itself to" "R159" Step
        means "may bind roles without holding what they grant"
        needs "bind on roles, and writing bindings"
        logs "Kubernetes audit: create rolebindings, clusterrolebindings"
        cut "remove bind, or restrict it to named roles";
    Escalate "escalate" "widens its own role to" "R160" Step
        means "may write rights into a role that it does not hold itself"
        needs "escalate and update on roles"
        logs "Kubernetes audit: patch roles, clusterroles"
        cut "remove escalate";
    Csr "csr" "signs a certificate as" "R161" Step
        means "a client certificate for any name; EKS restricts the signer"
        needs "creating, approving and signing certificate requests"
        logs "Kubernetes audit: certificatesigningrequests/approval"
        cut "remove approval and signing from the role";
    WebhookControl "webhook-control" "rewrites new pods as" "R162" Step
        means "a mutating webhook sees and changes every new pod"
        needs "writing mutatingwebhookconfigurations, and pods that start afterwards"
        logs "Kubernetes audit: patch mutatingwebhookconfigurations"
        cut "remove write on mutatingwebhookconfigurations";
    NsLabels "ns-labels" "lifts pod security to reach" "R163" Step
        means "labels of the namespace decide which pods it admits: without them a new pod may take its node"
        needs "patch namespaces, and starting pods there"
        logs "Kubernetes audit: patch namespaces"
        cut "remove update and patch on namespaces";
    PvCreate "pv-create" "mounts the host of" "R164" Step
        means "a hostPath volume mounts host files even where pods may not"
        needs "create persistentvolumes and claims, and starting pods"
        logs "Kubernetes audit: create persistentvolumes"
        cut "remove create on persistentvolumes";
    AwsAuthEdit "aws-auth-edit" "maps itself to rule" "R165" Step
        means "aws-auth may map any IAM principal to system:masters"
        needs "patch or update configmap aws-auth in kube-system, and an authentication mode that reads it"
        logs "Kubernetes audit: patch configmaps aws-auth"
        cut "switch the authentication mode to API";
    NodeclassEdit "nodeclass-edit" "launches nodes with" "R166" Step
        means "new nodes with another role, start script or metadata options"
        needs "writing node classes or node pools"
        logs "Kubernetes audit: patch ec2nodeclasses; CloudTrail RunInstances by the autoscaler"
        cut "remove write on node classes and pools";
    ControllerCrd "controller-crd" "steers" "R167" Step
        means "a controller does with its own AWS role what custom resources say"
        needs "writing the controller's custom resources"
        logs "Kubernetes audit: create of the custom resource; CloudTrail calls by the controller's role"
        cut "remove write on the custom resources, and narrow the controller's role";
    Portforward "portforward" "reaches the ports of" "R168" Reference
        means "network reach into a pod; no identity by itself"
        needs "create pods/portforward, or pods/proxy, services/proxy"
        logs "Kubernetes audit: create pods/portforward"
        cut "remove pods/portforward and the proxy subresources";
    Proxy "proxy" "sends requests to" "R168" Reference
        means "requests through the API server into pods and services; no identity by itself"
        needs "get or create pods/proxy, services/proxy"
        logs "Kubernetes audit: get pods/proxy"
        cut "remove the proxy subresources";
    ScheduleSteer "schedule-steer" "places pods on nodes of" "R169" Reference
        means "chooses where pods run; multiplies a node takeover"
        needs "patch nodes, or create pods/binding"
        logs "Kubernetes audit: patch nodes, create pods/binding"
        cut "remove patch on nodes and create on pods/binding";

    AccessEntry "access-entry" "is in the cluster" "R173" Step
        means "EKS maps the IAM principal to this user or group"
        needs "credentials of the principal, and reach to the API endpoint"
        logs "Kubernetes audit: the user name of the entry; EKS authenticator log"
        cut "delete the access entry";
    AwsAuth "aws-auth" "is in the cluster by aws-auth" "R172" Step
        means "the aws-auth ConfigMap maps the IAM principal to this user or group"
        needs "credentials of the principal, and reach to the API endpoint"
        logs "EKS authenticator log"
        cut "remove the entry from aws-auth";
    AccessPolicy "access-policy" "holds an access policy on" "R174" Step
        means "EKS grants the principal this power past RBAC"
        needs "credentials of the principal, and reach to the API endpoint"
        logs "Kubernetes audit with the EKS authorizer"
        cut "disassociate the access policy";
    ClusterCreator "cluster-creator" "may have created" "R175" Step
        means "in CONFIG_MAP mode the creator of the cluster has hidden system:masters"
        needs "credentials of the creating principal"
        logs "CloudTrail CreateCluster"
        cut "switch to access entries without bootstrap admin";

    AssumeRole "assume-role" "assumes" "R111" Step
        means "identity policy and trust policy agree that the one becomes the other"
        needs "credentials of the first role"
        logs "CloudTrail AssumeRole"
        cut "remove sts:AssumeRole from the identity policy, or the principal from the trust policy";
    AccountAdmin "account-admin" "becomes administrator of" "R185" Step
        means "full control of IAM: every role, user and policy of the account"
        needs "credentials of the role"
        logs "CloudTrail IAM calls by the role"
        cut "take the actions from the role, or set a permissions boundary";
    AccountRole "owns-role" "owns" "R186" Step
        means "an administrator of the account can become any of its roles"
        needs "administration of the account"
        logs "CloudTrail UpdateAssumeRolePolicy, AssumeRole"
        cut "an SCP that protects the role";
    Escalation "escalation" "escalates to" "R185" Step
        means "IAM actions that together give another identity"
        needs "credentials of the first identity, and what the technique needs"
        logs "CloudTrail: the actions of the technique"
        cut "take one of the actions away, or restrict its resource";
    AccessEntryEdit "access-entry-edit" "admits itself to rule" "R177" Step
        means "EKS calls that make an administrator of the cluster"
        needs "eks:CreateAccessEntry and eks:AssociateAccessPolicy, or one where the entry exists"
        logs "CloudTrail CreateAccessEntry, AssociateAccessPolicy"
        cut "take the EKS actions from the role";
    AssociationEdit "association-edit" "associates" "R178" Step
        means "a Pod Identity association with a role that may be passed"
        needs "eks:CreatePodIdentityAssociation and iam:PassRole, and a pod of the chosen account"
        logs "CloudTrail CreatePodIdentityAssociation"
        cut "restrict iam:PassRole";
    NodeAccess "node-access" "opens a shell on" "R181" Step
        means "EC2 or SSM calls that give root on the node's instance"
        needs "the EC2 or SSM actions of the technique"
        logs "CloudTrail StartSession, SendCommand, ModifyInstanceAttribute"
        cut "take the actions from the role, or restrict them by resource tags";

    Declares "declares" "declares" "R31" Reference
        means "annotation or association name this role now" needs "" logs "" cut "";
    Attaches "attaches" "attaches" "" Reference
        means "the policy is attached to the role" needs "" logs "" cut "";
    BoundedBy "bounded-by" "bounded by" "" Reference
        means "the policy is the role's permissions boundary" needs "" logs "" cut "";
    Trusts "trusts" "trusts" "R48" Reference
        means "the role's trust policy names the provider" needs "" logs "" cut "";
    Granted "granted" "is granted" "R139" Reference
        means "a binding grants the role to the subject" needs "" logs "" cut "";
    RunsOn "runs-on" "runs on" "R93" Reference
        means "a pod of the workload runs on the node" needs "" logs "" cut "";
}

/// Kinds by their place as bits: a walk asks at every edge, and the rows of the table are wide.
const fn bits(steps: bool) -> u128 {
    let (mut bits, mut at) = (0, 0);
    while at < KINDS.len() {
        let fits = match KINDS[at].role {
            Role::Inner => true,
            Role::Step => steps,
            Role::Reference => false,
        };
        if fits {
            bits |= 1 << at;
        }
        at += 1;
    }
    bits
}

const STEPS: u128 = bits(true);
const INNER: u128 = bits(false);

impl EdgeKind {
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    pub fn word(self) -> &'static str {
        self.row().word
    }

    pub fn title(self) -> &'static str {
        self.row().title
    }

    #[inline]
    pub fn is_step(self) -> bool {
        STEPS >> self as u8 & 1 == 1
    }

    /// From a workload to the role that its containers sign with.
    pub fn is_signature(self) -> bool {
        matches!(self, EdgeKind::Irsa | EdgeKind::PodIdentity | EdgeKind::NodeIdentity | EdgeKind::OtherCredential)
    }

    #[inline]
    pub fn is_inner(self) -> bool {
        INNER >> self as u8 & 1 == 1
    }

    pub fn from_word(word: &str) -> Option<EdgeKind> {
        KINDS.iter().find(|row| row.word == word).map(|row| row.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order_and_words_are_unique() {
        for (at, row) in KINDS.iter().enumerate() {
            assert_eq!(row.kind as usize, at);
            assert_eq!(EdgeKind::from_word(row.word), Some(row.kind), "{}", row.word);
            assert_eq!(row.kind.is_step(), row.role != Role::Reference, "{}", row.word);
            assert_eq!(row.kind.is_inner(), row.role == Role::Inner, "{}", row.word);
        }
    }

    #[test]
    fn every_step_says_what_it_means_needs_shows_and_how_to_cut_it() {
        for row in KINDS.iter().filter(|row| row.role == Role::Step) {
            for text in [row.rule, row.title, row.means, row.needs, row.logs, row.cut] {
                assert!(!text.is_empty(), "{}", row.word);
            }
        }
    }
}
