//! From a path, as evidence writes it, to a line of the stored text.
//!
//! Paths are those of [`crate::findings`]: `Statement[0].Condition.StringEquals.KEY`, `spec.containers[app].env[NAME]`,
//! `metadata.annotations[eks.amazonaws.com/role-arn]`. Names may hold dots, so that only the text says where one ends.

use crate::iam::json::{Node, Value, read};

/// Where pods' specs stand in the objects that make pods.
const TEMPLATES: [&str; 3] = ["", "spec.template.", "spec.jobTemplate.spec.template."];

/// The line (from 0) on which the deepest part of a path stands; `None` when not even its first part is there.
pub fn line_of(text: &str, path: &str) -> Option<usize> {
    match read(text) {
        Ok(node) => deepest(&node, path).map(|(line, _)| line),
        Err(_) => in_lines(text, path),
    }
}

/// As [`line_of`], in an object whose pods the path may be about.
pub fn line_in_object(text: &str, path: &str) -> Option<usize> {
    if path.is_empty() {
        return None;
    }
    match read(text) {
        Ok(node) => {
            let found = TEMPLATES.iter().filter_map(|template| {
                let (line, left) = deepest(&node, &format!("{template}{path}"))?;
                Some((left, line))
            });
            // The template whose path leads furthest; the shortest of those.
            found.min_by_key(|(left, _)| *left).map(|(_, line)| line)
        }
        Err(_) => in_lines(text, path),
    }
}

/// The line of the deepest node on a path, and how much of the path is left there.
fn deepest(root: &Node<'_>, path: &str) -> Option<(usize, usize)> {
    let (mut node, mut rest, mut line) = (root, path, None);
    while !rest.is_empty() {
        let Some((next, at, left)) = step(node, rest) else { break };
        line = Some((at as usize).saturating_sub(1));
        (node, rest) = (next, left);
    }
    line.map(|line| (line, rest.len()))
}

/// One step down: the node, its line, and the rest of the path.
fn step<'n, 't>(node: &'n Node<'t>, path: &'n str) -> Option<(&'n Node<'t>, u32, &'n str)> {
    let inside = path.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let after = |rest: &'n str| rest.strip_prefix('.').unwrap_or(rest);
    match (&node.value, inside) {
        (Value::List(items), Some((name, rest))) => {
            let chosen = match name.parse::<usize>() {
                Ok(at) => items.get(at),
                Err(_) => items.iter().find(|item| is_called(item, name)),
            }?;
            Some((chosen, chosen.span.line, after(rest)))
        }
        // One statement may stand without its list.
        (Value::Map(_), Some(("0", rest))) => Some((node, node.span.line, after(rest))),
        (Value::Map(members), Some((name, rest))) => {
            let member = members.iter().find(|it| it.key == name)?;
            Some((&member.node, member.key_span.line, after(rest)))
        }
        (Value::Map(members), None) => {
            let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
            let fits = members.iter().filter_map(|it| {
                let rest = path.strip_prefix(it.key.as_ref())?;
                (!it.key.is_empty() && ends(rest)).then_some((it, rest))
            });
            let (member, rest) = fits.min_by_key(|(_, rest)| rest.len())?;
            Some((&member.node, member.key_span.line, after(rest)))
        }
        _ => None,
    }
}

/// The element of a list that has a name, as containers, variables and policies have.
fn is_called(item: &Node<'_>, name: &str) -> bool {
    let Value::Map(members) = &item.value else { return false };
    members.iter().any(|member| {
        matches!(member.key.as_ref(), "name" | "Name" | "PolicyName" | "PolicyArn")
            && matches!(&member.node.value, Value::Text(text) if text == name)
    })
}

/// In text that is no JSON, such as YAML: each name of the path is looked for below the one before it.
fn in_lines(text: &str, path: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut from, mut found) = (0, None);
    for name in names(path) {
        let stands = |line: &&str| {
            let line = line.trim_start_matches([' ', '-']).trim_start_matches('"');
            let named = line.strip_prefix("name: ").unwrap_or(line);
            named.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '"']))
        };
        if let Some(at) = lines[from..].iter().position(stands) {
            found = Some(from + at);
            from += at;
        }
    }
    found
}

/// The parts of a path: between dots, and between brackets whole.
fn names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, outer) in path.split(']').enumerate() {
        let (outer, inner) = outer.split_once('[').map_or((outer, None), |(outer, inner)| (outer, Some(inner)));
        let outer = if at == 0 { outer } else { outer.trim_start_matches('.') };
        names.extend(outer.split('.').chain(inner).filter(|it| !it.is_empty()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: &str = r#"{
  "Statement": [
    { "Effect": "Allow" },
    { "Effect": "Allow",
      "Condition": {
        "StringEquals": {
          "oidc.eks.eu-west-1.amazonaws.com/id/7A:aud": "sts.amazonaws.com",
          "oidc.eks.eu-west-1.amazonaws.com/id/7A:sub": "x"
        } } } ] }"#;

    #[test]
    fn a_clause_of_a_statement_is_found_though_its_name_holds_dots() {
        let clause = "Statement[1].Condition.StringEquals.oidc.eks.eu-west-1.amazonaws.com/id/7A:sub";
        assert_eq!(line_of(TRUST, clause), Some(7));
        assert_eq!(line_of(TRUST, "Statement[1].Condition.StringLike"), Some(4), "as deep as it goes");
        assert_eq!(line_of(TRUST, "Statement[0]"), Some(2));
        assert_eq!(line_of(TRUST, "somewhere else"), None);
        assert_eq!(line_of(r#"{"Statement": {"Effect": "Allow"}}"#, "Statement[0].Effect"), Some(0));
    }

    #[test]
    fn the_spec_of_pods_is_looked_for_in_the_template_of_their_owner() {
        let text = "{\"spec\": {\n\"template\": {\n\"spec\": {\n\"containers\": [\n{\"name\": \"other\"},\n{\"name\": \"app\",\n\"env\": [\n{\"name\": \"A\"},\n{\"name\": \"AWS_ROLE_ARN\"}]}]}}}}";
        assert_eq!(line_in_object(text, "spec.containers[app].env[AWS_ROLE_ARN]"), Some(8));
        assert_eq!(line_in_object(text, "spec.containers[app].env[NOT_SET]"), Some(6));
        assert_eq!(line_in_object(text, ""), None);
    }

    #[test]
    fn in_yaml_the_names_are_looked_for_one_below_the_other() {
        let text = "metadata:\n  name: api\n  annotations:\n    eks.amazonaws.com/role-arn: x\nspec:\n  containers:\n  - name: app\n    env:\n    - name: AWS_ROLE_ARN\n";
        assert_eq!(line_in_object(text, "spec.containers[app].env[AWS_ROLE_ARN]"), Some(8));
        assert_eq!(line_in_object(text, "metadata.annotations[eks.amazonaws.com/role-arn]"), Some(3));
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_path_panic(text in "[{}\\[\\]\",: a0\n]{0,60}", path in "[a0.\\[\\]é]{0,20}") {
            let _ = (line_of(&text, &path), line_in_object(&text, &path));
        }
    }
}
