//! Any calls in any order, with good, NULL and impossible arguments: every one ends in a known status, outputs are what the
//! header says, and nothing is left over. The gateway is a port where nobody listens. Some watches free themselves, and at
//! some point the process may fork: then parent and child both take the rest of the steps.

mod c;

use c::{Handle, Text, call, make, pick};
use kmsramcred_c::request::{Pair, Request};
use proptest::prelude::*;
use std::ffi::c_void;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Userdata in the library's hands.
static USERDATA: AtomicI64 = AtomicI64::new(0);

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

unsafe extern "C" {
    safe fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    safe fn alarm(seconds: u32) -> u32;
    safe fn _exit(code: i32) -> !;
}

/// One call. A number is an index into the handles of that kind; beyond the last it stands for NULL.
#[derive(Debug, Clone)]
enum Step {
    Config,
    Set(usize, Text, Text),
    Identity(usize, Text, Text, Text),
    LoadFile(usize, Text),
    Gateway(usize),
    Client(usize),
    Open(usize, Text),
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

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        6 => "[a-z/]{0,12}".prop_map(|text| Text::Bytes(text.into_bytes())),
        1 => prop::sample::select(vec!["InvalidAccessKeyId.NotFound", "credentials_type", "ak", "Ecs", "\0"])
            .prop_map(|text| Text::Bytes(text.as_bytes().to_vec())),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Text::Bytes),
        1 => (0usize..3).prop_map(Text::Null),
        1 => prop::sample::select(vec![usize::MAX, isize::MAX as usize, isize::MAX as usize + 1, (1 << 20) + 1])
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

/// The handles that C owns.
#[derive(Default)]
struct World {
    configs: Vec<Handle>,
    clients: Vec<Handle>,
    secrets: Vec<Handle>,
    watches: Vec<Handle>,
    once: Vec<Arc<Slot>>,
    credentials: Vec<Handle>,
}

fn end(handles: &mut Vec<Handle>, which: usize, free: unsafe extern "C" fn(Handle)) {
    let handle = if which < handles.len() { handles.remove(which) } else { null_mut() };
    // SAFETY: NULL, or a handle that is not used again.
    unsafe { free(handle) }
}

impl World {
    /// Makes the call and looks at what it promises.
    fn take(&mut self, step: &Step) {
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
                    let regions = c"[{\"regionId\":\"cn-hangzhou\",\"endpoint\":\"127.0.0.1:1\"}]";
                    let (key, value) = (c"cache_client_region_id", regions);
                    call(|error| {
                        c::kmsramcred_config_set(
                            config,
                            key.as_ptr(),
                            key.count_bytes(),
                            value.as_ptr(),
                            value.count_bytes(),
                            error,
                        )
                    });
                    let (id, secret) = (c"id", c"secret");
                    call(|error| {
                        c::kmsramcred_config_set_static_source(
                            config,
                            id.as_ptr(),
                            2,
                            secret.as_ptr(),
                            6,
                            null_mut(),
                            0,
                            error,
                        )
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
                    // Nobody answers here, so there is never anything to copy.
                    let secret = pick(&self.secrets, *secret);
                    let (mut text, mut length, mut numbers) = (vec![0u8; *room], usize::MAX, (0u64, 0u64, 0i64));
                    let to = text.as_mut_ptr().cast();
                    let status = call(|error| {
                        c::kmsramcred_secret_copy(
                            secret,
                            *wait,
                            to,
                            *room,
                            &raw mut length,
                            to,
                            *room,
                            null_mut(),
                            null_mut(),
                            *room % 3,
                            null_mut(),
                            &raw mut numbers.0,
                            &raw mut numbers.1,
                            &raw mut numbers.2,
                            error,
                        )
                    });
                    assert!(status != 0 && length == 0 && text.iter().all(|byte| *byte == 0));
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
                    // Nobody answers here, so there is never anything to sign with.
                    let mut signed = Vec::new();
                    let to = &raw const request;
                    make(&mut signed, |out, error| c::kmsramcred_secret_sign(secret, to, *wait, out, error));
                    make(&mut signed, |out, error| c::kmsramcred_credential_sign(credential, to, out, error));
                    assert!(signed.is_empty());
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
fn left_over() -> (i64, i64) {
    (kmsramcred_c::testing::live_handles(), USERDATA.load(Ordering::SeqCst))
}

/// Takes the steps, lets go of everything, waits until no more than `expected` is left, and says what is.
fn take_all(mut world: World, steps: &[Step], expected: (i64, i64)) -> (i64, i64) {
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
        steps in prop::collection::vec(step(), 1..60),
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
