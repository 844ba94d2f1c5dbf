//! A fake Lambda, twice.
//!
//! [`container`] runs the real binary as a child process against [`runtime_api`], in real time.
//! [`queue`] and [`kinesis`] run a handler's future in [`service`] and its [`containers`], in virtual time:
//! [`delivery`] says what comes, [`function`] what it comes to, [`accounting`] what became of every line (by the [`answers`]), and
//! [`report`] puts that into numbers.

mod accounting;
mod answers;
pub(crate) mod container;
mod containers;
mod delivery;
mod function;
mod kinesis;
mod queue;
mod report;
pub(crate) mod runtime_api;
mod service;
#[cfg(test)]
mod simulation_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toys;
