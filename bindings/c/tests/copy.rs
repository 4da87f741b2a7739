//! The copy of a credential into buffers of the caller: whole or not at all, and without an allocation.

mod c;

use c::Handle;
use kms_emulator::{Emulator, Options};
use kmsramcred_c::status::{
    KMSRAMCRED_ERR_CLOSED, KMSRAMCRED_ERR_INVALID_ARGUMENT, KMSRAMCRED_ERR_NOT_READY, KMSRAMCRED_ERR_NULL_ARGUMENT,
};
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

// SAFETY: everything is the system's; a count is added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const NEVER_WRITTEN: u8 = 0x5a;

/// The outputs of one copy.
struct Copied {
    texts: [Vec<u8>; 3],
    lengths: [usize; 3],
    numbers: (u64, u64, i64),
    status: i32,
    message: String,
}

impl Copied {
    fn text(&self, which: usize) -> &str {
        CStr::from_bytes_until_nul(&self.texts[which]).unwrap().to_str().unwrap()
    }

    /// Nothing but lengths was written.
    fn check_untouched(&self) {
        assert!(self.texts.iter().flatten().all(|byte| *byte == NEVER_WRITTEN));
        assert_eq!(self.numbers, (1, 1, 1));
    }
}

fn copy(secret: Handle, timeout_ms: u64, rooms: [usize; 3]) -> Copied {
    let mut texts = rooms.map(|room| vec![NEVER_WRITTEN; room]);
    let (mut lengths, mut numbers, mut error) = ([usize::MAX; 3], (1, 1, 1), c::rubbish());
    let [id, key, token] =
        texts.each_mut().map(|text| if text.is_empty() { null_mut() } else { text.as_mut_ptr().cast::<c_char>() });
    let [id_len, key_len, token_len] = lengths.each_mut().map(|length| &raw mut *length);
    // SAFETY: buffers of the given capacities, and variables of this function.
    let (status, message) = unsafe {
        let status = c::kmsramcred_secret_copy(
            secret,
            timeout_ms,
            id,
            rooms[0],
            id_len,
            key,
            rooms[1],
            key_len,
            token,
            rooms[2],
            token_len,
            &raw mut numbers.0,
            &raw mut numbers.1,
            &raw mut numbers.2,
            &raw mut error,
        );
        let text = CStr::from_ptr(c::kmsramcred_error_text(error, null_mut())).to_str().unwrap().to_owned();
        (c::settle(status, error), text)
    };
    Copied { texts, lengths, numbers, status, message }
}

/// A client of an emulator with one secret, closed and freed at the end.
struct Cloud {
    emulator: Emulator,
    client: Handle,
    secret: Handle,
}

