//! The services of AWS that are called, and where each one is.
//!
//! It knows names and domains only; it never connects to one.

#[cfg(feature = "live")]
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode,
};
use reqwest::Url;

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The parameter store of Systems Manager.
    Ssm,
    /// Secrets Manager.
    SecretsManager,
    /// DynamoDB.
    DynamoDb,
    /// CloudWatch Logs.
    Logs,
    /// CloudWatch: metrics and alarms.
    #[cfg(feature = "live")]
    CloudWatch,
    /// Lambda. It speaks no JSON protocol.
    #[cfg(feature = "live")]
    Lambda,
    /// SQS.
    #[cfg(feature = "live")]
    Sqs,
    /// SNS. It speaks no JSON protocol.
    #[cfg(feature = "live")]
    Sns,
    /// EventBridge.
    #[cfg(feature = "live")]
    Events,
    /// API Gateway, REST APIs and the others. It speaks no JSON protocol.
    #[cfg(feature = "live")]
    ApiGateway,
    /// S3. It speaks no JSON.
    #[cfg(feature = "live")]
    S3,
}

impl Service {
    /// Those that the function calls.
    pub(super) const ALL: [Self; 4] = [Self::Ssm, Self::SecretsManager, Self::DynamoDb, Self::Logs];

    /// How requests for it are signed.
    #[cfg(feature = "live")]
    pub(super) fn signing_settings(self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self == Self::S3 {
            // Source: S3's API reference, "Signature Version 4": the path as it is sent, and the body's hash in a header.
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        settings
    }

    /// The name in signatures and in host names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::SecretsManager => "secretsmanager",
            Self::DynamoDb => "dynamodb",
            Self::Logs => "logs",
            #[cfg(feature = "live")]
            Self::CloudWatch => "monitoring",
            #[cfg(feature = "live")]
            Self::Lambda => "lambda",
            #[cfg(feature = "live")]
            Self::Sqs => "sqs",
            #[cfg(feature = "live")]
            Self::Sns => "sns",
            #[cfg(feature = "live")]
            Self::Events => "events",
            #[cfg(feature = "live")]
            Self::ApiGateway => "apigateway",
            #[cfg(feature = "live")]
            Self::S3 => "s3",
        }
    }

    /// The variable by which AWS's own tools are pointed at another endpoint of this service.
    #[must_use]
    pub fn endpoint_variable(self) -> &'static str {
        match self {
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Logs => "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
            #[cfg(feature = "live")]
            Self::CloudWatch => "AWS_ENDPOINT_URL_CLOUDWATCH",
            #[cfg(feature = "live")]
            Self::Lambda => "AWS_ENDPOINT_URL_LAMBDA",
            #[cfg(feature = "live")]
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
            #[cfg(feature = "live")]
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
            #[cfg(feature = "live")]
            Self::Events => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            #[cfg(feature = "live")]
            Self::ApiGateway => "AWS_ENDPOINT_URL_API_GATEWAY",
            #[cfg(feature = "live")]
            Self::S3 => "AWS_ENDPOINT_URL_S3",
        }
    }

    /// How a profile of AWS's configuration files names the service, with `_` for a space.
    #[cfg(feature = "live")]
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Ssm => "ssm",
            Self::SecretsManager => "secrets_manager",
            Self::DynamoDb => "dynamodb",
            // aws-runtime 1.10 makes `cloudwatch-logs` of the service's own name.
            Self::Logs => "cloudwatch_logs",
            Self::CloudWatch => "cloudwatch",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::Events => "eventbridge",
            Self::ApiGateway => "api_gateway",
            Self::S3 => "s3",
        }
    }

    /// The version of AWS's JSON protocol that the service speaks.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ssm | Self::SecretsManager | Self::Logs => "application/x-amz-json-1.1",
            Self::DynamoDb => "application/x-amz-json-1.0",
            #[cfg(feature = "live")]
            Self::Events => "application/x-amz-json-1.1",
            #[cfg(feature = "live")]
            Self::CloudWatch | Self::Sqs => "application/x-amz-json-1.0",
            #[cfg(feature = "live")]
            Self::Lambda | Self::Sns | Self::ApiGateway | Self::S3 => "application/xml",
        }
    }

    /// AWS's own endpoint in a Region.
    pub(crate) fn endpoint(self, region: &str) -> Option<Url> {
        // China and the European Sovereign Cloud are partitions with domains of their own; GovCloud has
        // the usual one.
        let domain = match region {
            _ if region.starts_with("cn-") => "amazonaws.com.cn",
            _ if region.starts_with("eusc-") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Url::parse(&format!("https://{}.{region}.{domain}/", self.name())).ok()
    }
}

/// Whether a text can be a Region and so part of a host name.
pub(crate) fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_own_endpoints() {
        for (region, ssm, secrets_manager) in [
            ("eu-west-1", "ssm.eu-west-1.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com"),
            (
                "us-gov-west-1",
                "ssm.us-gov-west-1.amazonaws.com",
                "secretsmanager.us-gov-west-1.amazonaws.com",
            ),
            ("cn-north-1", "ssm.cn-north-1.amazonaws.com.cn", "secretsmanager.cn-north-1.amazonaws.com.cn"),
            (
                "eusc-de-east-1",
                "ssm.eusc-de-east-1.amazonaws.eu",
                "secretsmanager.eusc-de-east-1.amazonaws.eu",
            ),
        ] {
            for (service, host) in [(Service::Ssm, ssm), (Service::SecretsManager, secrets_manager)] {
                assert_eq!(service.endpoint(region).unwrap().as_str(), format!("https://{host}/"));
            }
        }
    }
}
