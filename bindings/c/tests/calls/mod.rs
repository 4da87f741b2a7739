//! Calls of the C interface in any order, with good, NULL and impossible arguments: how they are drawn, and what each of them
//! promises. Some watches free themselves. Shared by tests and the fuzz target.
#![allow(dead_code, reason = "each test uses its part")]

use crate::c::{self, Handle, Text, call, make, pick};
use arbitrary::Unstructured;
use kms_emulator::{Emulator, Options};
use kmsramcred_c::request::{Pair, Request};
use serde_json::json;
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};
use std::time::Duration;

/// Userdata in the library's hands.
pub static USERDATA: AtomicI64 = AtomicI64::new(0);

extern "C" fn on_event(_userdata: *mut c_void, _generation: u64, _status: i32) {}

extern "C" fn on_drop(_userdata: *mut c_void) {
    USERDATA.fetch_sub(1, Ordering::SeqCst);
}

/// Where a watch is that may free itself; whoever takes it out frees it.
type Slot = AtomicPtr<c_void>;

extern "C" fn free_itself(userdata: *mut c_void, _generation: u64, _status: i32) {
    // SAFETY: the userdata is a slot until its drop has run; what is in it is a live watch that nobody else frees.
    unsafe { c::kmsramcred_watch_free((*userdata.cast::<Slot>()).swap(null_mut(), Ordering::SeqCst)) }
}

extern "C" fn on_drop_of_a_slot(userdata: *mut c_void) {
    on_drop(null_mut());
    // SAFETY: the step below gave this count away.
    drop(unsafe { Arc::from_raw(userdata.cast_const().cast::<Slot>()) });
}

/// One call. A number is an index into the handles of that kind; beyond the last it stands for NULL.
#[derive(Debug, Clone)]
pub enum Step {
    Config,
    Set(usize, Text, Text),
    Identity(usize, Text, Text, Text),
    LoadFile(usize, Text),
    Gateway(usize),
    Client(usize),
    Open(usize, Text),
    /// The one secret that the cloud has.
    OpenRobot(usize),
    /// In the cloud.
    Rotate,
    Acquire(usize, u64),
    Report(usize, u64, Text, Text, Text, i32, u32),
    Success(usize, u64),
    Refresh(usize, u64),
    Watch(usize, bool),
    Copy(usize, u64, usize),
    Sign(usize, usize, u64, i32, Text, Text),
    WatchOnce(usize),
    Explain(usize, usize),
    Clone(usize),
    Close(usize, u64),
    FreeConfig(usize),
    FreeClient(usize),
    FreeSecret(usize),
    FreeWatch(usize),
    FreeCredential(usize),
}

/// Texts that mean something.
pub const WORDS: [&str; 6] = ["InvalidAccessKeyId.NotFound", "credentials_type", "ak", "Ecs", "robot", "\0"];
/// Lengths that no text has.
pub const IMPOSSIBLE: [usize; 4] = [usize::MAX, isize::MAX as usize, isize::MAX as usize + 1, (1 << 20) + 1];

/// The calls, with a cloud, that these bytes stand for; the bytes that are left over stand for nothing.
pub fn from_bytes(bytes: &[u8]) -> Vec<Step> {
    let mut drawn = Unstructured::new(bytes);
    let mut steps = Vec::new();
    while steps.len() < 60
        && !drawn.is_empty()
        && let Ok(step) = drawn_step(&mut drawn)
    {
        steps.push(step);
    }
    steps
}

fn drawn_step(drawn: &mut Unstructured<'_>) -> arbitrary::Result<Step> {
    let kind = drawn.int_in_range(0..=24)?;
    let which = drawn.int_in_range(0..=3)?;
    let wait = |drawn: &mut Unstructured<'_>| drawn.choose(&[0, 1, 20, 500]).copied();
    Ok(match kind {
        0 => Step::Config,
        1 => Step::Set(which, drawn_text(drawn)?, drawn_text(drawn)?),
        2 => Step::Identity(which, drawn_text(drawn)?, drawn_text(drawn)?, drawn_text(drawn)?),
        3 => Step::LoadFile(which, drawn_text(drawn)?),
        4 => Step::Gateway(which),
        5 => Step::Client(which),
        6 => Step::Open(which, drawn_text(drawn)?),
        7 => Step::OpenRobot(which),
        8 => Step::Rotate,
        9 => Step::Acquire(which, wait(drawn)?),
        10 => {
            let (serial, service, host, code) =
                (drawn.int_in_range(0..=3)?, drawn_text(drawn)?, drawn_text(drawn)?, drawn_text(drawn)?);
            Step::Report(
                which,
                serial,
                service,
                host,
                code,
                drawn.int_in_range(-1..=1001)?,
                drawn.int_in_range(0..=20)?,
            )
        }
        11 => Step::Success(which, drawn.int_in_range(0..=3)?),
        12 => Step::Refresh(which, wait(drawn)?),
        13 => Step::Watch(which, drawn.arbitrary()?),
        14 => Step::Copy(which, wait(drawn)?, drawn.int_in_range(0..=100)?),
        15 => {
            let (credential, wait, family) = (drawn.int_in_range(0..=3)?, wait(drawn)?, drawn.int_in_range(-1..=5)?);
            Step::Sign(which, credential, wait, family, drawn_text(drawn)?, drawn_text(drawn)?)
        }
        16 => Step::WatchOnce(which),
        17 => Step::Explain(which, drawn.int_in_range(0..=3_000)?),
        18 => Step::Clone(which),
        19 => Step::Close(which, wait(drawn)?),
        20 => Step::FreeConfig(which),
        21 => Step::FreeClient(which),
        22 => Step::FreeSecret(which),
        23 => Step::FreeWatch(which),
        _ => Step::FreeCredential(which),
    })
}

