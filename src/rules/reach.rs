//! Rules in their order in, those that no line can ever reach out, with the rules that stand in their way.
//!
//! It never calls a rule unreachable that a line could reach; that it finds every such rule is not promised.

use super::conditions::Conditions;
use super::glob::Glob;
use super::route::Route;

/// For each rule that can never be reached: its position, and the positions of the earlier rules that take its lines.
pub(super) fn unreachable(rules: &[&Conditions]) -> Vec<(usize, Vec<usize>)> {
    let found = rules.iter().enumerate().filter_map(|(at, rule)| {
        let mut left = rule.status;
        let mut takers = Vec::new();
        for (earlier_at, earlier) in rules.iter().enumerate().take(at) {
            if !left.intersection(earlier.status).is_empty() && covers_beside_status(earlier, rule) {
                left = left.without(earlier.status);
                takers.push(earlier_at);
            }
        }
        left.is_empty().then_some((at, takers))
    });
    found.collect()
}

/// Whether every line that fulfils `narrow`, its status aside, fulfils `wide`, its status aside.
fn covers_beside_status(wide: &Conditions, narrow: &Conditions) -> bool {
    let lasts_as_long = match (wide.until_ms, narrow.until_ms) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => wide >= narrow,
        (Some(_), None) => false,
    };
    let integration_status = match (wide.integration_status, narrow.integration_status) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => narrow.without(wide).is_empty(),
        (Some(_), None) => false,
    };
    lasts_as_long
        && integration_status
        && covers(wide.method.as_deref(), narrow.method.as_deref(), PartialEq::eq)
        && covers(wide.route.as_deref(), narrow.route.as_deref(), Route::covers)
        && covers(wide.response_type.as_deref(), narrow.response_type.as_deref(), Glob::covers)
        && covers(wide.user_agent.as_deref(), narrow.user_agent.as_deref(), |wide, narrow| {
            wide.covers(narrow)
        })
        && covers(wide.ip.as_deref(), narrow.ip.as_deref(), |wide, narrow| wide.contains(narrow))
        && covers(wide.pattern.as_deref(), narrow.pattern.as_deref(), |wide, narrow| wide.text == narrow.text)
}

/// Whether each value that `narrow` takes is taken by one of `wide`'s; a condition that is not asked takes all.
fn covers<T>(wide: Option<&[T]>, narrow: Option<&[T]>, value_covers: impl Fn(&T, &T) -> bool) -> bool {
    let Some(wide) = wide else { return true };
    narrow
        .is_some_and(|narrow| narrow.iter().all(|narrow| wide.iter().any(|wide| value_covers(wide, narrow))))
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    /// Whether the second of two rules can be reached behind the first.
    fn reached(first: &str, second: &str) -> bool {
        let rule = |name: &str, entries: &str| {
            let comma = if entries.is_empty() { "" } else { "," };
            format!(r#"{{"name":"{name}","action":"notify"{comma}{entries}}}"#)
        };
        match Rules::parse(&format!(r#"{{"rules":[{},{}]}}"#, rule("1", first), rule("2", second))) {
            Ok(_) => true,
            Err(error) => {
                let [fault] = error.faults() else { panic!("{error}") };
                assert!(fault.to_string().starts_with(r#"rule "2": can never be reached"#), "{error}");
                false
            }
        }
    }

    #[test]
    fn a_rule_is_covered_by_one_that_asks_less_of_each_field() {
        for (first, second) in [
            ("", ""),
            (r#""status":"4xx""#, r#""status":["404",429]"#),
            (r#""status":"4xx""#, r#""status":["302","404"]"#),
            (r#""status":["4xx","5xx"]"#, r#""method":"GET""#),
            (r#""integration_status":"5xx""#, r#""integration_status":"502-504","status":"502""#),
            (r#""method":["get","PUT"]"#, r#""method":"Get""#),
            (r#""route":"* /pets*""#, r#""route":["GET /pets/{id}","ANY /pets"]"#),
            (r#""route":"* $default""#, r#""route":"$default""#),
            (r#""response_type":"waf*""#, r#""response_type":"WAF_FILTERED""#),
            (r#""user_agent":["*bot*","curl*"]"#, r#""user_agent":"Curl/8*""#),
            (r#""ip":"10.0.0.0/8""#, r#""ip":["10.1.0.0/16","10.2.3.4"]"#),
            ("", r#""until":"2027-01-31""#),
            (r#""until":"2027-01-31""#, r#""until":"2027-01-31""#),
            (r#""until":"2027-02-01""#, r#""until":"2027-01-31""#),
        ] {
            assert!(!reached(first, second), "{first} covers {second}");
        }
    }

    #[test]
    fn a_rule_is_reached_where_one_field_is_left_over() {
        for (first, second) in [
            (r#""status":"4xx""#, ""),
            (r#""status":"404""#, r#""status":"4xx""#),
            (r#""integration_status":"100-599""#, ""),
            (r#""method":"GET""#, r#""method":["GET","PUT"]"#),
            (r#""method":"GET""#, r#""route":"GET /pets""#),
            (r#""route":"GET /pets""#, r#""route":"* /pets""#),
            (r#""route":"* /pets/*""#, r#""route":"* /pets*""#),
            (r#""route":"* *""#, ""),
            (r#""response_type":"*""#, ""),
            (r#""user_agent":"curl/8""#, r#""user_agent":"curl/*""#),
            (r#""ip":"0.0.0.0/0""#, r#""ip":"::/0""#),
            (r#""ip":"10.1.0.0/16""#, r#""ip":"10.0.0.0/8""#),
            (r#""until":"2027-01-31""#, ""),
            (r#""until":"2027-01-31""#, r#""until":"2027-02-01""#),
        ] {
            assert!(reached(first, second), "{second} behind {first}");
        }
    }
}
