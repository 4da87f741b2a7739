//! One named RAM secret.

use crate::boundary::{Answer, Failure};
use crate::client::Client;
use crate::credential::Credential;
use crate::error::{Error, whole_milliseconds};
use crate::handle::{Boxed, Handle, In, Owned};
use crate::out::{Buffer, ErrorOut, HandleOut, Out};
use crate::slice::Text;
use crate::status::Status;
use kmsramcred::{Refusal, Verdict};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// One named RAM secret of a client. It keeps what it needs of the client alive.
///
/// Threads: any thread, any time; `kmsramcred_secret_free` must be the last use. A forked child may go on using it.
pub struct Secret(pub(crate) kmsramcred::Secret);

impl Handle for Secret {
    type Ownership = Boxed;
}

/// The refusal is not about the key: show the user the service's own error.
pub const KMSRAMCRED_VERDICT_UNRELATED: i32 = 0;
/// A value that this call has not been refused on is ready: acquire and send again.
pub const KMSRAMCRED_VERDICT_RETRY: i32 = 1;
/// Wait for `*retry_after_ms_out`, then acquire and send again.
pub const KMSRAMCRED_VERDICT_RETRY_LATER: i32 = 2;
/// Show the user the service's own error; the last error of KMS, if there is one, is its cause.
pub const KMSRAMCRED_VERDICT_GIVE_UP: i32 = 3;

/// The address of a generation word.
#[repr(transparent)]
pub struct GenerationWord(*const u64);

static NO_GENERATION: AtomicU64 = AtomicU64::new(0);

impl Answer for GenerationWord {
    type Inside = &'static AtomicU64;
    fn done(word: &'static AtomicU64) -> GenerationWord {
        GenerationWord(word.as_ptr())
    }
    fn failed(_failure: &Failure) -> GenerationWord {
        GenerationWord(NO_GENERATION.as_ptr())
    }
}

export!(
    /// Opens the secret of this name. No network; the same name gives the same secret, whoever opens it.
    ///
    /// NULL: `client`, `name` and `secret_out` must not be NULL; `error_out` may be.
    /// Ownership: `*secret_out` is the caller's, to be ended with `kmsramcred_secret_free`; NULL after a failure.
    /// `*error_out` is NULL on success, else the caller's.
    /// Threads: any.
    #[must_use]
    fn kmsramcred_secret_open(
        client: In<Client>,
        name: Text,
        name_len: usize,
        secret_out: HandleOut<Secret>,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for `name_len` readable bytes.
        let name = unsafe { name.required(name_len, "name") }?;
        secret_out.give(Owned::boxed(Secret(client.0.secret(name)?)));
        Ok(())
    }
);

export!(
    /// The address of the secret's generation: a counter that moves whenever the answer of `kmsramcred_secret_acquire` could
    /// differ, sometimes without a new value. Keep a credential as long as `kmsramcred_generation_load` of this address
    /// gives `kmsramcred_credential_generation` of that credential; else acquire again. See `kmsramcred/generation.h`.
    ///
    /// NULL: gives the address of a word that stays 0.
    /// Returns: an address that stays readable as long as the process lives, never NULL.
    /// Threads: any.
    fn kmsramcred_secret_generation(secret: In<Secret>) -> GenerationWord {
        Ok(secret.0.generation())
    }
);

export!(
    /// Gets the current credential: at once when one is cached, else by a fetch that all callers share.
    ///
    /// NULL: `secret` and `credential_out` must not be NULL; `error_out` may be.
    /// Returns: 1. KMSRAMCRED_OK: a credential, which may be older than the last failed refresh: KMS being down does not
    /// take a working key away. 2. KMSRAMCRED_ERR_NOT_READY: `timeout_ms` is 0 and nothing is cached; a fetch has been
    /// started. 3. KMSRAMCRED_ERR_TIMEOUT: nothing came within `timeout_ms`; the fetch goes on for later callers.
    /// 4. KMSRAMCRED_ERR_KMS_DENIED, KMSRAMCRED_ERR_KMS_NOT_FOUND, KMSRAMCRED_ERR_SECRET_...: this will not heal by itself;
    /// remembered briefly. 5. KMSRAMCRED_ERR_CLOSED. 6. Any other number: why the fetch failed.
    /// Ownership: `*credential_out` is the caller's, to be ended with `kmsramcred_credential_free`; NULL after a failure.
    /// `*error_out` is NULL on success, else the caller's.
    /// Threads: any. Blocks for `timeout_ms` at most, all waits and retries counted.
    #[must_use]
    fn kmsramcred_secret_acquire(
        secret: In<Secret>,
        timeout_ms: u64,
        credential_out: HandleOut<Credential>,
        error_out: ErrorOut,
    ) -> Status {
        let credential = secret.0.credential(Duration::from_millis(timeout_ms))?;
        credential_out.give(Owned::shared(credential.into_snapshot()));
        Ok(())
    }
);

