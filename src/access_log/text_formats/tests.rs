//! All formats together: what a client writes moves no field, and a line of one kind is read as no other.

use proptest::prelude::*;

use super::{FormatLine, check, clf, cloudfront, csv, key_value, load_balancer, xml};
use crate::access_log::columns::Columns;

type Read = for<'a> fn(&'a str) -> Option<FormatLine<'a>>;

/// Those that read a format in its own shape; what is in any order is read where these leave it.
const READERS: [(&str, Read); 6] = [
    ("clf", clf::read),
    ("csv", csv::read),
    ("xml", xml::read),
    ("key-value", key_value::read),
    ("alb", load_balancer::read),
    ("cloudfront", |line| cloudfront::read(line, Columns::DEFAULT)),
];

const TIME: &str = "18/Nov/2020:05:28:56 +0000";

/// The same request in each format: the format's name and its line.
pub(crate) fn rendered(
    ip: &str,
    method: &str,
    path: &str,
    status: u16,
    id: &str,
    agent: &str,
) -> Vec<(&'static str, String)> {
    let quoted = agent.replace('\\', "\\\\").replace('"', "\\\"");
    let encoded = agent.replace([' ', '\t'], "%20");
    vec![
        ("clf", format!("{ip} - - [{TIME}] \"{method} {path} HTTP/1.1\" {status} 36 {id}")),
        ("clf", format!("{ip} - - [{TIME}] \"{method} {path} HTTP/1.1\" {status} 36 {id} \"{quoted}\" 12")),
        ("clf", format!("{ip} - - [{TIME}] \"{method} {path} HTTP/1.1\" {status} 36 \"-\" \"{quoted}\"")),
        (
            "clf",
            format!(
                "x.example.com:80 {ip} - - [{TIME}]\"{method} {path} HTTP/1.1\" {status} 36 {id} - some words"
            ),
        ),
        ("csv", format!("{ip},-,-,{TIME},{method},{path},HTTP/1.1,{status},36,{id}")),
        ("csv", format!("{id},{ip},-,-,{TIME},{method},{path},HTTP/1.1,{status},36,{id},12,some words")),
        ("csv", format!("{ip},{TIME},{method},{path},HTTP/1.1,{status},36,{id},{id}")),
        (
            "xml",
            format!(
                "<request id=\"{id}\"> <requestTime>{TIME}</requestTime> <httpMethod>{method}</httpMethod> \
                 <resourcePath>{path}</resourcePath> <status>{status}</status> <more>200</more> <ip>{ip}</ip> </request>"
            ),
        ),
        (
            "key-value",
            format!(
                "requestId: {id}, ip: {ip}, requestTime: {TIME}, httpMethod: {method}, resourcePath: {path}, \
                 status: {status}, protocol: HTTP/1.1, responseLength: 36"
            ),
        ),
        (
            "key-value",
            format!(
                "requestId={id} ip={ip} httpMethod={method} resourcePath={path} status={status} userAgent=\"{quoted}\""
            ),
        ),
        (
            "alb",
            format!(
                "https 2018-07-02T22:23:00.186641Z app/x/1 {ip}:2817 10.0.0.1:80 0.000 0.001 0.000 {status} 200 34 366 \
                 \"{method} https://www.example.com:443{path} HTTP/2.0\" \"{quoted}\" - - arn:x \"{id}\" \"-\""
            ),
        ),
        (
            "cloudfront",
            format!(
                "2019-12-04\t21:02:31\tLAX1\t392\t{ip}\t{method}\td1.cloudfront.net\t{path}\t{status}\t-\t{encoded}\t\
                 -\t-\tHit\t{id}"
            ),
        ),
    ]
}

