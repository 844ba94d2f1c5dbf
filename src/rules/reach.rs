//! Finds the rules that no line can ever reach, with the rules that stand in their way.
//!
//! It never calls a rule unreachable that a line could reach. It finds every other one, but for what depends on filter
//! patterns, which it compares by their text only, and for rules that take too many steps to compare.
//!
//! For each condition of a rule a few values stand for all that it takes: the rule is reachable if and only if some
//! combination of them is taken by no rule before it.
//!
//! - Of a text with `*`, the text itself: a `*` of it fits only where an earlier rule has a `*` too, so whoever takes
//!   this value takes all that the text stands for.
//! - Of a condition that is not asked, a line without the field: whoever takes it does not ask either.
//! - Every line has a log group: where it is not asked, `*` stands for it. What no log group can be called is taken by no
//!   rule: whoever writes rules for others, as the Terraform module does, names it where they may leave a rule nothing.
//! - Of statuses and addresses, one for each part that all rules treat alike.
//! - Of the time, the rule's last day.

use std::array;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::conditions::Conditions;
use super::status_set::StatusSet;
use crate::glob::Glob;

/// How many times the combinations of one rule are split. Where that is too few the rule passes.
const MAX_STEPS: usize = 2_000;

/// A rule that can never be reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreachable {
    /// Its position.
    pub(super) at: usize,
    /// The positions of the earlier rules that take its lines; empty where its own conditions contradict each other.
    pub(super) takers: Vec<usize>,
}

/// The rules that can never be reached, in their order.
pub(super) fn unreachable(rules: &[&Conditions]) -> Vec<Unreachable> {
    unreachable_within(rules, MAX_STEPS)
}

fn unreachable_within(rules: &[&Conditions], steps: usize) -> Vec<Unreachable> {
    let found = rules.iter().enumerate().filter_map(|(at, rule)| {
        let earlier = rules.get(..at)?;
        let values = Values::of(rule, earlier);
        let takers: Vec<Taker> = (0..)
            .zip(earlier)
            .filter(|(_, earlier)| lasts_as_long(earlier, rule))
            .map(|(at, earlier)| Taker { at, takes: values.taken_by(earlier) })
            .collect();
        let mut search = Search { steps_left: steps, met: BTreeSet::new() };
        search
            .is_all_taken(values.all(), &takers)
            .then(|| Unreachable { at, takers: search.met.into_iter().collect() })
    });
    found.collect()
}

/// Whether a rule holds on the last day of another.
fn lasts_as_long(earlier: &Conditions, rule: &Conditions) -> bool {
    match (earlier.until_ms, rule.until_ms) {
        (None, _) => true,
        (Some(earlier), Some(rule)) => earlier >= rule,
        (Some(_), None) => false,
    }
}

/// How many conditions there are, method and route being one, and the time none.
const CONDITIONS: usize = 8;

/// For each condition, the values that stand for all that a rule takes. `None` is a line without the field.
struct Values<'r> {
    statuses: Vec<u16>,
    integration_statuses: Vec<Option<u16>>,
    calls: Vec<Call<'r>>,
    response_types: Vec<Option<&'r str>>,
    user_agents: Vec<Option<&'r str>>,
    addresses: Vec<Option<IpAddr>>,
    log_groups: Vec<Option<&'r str>>,
    patterns: Vec<Option<&'r str>>,
}

/// A line's method and path: a route asks for both.
#[derive(Clone, Copy)]
struct Call<'r> {
    method: Option<&'r str>,
    path: Option<&'r str>,
}

impl<'r> Values<'r> {
    fn of(rule: &'r Conditions, earlier: &[&Conditions]) -> Self {
        let integration = |rule: &Conditions| rule.integration_status.unwrap_or_default();
        let others: Vec<StatusSet> = earlier.iter().map(|earlier| earlier.status).collect();
        let integration_others: Vec<StatusSet> = earlier.iter().map(|earlier| integration(earlier)).collect();
        let networks: Vec<IpNet> =
            earlier.iter().flat_map(|earlier| earlier.ip.iter().flatten().copied()).collect();
        Self {
            statuses: rule.status.representatives(&others),
            integration_statuses: or_absent(
                rule.integration_status.map(|set| set.representatives(&integration_others)),
            ),
            calls: calls(rule),
            response_types: or_absent(rule.response_type.as_deref().map(texts)),
            user_agents: or_absent(rule.user_agent.as_deref().map(texts)),
            addresses: or_absent(rule.ip.as_deref().map(|own| representatives(own, &networks))),
            log_groups: rule
                .log_group
                .as_deref()
                .map_or_else(|| vec!["*"], texts)
                .into_iter()
                .map(Some)
                .collect(),
            patterns: or_absent(
                rule.pattern.as_ref().map(|list| list.iter().map(|pattern| &*pattern.text).collect()),
            ),
        }
    }