export!(
    /// Tells the library that a service refused a call, and asks what to do. `serial` is that of the credential the call was
    /// signed with; `service` the family or product (`Ecs`, `oss`); `host` the endpoint the call went to; `code` the service's
    /// error code, or NULL when the caller has judged by itself that the key is dead; `http_status` that of the refusal, or 0;
    /// `round` 1 for the first refusal of a call and one more each time; `timeout_ms` what is left of the call's budget.
    /// `service` is `oss` for OSS, which has codes of its own; every other name, and every host, only tells one service from
    /// another: any text will do that is the same each time.
    ///
    /// NULL: `secret`, `verdict_out` and `retry_after_ms_out` must not be NULL; `service` and `host` may be with length 0;
    /// `code` may be with length 0, which is not the same as an empty code; `error_out` may be.
    /// Returns: KMSRAMCRED_OK with one of four verdicts. 1. KMSRAMCRED_VERDICT_UNRELATED: not about the key, show the
    /// service's own error. 2. KMSRAMCRED_VERDICT_RETRY: acquire and send again. 3. KMSRAMCRED_VERDICT_RETRY_LATER: sleep for
    /// `*retry_after_ms_out`, acquire and send again. 4. KMSRAMCRED_VERDICT_GIVE_UP: show the service's own error; this is the
    /// verdict on a closed client, too. `*retry_after_ms_out` is 0 except in 3. Any other status: the call was wrong, no
    /// verdict was written.
    /// Ownership: `*error_out` is the caller's. It is NULL on success, with one exception: with KMSRAMCRED_VERDICT_GIVE_UP it
    /// is the last error of KMS, if there is one.
    /// Threads: any. Blocks for `timeout_ms` at most.
    fn kmsramcred_secret_report_failure(
        secret: In<Secret>,
        serial: u64,
        service: Text,
        service_len: usize,
        host: Text,
        host_len: usize,
        code: Text,
        code_len: usize,
        http_status: i32,
        round: u32,
        timeout_ms: u64,
        verdict_out: Out<i32>,
        retry_after_ms_out: Out<u64>,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for `service_len` readable bytes.
        let service = unsafe { service.utf8(service_len, "service") }?;
        // SAFETY: the header asks for `host_len` readable bytes.
        let host = unsafe { host.utf8(host_len, "host") }?;
        // SAFETY: the header asks for `code_len` readable bytes.
        let code = unsafe { code.optional(code_len, "code") }?;
        let refusal = Refusal { serial, service, host, code, http_status: status_code(http_status)?, round };
        if round == 0 {
            return Err(Failure::InvalidArgument("round is 0; the first refusal of a call is round 1".to_owned()));
        }
        let (verdict, wait, cause) = match secret.0.report_failure(&refusal, Duration::from_millis(timeout_ms)) {
            Verdict::Unrelated => (KMSRAMCRED_VERDICT_UNRELATED, 0, None),
            Verdict::Retry => (KMSRAMCRED_VERDICT_RETRY, 0, None),
            Verdict::RetryLater(wait) => (KMSRAMCRED_VERDICT_RETRY_LATER, whole_milliseconds(wait), None),
            Verdict::GiveUp(cause) => (KMSRAMCRED_VERDICT_GIVE_UP, 0, cause),
            _ => (KMSRAMCRED_VERDICT_GIVE_UP, 0, None),
        };
        if let Some(cause) = cause {
            error_out.give(Error::from(&cause));
        }
        verdict_out.set(verdict);
        retry_after_ms_out.set(wait);
        Ok(())
    }
);

