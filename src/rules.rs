//! The operator's rules in, for each error line one [`Verdict`] out: notified, only counted, or ignored.
//!
//! The first rule that fits decides; a line that none fits is notified, so that no rule file can lose an error
//! by leaving it out. Rules never see a line with a status below 400, and never read a clock.

mod address;
mod conditions;
mod document;
mod fault;
mod incident_settings;
mod notify;
mod parse;
mod reach;
mod route;
mod rule_reader;
mod status_set;
mod to;
mod until;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod test_lines;

use conditions::{Conditions, Line};
pub(crate) use document::Value as Document;
pub use fault::{Fault, RulesError};
pub use incident_settings::IncidentSettings;
pub(crate) use notify::is_color;
use status_set::StatusSet;
pub use to::{DEFAULT_DESTINATION, To, is_destination_name};

use self::fault::{Place, Problem, RuleId, quoted};
use crate::access_log::{AccessLog, StatusClass};

/// Rules in the order in which they are asked.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
}

/// One rule: what it takes, and what becomes of that.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    action: Action,
    color: Option<String>,
    mention: Option<String>,
    to: To,
    incident: IncidentSettings,
    conditions: Conditions,
}

/// What becomes of an error line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It is notified.
    Notify,
    /// It is only numbered: in the footer of a message that is posted anyway, and in the metric `RuleHits`.
    Count,
    /// Nothing.
    Ignore,
}

/// Position of a rule in its [`Rules`], counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(usize);

/// What the rules say of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that took the line; `None` where none did.
    pub rule: Option<RuleIndex>,
    /// What becomes of it.
    pub action: Action,
}

impl Rules {
    /// Reads the rules from JSON as `infra/FUNCTION.md` describes them, at most 64 KiB and 100 rules.
    ///
    /// The error lists every fault of the document, each with the rule, the key and the fix.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        parse::rules(text)
    }

    /// The rules that hold where the operator gave none: 5xx and 4xx are notified.
    #[must_use]
    pub fn built_in() -> Self {
        let rule = |name: &str, status| Rule {
            name: name.to_owned(),
            action: Action::Notify,
            color: None,
            mention: None,
            to: To::default(),
            incident: IncidentSettings::default(),
            conditions: Conditions { status, ..Conditions::default() },
        };
        let class = |from, to| StatusSet::range(from, to).unwrap_or_default();
        Self { rules: vec![rule("server errors", class(500, 599)), rule("client errors", class(400, 499))] }
    }

    /// What becomes of the line that `log` was read from and that was logged in this log group at `timestamp_ms` (epoch,
    /// UTC).
    ///
    /// A line that no rule takes is notified, as the built-in rules have it.
    /// A status below 400 is no error: such a line is ignored, whatever the rules say.
    #[must_use]
    pub fn judge(&self, log: &AccessLog<'_>, log_group: &str, line: &str, timestamp_ms: i64) -> Verdict {
        if log.status.class() == StatusClass::Ok {
            return Verdict { rule: None, action: Action::Ignore };
        }
        let line = Line::new(log, log_group, line, timestamp_ms);
        let taken = self.iter().find(|(_, rule)| rule.conditions.hold(&line));
        taken.map_or(Verdict { rule: None, action: Action::Notify }, |(index, rule)| Verdict {
            rule: Some(index),
            action: rule.action,
        })
    }

    /// Whether any rule looks at a line's text rather than at its fields.
    #[must_use]
    pub fn look_at_lines(&self) -> bool {
        self.rules.iter().any(|rule| rule.conditions.pattern.is_some())
    }

    /// Whether no rule asks of a line more than what lines of one kind in one log group have in common: their status and
    /// that of the integration, method, route and response type. Then all of them have the same verdict at any time.
    #[must_use]
    pub fn decide_by_kind(&self) -> bool {
        self.rules.iter().all(|rule| rule.conditions.ask_for_kind_only())
    }

    /// Checks that there are the destinations that rules name; `known` are those that there are.
    ///
    /// The error names each rule with one that there is not.
    pub fn check_destinations(&self, known: &[&str]) -> Result<(), RulesError> {
        let unknown = self.rules.iter().flat_map(|rule| {
            let names = rule.to.names().filter(|name| !known.contains(name));
            names.map(|name| Fault {
                place: Place::RuleKey(RuleId::Name(rule.name.clone()), "to".to_owned()),
                problem: Problem::UnknownDestination { name: quoted(name), known: known.join(", ") },
            })
        });
        let faults: Vec<Fault> = unknown.collect();
        if faults.is_empty() { Ok(()) } else { Err(RulesError::new(faults)) }
    }

    /// The destinations to which errors of a log group may go, each once, the default one among them in any case: lines
    /// that no rule takes go there.
    #[must_use]
    pub fn destinations_of(&self, log_group: &str) -> Vec<&str> {
        let mut names = vec![DEFAULT_DESTINATION];
        let of_it = self.rules.iter().filter(|rule| rule.conditions.may_hold_in(log_group));
        for name in of_it.flat_map(|rule| rule.to.names()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Where the notice of an alarm of these log groups goes: to the first destination of the first rule that notifies and
    /// asks for the log group by name. Where they have different ones, to the default one.
    #[must_use]
    pub fn destination_of_alarm(&self, log_groups: &[String]) -> &str {
        let of_log_group = |log_group: &String| {
            let is_theirs = |rule: &&Rule| {
                rule.action == Action::Notify
                    && rule.conditions.log_group.is_some()
                    && rule.conditions.may_hold_in(log_group)
            };
            let rule = self.rules.iter().find(is_theirs);
            rule.and_then(|rule| rule.to.names().next()).unwrap_or(DEFAULT_DESTINATION)
        };
        let mut names = log_groups.iter().map(of_log_group);
        let first = names.next().unwrap_or(DEFAULT_DESTINATION);
        if names.all(|name| name == first) { first } else { DEFAULT_DESTINATION }
    }

    /// Whether one of `later` could never be reached behind these: one document with all of them would be refused.
    #[must_use]
    pub fn hide_any_of(&self, later: &Self) -> bool {
        let all: Vec<&Conditions> =
            self.rules.iter().chain(&later.rules).map(|rule| &rule.conditions).collect();
        !reach::unreachable(&all).is_empty()
    }

    /// The rules in their order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (RuleIndex, &Rule)> {
        self.rules.iter().enumerate().map(|(at, rule)| (RuleIndex(at), rule))
    }

    /// The rule at that position; `None` only for an index that comes from other rules.
    #[must_use]
    pub fn get(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(index.0)
    }
}

