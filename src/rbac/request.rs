//! What somebody asks the API server for.

use std::fmt;

use crate::base::Name;

use super::resources;

/// A verb on a resource or URL, anywhere or in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// `*` asks for the literal `*`, which only a rule with `*` grants.
    pub verb: Name,
    pub target: Target,
    /// `None` asks for any namespace or the whole cluster. Without meaning for URLs and resources outside namespaces.
    pub namespace: Option<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Resource {
        /// Empty text is the core group.
        group: Name,
        resource: Name,
        /// Empty when the resource itself is meant.
        subresource: Name,
        /// `None` asks for objects of any name.
        name: Option<Name>,
    },
    /// A path such as `/metrics`.
    Url(Name),
}

impl Request {
    /// A request for a resource as people write it: `pods`, `pods/exec`, `deployments.apps`,
    /// `certificatesigningrequests.certificates.k8s.io/approval`, or a path such as `/metrics`. Without a group the one
    /// of the built-in resource is meant, else the core group.
    pub fn parse(verb: &str, resource: &str, name: Option<&str>, namespace: Option<&str>) -> Request {
        let target = if resource.starts_with('/') {
            Target::Url(resource.into())
        } else {
            let (whole, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let (resource, group) = match whole.split_once('.') {
                Some((resource, group)) => (resource, group),
                None => (whole, resources::group_of(whole).unwrap_or("")),
            };
            Target::Resource {
                group: group.into(),
                resource: resource.into(),
                subresource: subresource.into(),
                name: name.map(Name::from),
            }
        };
        Request { verb: verb.into(), target, namespace: namespace.map(Name::from) }
    }

    /// It can be granted inside a namespace: not a URL, and not a built-in resource that stands outside namespaces.
    pub fn is_namespaced(&self) -> bool {
        match &self.target {
            Target::Resource { group, resource, .. } => resources::is_namespaced(group, resource),
            Target::Url(_) => false,
        }
    }

    /// The namespace whose own object is asked for: a request for namespace `a` counts as one made inside `a`, so role
    /// bindings there can grant it (k8s.io/apiserver, `RequestInfoFactory`).
    pub fn namespace_object(&self) -> Option<&Name> {
        match &self.target {
            Target::Resource { group, resource, name, .. } if group.is_empty() && resource == "namespaces" => {
                name.as_ref()
            }
            _ => None,
        }
    }
}

/// As [`Request::parse`] reads it, with the group where there is one.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Url(url) => f.write_str(url),
            Target::Resource { group, resource, subresource, name } => {
                f.write_str(resource)?;
                if !group.is_empty() {
                    write!(f, ".{group}")?;
                }
                if !subresource.is_empty() {
                    write!(f, "/{subresource}")?;
                }
                if let Some(name) = name {
                    write!(f, " {name}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_read_as_people_write_it() {
        let read = |text: &str| Request::parse("get", text, None, None).target.to_string();
        assert_eq!(read("pods/exec"), "pods/exec");
        assert_eq!(read("deployments"), "deployments.apps");
        assert_eq!(read("deployments/scale"), "deployments.apps/scale");
        assert_eq!(
            read("certificatesigningrequests.certificates.k8s.io/approval"),
            "certificatesigningrequests.certificates.k8s.io/approval"
        );
        assert_eq!(read("/metrics"), "/metrics");
        assert_eq!(read("*"), "*");
        assert_eq!(read("widgets.example.com"), "widgets.example.com");
    }

    #[test]
    fn what_is_not_built_in_is_taken_as_namespaced() {
        assert!(Request::parse("get", "widgets.example.com", None, None).is_namespaced());
        assert!(!Request::parse("get", "nodes/proxy", None, None).is_namespaced());
        assert!(!Request::parse("get", "/metrics", None, None).is_namespaced());
    }
}