export!(
    /// Whether such an answer of a service is about the key at all; of any other `kmsramcred_secret_report_failure` says
    /// KMSRAMCRED_VERDICT_UNRELATED at once. For programs that keep few threads for calls that may block. The parameters are
    /// those of that function.
    ///
    /// NULL: gives false for `secret`; `service` may be with length 0; `code` may be with length 0, which is not the same as
    /// an empty code.
    /// Returns: false too for what that function would not take.
    /// Threads: any. Does not block.
    fn kmsramcred_secret_is_about_the_key(
        secret: In<Secret>,
        service: Text,
        service_len: usize,
        code: Text,
        code_len: usize,
        http_status: i32,
    ) -> bool {
        // SAFETY: the header asks for `service_len` readable bytes.
        let service = unsafe { service.utf8(service_len, "service") }?;
        // SAFETY: the header asks for `code_len` readable bytes.
        let code = unsafe { code.optional(code_len, "code") }?;
        let http_status = status_code(http_status)?;
        Ok(secret.0.is_about_the_key(&Refusal { serial: 0, service, host: "", code, http_status, round: 1 }))
    }
);

fn status_code(number: i32) -> Result<Option<u16>, Failure> {
    match u16::try_from(number) {
        Ok(0) => Ok(None),
        Ok(status @ 100..=999) => Ok(Some(status)),
        _ => {
            let allowed = format!("http_status is {number}; 0 (unknown) or 100 to 999 are allowed");
            Err(Failure::InvalidArgument(allowed))
        }
    }
}

export!(
    /// Tells the library that a service accepted a call made with `serial`. Needed once for each serial: skip it when
    /// `kmsramcred_credential_is_accepted` is true.
    ///
    /// NULL: does nothing.
    /// Threads: any. Does not block.
    fn kmsramcred_secret_report_success(secret: In<Secret>, serial: u64) {
        secret.0.report_success(serial);
        Ok(())
    }
);

export!(
    /// Fetches now, because the user says so: joins a running fetch, ignores cool-downs, at most once a second.
    ///
    /// NULL: `secret` must not be NULL; `error_out` may be.
    /// Returns: 1. KMSRAMCRED_OK: what KMS holds is what `kmsramcred_secret_acquire` gives. 2. KMSRAMCRED_ERR_NOT_READY:
    /// `timeout_ms` is 0; a fetch has been started. 3. Any other number: why the fetch failed; a cached credential stays.
    /// Ownership: `*error_out` is NULL on success, else the caller's.
    /// Threads: any. Blocks for `timeout_ms` at most.
    fn kmsramcred_secret_refresh(secret: In<Secret>, timeout_ms: u64, error_out: ErrorOut) -> Status {
        secret.0.refresh(Duration::from_millis(timeout_ms))?;
        Ok(())
    }
);

export!(
    /// Copies a JSON text about this secret: what is in use, its age, the next refresh and why, the last events; never a
    /// secret. Works after `kmsramcred_client_close` too.
    ///
    /// NULL: `secret` and `json_len_out` must not be NULL; `json_out` may be when `json_cap` is 0.
    /// Returns: as `kmsramcred_client_explain`.
    /// Ownership: `json_out` is a buffer of the caller, of `json_cap` bytes.
    /// Threads: any.
    fn kmsramcred_secret_explain(
        secret: In<Secret>,
        json_out: Buffer,
        json_cap: usize,
        json_len_out: Out<usize>,
    ) -> Status {
        // SAFETY: the header asks for a buffer of `json_cap` bytes.
        unsafe { json_out.fill(json_cap, &secret.0.explain(), &json_len_out) }
    }
);

export!(
    /// Ends the caller's hold on a secret.
    ///
    /// NULL: does nothing.
    /// Threads: any, except inside a callback; no other use of `secret` at the same time or later.
    fn kmsramcred_secret_free(secret: Owned<Secret>) {
        drop(secret);
        Ok(())
    }
);
