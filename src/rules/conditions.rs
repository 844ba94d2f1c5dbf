//! The conditions of a rule, and whether a line fulfils them. What a new one takes besides: `ARCHITECTURE.md`, "How to
//! add".
//!
//! It never asks a line what the rule does not ask: a line's address and user agent are read at most once,
//! and only where a rule that is still in question looks at them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;

use ipnet::IpNet;

use super::address;
use super::route::{Route, method_of};
use super::status_set::StatusSet;
use crate::access_log::AccessLog;
use crate::filter_pattern::FilterPattern;
use crate::glob::{Glob, fold};

/// The conditions of one rule: all must hold, a list means any of, `None` is not asked.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    /// Within 400 to 599, which is also what a rule without the key asks.
    pub(super) status: StatusSet,
    /// Of `integration.status` where the line has it, else of `integrationStatus`.
    pub(super) integration_status: Option<StatusSet>,
    /// In capitals.
    pub(super) method: Option<Vec<String>>,
    pub(super) route: Option<Vec<Route>>,
    pub(super) response_type: Option<Vec<Glob>>,
    pub(super) user_agent: Option<Vec<Glob>>,
    pub(super) ip: Option<Vec<IpNet>>,
    pub(super) log_group: Option<Vec<Glob>>,
    pub(super) pattern: Option<Vec<Pattern>>,
    /// Epoch milliseconds from which on the rule no longer holds.
    pub(super) until_ms: Option<i64>,
}

/// A filter pattern and how it was written: patterns are compared by their text.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) filter: FilterPattern,
}

/// One line while the rules are held against it.
#[derive(Debug)]
pub(super) struct Line<'l> {
    log: &'l AccessLog<'l>,
    log_group: &'l str,
    text: &'l str,
    timestamp_ms: i64,
    user_agent: OnceCell<Option<Cow<'l, str>>>,
    ip: OnceCell<Option<IpAddr>>,
}

impl<'l> Line<'l> {
    pub(super) fn new(log: &'l AccessLog<'l>, log_group: &'l str, text: &'l str, timestamp_ms: i64) -> Self {
        Self { log, log_group, text, timestamp_ms, user_agent: OnceCell::new(), ip: OnceCell::new() }
    }

    fn user_agent(&self) -> Option<&str> {
        self.user_agent.get_or_init(|| self.log.user_agent.as_deref().map(fold)).as_deref()
    }

    fn ip(&self) -> Option<IpAddr> {
        *self.ip.get_or_init(|| address::of_line(self.log.ip.as_deref()?))
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            status: StatusSet::errors(),
            integration_status: None,
            method: None,
            route: None,
            response_type: None,
            user_agent: None,
            ip: None,
            log_group: None,
            pattern: None,
            until_ms: None,
        }
    }
}

impl Conditions {
    /// Whether a line of this log group can fulfil them, as far as they ask for its log group.
    pub(super) fn may_hold_in(&self, log_group: &str) -> bool {
        any(self.log_group.as_deref(), || Some(log_group), |glob, name| glob.matches(name))
    }

    /// Whether they are the same for all lines of one kind in one log group, at any time.
    pub(super) fn ask_for_kind_only(&self) -> bool {
        self.user_agent.is_none() && self.ip.is_none() && self.pattern.is_none() && self.until_ms.is_none()
    }

    /// Whether all of them hold; the cheap ones are asked first.
    pub(super) fn hold(&self, line: &Line<'_>) -> bool {
        let log = line.log;
        self.status.contains(log.status.code())
            && self.until_ms.is_none_or(|end| line.timestamp_ms < end)
            && self.integration_status.is_none_or(|set| {
                let status = log.integration_status.or(log.integration_service_status);
                status.is_some_and(|status| set.contains(status))
            })
            && self.may_hold_in(line.log_group)
            && any(
                self.method.as_deref(),
                || method_of(log),
                |method, of_line| method.eq_ignore_ascii_case(of_line),
            )
            && any(self.route.as_deref(), || Some(log), |route, log| route.matches(log))
            && any(
                self.response_type.as_deref(),
                || log.response_type.as_deref().map(fold),
                |glob, text| glob.matches(text),
            )
            && any(self.ip.as_deref(), || line.ip(), |network, ip| network.contains(ip))
            && any(self.user_agent.as_deref(), || line.user_agent(), |glob, text| glob.matches(text))
            && any(self.pattern.as_deref(), || Some(line.text), |pattern, text| pattern.filter.matches(text))
    }
}

/// Whether nothing is asked, or the line has the field and one of the wanted values fits it.
fn any<W, F>(wanted: Option<&[W]>, field: impl FnOnce() -> Option<F>, fits: impl Fn(&W, &F) -> bool) -> bool {
    wanted.is_none_or(|wanted| field().is_some_and(|field| wanted.iter().any(|wanted| fits(wanted, &field))))
}
