//! Names of the fields of a query's result in, whether its rows are counts of lines out.
//!
//! `stats count(*) by status` gives a status beside a number: such a row is no line of a log. It judges by names alone.

/// Functions of a query's `stats`, and those that round what it groups by.
const FUNCTIONS: [&str; 16] = [
    "avg",
    "bin",
    "count",
    "count_distinct",
    "datefloor",
    "dateceil",
    "earliest",
    "latest",
    "max",
    "median",
    "min",
    "pct",
    "sortsfirst",
    "sortslast",
    "stddev",
    "sum",
];
/// What people call such a value, where nothing says that the rows are of log events.
const ALIASES: [&str; 20] = [
    "c",
    "calls",
    "cnt",
    "count",
    "counts",
    "errors",
    "events",
    "failures",
    "hits",
    "lines",
    "n",
    "num",
    "number",
    "occurrences",
    "percentage",
    "rate",
    "requestcount",
    "requests",
    "sum",
    "total",
];

/// Whether rows with fields of these names are counts.
///
/// A field of Insights' own, such as `@timestamp` or `@ptr`, is one of a log event: beside it no name but that of a
/// function tells.
pub(super) fn are_counts<'n>(names: &(impl Iterator<Item = &'n str> + Clone)) -> bool {
    let is_of_event = |name: &str| name.starts_with('@') || name == "timestamp";
    let is_alias =
        |name: &str| ALIASES.iter().any(|alias| alias.eq_ignore_ascii_case(&name.replace('_', "")));
    names.clone().any(is_function) || (names.clone().any(is_alias) && !names.clone().any(is_of_event))
}

/// Whether a name begins as a call of a function, as a value without a name of its own is called.
pub(super) fn is_function(name: &str) -> bool {
    name.split_once('(')
        .is_some_and(|(function, _)| FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(function)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_a_function_or_where_nothing_is_of_a_log_event_by_their_usual_names() {
        for (names, are) in [
            ("status,count(*)", true),
            ("bin(5m),count(*)", true),
            ("@timestamp,status,count_distinct(ip)", true),
            ("status,pct(latency, 99)", true),
            ("status,errors", true),
            ("httpMethod,status,request_count", true),
            ("@timestamp,status,errors", false),
            ("httpMethod,resourcePath,status,responseLength", false),
            ("cs-method,sc-status,cs(Host),timestamp(ms)", false),
            ("status", false),
        ] {
            assert_eq!(are_counts(&names.split(',')), are, "{names}");
        }
    }
}
