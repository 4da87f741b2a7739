//! Any calls in any order: every one ends in a known status, outputs are what the header says, and nothing is left over. The
//! gateway is a port where nobody listens. At some point the process may fork: then parent and child
//! both take the rest of the steps.

mod c;
mod calls;

use c::Text;
use calls::{IMPOSSIBLE, Step, USERDATA, WORDS, World, take_all};
use proptest::prelude::*;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

unsafe extern "C" {
    safe fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    safe fn alarm(seconds: u32) -> u32;
    safe fn _exit(code: i32) -> !;
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        6 => "[a-z/]{0,12}".prop_map(|text| Text::Bytes(text.into_bytes())),
        1 => prop::sample::select(WORDS.to_vec())
            .prop_map(|text| Text::Bytes(text.as_bytes().to_vec())),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Text::Bytes),
        1 => (0usize..3).prop_map(Text::Null),
        1 => prop::sample::select(IMPOSSIBLE.to_vec())
            .prop_map(Text::Huge),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0usize..3;
    let wait = || prop::sample::select(vec![0u64, 0, 1, 10]);
    let made = prop_oneof![
        2 => Just(Step::Config),
        2 => (which(), text(), text()).prop_map(|(a, b, c)| Step::Set(a, b, c)),
        2 => (which(), text(), text(), text()).prop_map(|(a, b, c, d)| Step::Identity(a, b, c, d)),
        1 => (which(), text()).prop_map(|(a, b)| Step::LoadFile(a, b)),
        2 => which().prop_map(Step::Gateway),
        4 => which().prop_map(Step::Client),
        4 => (which(), text()).prop_map(|(a, b)| Step::Open(a, b)),
        1 => which().prop_map(Step::Clone),
    ];
    let used = prop_oneof![
        3 => (which(), wait()).prop_map(|(a, b)| Step::Acquire(a, b)),
        3 => (which(), 0u64..3, text(), text(), text(), -1i32..1001, 0u32..20)
            .prop_map(|(a, b, c, d, e, f, g)| Step::Report(a, b, c, d, e, f, g)),
        1 => (which(), 0u64..3).prop_map(|(a, b)| Step::Success(a, b)),
        1 => (which(), wait()).prop_map(|(a, b)| Step::Refresh(a, b)),
        2 => (which(), any::<bool>()).prop_map(|(a, b)| Step::Watch(a, b)),
        1 => (which(), wait(), 0usize..100).prop_map(|(a, b, c)| Step::Copy(a, b, c)),
        1 => (which(), which(), wait(), -1i32..6, text(), text()).prop_map(|(a, b, c, d, e, f)| Step::Sign(a, b, c, d, e, f)),
        2 => which().prop_map(Step::WatchOnce),
        1 => (which(), 0usize..3000).prop_map(|(a, b)| Step::Explain(a, b)),
        1 => (which(), wait()).prop_map(|(a, b)| Step::Close(a, b)),
    ];
    let ended = prop_oneof![
        which().prop_map(Step::FreeConfig),
        which().prop_map(Step::FreeClient),
        which().prop_map(Step::FreeSecret),
        which().prop_map(Step::FreeWatch),
        which().prop_map(Step::FreeCredential),
    ];
    prop_oneof![5 => made, 5 => used, 2 => ended]
}

/// Calls for a gateway where nobody listens.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

/// How many threads this process has. A new one has no name of its own yet.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("Linux").count()
}

/// In the child, which has this thread only and must never return into the harness. Watches are not inherited, so their
/// userdata stays.
fn end_the_child(world: World, steps: &[Step], inherited: i64, beside_a_thread: bool) -> ! {
    alarm(60);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let left = take_all(world, steps, (0, inherited));
        // What a thread of the parent had in its hands stays there for ever; nothing ends twice.
        let fits = if beside_a_thread { left.0 >= 0 && left.1 >= 0 } else { left == (0, inherited) };
        assert!(fits, "live handles and userdata: {left:?}; inherited: {inherited} userdata");
    }));
    if let Err(why) = &ended {
        let why = why.downcast_ref::<String>().map_or("a panic", String::as_str);
        // The harness keeps back what is printed, and the child has no harness.
        let _ = std::io::stderr().write_all(format!("in the child: {why}\n").as_bytes());
    }
    _exit(i32::from(ended.is_err()))
}

proptest! {
    // PROPTEST_CASES says how many.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_calls_is_survived(
        steps in steps(),
        fork_at in prop::option::weighted(0.3, 0usize..60),
    ) {
        static HARNESS: OnceLock<usize> = OnceLock::new();
        let harness = *HARNESS.get_or_init(threads);
        let mut world = World::default();
        let (before, after) = steps.split_at(fork_at.unwrap_or(0).min(steps.len()));
        before.iter().for_each(|step| world.take(step));
        // Of the library, which may be inside a callback.
        let beside_a_thread = fork_at.is_some() && threads() > harness;
        let inherited = USERDATA.load(Ordering::SeqCst);
        let child = fork_at.map(|_| fork());
        if child == Some(0) {
            end_the_child(world, after, inherited, beside_a_thread);
        }
        prop_assert_eq!(take_all(world, after, (0, 0)), (0, 0), "live handles and userdata that are left");
        if let Some(child) = child {
            let mut status = -1;
            // SAFETY: a child of ours and a variable.
            prop_assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
            prop_assert_eq!(status, 0, "how the child ended");
        }
    }
}
