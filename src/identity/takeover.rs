//! Whether a container can take over its node, from its own privileges and mounts (R101, R150).

use crate::base::Truth;
use crate::model::facts::pod::{Container, PodSpec, VolumeSource};

use super::answer::Takeover;

/// What the container could do to its node, and the setting that says so.
pub fn of(spec: &PodSpec, container: &Container) -> (Takeover, &'static str) {
    let root = Takeover { node: Truth::Yes, tokens: Truth::Yes };
    if container.security.privileged {
        return (root, "securityContext.privileged");
    }
    if container.security.host_process {
        return (root, "securityContext.windowsOptions.hostProcess");
    }
    let holds = |wanted: &[&str]| container.security.capabilities.iter().any(|it| wanted.contains(&it.as_str()));
    if holds(&["SYS_ADMIN", "SYS_MODULE", "DAC_READ_SEARCH", "ALL"]) {
        return (root, "securityContext.capabilities.add");
    }
    if holds(&["SYS_PTRACE"]) {
        // Without the host's processes there is nobody to trace.
        let certainty = Truth::from(spec.host_pid).or(Truth::Unknown);
        return (Takeover { node: certainty, tokens: certainty }, "securityContext.capabilities.add");
    }
    let mut best = (Takeover::NONE, "");
    for mount in &container.mounts {
        let Some(volume) = spec.volumes.iter().find(|it| it.name == mount.volume) else { continue };
        let VolumeSource::HostPath(path) = &volume.source else { continue };
        let found = by_path(path, mount.read_only);
        if found > best.0 {
            best = (found, "volumes.hostPath");
        }
    }
    best
}

/// The setting by which a container could take its node, and its value.
pub fn setting(spec: &PodSpec, container: &Container) -> Option<(&'static str, String)> {
    let (takeover, path) = of(spec, container);
    if takeover == Takeover::NONE {
        return None;
    }
    let value = match path {
        "securityContext.capabilities.add" => container.security.capabilities.join(","),
        "volumes.hostPath" => {
            let paths = spec.volumes.iter().filter_map(|volume| match &volume.source {
                VolumeSource::HostPath(path) if container.mounts.iter().any(|it| it.volume == volume.name) => {
                    Some(path.as_str())
                }
                _ => None,
            });
            paths.collect::<Vec<_>>().join(",")
        }
        _ => "true".to_owned(),
    };
    Some((path, value))
}

/// A path of the host. Reading is enough for tokens; sockets answer through a read-only mount too.
fn by_path(path: &str, read_only: bool) -> Takeover {
    let path = path.trim_end_matches('/');
    let covers = |wanted: &str| wanted == path || wanted.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    let inside = |parent: &str| path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let sockets = ["/run/containerd/containerd.sock", "/run/docker.sock", "/run/crio/crio.sock"];
    let socket = sockets.iter().any(|it| covers(it) || covers(&format!("/var{it}")));
    let writable =
        !read_only && (["/etc", "/root", "/usr", "/bin", "/var/spool"].iter().any(|it| inside(it)) || path.is_empty());
    let node = Truth::from(socket || writable || inside("/proc") && !read_only);
    let pods = "/var/lib/kubelet/pods";
    let tokens = Truth::from(covers(pods) || inside(pods) || inside("/proc") || inside("/etc/kubernetes")).or(node);
    if tokens.is_no() && inside("/var/log") && !read_only {
        // Only with a way to make the kubelet read the links it puts there.
        return Takeover { node: Truth::No, tokens: Truth::Unknown };
    }
    Takeover { node, tokens }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R150: parents and children of the directories that hold tokens.
    #[test]
    fn a_host_path_over_the_tokens_reads_them_even_read_only() {
        for path in ["/", "/var", "/var/lib/kubelet", "/var/lib/kubelet/pods/", "/proc", "/run"] {
            assert!(by_path(path, true).tokens.is_yes(), "{path}");
        }
        for path in ["/var/lib/data", "/opt", "/var/lib/kubelet-plugins", "/dev"] {
            assert_eq!(by_path(path, false), Takeover::NONE, "{path}");
        }
        assert!(by_path("/run/containerd", true).node.is_yes());
        assert!(by_path("/", true).node.is_yes(), "the runtime's socket lies below");
        assert!(by_path("/var/lib/kubelet", true).node.is_no());
        assert!(by_path("/etc", false).node.is_yes() && by_path("/etc", true).node.is_no());
        assert_eq!(by_path("/var/log", false).tokens, Truth::Unknown);
    }
}