impl Cloud {
    fn with(secret: Value) -> Cloud {
        let emulator = Emulator::start(Options::default());
        let answer = emulator.control("POST", "/secrets", secret);
        assert!(answer.get("error").is_none(), "{answer}");
        let ready = emulator.ready();
        let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
        let (mut configs, mut clients, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
        // SAFETY: texts with their lengths, and handles that the calls before gave.
        unsafe {
            c::make(&mut configs, |out, error| {
                error.write(null_mut());
                c::kmsramcred_config_new(out)
            });
            for (key, value) in [
                ("credentials_type", "ak"),
                ("credentials_access_key_id", &ready.access_key_id),
                ("credentials_access_secret", &ready.access_key_secret),
                ("cache_client_region_id", &region.to_string()),
            ] {
                let (key, value) = (key.as_bytes(), value.as_bytes());
                let (key, value) = ((key.as_ptr().cast(), key.len()), (value.as_ptr().cast(), value.len()));
                assert_eq!(
                    c::call(|error| c::kmsramcred_config_set(configs[0], key.0, key.1, value.0, value.1, error)),
                    0
                );
            }
            c::make(&mut clients, |out, error| c::kmsramcred_client_new(configs[0], out, error));
            c::make(&mut secrets, |out, error| c::kmsramcred_secret_open(clients[0], c"robot".as_ptr(), 5, out, error));
            c::kmsramcred_config_free(configs[0]);
        }
        Cloud { emulator, client: clients[0], secret: secrets[0] }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // SAFETY: the last use of both.
        unsafe {
            c::kmsramcred_secret_free(self.secret);
            c::kmsramcred_client_free(self.client);
        }
    }
}

#[test]
fn a_copy_is_what_a_credential_holds() {
    let cloud = Cloud::with(json!({ "name": "robot" }));
    let copied = copy(cloud.secret, 60_000, [64, 64, 0]);
    assert_eq!(copied.status, 0, "{}", copied.message);
    let mut credentials = Vec::new();
    // SAFETY: a live secret, and the credential that it gives.
    unsafe {
        c::make(&mut credentials, |out, error| c::kmsramcred_secret_acquire(cloud.secret, 0, out, error));
        let key = CStr::from_ptr(c::kmsramcred_credential_access_key_secret(credentials[0], null_mut()));
        assert_eq!(copied.text(1), key.to_str().unwrap());
        let generation = c::kmsramcred_secret_generation(cloud.secret).read();
        assert_eq!(copied.numbers, (c::kmsramcred_credential_serial(credentials[0]), generation, 0));
        c::kmsramcred_credential_free(credentials[0]);
    }
    assert_eq!(copied.lengths, [copied.text(0).len(), copied.text(1).len(), 0]);
    assert!(copied.text(0).len() > 8);

    cloud.emulator.control("POST", "/secrets/robot/rotate", json!({}));
    assert_eq!(c::call(|error| refresh(cloud.secret, error)), 0);
    let newer = copy(cloud.secret, 0, [64, 64, 1]);
    assert_eq!((newer.status, newer.text(2)), (0, ""));
    assert!(newer.text(0) != copied.text(0) && newer.text(1) != copied.text(1) && newer.numbers.0 != copied.numbers.0);
}

fn refresh(secret: Handle, error: *mut Handle) -> i32 {
    // SAFETY: a live secret.
    unsafe { c::kmsramcred_secret_refresh(secret, 60_000, error) }
}

#[test]
fn a_buffer_that_is_too_small_gets_nothing_and_the_lengths_are_told() {
    let cloud = Cloud::with(json!({ "name": "robot" }));
    let [id, key, _] = copy(cloud.secret, 60_000, [64, 64, 0]).lengths;
    assert_eq!(copy(cloud.secret, 0, [id + 1, key + 1, 0]).status, 0);
    for (rooms, missing) in [
        ([id, 64, 0], format!("access_key_id_cap is {id}; at least {} is needed", id + 1)),
        ([64, key, 0], format!("access_key_secret_cap is {key}; at least {} is needed", key + 1)),
        ([0, 0, 0], format!("access_key_id_cap is 0; at least {} is needed", id + 1)),
    ] {
        let copied = copy(cloud.secret, 0, rooms);
        assert_eq!(copied.status, KMSRAMCRED_ERR_INVALID_ARGUMENT);
        assert!(copied.message.contains(&missing), "{}", copied.message);
        assert_eq!(copied.lengths, [id, key, 0]);
        copied.check_untouched();
    }
}

#[test]
fn a_token_is_never_left_behind() {
    let cloud = Cloud::with(json!({ "name": "robot", "security_token": "tok/en==", "expire_seconds": 3600 }));
    let copied = copy(cloud.secret, 60_000, [64, 64, 64]);
    assert_eq!((copied.status, copied.text(2), copied.lengths[2]), (0, "tok/en==", 8), "{}", copied.message);
    assert!(copied.numbers.2 > 0);
    for room in [0, 8] {
        let copied = copy(cloud.secret, 0, [64, 64, room]);
        assert_eq!((copied.status, copied.lengths[2]), (KMSRAMCRED_ERR_INVALID_ARGUMENT, 8));
        copied.check_untouched();
    }
}

#[test]
fn without_a_credential_lengths_are_0_and_nothing_is_written() {
    let cloud = Cloud::with(json!({ "name": "robot" }));
    let check = |status| {
        let copied = copy(cloud.secret, 0, [64, 64, 64]);
        assert_eq!((copied.status, copied.lengths), (status, [0; 3]), "{}", copied.message);
        copied.check_untouched();
    };
    check(KMSRAMCRED_ERR_NOT_READY);
    // SAFETY: a live client.
    unsafe { c::kmsramcred_client_close(cloud.client, 60_000) };
    check(KMSRAMCRED_ERR_CLOSED);
    let copied = copy(null_mut(), 0, [64, 64, 64]);
    assert_eq!((copied.status, copied.lengths), (KMSRAMCRED_ERR_NULL_ARGUMENT, [0; 3]));
    copied.check_untouched();
}

#[test]
fn a_copy_allocates_nothing() {
    let cloud = Cloud::with(json!({ "name": "robot" }));
    assert_eq!(copy(cloud.secret, 60_000, [64, 64, 0]).status, 0);
    let (mut id, mut key, mut numbers) = ([0u8; 64], [0u8; 64], (0, 0, 0));
    let before = ALLOCATIONS.get();
    // SAFETY: buffers of the given capacities, and variables of this function; the others may be NULL.
    let status = unsafe {
        c::kmsramcred_secret_copy(
            cloud.secret,
            0,
            id.as_mut_ptr().cast(),
            id.len(),
            null_mut(),
            key.as_mut_ptr().cast(),
            key.len(),
            null_mut(),
            null_mut(),
            0,
            null_mut(),
            &raw mut numbers.0,
            &raw mut numbers.1,
            &raw mut numbers.2,
            null_mut(),
        )
    };
    assert_eq!((status, ALLOCATIONS.get() - before), (0, 0));
}
