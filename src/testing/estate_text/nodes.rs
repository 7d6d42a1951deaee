//! Nodes, their instances and profiles, and Fargate in an estate text.

use crate::base::Name;
use crate::model::facts::eks::{FargateProfile, Nodegroup};
use crate::model::facts::meta::{Labels, Meta, Origin};
use crate::model::facts::node::{Instance, MetadataOptions, Node};
use crate::model::feed::{Batch, Place};
use crate::model::{SourceId, SourceKind};

use super::line::Line;
use super::{Builder, meta, pods};

impl Builder {
    /// `node NAME kind=managed|self|karpenter|auto|fargate|hybrid|gke tokens=optional hop=1 endpoint=disabled role=NAME|none`
    pub(super) fn node_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let kind = line.take("kind").unwrap_or_else(|| "self".into());
        let mut labels: Vec<(Name, Name)> =
            line.all("label").into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let os = if line.flag("windows") { "windows" } else { "linux" };
        labels.push(("kubernetes.io/os".into(), os.into()));
        labels.push(("topology.kubernetes.io/region".into(), cluster.region.as_str().into()));
        let mut name = line.name.clone();
        let compute = match kind.as_str() {
            "managed" => ("eks.amazonaws.com/nodegroup", "group"),
            "karpenter" => ("karpenter.sh/nodepool", "default"),
            "auto" | "fargate" | "hybrid" => ("eks.amazonaws.com/compute-type", kind.as_str()),
            "self" | "gke" => ("kubernetes.io/arch", "amd64"),
            _ => line.fail("no such kind of node"),
        };
        labels.push((compute.0.into(), compute.1.into()));
        let instance = format!("i-{name}");
        let provider_id = match kind.as_str() {
            "gke" => format!("gce://project/zone/{name}"),
            "fargate" | "hybrid" => String::new(),
            _ => format!("aws:///{}a/{instance}", cluster.region),
        };
        let role = line.take("role").unwrap_or_else(|| "node".into());
        let metadata = MetadataOptions {
            endpoint: line.take("endpoint").is_none_or(|it| it != "disabled"),
            tokens_required: line.take("tokens").is_none_or(|it| it != "optional"),
            hop_limit: line.take("hop").map_or(1, |it| it.parse().unwrap_or(1)),
            ipv6: false,
        };
        if line.flag("agent") {
            let pod = pods::agent(&name);
            self.push(&cluster, SourceKind::Pods, Batch::Pods(vec![pod.into()]));
        }
        let with_instance = !line.flag("no-instance") && provider_id.starts_with("aws:");
        let node = Node {
            meta: Meta { labels: Labels::new(labels), ..meta("", &std::mem::take(&mut name)) },
            provider_id: provider_id.into(),
            ready: true,
        };
        let node_name = node.meta.name.clone();
        self.push(&cluster, SourceKind::Nodes, Batch::Nodes(vec![node.into()]));
        if !with_instance {
            return;
        }
        let profile = format!("arn:{}:iam::{}:instance-profile/p-{node_name}", cluster.partition, cluster.account);
        if role != "none" {
            if role == "node" && !self.node_role {
                self.node_role = true;
                self.role_line(&mut Line::parse(line.number, "role node ec2 policy={\"Effect\":\"Allow\",\"Action\":\"eks-auth:AssumeRoleForPodIdentity\",\"Resource\":\"*\"}").expect("a role"));
            }
            let role = self.role_arn(&role);
            self.push_profile(&cluster.account, &profile, role);
        }
        let instance = Instance {
            id: instance.into(),
            account: cluster.account.as_str().into(),
            region: cluster.region.as_str().into(),
            profile: (role != "none").then(|| profile.into()),
            metadata: Some(metadata),
            state: "running".into(),
            private_dns: Name::default(),
        };
        let directory = format!("{}/{}", self.account_directory(&cluster.account), cluster.region);
        let place = Place::Region { account: cluster.account.as_str().into(), region: cluster.region.as_str().into() };
        let source = SourceId::new(&directory, SourceKind::Instances);
        self.push_at(place, source, Batch::Instances(vec![instance.into()]));
    }

    /// `fargate PROFILE namespace=NS`, `node` groups: `fargate group nodegroup role=R`
    pub(super) fn fargate_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let role = line.take("role").map(|it| self.role_arn(&it));
        if line.flag("nodegroup") {
            let group = Nodegroup {
                name: line.name.as_str().into(),
                role,
                ami_type: Name::default(),
                status: line.take("status").unwrap_or_else(|| "ACTIVE".into()).into(),
                origin: Origin::default(),
            };
            return self.push(&cluster, SourceKind::Nodegroups, Batch::Nodegroups(vec![group.into()]));
        }
        let profile = FargateProfile {
            name: line.name.as_str().into(),
            role,
            selectors: line.take("namespace").map(|it| (it.into(), Labels::default())).into_iter().collect(),
            origin: Origin::default(),
        };
        self.push(&cluster, SourceKind::FargateProfiles, Batch::FargateProfiles(vec![profile.into()]));
    }
}
