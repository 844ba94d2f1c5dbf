//! Requests in; the same requests as lines of every shape that access logs have, out.
//!
//! It never calls the code that is measured.

use std::fmt::Write as _;

use fastrand::Rng;

use crate::data::{self, Request, SEED};

/// A name, and how it writes a request.
pub(crate) type Shape = (&'static str, fn(&Request) -> String);

/// Every shape and how it writes a request. The flat JSON comes first: the others are compared with it.
pub(crate) const SHAPES: [Shape; 12] = [
    ("flat JSON", Request::json),
    ("nested JSON", nested),
    ("JSON, one escaped value", escaped),
    ("CLF", clf),
    ("CSV", csv),
    ("key-value", key_value),
    ("XML", xml),
    ("combined", combined),
    ("logfmt", logfmt),
    ("application load balancer", load_balancer),
    ("CloudFront", cloudfront),
    ("VPC Lattice", lattice),
];

/// 1 November 2026, epoch milliseconds.
const BEGIN_MS: u64 = 1_793_491_200_000;
/// As densely as a busy API logs.
const STEP_MS: u64 = 1;

/// So many lines, of which so many in a hundred are errors, in one file.
pub(crate) fn recording(form: fn(&Request) -> String, lines: u64, percent: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(SEED);
    let mut text = String::new();
    for number in 0..lines {
        let is_error = percent > 0 && number % (100 / percent) == 7;
        let request = data::request(&mut rng, BEGIN_MS + number * STEP_MS, is_error);
        writeln!(text, "{}", form(&request)).unwrap();
    }
    text.into_bytes()
}

fn nested(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(
        r#"{{"requestId":"{id}","identity":{{"ip":"{ip}","caller":"{caller}","user":"{caller}","userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}},"requestTime":"{time}","request":{{"httpMethod":"{method}","resourcePath":"{path}","protocol":"HTTP/1.1"}},"status":"{status}","error":{{"message":"-","responseType":"-"}},"responseLength":{length}}}"#
    )
}

fn escaped(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(
        r#"{{ "requestId":"{id}", "ip": "{ip}", "caller":"{caller}", "userAgent":"the \"{caller}\" of {length}","requestTime":"{time}", "httpMethod":"{method}","resourcePath":"{path}", "status":"{status}","protocol":"HTTP/1.1", "responseLength":"{length}" }}"#
    )
}

fn clf(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(r#"{ip} {caller} {caller} [{time}] "{method} {path} HTTP/1.1" {status} {length} {id}"#)
}

fn csv(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!("{ip},{caller},{caller},{time},{method},{path},HTTP/1.1,{status},{length},{id}")
}

fn key_value(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(
        "requestId: {id}, ip: {ip}, caller: {caller}, user: {caller}, requestTime: {time}, httpMethod: {method}, resourcePath: {path}, status: {status}, protocol: HTTP/1.1, responseLength: {length}"
    )
}

fn xml(request: &Request) -> String {
    let Request { id, ip, caller, time, method, path, status, length } = request;
    format!(
        r#"<request id="{id}"> <ip>{ip}</ip> <caller>{caller}</caller> <user>{caller}</user> <requestTime>{time}</requestTime> <httpMethod>{method}</httpMethod> <resourcePath>{path}</resourcePath> <status>{status}</status> <protocol>HTTP/1.1</protocol> <responseLength>{length}</responseLength> </request>"#
    )
}

fn combined(request: &Request) -> String {
    let Request { ip, time, method, path, status, length, .. } = request;
    format!(
        r#"{ip} - - [{time}] "{method} {path} HTTP/1.1" {status} {length} "https://www.example.com/" "Mozilla/5.0 (X11; Linux x86_64)""#
    )
}

fn logfmt(request: &Request) -> String {
    let Request { id, ip, time, method, path, status, .. } = request;
    format!(
        r#"requestId={id} ip={ip} requestTime="{time}" httpMethod={method} resourcePath={path} status={status} userAgent="Mozilla/5.0 (X11; Linux x86_64)""#
    )
}

fn load_balancer(request: &Request) -> String {
    let Request { method, path, status, length, .. } = request;
    let at = iso(request);
    let port = 1_024 + length;
    let path = path.replace(['{', '}'], "");
    format!(
        r#"https {at}.186641Z app/orders/50dc6c495c0c9188 203.0.113.11:{port} 10.0.0.1:80 0.000 0.001 0.000 {status} {status} 34 {length} "{method} https://www.example.com:443{path} HTTP/2.0" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/orders/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "www.example.com" "session-reused" 1 {at}.186000Z "forward" "-" "-" "10.0.0.1:80" "{status}" "-" "-""#
    )
}

fn cloudfront(request: &Request) -> String {
    let Request { id, ip, method, path, status, length, .. } = request;
    let at = iso(request);
    let (date, time) = at.split_once('T').unwrap();
    let path = path.replace(['{', '}'], "");
    format!(
        "{date}\t{time}\tNRT57-P1\t{length}\t{ip}\t{method}\td111111abcdef8.cloudfront.net\t{path}\t{status}\t-\tMozilla/5.0%20(X11;%20Linux)\t-\t-\tHit\t{id}==\twww.example.com\thttps\t23\t0.001\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t78\t-\t-"
    )
}

fn lattice(request: &Request) -> String {
    let Request { ip, method, path, status, length, .. } = request;
    let at = iso(request);
    format!(
        r#"{{"eventTime":"{at}.000Z","hostHeader":"orders.example.com","authDeniedReason":"-","requestMethod":"{method}","userAgent":"curl/8.5.0","sourceIpPort":"{ip}","requestPath":"{path}","startTime":"{at}Z","protocol":"HTTP/1.1","responseCode":{status},"bytesReceived":42,"bytesSent":{length},"duration":12}}"#
    )
}

/// The time of a request as ISO 8601 has it, without a zone.
fn iso(request: &Request) -> String {
    format!("2026-11-18T{}", &request.time[12..20])
}
