//! A credential without a handle: its texts, copied into buffers of the caller.

use crate::handle::In;
use crate::out::{Buffer, ErrorOut, LengthOut, Out};
use crate::secret::Secret;
use crate::status::Status;
use std::cell::Cell;
use std::time::Duration;

export!(
    /// Copies the texts of the current credential into buffers of the caller, for bindings that want no handle. A success
    /// allocates nothing, and threads that copy at the same time do not slow each other down. Wipe the buffers after use.
    ///
    /// Each buffer has room for its text and a NUL: `..._cap` must be more than the length of the text. Only `security_token_cap` may
    /// be 0, for as long as the secret holds a plain AccessKey, which has no token. Either all three texts are copied or none.
    /// `*serial_out`, `*generation_out` and `*not_after_unix_ms_out` are what the functions `kmsramcred_credential_...` of
    /// these names would say: copy again when the generation has moved, or when an end that is not 0 has come.
    ///
    /// NULL: `secret`, `serial_out`, `generation_out` and `not_after_unix_ms_out` must not be NULL; a buffer may be when its
    /// capacity is 0; `..._len_out` and `error_out` may be.
    /// Returns: 1. KMSRAMCRED_OK: all is written. 2. KMSRAMCRED_ERR_INVALID_ARGUMENT with lengths: a buffer is too small,
    /// nothing else is written, and the lengths are those of the texts at this moment; a rotation may bring longer ones.
    /// 3. Any other number: as `kmsramcred_secret_acquire`; the lengths are 0.
    /// Ownership: the buffers are the caller's. `*error_out` is NULL on success, else the caller's.
    /// Threads: any. Blocks for `timeout_ms` at most.
    #[must_use]
    fn kmsramcred_secret_copy(
        secret: In<Secret>,
        timeout_ms: u64,
        access_key_id_out: Buffer,
        access_key_id_cap: usize,
        access_key_id_len_out: LengthOut,
        access_key_secret_out: Buffer,
        access_key_secret_cap: usize,
        access_key_secret_len_out: LengthOut,
        security_token_out: Buffer,
        security_token_cap: usize,
        security_token_len_out: LengthOut,
        serial_out: Out<u64>,
        generation_out: Out<u64>,
        not_after_unix_ms_out: Out<i64>,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for buffers of these capacities.
        let (id, key, token) = unsafe {
            (
                access_key_id_out.room(access_key_id_cap, ["access_key_id_out", "access_key_id_cap"])?,
                access_key_secret_out
                    .room(access_key_secret_cap, ["access_key_secret_out", "access_key_secret_cap"])?,
                security_token_out.room(security_token_cap, ["security_token_out", "security_token_cap"])?,
            )
        };
        let lengths = Cell::new([0; 3]);
        // The closure says no more than a word: a whole error, passed through memory, would cost as much as the copy.
        let fitted = secret.0.look(Duration::from_millis(timeout_ms), |credential| {
            let texts = [
                credential.access_key_id().as_bytes(),
                credential.access_key_secret().as_bytes(),
                credential.security_token().unwrap_or_default().as_bytes(),
            ];
            let needed = texts.map(<[u8]>::len);
            lengths.set(needed);
            let fits = id.fits(needed[0]) && key.fits(needed[1]) && (needed[2] == 0 || token.fits(needed[2]));
            if fits {
                id.write(texts[0]);
                key.write(texts[1]);
                token.write(texts[2]);
                serial_out.set(credential.serial());
                generation_out.set(credential.generation());
                not_after_unix_ms_out.set(credential.not_after_unix_ms().unwrap_or(0));
            }
            fits
        })?;
        let [id_len, key_len, token_len] = lengths.get();
        access_key_id_len_out.set(id_len);
        access_key_secret_len_out.set(key_len);
        security_token_len_out.set(token_len);
        if fitted {
            return Ok(());
        }
        id.check(id_len)?;
        key.check(key_len)?;
        token.check(token_len)
    }
);
