//! Amazon resource names taken apart.

/// The six parts of an ARN, borrowed. Nothing is checked beyond the shape `arn:a:b:c:d:rest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// Everything after the fifth colon, colons included (rule W3).
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        Some(Arn {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// Account and name of an IAM role, without its path (R4); `None` for anything else.
    pub fn role(&self) -> Option<(&'a str, &'a str)> {
        if self.service != "iam" {
            return None;
        }
        let name = self.resource.strip_prefix("role/")?.rsplit('/').next()?;
        (!name.is_empty()).then_some((self.account, name))
    }
}

/// Account and name of the role that an IAM role ARN or an STS assumed-role ARN names (R4).
pub fn role_name(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(arn)?;
    if arn.service == "sts" {
        let name = arn.resource.strip_prefix("assumed-role/")?.split('/').next()?;
        return (!name.is_empty()).then_some((arn.account, name));
    }
    arn.role()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_known_by_account_and_name_whatever_its_path() {
        assert_eq!(role_name("arn:aws:iam::111122223333:role/team/a/api"), Some(("111122223333", "api")));
        assert_eq!(role_name("arn:aws-cn:sts::111122223333:assumed-role/api/i-0"), Some(("111122223333", "api")));
        assert_eq!(role_name("arn:aws:iam::111122223333:user/api"), None);
        assert_eq!(role_name("arn:aws:iam::111122223333:role/"), None);
        assert_eq!(role_name("api"), None);
    }
}
