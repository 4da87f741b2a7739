//! A configuration in use.

use crate::boundary::Failure;
use crate::config::Config;
use crate::handle::{Boxed, Handle, In, Owned};
use crate::out::{Buffer, ErrorOut, HandleOut, Out};
use crate::status::Status;
use std::time::Duration;

/// A configuration in use: its identity, gateways and secrets. A program needs one for each configuration.
///
/// Threads: any thread, any time; `kmsramcred_client_free` must be the last use. A forked child may go on using it.
pub struct Client(pub(crate) kmsramcred::Client);

impl Handle for Client {
    type Ownership = Boxed;
}

/// Counters of a client since it was made. A later version may append fields, never move them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Stats {
    /// Set by the caller to `sizeof(kmsramcred_stats)` before the call; set by the call to the bytes it has filled.
    pub struct_size: usize,
    /// Acquires that were not answered by the lock-free path.
    pub slow_acquires: u64,
    /// Fetches that brought a value.
    pub refreshes_ok: u64,
    /// Fetches that failed.
    pub refreshes_failed: u64,
    /// Callers that waited for a fetch, whoever had started it.
    pub waiters_coalesced: u64,
    /// Slow acquires answered with a value whose last refresh had failed.
    pub stale_served: u64,
    /// Reported failures that were about the key.
    pub failures_reported: u64,
    /// Requests sent to KMS.
    pub kms_requests: u64,
}

export!(
    /// Makes a client from the settings. No network, and no thread unless `secret_names` asks for a prefetch.
    ///
    /// NULL: `config` and `client_out` must not be NULL; `error_out` may be.
    /// Ownership: `*client_out` is the caller's, to be ended with `kmsramcred_client_free`; NULL after a failure.
    /// `*error_out` is NULL on success, else the caller's. `config` stays the caller's and may be freed at once.
    /// Threads: any, as long as no other thread changes `config`.
    #[must_use]
    fn kmsramcred_client_new(config: In<Config>, client_out: HandleOut<Client>, error_out: ErrorOut) -> Status {
        let client = kmsramcred::Client::new(config.0.build()?)?;
        client_out.give(Owned::boxed(Client(client)));
        Ok(())
    }
);

export!(
    /// Reads the counters; works after `kmsramcred_client_close` too.
    ///
    /// NULL: `client` and `stats_out` must not be NULL.
    /// Returns: KMSRAMCRED_ERR_INVALID_ARGUMENT, with nothing written, when `stats_out->struct_size` is smaller than the
    /// first version of the struct.
    /// Ownership: `*stats_out` is a variable of the caller.
    /// Threads: any.
    fn kmsramcred_client_stats(client: In<Client>, stats_out: Out<Stats>) -> Status {
        let stats = client.0.stats();
        let filled = size_of::<Stats>();
        let room = stats_out.struct_size();
        if room < filled {
            let wanted = format!("stats_out->struct_size is {room}; at least {filled} is needed");
            return Err(Failure::InvalidArgument(wanted));
        }
        stats_out.set(Stats {
            struct_size: filled,
            slow_acquires: stats.slow_acquires,
            refreshes_ok: stats.refreshes_ok,
            refreshes_failed: stats.refreshes_failed,
            waiters_coalesced: stats.waiters_coalesced,
            stale_served: stats.stale_served,
            failures_reported: stats.failures_reported,
            kms_requests: stats.kms_requests,
        });
        Ok(())
    }
);

export!(
    /// Copies a JSON text about everything in use, for a person or a support ticket; never a secret. Works after
    /// `kmsramcred_client_close` too.
    ///
    /// NULL: `client` and `json_len_out` must not be NULL; `json_out` may be when `json_cap` is 0.
    /// Returns: 1. KMSRAMCRED_OK with `json_cap` 0: `*json_len_out` is the length needed, without the NUL. 2. KMSRAMCRED_OK:
    /// the text and a NUL are in `json_out`, its length in `*json_len_out`. 3. KMSRAMCRED_ERR_INVALID_ARGUMENT with
    /// `*json_len_out` written: `json_cap` must be more than that; nothing is in `json_out`. The text may grow between two
    /// calls: leave some room, or ask in a loop.
    /// Ownership: `json_out` is a buffer of the caller, of `json_cap` bytes.
    /// Threads: any.
    fn kmsramcred_client_explain(
        client: In<Client>,
        json_out: Buffer,
        json_cap: usize,
        json_len_out: Out<usize>,
    ) -> Status {
        // SAFETY: the header asks for a buffer of `json_cap` bytes.
        unsafe { json_out.fill(json_cap, &client.0.explain(), &json_len_out) }
    }
);

export!(
    /// Stops all work of the client and wakes everybody who waits in it. From now on every call that could need KMS answers
    /// KMSRAMCRED_ERR_CLOSED; credentials at hand stay readable. Closing twice is allowed.
    ///
    /// NULL: `client` must not be NULL.
    /// Returns: 1. KMSRAMCRED_OK: nothing runs any more. 2. KMSRAMCRED_ERR_TIMEOUT: closed, but a fetch had not ended after
    /// `timeout_ms`; it ends by itself. 3. Another status: not closed.
    /// Threads: any, except inside a callback.
    fn kmsramcred_client_close(client: In<Client>, timeout_ms: u64) -> Status {
        client.0.close(Duration::from_millis(timeout_ms))?;
        Ok(())
    }
);

export!(
    /// Ends the caller's hold on a client. Its secrets keep what they need; the last of them ends the work.
    ///
    /// NULL: does nothing.
    /// Threads: any, except inside a callback; no other use of `client` at the same time or later.
    fn kmsramcred_client_free(client: Owned<Client>) {
        drop(client);
        Ok(())
    }
);