    /// Every combination: for each condition, the positions of all its values.
    fn all(&self) -> Block {
        let lengths = [
            self.statuses.len(),
            self.integration_statuses.len(),
            self.calls.len(),
            self.response_types.len(),
            self.user_agents.len(),
            self.addresses.len(),
            self.log_groups.len(),
            self.patterns.len(),
        ];
        lengths.map(|length| (0..length).collect())
    }

    /// For each condition, which of the values an earlier rule takes.
    fn taken_by(&self, earlier: &Conditions) -> [Vec<bool>; CONDITIONS] {
        let globs = |values: &[Option<&str>], wanted: Option<&[Glob]>| {
            taken(values, wanted, |glob: &Glob, value| glob.matches(value))
        };
        let integration = earlier.integration_status.map(|set| [set]);
        [
            self.statuses.iter().map(|status| earlier.status.contains(*status)).collect(),
            taken(
                &self.integration_statuses,
                integration.as_ref().map(<[StatusSet; 1]>::as_slice),
                |set, status| set.contains(*status),
            ),
            self.calls.iter().map(|call| call.is_taken_by(earlier)).collect(),
            globs(&self.response_types, earlier.response_type.as_deref()),
            globs(&self.user_agents, earlier.user_agent.as_deref()),
            taken(&self.addresses, earlier.ip.as_deref(), |network, address| network.contains(address)),
            globs(&self.log_groups, earlier.log_group.as_deref())
                .into_iter()
                .zip(self.log_groups.iter().flatten())
                .map(|(is_taken, log_group)| is_taken && can_be_log_group(log_group))
                .collect(),
            taken(&self.patterns, earlier.pattern.as_deref(), |pattern, text| pattern.text == *text),
        ]
    }
}

impl Call<'_> {
    fn is_taken_by(self, earlier: &Conditions) -> bool {
        let method = earlier.method.as_deref().is_none_or(|wanted| {
            self.method.is_some_and(|method| wanted.iter().any(|wanted| wanted == method))
        });
        method
            && earlier
                .route
                .as_deref()
                .is_none_or(|wanted| wanted.iter().any(|route| route.takes(self.method, self.path)))
    }
}

/// The methods and paths of a rule; none where they contradict each other.
fn calls(rule: &Conditions) -> Vec<Call<'_>> {
    let methods = || rule.method.iter().flatten().map(|method| Some(method.as_str()));
    match (&rule.method, &rule.route) {
        (None, None) => vec![Call { method: None, path: None }],
        (Some(_), None) => methods().map(|method| Call { method, path: None }).collect(),
        (None, Some(routes)) => routes
            .iter()
            .map(|route| Call { method: Some(route.method()), path: Some(route.path()) })
            .collect(),
        (Some(_), Some(routes)) => {
            let pairs = routes.iter().flat_map(|route| methods().map(move |method| (route, method)));
            pairs
                .map(|(route, method)| (route, Call { method, path: Some(route.path()) }))
                .filter(|(route, call)| route.takes(call.method, call.path))
                .map(|(_, call)| call)
                .collect()
        }
    }
}

/// Of these networks, one address for each part that lies inside or outside each of the others as a whole.
fn representatives(networks: &[IpNet], others: &[IpNet]) -> Vec<IpAddr> {
    // A line's IPv4 address in IPv6 is read as IPv4, so the addresses of this block are never met.
    const AFTER_MAPPED: IpAddr = IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 1, 0, 0));
    let is_mapped = |address: &IpAddr| address.to_canonical() != *address;
    let begins = networks.iter().chain(others).map(IpNet::network);
    let ends = others.iter().filter_map(|other| next(other.broadcast()));
    let addresses: BTreeSet<IpAddr> = begins
        .chain(ends)
        .chain([AFTER_MAPPED])
        .filter(|address| !is_mapped(address) && networks.iter().any(|network| network.contains(address)))
        .collect();
    addresses.into_iter().collect()
}

fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|next| IpAddr::V6(next.into())),
    }
}

fn texts(globs: &[Glob]) -> Vec<&str> {
    globs.iter().map(Glob::as_str).collect()
}

/// Whether a text with `*` fits what a log group can be called: letters, digits and a few marks.
fn can_be_log_group(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/#*".contains(&byte))
}