fn drawn_text(drawn: &mut Unstructured<'_>) -> arbitrary::Result<Text> {
    Ok(match drawn.int_in_range(0..=9)? {
        0 => Text::Null(drawn.int_in_range(0..=2)?),
        1 => Text::Huge(*drawn.choose(&IMPOSSIBLE)?),
        2..=4 => Text::Bytes(drawn.choose(&WORDS)?.as_bytes().to_vec()),
        _ => {
            let length = drawn.int_in_range(0..=20)?;
            Text::Bytes(drawn.bytes(length)?.to_vec())
        }
    })
}

/// A KMS that has one secret.
pub struct Cloud {
    emulator: Emulator,
    regions: String,
}

impl Cloud {
    /// With the secret that [`Step::OpenRobot`] opens.
    pub fn start() -> Cloud {
        let emulator = Emulator::start(Options::default());
        let answer = emulator.control("POST", "/secrets", json!({"name": "robot"}));
        assert!(answer.get("error").is_none(), "{answer}");
        let ready = emulator.ready();
        let region = json!([{ "regionId": "cn-hangzhou", "endpoint": ready.kms_host, "caFilePath": ready.ca_path }]);
        Cloud { regions: region.to_string(), emulator }
    }
}

/// The handles that C owns.
#[derive(Default)]
pub struct World {
    cloud: Option<&'static Cloud>,
    configs: Vec<Handle>,
    clients: Vec<Handle>,
    secrets: Vec<Handle>,
    watches: Vec<Handle>,
    once: Vec<Arc<Slot>>,
    credentials: Vec<Handle>,
}