proptest! {
    #[test]
    fn a_rendered_line_gives_back_its_values_and_is_read_by_no_other_format(
        ip in any::<std::net::Ipv4Addr>(),
        method in "GET|POST|DELETE",
        path in "/[a-z0-9/{}._-]{0,20}",
        status in 100_u16..600,
        id in "[a-z][a-z0-9-]{3,20}",
        agent in "[ -~]{1,40}",
    ) {
        let ip = ip.to_string();
        for (format, line) in rendered(&ip, &method, &path, status, &id, &agent) {
            for (other, read) in READERS {
                let log = read(&line).map(|line| line.log);
                if other != format {
                    // What a client sends may keep a line from being read, but not make another of it.
                    prop_assert!(log.is_none(), "{} as {}: {}", format, other, line);
                    continue;
                }
                let Some(log) = log else {
                    // A client made a second key, or a second end of the request.
                    prop_assert!(agent.contains(['"', '=', '\\']), "{}: {}", format, line);
                    continue;
                };
                prop_assert_eq!(log.status.code(), status, "{}: {}", format, line);
                prop_assert_eq!(log.method.as_deref(), Some(method.as_str()), "{}: {}", format, line);
                prop_assert_eq!(log.ip.as_deref(), Some(ip.as_str()), "{}: {}", format, line);
                let target = log.resource_path.or(log.route_key).or(log.path);
                prop_assert_eq!(target.as_deref(), Some(path.as_str()), "{}: {}", format, line);
                if log.request_id.is_some() {
                    prop_assert_eq!(log.request_id.as_deref(), Some(id.as_str()), "{}: {}", format, line);
                }
            }
        }
    }

    #[test]
    fn a_line_cut_anywhere_has_no_other_status(status in 400_u16..600, cut in 0_usize..600) {
        for (format, line) in rendered("192.0.2.1", "GET", "/a", status, "c6af", "x/1") {
            let line = line.get(..cut.min(line.len())).unwrap_or_default();
            for (_, read) in READERS {
                let found = read(line).map(|line| line.log.status.code());
                prop_assert!(found.is_none_or(|found| found == status), "{}: {}", format, line);
            }
        }
    }

    #[test]
    fn whatever_a_path_holds_the_status_is_the_one_behind_it(
        path in prop_oneof![
            "/.{0,40}",
            r#"/([ ,<>/"]|200|500|HTTP/1\.1|-|GET|<status>|</status>|</resourcePath>|18/Nov/2020:05:28:56 \+0000){0,12}"#,
        ],
        extended_request_id in any::<bool>(),
    ) {
        let (ext, time) = (if extended_request_id { "JKJ=" } else { "" }, "18/Nov/2020:05:28:56 +0000");
        let clf = format!("203.0.113.7 - - [{time}] \"GET {path} HTTP/1.1\" 503 404 c6af {ext}");
        let csv = format!("203.0.113.7,-,-,{time},GET,{path},HTTP/1.1,503,404,c6af,{ext}");
        let ext_element = format!("<extendedRequestId>{ext}</extendedRequestId> ");
        let xml = format!(
            "<request id=\"c6af\"> {} <ip>203.0.113.7</ip> <caller>-</caller> <user>-</user> \
             <requestTime>{time}</requestTime> <httpMethod>GET</httpMethod> <resourcePath>{path}</resourcePath> \
             <status>503</status> <protocol>HTTP/1.1</protocol> <responseLength>404</responseLength> </request>",
            if extended_request_id { ext_element.as_str() } else { "" },
        );
        let ext = extended_request_id.then_some(ext);
        let fields = [Some("GET"), Some(path.as_str()), None, Some("203.0.113.7"), Some("c6af"), ext];
        let clf = clf.trim_end_matches(' ');
        let csv = csv.trim_end_matches(',');
        check(clf::read(clf), clf, 503, fields);
        check(csv::read(csv), csv, 503, fields);
        check(xml::read(&xml), &xml, 503, fields);
    }

    #[test]
    fn no_text_makes_a_reader_panic(line in r#"([ -~é\r\n]|18/Nov/2020:05:28:56 \+0000|["\[\],<>]|<ip>|203\.0\.113\.7){0,40}"#) {
        for (format, read) in READERS {
            if let Some(FormatLine { log, .. }) = read(&line) {
                prop_assert!(line.contains(&log.status.to_string()), "{format} makes up {}: {line}", log.status);
            }
        }
    }
}