fn or_absent<T>(values: Option<Vec<T>>) -> Vec<Option<T>> {
    values.map_or_else(|| vec![None], |values| values.into_iter().map(Some).collect())
}

/// Which of the values a condition takes; `None` wanted is not asked.
fn taken<V, W>(values: &[Option<V>], wanted: Option<&[W]>, fits: impl Fn(&W, &V) -> bool) -> Vec<bool> {
    let is_taken = |value: &Option<V>| {
        wanted.is_none_or(|wanted| {
            value.as_ref().is_some_and(|value| wanted.iter().any(|wanted| fits(wanted, value)))
        })
    };
    values.iter().map(is_taken).collect()
}

/// Combinations: for each condition, the positions of some of its values.
type Block = [Vec<usize>; CONDITIONS];

/// An earlier rule, and for each condition which values it takes.
struct Taker {
    at: usize,
    takes: [Vec<bool>; CONDITIONS],
}

impl Taker {
    fn takes(&self, condition: usize, value: usize) -> bool {
        self.takes.get(condition).and_then(|takes| takes.get(value)).copied().unwrap_or_default()
    }

    fn takes_all(&self, block: &Block) -> bool {
        (0..).zip(block).all(|(condition, values)| values.iter().all(|value| self.takes(condition, *value)))
    }
}

/// The search for a combination that no earlier rule takes.
struct Search {
    steps_left: usize,
    /// The positions of the earlier rules that took something.
    met: BTreeSet<usize>,
}

