//! Reads a route, as a rule writes it, into a matcher for a line's method and paths.
//!
//! It never looks into a line's text, only at the fields that were read from it.

use crate::access_log::AccessLog;

use super::fault::{Problem, quoted};
use crate::glob::{Glob, fold};

/// `METHOD PATH`, each with `*`; a lone WebSocket or HTTP API route key such as `$default` goes with any method.
#[derive(Debug, Clone)]
pub(super) struct Route {
    method: Glob,
    path: Glob,
}

/// API Gateway's own word for every method, in the console and in route keys.
pub(super) const ANY: &str = "ANY";

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", ANY];

impl Route {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match *words.as_slice() {
            [] => Err(Problem::EmptyValue),
            [path] if path.starts_with('/') || (path.starts_with('*') && path != "*") => {
                Err(Problem::RouteNoMethod(quoted(path)))
            }
            [method] if method == "*" || is_method(method) => Err(Problem::RouteNoPath(quoted(method))),
            [key] if !key.contains('/') => Ok(Self { method: Glob::new("*"), path: Glob::new(key) }),
            [method, path] if is_method_pattern(method) && path.starts_with(['/', '*', '$']) => {
                let every = method.eq_ignore_ascii_case(ANY);
                let method = if every { Glob::new("*") } else { Glob::folded(method) };
                Ok(Self { method, path: Glob::new(path) })
            }
            _ => Err(Problem::NotRoute(quoted(text))),
        }
    }

    /// Whether the line's method fits, and its resource path, the path of its route key or its concrete path, which may
    /// also be written as messages show it: without its query, with `{id}` for its ids.
    pub(super) fn matches(&self, log: &AccessLog<'_>) -> bool {
        let paths =
            [log.resource_path.as_deref(), log.route_key.as_deref().map(key_path), log.path.as_deref()];
        (paths.into_iter().flatten().any(|path| self.path.matches(path)) || self.matches_as_shown(log))
            && self.method.matches(&fold(method_of(log).unwrap_or_default()))
    }

    /// Whether the concrete path fits without its query, or as messages show it.
    fn matches_as_shown(&self, log: &AccessLog<'_>) -> bool {
        let Some(path) = log.path.as_deref() else { return false };
        let without_query = path.split(['?', '#']).next().unwrap_or_default();
        (without_query.len() < path.len() && self.path.matches(without_query))
            || log.masked_path().is_some_and(|masked| self.path.matches(&masked))
    }

    /// Whether a line with this method, in capitals, and with this path and no other fits.
    pub(super) fn takes(&self, method: Option<&str>, path: Option<&str>) -> bool {
        path.is_some_and(|path| self.path.matches(path)) && self.method.matches(method.unwrap_or_default())
    }

    /// The method as it was written, in capitals, `*` for any.
    pub(super) fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path as it was written.
    pub(super) fn path(&self) -> &str {
        self.path.as_str()
    }
}

/// The line's method; where the format has none, the one in its route key.
pub(super) fn method_of<'l>(log: &'l AccessLog<'_>) -> Option<&'l str> {
    let of_key = || Some(split_key(log.route_key.as_deref()?)?.0).filter(|method| *method != ANY);
    log.method.as_deref().or_else(of_key)
}

fn key_path(key: &str) -> &str {
    split_key(key).map_or(key, |(_, path)| path)
}

/// An HTTP API's route key holds both, as in `GET /pets`; `$default` and a WebSocket API's keys hold no method.
fn split_key(key: &str) -> Option<(&str, &str)> {
    key.split_once(' ').filter(|(_, path)| path.starts_with('/'))
}

fn is_method(word: &str) -> bool {
    METHODS.iter().any(|method| method.eq_ignore_ascii_case(word))
}

fn is_method_pattern(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::super::test_lines::access_log;
    use super::*;

    #[test]
    fn a_route_fits_a_rest_api_by_resource_path_or_by_concrete_path() {
        let log = AccessLog {
            method: Some("GET".into()),
            resource_path: Some("/pets/{id}".into()),
            path: Some("/prod/pets/7".into()),
            ..access_log(500)
        };
        for route in ["GET /pets/{id}", "get /pets/*", "* /prod/pets/7", "ANY /pets*", "* *", "G* */7"] {
            assert!(Route::parse(route).unwrap().matches(&log), "{route}");
        }
        for route in ["POST /pets/{id}", "GET /pets", "GET /Pets/{id}", "* /pets/7", "$default"] {
            assert!(!Route::parse(route).unwrap().matches(&log), "{route}");
        }
    }

    #[test]
    fn a_route_key_brings_its_own_method_unless_it_is_any() {
        let check = |method: Option<&'static str>, key: &'static str, route: &str, fits: bool| {
            let log =
                AccessLog { method: method.map(Into::into), route_key: Some(key.into()), ..access_log(500) };
            assert_eq!(Route::parse(route).unwrap().matches(&log), fits, "{route} on {method:?} {key}");
        };
        check(Some("GET"), "GET /pets", "GET /pets", true);
        check(None, "GET /pets", "GET /pets", true);
        check(None, "GET /pets", "POST /pets", false);
        check(Some("POST"), "ANY /pets", "POST /pets", true);
        check(Some("POST"), "ANY /pets", "ANY /pets", true);
        check(None, "ANY /pets", "* /pets", true);
        check(None, "ANY /pets", "GET /pets", false);
        check(Some("GET"), "/pets", "GET /pets", true);
        check(Some("GET"), "$default", "$default", true);
        check(Some("GET"), "$default", "GET $default", true);
        check(Some("GET"), "$default", "GET /", false);
        check(None, "$connect", "$connect", true);
        check(None, "sendmessage", "send*", true);
        check(None, "sendmessage", "$*", false);
    }

    #[test]
    fn a_concrete_path_fits_without_its_query_and_as_messages_show_it() {
        let check = |path: &'static str, route: &str, fits: bool| {
            let log = AccessLog { method: Some("GET".into()), path: Some(path.into()), ..access_log(404) };
            assert_eq!(Route::parse(route).unwrap().matches(&log), fits, "{route} on {path}");
        };
        check("/s?q=1", "GET /s", true);
        check("/s?q=1", "GET /s?q=*", true);
        check("/s?q=1", "GET /", false);
        check("/users/17", "GET /users/{id}", true);
        check("/users/17", "GET /users/17", true);
        check("/users/17/pets?all=1", "* /users/{id}/pets", true);
        check("/users/me", "GET /users/{id}", false);
        check("/users/17", "POST /users/{id}", false);
    }

    #[test]
    fn what_messages_show_of_a_path_can_be_a_rule() {
        for path in ["/users/17", "/s?q=1", "/a/0123456789abcdef0/b#c", "/plain", "/"] {
            let log = AccessLog { method: Some("GET".into()), path: Some(path.into()), ..access_log(404) };
            let mut shown = String::new();
            log.write_route(&mut shown);
            assert!(Route::parse(&shown).unwrap().matches(&log), "{shown} on {path}");
        }
    }

    #[test]
    fn a_line_without_any_path_fits_no_route() {
        let log = AccessLog { method: Some("GET".into()), ..access_log(500) };
        assert!(!Route::parse("* *").unwrap().matches(&log));
    }
}
