//! A directory of the kubelet or a runtime socket is mounted into a container
//!
//! ## What it checks
//! A container mounts a host path that is, holds, or lies in `/var/lib/kubelet`, or that holds the socket of containerd,
//! Docker or CRI-O. Reading alone is enough for tokens, and a socket answers through a read-only mount too. Drivers that
//! EKS or Kubernetes ship, and well-known node agents that run as DaemonSets, mount these by design and are noted only.
//!
//! ## Why it matters
//! Projected tokens of every pod of the node lie below the kubelet's directory as files. Whoever reads them has the IAM
//! role of each of those pods for as long as the tokens live, from anywhere.
//!
//! ## How to fix
//! Remove the mount. What collects logs needs `/var/log` read-only; what talks to the kubelet can use its API with a
//! narrow right such as `nodes/metrics`.
//!
//! ## For newcomers
//! A pod proves who it is with a token in a file. The kubelet writes these files for all pods of a node in one directory
//! of the host, so a pod that sees that directory can say it is any of them.

use crate::findings::reference::{CIS_4_2_1, NHI2, NHI6, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, platform};
use crate::model::SourceKind;
use crate::model::facts::pod::VolumeSource;

pub(super) static RULE: Rule = Rule {
    id: "POD-002",
    slug: "kubelet-dir-or-socket-mounted",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods],
    references: &[NHI2, NHI6, PR_AA_05, CIS_4_2_1],
    check,
};

const KUBELET: &str = "/var/lib/kubelet";
const SOCKETS: &[&str] = &["/run/containerd/containerd.sock", "/run/docker.sock", "/run/crio/crio.sock"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let known = workload.platform || platform::is_node_agent(workload);
        for seat in workload.seats() {
            for mount in &seat.container.mounts {
                let volume = seat.entry.spec.volumes.iter().find(|it| it.name == mount.volume);
                let Some(VolumeSource::HostPath(path)) = volume.map(|it| &it.source) else { continue };
                let Some(what) = what_lies_there(path) else { continue };
                let severity = if known { Severity::Info } else { Severity::Critical };
                let name = &seat.container.name;
                let access = if mount.read_only { "read-only, which is enough for tokens" } else { "writable" };
                out.report(workload.key.clone(), severity, format!("container {name} mounts {path} of the host: {what}"))
                    .platform_judged()
                    .evidence(&workload.key, format!("spec.volumes[{}].hostPath.path", mount.volume), path.as_str())
                    .evidence(&workload.key, seat.path(&format!("volumeMounts[{}]", mount.volume)), access)
                    .impact("every projected token on the node can be read or had made, and with it the roles of its pods")
                    .fixes([fix::by_hand(format!(
                        "remove volume {} from container {name} of {}",
                        mount.volume,
                        workload.kubectl_name()
                    ))]);
            }
        }
    }
}

fn what_lies_there(path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    let holds = |wanted: &str| wanted.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let inside = path.strip_prefix(KUBELET).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if inside || holds(KUBELET) {
        return Some("the kubelet keeps the tokens of all pods there");
    }
    let socket = SOCKETS.iter().any(|it| holds(it) || holds(&format!("/var{it}")));
    socket.then_some("the container runtime listens there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_and_children_count_and_neighbours_do_not() {
        for path in ["/", "/var", "/var/lib/kubelet", "/var/lib/kubelet/pods/", "/run", "/var/run/docker.sock"] {
            assert!(what_lies_there(path).is_some(), "{path}");
        }
        for path in ["/var/lib/kubelet-x", "/var/log", "/etc", "/run/dbus", "/var/lib/docker"] {
            assert_eq!(what_lies_there(path), None, "{path}");
        }
    }
}
