//! A fake Lambda, twice.
//!
//! [`container`] runs the real binary as a child process against [`runtime_api`], in real time.

mod container;
mod runtime_api;
#[cfg(test)]
mod tests;