impl Search {
    /// Whether each combination of the block is taken by one of the rules; not, where that takes too many steps.
    fn is_all_taken(&mut self, mut block: Block, takers: &[Taker]) -> bool {
        if block.iter().any(Vec::is_empty) {
            return true;
        }
        if let Some(taker) = takers.iter().find(|taker| taker.takes_all(&block)) {
            self.met.insert(taker.at);
            return true;
        }
        let Some((taker, rest)) = takers.split_first() else { return false };
        let Some(steps_left) = self.steps_left.checked_sub(1) else { return false };
        self.steps_left = steps_left;
        let split: [(Vec<usize>, Vec<usize>); CONDITIONS] = array::from_fn(|condition| {
            let values = block.get(condition).map(Vec::as_slice).unwrap_or_default();
            values.iter().partition(|value| taker.takes(condition, **value))
        });
        if split.iter().any(|(taken, _)| taken.is_empty()) {
            return self.is_all_taken(block, rest);
        }
        self.met.insert(taker.at);
        // What is left over in one condition, with what was taken of those before it and all of those behind it.
        for (condition, (taken, left)) in split.into_iter().enumerate() {
            let Some(values) = block.get_mut(condition) else { continue };
            *values = left;
            if !self.is_all_taken(block.clone(), rest) {
                return false;
            }
            if let Some(values) = block.get_mut(condition) {
                *values = taken;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::*;

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
            (r#""method":"GET""#, r#""route":"get /pets""#),
            (r#""method":["GET","PUT"]"#, r#""route":["GET /pets","PUT /pets*"]"#),
            (r#""route":"GET /pets*""#, r#""route":"* /pets","method":"GET""#),
            (r#""ip":["10.0.0.0/9","10.128.0.0/9"]"#, r#""ip":"10.0.0.0/8""#),
            (r#""ip":["::/1","8000::/1"]"#, r#""ip":["::/0","2001:db8::1"]"#),
            (r#""ip":["::/81","::8000:0:0/81","0:0:0:0:1::/80","::2:0:0:0/79"]"#, r#""ip":"::/78""#),
            (r#""route":"* /pets*""#, r#""route":["GET /pets/{id}","ANY /pets"]"#),
            (r#""route":"* $default""#, r#""route":"$default""#),
            (r#""response_type":"waf*""#, r#""response_type":"WAF_FILTERED""#),
            (r#""user_agent":["*bot*","curl*"]"#, r#""user_agent":"Curl/8*""#),
            (r#""ip":"10.0.0.0/8""#, r#""ip":["10.1.0.0/16","10.2.3.4"]"#),
            (r#""pattern":["a","b"]"#, r#""pattern":"a""#),
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
            (r#""method":"GET""#, r#""route":"* /pets""#),
            (r#""method":"GET""#, r#""route":["GET /pets","POST /pets"]"#),
            (r#""method":"GET""#, r#""route":"G* /pets""#),
            (r#""route":"GET /pets""#, r#""route":"* /pets""#),
            (r#""route":"* /pets/*""#, r#""route":"* /pets*""#),
            (r#""route":"* *""#, ""),
            (r#""response_type":"*""#, ""),
            (r#""user_agent":"curl/8""#, r#""user_agent":"curl/*""#),
            (r#""ip":"0.0.0.0/0""#, r#""ip":"::/0""#),
            (r#""ip":"10.1.0.0/16""#, r#""ip":"10.0.0.0/8""#),
            (r#""ip":["10.0.0.0/9","10.128.0.0/10"]"#, r#""ip":"10.0.0.0/8""#),
            (r#""ip":["::/1","8000::/2"]"#, r#""ip":"::/0""#),
            (r#""pattern":"a b""#, r#""pattern":["a","a b"]"#),
            (r#""until":"2027-01-31""#, ""),
            (r#""until":"2027-01-31""#, r#""until":"2027-02-01""#),
        ] {
            assert!(reached(first, second), "{second} behind {first}");
        }
    }

    /// As `infra/rules.tf` writes them for a row of `apis` with a destination, beside rules that take all.
    #[test]
    fn a_rule_that_names_what_no_log_group_can_be_called_is_never_refused() {
        let document = r#"{"rules":[
            {"name":"server errors (a)","log_group":["/a","(none)"],"status":["5xx"],"action":"notify","to":"a"},
            {"name":"server errors","status":["5xx"],"action":"notify"},
            {"name":"502 (a)","log_group":["/a","(none)"],"status":["502"],"action":"notify","to":"a"},
            {"name":"client errors (a)","log_group":["/a","(none)"],"status":["4xx"],"action":"notify","to":"a"},
            {"name":"client errors","status":["4xx"],"action":"notify"},
            {"name":"errors for a","log_group":["/a","(none)"],"action":"notify","to":"a"}
        ]}"#;
        assert!(Rules::parse(document).is_ok());
        assert!(Rules::parse(&document.replace(r#""/a","(none)""#, r#""/a""#)).is_err());
    }

    #[test]
    fn conditions_that_contradict_each_other_are_named() {
        let fault = |conditions: &str| {
            let document = format!(r#"{{"rules":[{{"name":"r","action":"count",{conditions}}}]}}"#);
            Rules::parse(&document).map_or_else(|error| error.to_string(), |_| String::new())
        };
        for conditions in [
            r#""method":"POST","route":"GET /pets""#,
            r#""method":["PUT","POST"],"route":["GET /pets","D* /pets"]"#,
        ] {
            assert!(fault(conditions).contains("`method` and `route` contradict each other"), "{conditions}");
        }
        for conditions in [
            r#""method":["POST","GET"],"route":"GET /pets""#,
            r#""method":"POST","route":["GET /pets","/pets*","P* /pets"]"#,
            r#""method":"POST","route":"ANY /pets""#,
            r#""method":"POST","route":"$default""#,
        ] {
            assert!(!fault(conditions).contains("contradict"), "{conditions}");
        }
    }

    #[test]
    fn rules_that_take_a_rule_s_lines_together_are_all_named() {
        let document = r#"{"rules":[
            {"name":"other","action":"count","status":"404","ip":"203.0.113.0/24"},
            {"name":"reads","action":"count","status":"5xx","method":["GET","HEAD"]},
            {"name":"left half","action":"count","ip":"10.0.0.0/9","method":"POST"},
            {"name":"writes","action":"count","status":"500-503","method":"POST"},
            {"name":"right half","action":"count","ip":"10.128.0.0/9","method":"POST"},
            {"name":"never","action":"notify","status":["500-504"],"method":["GET","POST"],"ip":"10.0.0.0/8"}
        ]}"#;
        let error = Rules::parse(document).unwrap_err().to_string();
        let words = r#"rule "never": can never be reached, since rules "reads", "left half" and "right half" together take its lines first"#;
        assert!(error.contains(words), "{error}");
        let reachable = document.replace(r#""500-504"]"#, r#""500-504","404"]"#);
        assert!(Rules::parse(&reachable).is_ok());
    }

    #[test]
    fn a_rule_whose_check_takes_too_many_steps_passes() {
        let parsed = |conditions: &str| {
            let document = format!(r#"{{"rules":[{{"name":"r","action":"count",{conditions}}}]}}"#);
            Rules::parse(&document).unwrap().rules.remove(0).conditions
        };
        let halves = [r#""status":"400-450""#, r#""status":"451-499""#, r#""status":"4xx""#].map(parsed);
        let halves = [&halves[0], &halves[1], &halves[2]];
        assert_eq!(unreachable_within(&halves, 1), [Unreachable { at: 2, takers: vec![0, 1] }]);
        assert_eq!(unreachable_within(&halves, 0), []);
    }
}
