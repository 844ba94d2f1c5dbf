//! The address of an alarm's page in the AWS console.
//!
//! Nothing documents these addresses; the form is the one that the console itself uses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `encodeURIComponent` leaves alone besides letters and digits.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The console's page of an alarm. `region` must have the form of a Region's code, as
/// [`AlarmChange::region`](super::AlarmChange) has: it stands in the host name.
/// The partitions of China and of the US government have hosts of their own. The result holds no `|`, `<`, `>` or white space.
#[must_use]
pub fn alarm_url(region: &str, name: &str) -> String {
    let domain = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    let name = utf8_percent_encode(name, COMPONENT);
    format!("https://{region}.{domain}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_host() {
        for (region, start) in [
            (
                "ap-northeast-1",
                "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1#",
            ),
            ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#"),
            (
                "us-gov-west-1",
                "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#",
            ),
        ] {
            assert!(alarm_url(region, "a").starts_with(start), "{region}");
        }
    }

    #[test]
    fn a_name_is_encoded_as_the_console_does_it() {
        let url = alarm_url("us-east-1", "API 4xx/5xx <a|b> (prod)_1-2.3!~*' 日本");
        let (_, name) = url.split_once("#alarmsV2:alarm/").unwrap();
        assert_eq!(name, "API%204xx%2F5xx%20%3Ca%7Cb%3E%20(prod)_1-2.3!~*'%20%E6%97%A5%E6%9C%AC");
    }
}
