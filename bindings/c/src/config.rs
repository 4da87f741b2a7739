//! Settings, collected before a client is made.

use crate::boundary::{Failure, silence_panics};
use crate::handle::{Boxed, Handle, Owned, Unique};
use crate::out::{ErrorOut, HandleOut};
use crate::slice::Text;
use crate::status::Status;
use kmsramcred::ConfigBuilder;
use std::path::Path;

/// Settings of a client to be made. What is set by function wins over the file, the file over the environment, in whatever
/// order they were added.
///
/// Threads: one thread at a time.
pub struct Config(pub(crate) ConfigBuilder);

impl Handle for Config {
    type Ownership = Boxed;
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Result<&Path, Failure> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Result<&Path, Failure> {
    std::str::from_utf8(bytes).map(Path::new).map_err(|_| Failure::InvalidUtf8("path"))
}

export!(
    /// Starts an empty set of settings.
    ///
    /// NULL: `config_out` must not be NULL.
    /// Ownership: `*config_out` is the caller's, to be ended with `kmsramcred_config_free`; NULL after a failure.
    /// Threads: any.
    #[must_use]
    fn kmsramcred_config_new(config_out: HandleOut<Config>) -> Status {
        silence_panics();
        config_out.give(Owned::boxed(Config(kmsramcred::Config::builder())));
        Ok(())
    }
);

export!(
    /// Adds the environment of the process, as it is now.
    ///
    /// NULL: `config` must not be NULL; `error_out` may be.
    /// Ownership: `*error_out` is NULL on success, else the caller's.
    /// Threads: one at a time for this `config`; no thread may change the environment meanwhile.
    #[must_use]
    fn kmsramcred_config_load_env(config: Unique<Config>, error_out: ErrorOut) -> Status {
        config.0.environment()?;
        Ok(())
    }
);

export!(
    /// Adds a properties file. With `path` NULL (and `path_len` 0) it is the one that the environment variable
    /// `KMSRAMCRED_CONFIG` names, else `managed_credentials_providers.properties` in the working directory. The path is taken
    /// as the bytes it has, it need not be UTF-8.
    ///
    /// NULL: `config` must not be NULL; `path` and `error_out` may be. An empty path that is not NULL is refused.
    /// Ownership: `*error_out` is NULL on success, else the caller's.
    /// Threads: one at a time for this `config`.
    #[must_use]
    fn kmsramcred_config_load_file(config: Unique<Config>, path: Text, path_len: usize, error_out: ErrorOut) -> Status {
        if path.is_null() && path_len == 0 {
            config.0.file(None)?;
            return Ok(());
        }
        // SAFETY: the header asks for `path_len` readable bytes.
        let bytes = unsafe { path.bytes(path_len, "path") }?;
        if bytes.is_empty() {
            return Err(Failure::InvalidArgument("path is empty; pass NULL for the documented look-up".to_owned()));
        }
        config.0.file(Some(self::path(bytes)?))?;
        Ok(())
    }
);

export!(
    /// Sets one key of the properties file's vocabulary. An unknown key is refused.
    ///
    /// NULL: `config` must not be NULL; a text may be NULL when its length is 0; `error_out` may be NULL.
    /// Ownership: the texts are copied; `*error_out` is NULL on success, else the caller's.
    /// Threads: one at a time for this `config`.
    #[must_use]
    fn kmsramcred_config_set(
        config: Unique<Config>,
        key: Text,
        key_len: usize,
        value: Text,
        value_len: usize,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for `key_len` readable bytes.
        let key = unsafe { key.utf8(key_len, "key") }?;
        // SAFETY: the header asks for `value_len` readable bytes.
        let value = unsafe { value.utf8(value_len, "value") }?;
        config.0.set(key, value)?;
        Ok(())
    }
);

export!(
    /// Sets a fixed AccessKey as the identity that calls KMS. With a `security_token` it is a temporary one.
    ///
    /// NULL: `config` must not be NULL; `security_token` NULL (and length 0) means none; `error_out` may be NULL.
    /// Ownership: the texts are copied, and the copies wiped when they end; `*error_out` is NULL on success, else the
    /// caller's.
    /// Threads: one at a time for this `config`.
    #[must_use]
    fn kmsramcred_config_set_static_source(
        config: Unique<Config>,
        access_key_id: Text,
        access_key_id_len: usize,
        access_key_secret: Text,
        access_key_secret_len: usize,
        security_token: Text,
        security_token_len: usize,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for `access_key_id_len` readable bytes.
        let id = unsafe { access_key_id.utf8(access_key_id_len, "access_key_id") }?;
        // SAFETY: the header asks for `access_key_secret_len` readable bytes.
        let secret = unsafe { access_key_secret.utf8(access_key_secret_len, "access_key_secret") }?;
        // SAFETY: the header asks for `security_token_len` readable bytes.
        let token = unsafe { security_token.utf8(security_token_len, "security_token") }?;
        config.0.access_key(id, secret, Some(token).filter(|token| !token.is_empty()))?;
        Ok(())
    }
);

export!(
    /// Ends a set of settings. Clients made from it do not need it.
    ///
    /// NULL: does nothing.
    /// Threads: no other use of `config` at the same time or later.
    fn kmsramcred_config_free(config: Owned<Config>) {
        drop(config);
        Ok(())
    }
);
