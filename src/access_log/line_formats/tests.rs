//! All formats together: what a client writes moves no field, and a line of one kind is read as no other.

use proptest::prelude::*;

use super::{check, clf, csv, key_value, xml};

proptest! {
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
        let _ = (clf::read(&line), csv::read(&line), key_value::read(&line), xml::read(&line));
    }
}
