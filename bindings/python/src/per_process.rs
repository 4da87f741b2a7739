//! One value for each process: a forked child has its own, and leaves alone what it inherited.
//!
//! At the fork a thread that does not exist in the child may have held the parent's locks, for ever.

use std::process;
use std::sync::OnceLock;

/// A value that every process makes for itself on first use.
pub struct PerProcess<T>(OnceLock<Box<Node<T>>>);

/// The values of this process and its ancestors, the oldest first; nothing is ever taken out.
struct Node<T> {
    process: u32,
    value: T,
    next: OnceLock<Box<Node<T>>>,
}

impl<T: Default> PerProcess<T> {
    pub const fn new() -> PerProcess<T> {
        PerProcess(OnceLock::new())
    }

    /// This process's value.
    pub fn get(&self) -> &T {
        let process = process::id();
        let mut place = &self.0;
        loop {
            let node = place.get_or_init(|| Box::new(Node { process, value: T::default(), next: OnceLock::new() }));
            if node.process == process {
                return &node.value;
            }
            place = &node.next;
        }
    }
}
