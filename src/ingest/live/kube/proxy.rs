//! Which proxy leads to an API server: that of the context, else that of the environment, by the rules of kubectl.

use ::kube::config::Kubeconfig;
use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use hyper_util::client::proxy::matcher::Matcher;

/// `proxy-url` of the cluster of a context. Nothing of the environment counts against it.
pub fn of_context(file: &Kubeconfig, context: &str) -> Option<Uri> {
    let context = file.contexts.iter().find(|it| it.name == context)?.context.as_ref()?;
    let cluster = file.clusters.iter().find(|it| it.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.as_deref().filter(|it| !it.is_empty())?.parse().ok()
}

/// `HTTPS_PROXY` or `HTTP_PROXY` by the scheme of the server, else `ALL_PROXY`, all of them in capital or small letters;
/// unless `NO_PROXY` names the server, or it is this machine.
pub fn of_environment(server: &Uri, variable: impl Fn(&str) -> Option<String>) -> Option<Uri> {
    let set = |name: &str| [name.to_owned(), name.to_ascii_lowercase()].iter().find_map(|name| variable(name));
    let set = |name: &str| set(name).filter(|value| !value.is_empty());
    let own = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    let value = set(own).or_else(|| set("ALL_PROXY"))?;
    let host = server.host()?.trim_start_matches('[').trim_end_matches(']');
    if host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback()) {
        return None;
    }
    // `*.name` is how some write `.name`.
    let exceptions = set("NO_PROXY").unwrap_or_default().replace("*.", ".");
    let proxied = Matcher::builder().all("http://proxy").no(exceptions).build();
    proxied.intercept(server)?;
    let value = if value.contains("://") { value } else { format!("http://{value}") };
    value.parse().ok()
}

/// In the forms that the client knows.
pub fn known(proxy: Uri) -> Uri {
    if proxy.scheme_str() != Some("socks5h") {
        return proxy;
    }
    let mut parts = proxy.clone().into_parts();
    parts.scheme = "socks5".parse::<Scheme>().ok();
    parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
    Uri::from_parts(parts).unwrap_or(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, variables: &[(&str, &str)]) -> String {
        let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        let found = of_environment(&server.parse().expect("an address"), variable);
        found.map_or_else(|| "none".to_owned(), |uri| known(uri).to_string())
    }

    #[test]
    fn the_environment_names_the_proxy_and_the_exceptions() {
        let eks = "https://AB12.gr7.eu-west-1.eks.amazonaws.com";
        assert_eq!(proxy(eks, &[]), "none");
        assert_eq!(proxy(eks, &[("HTTPS_PROXY", "http://p:3128")]), "http://p:3128/");
        assert_eq!(proxy(eks, &[("https_proxy", "p:3128")]), "http://p:3128/");
        assert_eq!(proxy(eks, &[("HTTP_PROXY", "http://p:3128")]), "none");
        assert_eq!(proxy("http://api.test", &[("HTTP_PROXY", "http://p:3128")]), "http://p:3128/");
        assert_eq!(proxy(eks, &[("ALL_PROXY", "socks5h://p:1080")]), "socks5://p:1080/");
        let but = |no: &str| proxy(eks, &[("HTTPS_PROXY", "http://u:x@p:3128"), ("NO_PROXY", no)]);
        assert_eq!(but(".eks.amazonaws.com"), "none");
        assert_eq!(but("x, *.amazonaws.com"), "none");
        assert_eq!(but("*"), "none");
        // The proxy itself is no exception to its own use.
        assert_eq!(but("p, 10.0.0.0/8"), "http://u:x@p:3128/");
        assert_eq!(proxy("https://10.1.2.3", &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "10.0.0.0/8")]), "none");
        for own in ["https://127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443"] {
            assert_eq!(proxy(own, &[("HTTPS_PROXY", "http://p:1")]), "none", "{own}");
        }
    }

    #[test]
    fn that_of_the_context_is_its_own() {
        let text = "apiVersion: v1\nkind: Config\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n\
                    clusters:\n- {name: c, cluster: {server: 'https://x', proxy-url: 'socks5://p:1'}}\n";
        let file = Kubeconfig::from_yaml(text).expect("a kubeconfig");
        assert_eq!(of_context(&file, "a").expect("named").to_string(), "socks5://p:1/");
        assert_eq!(of_context(&file, "b"), None);
    }
}
