//! Everything that is wrong with a configuration, in one error.
//!
//! It collects faults into one text with a line for each. It never holds a variable's value
//! unless whoever reported the fault put it there.

use std::fmt;

/// The faults of a configuration; the start is refused while there is one. Not retryable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl ConfigError {
    /// Adds what is wrong with the variable `name` and how to put it right, for example what the rules'
    /// parser found.
    pub fn add(&mut self, name: &str, fault: impl fmt::Display) {
        self.add_shown(name, &fault);
    }

    /// Compiled once, not once for each kind of fault.
    fn add_shown(&mut self, name: &str, fault: &dyn fmt::Display) {
        let fault = format!("{name}: {fault}");
        // One line a fault, whatever it quotes.
        let line = fault.split(['\n', '\r']).map(str::trim).collect::<Vec<_>>().join(" ");
        // Two variables that need the same one would say the same of it.
        if !self.faults.contains(&line) {
            self.faults.push(line);
        }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// The faults in the order in which they were found, one line each.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The value, or nothing and one more fault of the variable `name`.
    pub(crate) fn note<T>(&mut self, name: &str, read: Result<T, impl fmt::Display>) -> Option<T> {
        read.map_err(|fault| self.add(name, fault)).ok()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used, faults: {}", self.faults.len())?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

impl std::error::Error for ConfigError {}
