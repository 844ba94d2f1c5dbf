//! The containers of a simulated function: which one gets an event, which one is killed.
//!
//! Plain data; time and chance are passed in. A container at work has lent its handler out, so that there
//! are never two invocations in one.

use std::rc::Rc;

use tokio::sync::Notify;

/// Which of several free containers an event reaches. AWS documents none of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// The one that worked last: the others starve, which is the hardest for what they hold.
    MostRecentlyUsed,
    /// The one that has been idle longest.
    LeastRecentlyUsed,
    /// Any.
    Random,
}

/// The containers that live.
pub(super) struct Containers<H> {
    living: Vec<Container<H>>,
    started: usize,
}

/// A container that is given an event.
pub(super) struct Lease<H> {
    /// Which one; numbers are never used again.
    pub(super) number: usize,
    /// Its handler; a cold one has none yet.
    pub(super) handler: Option<H>,
    /// Rings when it is killed at work.
    pub(super) kill: Rc<Notify>,
}

/// What a container is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing since then.
    Idle { since_ms: u64 },
    /// An invocation.
    Working,
    /// It does not live any more.
    Gone,
}

struct Container<H> {
    number: usize,
    idle: Option<H>,
    used_ms: u64,
    kill: Rc<Notify>,
}

impl<H> Containers<H> {
    pub(super) fn new() -> Self {
        Self { living: Vec::new(), started: 0 }
    }

    /// Takes a free container, or starts one where fewer than `most` live.
    pub(super) fn lease(
        &mut self,
        routing: Routing,
        most: usize,
        rng: &mut fastrand::Rng,
    ) -> Option<Lease<H>> {
        let free = self.living.iter_mut().filter(|container| container.idle.is_some());
        let chosen = match routing {
            Routing::MostRecentlyUsed => free.max_by_key(|container| container.used_ms),
            Routing::LeastRecentlyUsed => free.min_by_key(|container| container.used_ms),
            Routing::Random => rng.choice(free.collect::<Vec<_>>()),
        };
        if let Some(container) = chosen {
            let (number, kill) = (container.number, Rc::clone(&container.kill));
            return Some(Lease { number, handler: container.idle.take(), kill });
        }
        if self.living.len() == most {
            return None;
        }
        let (number, kill) = (self.started, Rc::new(Notify::new()));
        self.started += 1;
        self.living.push(Container { number, idle: None, used_ms: 0, kill: Rc::clone(&kill) });
        Some(Lease { number, handler: None, kill })
    }

    /// The invocation is over.
    pub(super) fn put_back(&mut self, number: usize, handler: H, now_ms: u64) {
        let container = self.living.iter_mut().find(|container| container.number == number);
        let container = container.expect("a container at work lives");
        (container.idle, container.used_ms) = (Some(handler), now_ms);
    }

    /// What that container is doing.
    pub(super) fn doing(&self, number: usize) -> Doing {
        match self.living.iter().find(|container| container.number == number) {
            Some(Container { idle: Some(_), used_ms, .. }) => Doing::Idle { since_ms: *used_ms },
            Some(_) => Doing::Working,
            None => Doing::Gone,
        }
    }

    /// Ends that container; its handler, where it was idle.
    pub(super) fn remove(&mut self, number: usize) -> Option<H> {
        let index = self.living.iter().position(|container| container.number == number)?;
        self.living.remove(index).idle
    }

    /// Kills any container: an idle one is gone, and named; one at work is rung.
    pub(super) fn kill_any(&mut self, rng: &mut fastrand::Rng) -> Option<usize> {
        let victim = rng.choice(self.living.iter())?;
        if victim.idle.is_none() {
            victim.kill.notify_one();
            return None;
        }
        let number = victim.number;
        self.remove(number);
        Some(number)
    }

    /// How many were ever started.
    pub(super) fn started(&self) -> usize {
        self.started
    }

    /// How many live.
    pub(super) fn living(&self) -> usize {
        self.living.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_idle() -> Containers<&'static str> {
        let (mut containers, mut rng) = (Containers::new(), fastrand::Rng::with_seed(1));
        for (handler, now_ms) in [("older", 10), ("newer", 20)] {
            let lease = containers.lease(Routing::Random, 2, &mut rng).unwrap();
            assert!(lease.handler.is_none(), "cold");
            if handler == "newer" {
                containers.put_back(0, "older", 10);
                containers.put_back(lease.number, handler, now_ms);
            }
        }
        containers
    }

    fn leased(routing: Routing) -> Option<&'static str> {
        two_idle().lease(routing, 2, &mut fastrand::Rng::with_seed(1)).unwrap().handler
    }

    #[test]
    fn routing_decides_between_free_containers() {
        assert_eq!(leased(Routing::MostRecentlyUsed), Some("newer"));
        assert_eq!(leased(Routing::LeastRecentlyUsed), Some("older"));
    }

    #[test]
    fn with_all_at_work_there_is_none() {
        let (mut containers, mut rng) = (two_idle(), fastrand::Rng::with_seed(1));
        assert!(containers.lease(Routing::Random, 2, &mut rng).is_some());
        assert!(containers.lease(Routing::Random, 2, &mut rng).is_some());
        assert!(containers.lease(Routing::Random, 2, &mut rng).is_none());
        assert_eq!(containers.doing(0), Doing::Working);
    }

    #[test]
    fn a_dead_containers_number_is_not_used_again() {
        let (mut containers, mut rng) = (two_idle(), fastrand::Rng::with_seed(1));
        assert_eq!(containers.doing(1), Doing::Idle { since_ms: 20 });
        assert_eq!(containers.remove(1), Some("newer"));
        assert_eq!((containers.doing(1), containers.living(), containers.started()), (Doing::Gone, 1, 2));
        assert!(containers.lease(Routing::Random, 2, &mut rng).unwrap().handler.is_some());
        assert_eq!(containers.lease(Routing::Random, 2, &mut rng).unwrap().number, 2);
    }

    #[test]
    fn a_kill_ends_an_idle_container_at_once_and_rings_one_at_work() {
        let (mut containers, mut rng) = (two_idle(), fastrand::Rng::with_seed(1));
        let killed = containers.kill_any(&mut rng).unwrap();
        assert_eq!((containers.doing(killed), containers.living()), (Doing::Gone, 1));
        containers.lease(Routing::Random, 2, &mut rng).unwrap();
        assert_eq!((containers.kill_any(&mut rng), containers.living()), (None, 1));
    }
}
