#![no_main]

#[path = "../../bindings/c/tests/c/mod.rs"]
mod c;
#[path = "../../bindings/c/tests/calls/mod.rs"]
mod calls;

use calls::{Cloud, World, from_bytes, take_all};
use std::sync::OnceLock;

static CLOUD: OnceLock<Cloud> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let world = World::of(Some(CLOUD.get_or_init(Cloud::start)));
    assert_eq!(take_all(world, &from_bytes(bytes), (0, 0)), (0, 0), "live handles and userdata that are left");
});
