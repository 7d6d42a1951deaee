//! The calls to AWS: one row for each. Nothing else is called, and nothing that is called changes anything.
//!
//! To add one more: add a row here, and its way over the wire where its service is read (`ingest::live::aws`). The
//! smallest IAM policy (`rolewalk doctor --print iam`) and the tests that keep calls out which are not listed follow.

use std::fmt;

use super::source::SourceKind;

/// An AWS service that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    Sts,
    Iam,
    Eks,
    Ec2,
    Organizations,
}

impl Service {
    /// The prefix of its actions; also the name that its requests are signed for.
    pub fn prefix(self) -> &'static str {
        match self {
            Service::Sts => "sts",
            Service::Iam => "iam",
            Service::Eks => "eks",
            Service::Ec2 => "ec2",
            Service::Organizations => "organizations",
        }
    }
}

/// How an answer that does not fit into one message goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// It always fits.
    Whole,
    /// `nextToken`, `NextToken` or `Marker`.
    Pages,
}

macro_rules! calls {
    ($($call:ident $service:ident $paging:ident;)*) => {
        /// An operation of an AWS service, by the name AWS has for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call { $($call,)* }

        impl Call {
            pub const ALL: &'static [Call] = &[$(Call::$call,)*];

            pub fn name(self) -> &'static str {
                match self { $(Call::$call => stringify!($call),)* }
            }

            pub fn service(self) -> Service {
                match self { $(Call::$call => Service::$service,)* }
            }

            pub fn paging(self) -> Paging {
                match self { $(Call::$call => Paging::$paging,)* }
            }
        }
    };
}

calls! {
    GetCallerIdentity Sts Whole;
    GetAccountAuthorizationDetails Iam Pages;
    ListOpenIDConnectProviders Iam Whole;
    GetOpenIDConnectProvider Iam Whole;
    ListInstanceProfiles Iam Pages;
    ListClusters Eks Pages;
    DescribeCluster Eks Whole;
    ListPodIdentityAssociations Eks Pages;
    DescribePodIdentityAssociation Eks Whole;
    ListAccessEntries Eks Pages;
    DescribeAccessEntry Eks Whole;
    ListAssociatedAccessPolicies Eks Pages;
    ListNodegroups Eks Pages;
    DescribeNodegroup Eks Whole;
    ListFargateProfiles Eks Pages;
    DescribeFargateProfile Eks Whole;
    ListAddons Eks Pages;
    DescribeInstances Ec2 Pages;
    ListPoliciesForTarget Organizations Pages;
    ListParents Organizations Pages;
    DescribePolicy Organizations Whole;
}

impl Call {
    /// The IAM action that allows it. For every call of the table it is named like the operation.
    pub fn action(self) -> String {
        self.to_string()
    }

    /// AWS answers it to anybody who has credentials, whatever policies say (IAM user guide, "GetCallerIdentity").
    pub fn needs_no_permission(self) -> bool {
        self == Call::GetCallerIdentity
    }

    /// The sources that it answers.
    pub fn sources(self) -> impl Iterator<Item = SourceKind> {
        let action = self.action();
        SourceKind::ALL.iter().map(|row| row.0).filter(move |source| source.permission() == action)
    }
}

impl fmt::Display for Call {
    /// `iam:ListInstanceProfiles`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service().prefix(), self.name())
    }
}

/// The actions that the smallest policy for reading everything has to allow, sorted.
pub fn actions() -> Vec<String> {
    let mut actions: Vec<String> =
        Call::ALL.iter().filter(|call| !call.needs_no_permission()).map(|call| call.action()).collect();
    actions.sort();
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Scope;

    #[test]
    fn every_call_only_reads() {
        for call in Call::ALL {
            let name = call.name();
            assert!(["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb)), "{call}");
        }
    }

    #[test]
    fn every_call_answers_a_source_and_every_source_of_aws_has_a_call() {
        for call in Call::ALL {
            assert!(call.sources().next().is_some(), "{call} answers nothing");
        }
        for (kind, scope, _, expected, permission) in SourceKind::ALL {
            let asked = Call::ALL.iter().any(|call| call.action() == *permission);
            let of_kubernetes = *scope == Scope::World || permission.contains(' ');
            assert!(asked || of_kubernetes || !expected, "{kind:?} has no call");
        }
    }
}
