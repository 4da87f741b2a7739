//! One snapshot of one credential.

use crate::handle::{Handle, In, Owned, Shared};
use crate::out::{LengthOut, TextAnswer};

/// An immutable snapshot: AccessKey id, secret and token that belong together. It never changes and stays readable until it
/// is freed, whatever becomes of the secret and the client.
///
/// Threads: any thread, any time; `kmsramcred_credential_free` must be the last use.
pub type Credential = kmsramcred::Snapshot;

impl Handle for Credential {
    type Ownership = Shared;
}

export!(
    /// The AccessKey id.
    ///
    /// NULL: `credential` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `credential` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_credential_access_key_id(credential: In<Credential>, len_out: LengthOut) -> TextAnswer {
        Ok(TextAnswer::lend(credential.access_key_id_c(), &len_out))
    }
);

export!(
    /// The AccessKey secret. Do not log it, and do not keep a copy longer than you need it.
    ///
    /// NULL: `credential` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `credential` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_credential_access_key_secret(credential: In<Credential>, len_out: LengthOut) -> TextAnswer {
        Ok(TextAnswer::lend(credential.access_key_secret_c(), &len_out))
    }
);

export!(
    /// The security token of a temporary key; "" for a plain AccessKey. As secret as the AccessKey secret.
    ///
    /// NULL: `credential` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `credential` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_credential_security_token(credential: In<Credential>, len_out: LengthOut) -> TextAnswer {
        Ok(TextAnswer::lend(credential.security_token_c().unwrap_or_default(), &len_out))
    }
);

export!(
    /// The version of the secret's value in KMS; may be "".
    ///
    /// NULL: `credential` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `credential` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_credential_version_id(credential: In<Credential>, len_out: LengthOut) -> TextAnswer {
        Ok(TextAnswer::lend(credential.version_id_c(), &len_out))
    }
);

export!(
    /// The number of this value: equal values have equal serials, also in a forked child. Never 0, at most 2^53 - 1.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_credential_serial(credential: In<Credential>) -> u64 {
        Ok(credential.serial())
    }
);

export!(
    /// The generation that this snapshot was validated at: keep it beside the credential and compare it with what
    /// `kmsramcred_generation_load` reads.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_credential_generation(credential: In<Credential>) -> u64 {
        Ok(credential.generation())
    }
);

export!(
    /// When it was fetched, by this machine's calendar clock, in milliseconds since 1970.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_credential_fetched_at_unix_ms(credential: In<Credential>) -> i64 {
        Ok(credential.fetched_at_unix_ms())
    }
);

export!(
    /// Its hard end of life by this machine's calendar clock, in milliseconds since 1970; 0 where there is no
    /// end: a plain AccessKey has one only with `max_stale_milliseconds`.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_credential_not_after_unix_ms(credential: In<Credential>) -> i64 {
        Ok(credential.not_after_unix_ms().unwrap_or(0))
    }
);

export!(
    /// Whether a service has accepted a call made with this serial: then `kmsramcred_secret_report_success` need not be
    /// called again.
    ///
    /// NULL: gives false.
    /// Threads: any.
    fn kmsramcred_credential_is_accepted(credential: In<Credential>) -> bool {
        Ok(credential.is_accepted())
    }
);

export!(
    /// One more reference to the same snapshot, to be freed by itself.
    ///
    /// NULL: gives NULL.
    /// Ownership: the reference is the caller's, to be ended with `kmsramcred_credential_free`.
    /// Threads: any.
    #[must_use]
    fn kmsramcred_credential_clone(credential: In<Credential>) -> Owned<Credential> {
        Ok(Owned::another(credential))
    }
);

export!(
    /// Ends one reference to a snapshot. The memory of a value is wiped when nobody holds it any more.
    ///
    /// NULL: does nothing.
    /// Threads: any; no other use of this reference at the same time or later.
    fn kmsramcred_credential_free(credential: Owned<Credential>) {
        drop(credential);
        Ok(())
    }
);