fn parts(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

fn end(handles: &mut Vec<Handle>, which: usize, free: unsafe extern "C" fn(Handle)) {
    let handle = if which < handles.len() { handles.remove(which) } else { null_mut() };
    // SAFETY: NULL, or a handle that is not used again.
    unsafe { free(handle) }
}

impl World {
    /// Nothing is made yet.
    pub fn of(cloud: Option<&'static Cloud>) -> World {
        let mut world = World::default();
        world.cloud = cloud;
        world
    }

    /// Makes the call and looks at what it promises.
    pub fn take(&mut self, step: &Step) {
        // SAFETY: handles are NULL or live, texts are readable or refused by their length, outputs are variables here.
        unsafe {
            match step {
                Step::Config => {
                    let mut config = c::rubbish();
                    assert_eq!(c::kmsramcred_config_new(&raw mut config), 0);
                    self.configs.push(config);
                }
                Step::Set(config, key, value) => {
                    let (config, (key, key_len), (value, value_len)) =
                        (pick(&self.configs, *config), key.parts(), value.parts());
                    call(|error| c::kmsramcred_config_set(config, key, key_len, value, value_len, error));
                }
                Step::Identity(config, id, secret, token) => {
                    let config = pick(&self.configs, *config);
                    let (id, secret, token) = (id.parts(), secret.parts(), token.parts());
                    call(|error| {
                        c::kmsramcred_config_set_static_source(
                            config, id.0, id.1, secret.0, secret.1, token.0, token.1, error,
                        )
                    });
                }
                Step::LoadFile(config, path) => {
                    let (path, length) = path.parts();
                    // The documented look-up depends on the machine.
                    if !path.is_null() {
                        let config = pick(&self.configs, *config);
                        call(|error| c::kmsramcred_config_load_file(config, path, length, error));
                    }
                }
                Step::Gateway(config) => {
                    let config = pick(&self.configs, *config);
                    let nobody = r#"[{"regionId":"cn-hangzhou","endpoint":"127.0.0.1:1"}]"#;
                    let (regions, id, secret) = match self.cloud.map(|cloud| (cloud, cloud.emulator.ready())) {
                        Some((cloud, ready)) => {
                            (cloud.regions.as_str(), ready.access_key_id.as_str(), ready.access_key_secret.as_str())
                        }
                        None => (nobody, "id", "secret"),
                    };
                    let (key, regions) = (parts("cache_client_region_id"), parts(regions));
                    call(|error| c::kmsramcred_config_set(config, key.0, key.1, regions.0, regions.1, error));
                    let (id, secret) = (parts(id), parts(secret));
                    call(|error| {
                        let none = null_mut();
                        c::kmsramcred_config_set_static_source(config, id.0, id.1, secret.0, secret.1, none, 0, error)
                    });
                }
                Step::Client(config) => {
                    let config = pick(&self.configs, *config);
                    make(&mut self.clients, |out, error| c::kmsramcred_client_new(config, out, error));
                }
                Step::Open(client, name) => {
                    let (client, (name, length)) = (pick(&self.clients, *client), name.parts());
                    make(&mut self.secrets, |out, error| c::kmsramcred_secret_open(client, name, length, out, error));
                }
                Step::OpenRobot(client) => {
                    let (client, (name, length)) = (pick(&self.clients, *client), parts("robot"));
                    make(&mut self.secrets, |out, error| c::kmsramcred_secret_open(client, name, length, out, error));
                }
                Step::Rotate => {
                    if let Some(cloud) = self.cloud {
                        cloud.emulator.control("POST", "/secrets/robot/rotate", json!({}));
                    }
                }
                Step::Acquire(secret, wait) => {
                    let secret = pick(&self.secrets, *secret);
                    make(&mut self.credentials, |out, error| c::kmsramcred_secret_acquire(secret, *wait, out, error));
                }
                Step::Report(..) => self.report(step),
                Step::Success(secret, serial) => {
                    c::kmsramcred_secret_report_success(pick(&self.secrets, *secret), *serial);
                }
                Step::Refresh(secret, wait) => {
                    let secret = pick(&self.secrets, *secret);
                    call(|error| c::kmsramcred_secret_refresh(secret, *wait, error));
                }
                Step::Watch(secret, listening) => {
                    let secret = pick(&self.secrets, *secret);
                    let function: c::WatchFn = if *listening { Some(on_event) } else { None };
                    USERDATA.fetch_add(1, Ordering::SeqCst);
                    make(&mut self.watches, |out, error| {
                        c::kmsramcred_secret_watch(secret, function, null_mut(), Some(on_drop), out, error)
                    });
                }
                Step::Copy(secret, wait, room) => {
                    let secret = pick(&self.secrets, *secret);
                    let (mut id, mut key, mut numbers) = (vec![0u8; *room], vec![0u8; *room], (0u64, 0u64, 0i64));
                    let mut lengths = (usize::MAX, usize::MAX);
                    let status = call(|error| {
                        c::kmsramcred_secret_copy(
                            secret,
                            *wait,
                            id.as_mut_ptr().cast(),
                            *room,
                            &raw mut lengths.0,
                            key.as_mut_ptr().cast(),
                            *room,
                            &raw mut lengths.1,
                            null_mut(),
                            *room % 3,
                            null_mut(),
                            &raw mut numbers.0,
                            &raw mut numbers.1,
                            &raw mut numbers.2,
                            error,
                        )
                    });
                    assert!(status != 0 || self.cloud.is_some());
                    for (text, length) in [(id, lengths.0), (key, lengths.1)] {
                        let written = text.iter().position(|byte| *byte == 0).unwrap_or(*room);
                        assert_eq!(written, if status == 0 { length } else { 0 }, "whole or not at all");
                    }
                }
                Step::Sign(secret, credential, wait, family, one, other) => {
                    let ((name, name_len), (value, value_len)) = (one.parts(), other.parts());
                    let pair = Pair { name, name_len, value, value_len };
                    let mut request: Request = std::mem::zeroed();
                    request.struct_size = size_of::<Request>();
                    request.family = *family;
                    (request.method, request.method_len) = (c"GET".as_ptr(), 3);
                    (request.parameters, request.parameter_count) = (&raw const pair, 1);
                    (request.bucket, request.bucket_len, request.key, request.key_len) =
                        (name, name_len, value, value_len);
                    let (secret, credential) = (pick(&self.secrets, *secret), pick(&self.credentials, *credential));
                    let mut signed = Vec::new();
                    let to = &raw const request;
                    make(&mut signed, |out, error| c::kmsramcred_secret_sign(secret, to, *wait, out, error));
                    make(&mut signed, |out, error| c::kmsramcred_credential_sign(credential, to, out, error));
                    assert!(signed.is_empty() || self.cloud.is_some());
                    while !signed.is_empty() {
                        end(&mut signed, 0, c::kmsramcred_signed_free);
                    }
                }
                Step::WatchOnce(secret) => {
                    let (secret, slot, mut made) =
                        (pick(&self.secrets, *secret), Arc::new(Slot::default()), Vec::new());
                    let userdata = Arc::into_raw(Arc::clone(&slot)).cast_mut().cast();
                    USERDATA.fetch_add(1, Ordering::SeqCst);
                    make(&mut made, |out, error| {
                        let (function, end): (c::WatchFn, c::DropFn) = (Some(free_itself), Some(on_drop_of_a_slot));
                        c::kmsramcred_secret_watch(secret, function, userdata, end, out, error)
                    });
                    // It may have been called before it knew its own handle: then it waits for the next event.
                    slot.store(pick(&made, 0), Ordering::SeqCst);
                    self.once.push(slot);
                }
                Step::Explain(secret, room) => {
                    let mut buffer = vec![0u8; *room];
                    let mut length = usize::MAX;
                    let secret = pick(&self.secrets, *secret);
                    let to = buffer.as_mut_ptr().cast();
                    let status = c::kmsramcred_secret_explain(secret, to, *room, &raw mut length);
                    assert!(status != 0 || *room == 0 || buffer[length] == 0);
                }
                Step::Clone(which) => {
                    let credential = pick(&self.credentials, *which);
                    let another = c::kmsramcred_credential_clone(credential);
                    assert_eq!(another.is_null(), credential.is_null());
                    assert_eq!(c::kmsramcred_credential_serial(another), c::kmsramcred_credential_serial(credential));
                    self.credentials.extend(Some(another).filter(|another| !another.is_null()));
                }
                Step::Close(client, wait) => drop(c::kmsramcred_client_close(pick(&self.clients, *client), *wait)),
                Step::FreeConfig(which) => end(&mut self.configs, *which, c::kmsramcred_config_free),
                Step::FreeClient(which) => end(&mut self.clients, *which, c::kmsramcred_client_free),
                Step::FreeSecret(which) => end(&mut self.secrets, *which, c::kmsramcred_secret_free),
                Step::FreeWatch(which) => end(&mut self.watches, *which, c::kmsramcred_watch_free),
                Step::FreeCredential(which) => end(&mut self.credentials, *which, c::kmsramcred_credential_free),
            }
        }
    }

    fn report(&self, step: &Step) {
        let Step::Report(secret, serial, service, host, code, http_status, round) = step else { return };
        let secret = pick(&self.secrets, *secret);
        let (service, host, code) = (service.parts(), host.parts(), code.parts());
        let (mut verdict, mut wait, mut error) = (-1, u64::MAX, c::rubbish());
        // SAFETY: as in `take`.
        let is_about_the_key = unsafe {
            c::kmsramcred_secret_is_about_the_key(secret, service.0, service.1, code.0, code.1, *http_status)
        };
        // SAFETY: as in `take`.
        let status = unsafe {
            c::kmsramcred_secret_report_failure(
                secret,
                *serial,
                service.0,
                service.1,
                host.0,
                host.1,
                code.0,
                code.1,
                *http_status,
                *round,
                5,
                &raw mut verdict,
                &raw mut wait,
                &raw mut error,
            )
        };
        if status != 0 {
            assert_eq!((verdict, wait), (-1, u64::MAX));
            c::settle(status, error);
            return;
        }
        assert!((0..=3).contains(&verdict));
        assert_eq!(is_about_the_key, verdict != 0);
        assert!(wait == 0 || verdict == 2);
        assert!(error.is_null() || verdict == 3);
        // SAFETY: NULL, or an error that the call gave us.
        unsafe { c::kmsramcred_error_free(error) }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for slot in &self.once {
            // SAFETY: NULL, or a live watch that nobody else frees.
            unsafe { c::kmsramcred_watch_free(slot.swap(null_mut(), Ordering::SeqCst)) }
        }
        for (handles, free) in [
            (&mut self.configs, c::kmsramcred_config_free as unsafe extern "C" fn(Handle)),
            (&mut self.clients, c::kmsramcred_client_free),
            (&mut self.watches, c::kmsramcred_watch_free),
            (&mut self.secrets, c::kmsramcred_secret_free),
            (&mut self.credentials, c::kmsramcred_credential_free),
        ] {
            while !handles.is_empty() {
                end(handles, 0, free);
            }
        }
    }
}

/// Handles that are alive, and userdata in the library's hands.
pub fn left_over() -> (i64, i64) {
    (kmsramcred_c::testing::live_handles(), USERDATA.load(Ordering::SeqCst))
}

/// Takes the steps, lets go of everything, waits until no more than `expected` is left, and says what is.
pub fn take_all(mut world: World, steps: &[Step], expected: (i64, i64)) -> (i64, i64) {
    steps.iter().for_each(|step| world.take(step));
    drop(world);
    // A watch may be in its last call on another thread.
    for _ in 0..200 {
        if left_over() == expected {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    left_over()
}
