//! A fake Lambda, twice.
//!
//! [`container`] runs the real binary as a child process against [`runtime_api`], in real time.
//! [`queue`] and [`kinesis`] run a handler's future in [`service`] and its [`containers`], in virtual time:
//! [`product`] puts the product's own handler in there, which is fed with [`events`].
//! [`delivery`] says what comes, [`function`] what it comes to, [`accounting`] what became of every line (by the [`answers`]), and
//! [`report`] puts that into numbers.

pub(crate) mod accounting;
mod answers;
pub(crate) mod container;
pub(crate) mod containers;
pub(crate) mod delivery;
pub(crate) mod events;
pub(crate) mod function;
pub(crate) mod kinesis;
pub(crate) mod product;
pub(crate) mod queue;
pub(crate) mod report;
pub(crate) mod runtime_api;
pub(crate) mod service;
#[cfg(test)]
mod simulation_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toys;
