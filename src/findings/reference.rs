//! Published requirements that a rule speaks to: OWASP, NIST and CIS.

/// A document that others audit by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standard {
    /// OWASP Non-Human Identities Top 10, 2025.
    OwaspNhi,
    /// NIST Cybersecurity Framework 2.0, category Identity Management, Authentication, and Access Control.
    NistCsf,
    /// NIST SP 800-207, Zero Trust Architecture: the tenets of section 2.1.
    ZeroTrust,
    /// CIS Amazon EKS Benchmark, section 4.
    CisEks,
}

/// One item of a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    pub standard: Standard,
    /// As the standard numbers it: `NHI5`, `PR.AA-05`, `tenet 6`, `4.1.5`.
    pub item: &'static str,
    pub title: &'static str,
}

const fn item(standard: Standard, item: &'static str, title: &'static str) -> Reference {
    Reference { standard, item, title }
}

pub const NHI1: Reference = item(Standard::OwaspNhi, "NHI1", "Improper Offboarding");
pub const NHI2: Reference = item(Standard::OwaspNhi, "NHI2", "Secret Leakage");
pub const NHI3: Reference = item(Standard::OwaspNhi, "NHI3", "Vulnerable Third-Party NHI");
pub const NHI4: Reference = item(Standard::OwaspNhi, "NHI4", "Insecure Authentication");
pub const NHI5: Reference = item(Standard::OwaspNhi, "NHI5", "Overprivileged NHI");
pub const NHI6: Reference = item(Standard::OwaspNhi, "NHI6", "Insecure Cloud Deployment Configurations");
pub const NHI7: Reference = item(Standard::OwaspNhi, "NHI7", "Long-Lived Secrets");
pub const NHI8: Reference = item(Standard::OwaspNhi, "NHI8", "Environment Isolation");
pub const NHI9: Reference = item(Standard::OwaspNhi, "NHI9", "NHI Reuse");
pub const NHI10: Reference = item(Standard::OwaspNhi, "NHI10", "Human Use of NHI");

pub const PR_AA_01: Reference =
    item(Standard::NistCsf, "PR.AA-01", "Identities and credentials of services are managed by the organization");
pub const PR_AA_02: Reference = item(Standard::NistCsf, "PR.AA-02", "Identities are proofed and bound to credentials");
pub const PR_AA_03: Reference = item(Standard::NistCsf, "PR.AA-03", "Users, services, and hardware are authenticated");
pub const PR_AA_04: Reference =
    item(Standard::NistCsf, "PR.AA-04", "Identity assertions are protected, conveyed, and verified");
pub const PR_AA_05: Reference = item(
    Standard::NistCsf,
    "PR.AA-05",
    "Access permissions are managed, enforced, and reviewed, with least privilege and separation of duties",
);

pub const ZT1: Reference =
    item(Standard::ZeroTrust, "tenet 1", "All data sources and computing services are considered resources");
pub const ZT2: Reference =
    item(Standard::ZeroTrust, "tenet 2", "All communication is secured regardless of network location");
pub const ZT3: Reference =
    item(Standard::ZeroTrust, "tenet 3", "Access to individual resources is granted on a per-session basis");
pub const ZT4: Reference = item(Standard::ZeroTrust, "tenet 4", "Access is determined by dynamic policy");
pub const ZT5: Reference =
    item(Standard::ZeroTrust, "tenet 5", "Integrity and security posture of all assets are monitored");
pub const ZT6: Reference =
    item(Standard::ZeroTrust, "tenet 6", "Authentication and authorization are dynamic and strictly enforced");
pub const ZT7: Reference =
    item(Standard::ZeroTrust, "tenet 7", "The state of assets and communications is collected and used");

pub const CIS_4_1_1: Reference = item(Standard::CisEks, "4.1.1", "The cluster-admin role is only used where required");
pub const CIS_4_1_2: Reference = item(Standard::CisEks, "4.1.2", "Minimize access to secrets");
pub const CIS_4_1_3: Reference = item(Standard::CisEks, "4.1.3", "Minimize wildcard use in Roles and ClusterRoles");
pub const CIS_4_1_4: Reference = item(Standard::CisEks, "4.1.4", "Minimize access to create pods");
pub const CIS_4_1_5: Reference = item(Standard::CisEks, "4.1.5", "Default service accounts are not actively used");
pub const CIS_4_1_6: Reference =
    item(Standard::CisEks, "4.1.6", "Service account tokens are only mounted where necessary");
pub const CIS_4_1_8: Reference =
    item(Standard::CisEks, "4.1.8", "Limit use of the bind, impersonate and escalate permissions");
pub const CIS_4_2_1: Reference = item(Standard::CisEks, "4.2.1", "Minimize the admission of privileged containers");
pub const CIS_4_2_2: Reference =
    item(Standard::CisEks, "4.2.2", "Minimize the admission of containers sharing the host process ID namespace");
pub const CIS_4_2_4: Reference =
    item(Standard::CisEks, "4.2.4", "Minimize the admission of containers sharing the host network namespace");
pub const CIS_4_3_2: Reference = item(Standard::CisEks, "4.3.2", "All namespaces have network policies defined");
pub const CIS_4_4_1: Reference =
    item(Standard::CisEks, "4.4.1", "Prefer secrets as files over secrets as environment variables");
pub const CIS_5_2_1: Reference = item(Standard::CisEks, "5.2.1", "Prefer using dedicated EKS service accounts");

impl Standard {
    /// As it is cited.
    pub fn title(self) -> &'static str {
        match self {
            Standard::OwaspNhi => "OWASP NHI Top 10 2025",
            Standard::NistCsf => "NIST CSF 2.0",
            Standard::ZeroTrust => "NIST SP 800-207",
            Standard::CisEks => "CIS Amazon EKS Benchmark",
        }
    }
}
