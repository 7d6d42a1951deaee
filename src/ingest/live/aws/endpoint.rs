//! Where the services without a client of their own are asked, and which region signs for them.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::model::call::Service;

/// An address and the region that requests to it are signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub url: String,
    pub region: String,
}

/// Ends of host names, by the beginning of the region (AWS general reference, "AWS service endpoints").
const PARTITIONS: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
];

/// The address given by hand, for all services or for this one, else that of AWS.
pub fn of(config: &SdkConfig, service: Service) -> Endpoint {
    let region = config.region().map(|region| region.to_string()).unwrap_or_default();
    let region = signing_region(service, &region);
    let flag = config.get_origin("endpoint_url").is_client_config();
    let own = (!flag).then(|| by_service(config, service)).flatten();
    let by_hand = own.or_else(|| config.endpoint_url().map(str::to_owned));
    let standard =
        || standard(service, &region, config.use_fips() == Some(true), config.use_dual_stack() == Some(true));
    Endpoint { url: by_hand.unwrap_or_else(standard), region }
}

/// `AWS_ENDPOINT_URL_EKS`, or `endpoint_url` in the services section of the profile.
fn by_service(config: &SdkConfig, service: Service) -> Option<String> {
    let id = match service {
        Service::Sts => "STS",
        Service::Iam => "IAM",
        Service::Eks => "EKS",
        Service::Ec2 => "EC2",
        Service::Organizations => "Organizations",
    };
    let key =
        ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    config.service_config()?.load_config(key)
}

/// Organizations answers in one region of each partition.
fn signing_region(service: Service, region: &str) -> String {
    match service {
        Service::Organizations if region.starts_with("cn-") => "cn-northwest-1",
        Service::Organizations if region.starts_with("us-gov-") => "us-gov-west-1",
        Service::Organizations if !region.contains("iso") && !region.starts_with("eusc-") => "us-east-1",
        _ => region,
    }
    .to_owned()
}

fn standard(service: Service, region: &str, fips: bool, dual_stack: bool) -> String {
    let prefix = service.prefix();
    let own = PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("amazonaws.com", |(_, end)| end);
    let suffix = match own {
        "amazonaws.com" if dual_stack => "api.aws",
        "amazonaws.com.cn" if dual_stack => "api.amazonwebservices.com.cn",
        own => own,
    };
    let commercial = suffix == "amazonaws.com" && !region.starts_with("us-gov-");
    match service {
        Service::Eks if fips && commercial => format!("https://fips.eks.{region}.{suffix}"),
        // The regions of GovCloud are FIPS endpoints under their plain names.
        Service::Eks | Service::Ec2 if fips && region.starts_with("us-gov-") && !dual_stack => {
            format!("https://{prefix}.{region}.{suffix}")
        }
        _ if fips => format!("https://{prefix}-fips.{region}.{suffix}"),
        _ => format!("https://{prefix}.{region}.{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_names() {
        let url = |service, region: &str| standard(service, &signing_region(service, region), false, false);
        assert_eq!(url(Service::Eks, "eu-west-1"), "https://eks.eu-west-1.amazonaws.com");
        assert_eq!(url(Service::Eks, "cn-north-1"), "https://eks.cn-north-1.amazonaws.com.cn");
        assert_eq!(url(Service::Organizations, "eu-west-1"), "https://organizations.us-east-1.amazonaws.com");
        assert_eq!(url(Service::Organizations, "cn-north-1"), "https://organizations.cn-northwest-1.amazonaws.com.cn");
        assert_eq!(url(Service::Organizations, "us-gov-east-1"), "https://organizations.us-gov-west-1.amazonaws.com");
        assert_eq!(standard(Service::Eks, "us-east-1", true, false), "https://fips.eks.us-east-1.amazonaws.com");
        assert_eq!(standard(Service::Eks, "us-gov-west-1", true, false), "https://eks.us-gov-west-1.amazonaws.com");
        assert_eq!(standard(Service::Ec2, "us-east-1", true, false), "https://ec2-fips.us-east-1.amazonaws.com");
        assert_eq!(standard(Service::Eks, "us-east-1", false, true), "https://eks.us-east-1.api.aws");
    }
}
