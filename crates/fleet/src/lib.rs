//! Many processes that share the quota of KMS, on a paused clock.
//!
//! A queue of events drives one client after the other: [`ours`] is the cache's own state machine with the gateway's own
//! rule of pauses, [`official`] a small model of the constants of the official plug-ins. [`cloud`] is what they ask,
//! [`simulation`] the queue and the scenarios, [`report`] what is written about it.

pub mod cloud;
pub mod official;
pub mod ours;
pub mod report;
pub mod simulation;