impl Rule {
    /// Its name: unique among the rules, not blank, without control characters, at most 80 characters long.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What becomes of the lines it takes.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// The message's colour: `good`, `warning`, `danger` or `#RRGGBB`. Only where the action is [`Action::Notify`].
    #[must_use]
    pub fn color(&self) -> Option<&str> {
        self.color.as_deref()
    }

    /// Slack mention tokens with single spaces between them, to be sent as they are.
    /// Only where the action is [`Action::Notify`].
    #[must_use]
    pub fn mention(&self) -> Option<&str> {
        self.mention.as_deref()
    }

    /// Where its lines go. The default destination where the action is not [`Action::Notify`].
    #[must_use]
    pub fn to(&self) -> &To {
        &self.to
    }

    /// What it says of when its groups are notified, and what to do about them.
    /// Empty where the action is not [`Action::Notify`].
    #[must_use]
    pub fn incident(&self) -> &IncidentSettings {
        &self.incident
    }
}

impl RuleIndex {
    /// The position as a number, counted from 0, such as for a table of hits.
    #[must_use]
    pub fn position(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::test_lines::access_log;
    use super::*;

    const RULES: &str = r#"{"rules":[
        {"name":"scanner noise","status":["403"],"response_type":["MISSING_AUTHENTICATION_TOKEN","WAF_*"],"action":"count"},
        {"name":"health","route":"GET /health*","action":"ignore"},
        {"name":"server errors","status":"5xx","action":"notify","color":"danger","mention":"<!here>"},
        {"name":"old client","user_agent":"*okhttp/3.*","method":"post","action":"count","until":"2027-01-31"},
        {"name":"inside","ip":["10.0.0.0/8","2001:db8::/32"],"integration_status":404,"action":"ignore"}]}"#;

    const NOON_OF_THE_LAST_DAY: i64 = 1_801_396_800_000;

    fn check(log: &AccessLog<'_>, timestamp_ms: i64, rule: Option<&str>, action: Action) {
        let rules = Rules::parse(RULES).unwrap();
        let verdict = rules.judge(log, "/aws/x", "", timestamp_ms);
        let name = verdict.rule.map(|index| rules.get(index).unwrap().name());
        assert_eq!((name, verdict.action), (rule, action), "{log:?}");
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let token = Some("missing_authentication_token".into());
        check(
            &AccessLog { response_type: token, ..access_log(403) },
            0,
            Some("scanner noise"),
            Action::Count,
        );
        let waf = AccessLog { response_type: Some("WAF_FILTERED".into()), ..access_log(403) };
        check(&waf, 0, Some("scanner noise"), Action::Count);
        let health = AccessLog { route_key: Some("GET /health/live".into()), ..access_log(503) };
        check(&health, 0, Some("health"), Action::Ignore);
        check(&access_log(503), 0, Some("server errors"), Action::Notify);
    }

    #[test]
    fn a_line_that_no_rule_takes_is_told_and_one_that_is_no_error_is_not() {
        check(&access_log(403), 0, None, Action::Notify);
        check(&access_log(400), 0, None, Action::Notify);
        check(&access_log(399), 0, None, Action::Ignore);
        let health = AccessLog { route_key: Some("GET /health".into()), ..access_log(200) };
        check(&health, 0, None, Action::Ignore);
    }

    #[test]
    fn a_rule_holds_through_its_last_day() {
        let log = AccessLog {
            user_agent: Some("app OkHttp/3.12".into()),
            method: Some("POST".into()),
            ..access_log(404)
        };
        check(&log, i64::MIN, Some("old client"), Action::Count);
        check(&log, NOON_OF_THE_LAST_DAY, Some("old client"), Action::Count);
        check(&log, NOON_OF_THE_LAST_DAY + 43_199_999, Some("old client"), Action::Count);
        check(&log, NOON_OF_THE_LAST_DAY + 43_200_000, None, Action::Notify);
        check(&log, i64::MAX, None, Action::Notify);
    }

    #[test]
    fn the_integration_s_own_status_goes_before_its_service_s() {
        let log = AccessLog {
            ip: Some("10.1.2.3".into()),
            integration_service_status: Some(404),
            ..access_log(404)
        };
        check(&log, 0, Some("inside"), Action::Ignore);
        check(&AccessLog { integration_status: Some(404), ..log.clone() }, 0, Some("inside"), Action::Ignore);
        check(&AccessLog { integration_status: Some(200), ..log.clone() }, 0, None, Action::Notify);
        check(&AccessLog { integration_service_status: None, ..log.clone() }, 0, None, Action::Notify);
        check(
            &AccessLog { ip: Some("2001:db8::1".into()), ..log.clone() },
            0,
            Some("inside"),
            Action::Ignore,
        );
        check(&AccessLog { ip: None, ..log }, 0, None, Action::Notify);
    }

    #[test]
    fn rules_that_ask_for_more_than_a_kind_are_known() {
        let rule = |asked: &str| format!(r#"{{"rules":[{{"name":"a",{asked},"action":"notify"}}]}}"#);
        let by_kind = |asked: &str| Rules::parse(&rule(asked)).unwrap().decide_by_kind();
        let kinds = r#""status":"5xx","integration_status":502,"method":"GET","route":"GET /a","response_type":"WAF*""#;
        assert!(by_kind(kinds) && Rules::built_in().decide_by_kind());
        for more in
            [r#""user_agent":"*bot*""#, r#""ip":"10.0.0.0/8""#, r#""pattern":"x""#, r#""until":"2027-01-31""#]
        {
            assert!(!by_kind(more), "{more}");
        }
    }

    #[test]
    fn a_rule_tells_its_name_action_colour_and_mention() {
        let rules = Rules::parse(RULES).unwrap();
        let found: Vec<_> =
            rules.iter().map(|(_, r)| (r.name(), r.action(), r.color(), r.mention())).collect();
        assert_eq!(found[1], ("health", Action::Ignore, None, None));
        assert_eq!(found[2], ("server errors", Action::Notify, Some("danger"), Some("<!here>")));
        assert_eq!(rules.iter().map(|(index, _)| index.position()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_built_in_rules_are_what_this_document_says() {
        let written = Rules::parse(
            r#"{"rules":[{"name":"server errors","status":"5xx","action":"notify"},
                         {"name":"client errors","status":"4xx","action":"notify"}]}"#,
        );
        assert_eq!(format!("{:?}", Rules::built_in()), format!("{:?}", written.unwrap()));
    }
}
