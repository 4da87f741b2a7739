//! A signed request: what is to be added to it.

use crate::boundary::Failure;
use crate::credential::Credential;
use crate::handle::{Boxed, Handle, In, Owned};
use crate::out::{ErrorOut, HandleOut, LengthOut, TextAnswer};
use crate::request::{Request, Shown};
use crate::secret::Secret;
use crate::status::Status;
use std::ffi::{CStr, CString};
use std::time::Duration;
use zeroize::Zeroizing;

/// What a signature adds to a request: immutable, and as secret as the request that it signs. Each attempt to send needs its
/// own.
///
/// Threads: any thread, any time; `kmsramcred_signed_free` must be the last use.
pub struct Signed {
    serial: u64,
    headers: Vec<(CString, Zeroizing<CString>)>,
    query: Zeroizing<CString>,
    target: Zeroizing<CString>,
}

impl Handle for Signed {
    type Ownership = Boxed;
}

impl Signed {
    fn new(signed: &kmsramcred::sign::request::Signed, serial: u64) -> Signed {
        // Nothing in it holds a NUL: the request was checked, and a credential is refused when it does.
        let text = |text: &str| CString::new(text).unwrap_or_default();
        Signed {
            serial,
            headers: signed
                .headers
                .iter()
                .map(|(name, value)| (text(name), Zeroizing::new(text(value.expose()))))
                .collect(),
            query: Zeroizing::new(text(signed.query.expose())),
            target: Zeroizing::new(text(signed.target.expose())),
        }
    }
}

export!(
    /// Signs a request with the current credential, which is fetched first where none is cached. Nothing is sent. Sign again
    /// for each attempt: services refuse a nonce that they have seen and a date that is a quarter of an hour old.
    ///
    /// NULL: `secret`, `request` and `signed_out` must not be NULL; `error_out` may be.
    /// Returns: 1. KMSRAMCRED_OK. 2. KMSRAMCRED_ERR_INVALID_ARGUMENT, KMSRAMCRED_ERR_NULL_ARGUMENT,
    /// KMSRAMCRED_ERR_INVALID_UTF8: the error names what is wrong with the request; nothing was waited for. 3. Any other number:
    /// as `kmsramcred_secret_acquire`.
    /// Ownership: `request` stays the caller's. `*signed_out` is the caller's, to be ended with `kmsramcred_signed_free`; NULL
    /// after a failure. `*error_out` is NULL on success, else the caller's.
    /// Threads: any. Blocks for `timeout_ms` at most.
    #[must_use]
    fn kmsramcred_secret_sign(
        secret: In<Secret>,
        request: Shown<Request>,
        timeout_ms: u64,
        signed_out: HandleOut<Signed>,
        error_out: ErrorOut,
    ) -> Status {
        let timeout = Duration::from_millis(timeout_ms);
        // SAFETY: the header asks for a request whose pointers are good.
        let (signed, serial) = unsafe { request.with(|request, attempt| secret.0.sign(request, attempt, timeout)) }?;
        signed_out.give(Owned::boxed(Signed::new(&signed, serial)));
        Ok(())
    }
);

export!(
    /// Signs a request with a credential at hand; else as `kmsramcred_secret_sign`.
    ///
    /// NULL: `credential`, `request` and `signed_out` must not be NULL; `error_out` may be.
    /// Ownership: `request` stays the caller's. `*signed_out` is the caller's, to be ended with `kmsramcred_signed_free`; NULL
    /// after a failure. `*error_out` is NULL on success, else the caller's.
    /// Threads: any. Does not block.
    #[must_use]
    fn kmsramcred_credential_sign(
        credential: In<Credential>,
        request: Shown<Request>,
        signed_out: HandleOut<Signed>,
        error_out: ErrorOut,
    ) -> Status {
        // SAFETY: the header asks for a request whose pointers are good.
        let signed = unsafe { request.with(|request, attempt| credential.sign(request, attempt)) }?;
        signed_out.give(Owned::boxed(Signed::new(&signed, credential.serial())));
        Ok(())
    }
);

export!(
    /// The serial of the credential that signed: what `kmsramcred_secret_report_success` and `kmsramcred_secret_report_failure`
    /// want to know.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_signed_serial(signed: In<Signed>) -> u64 {
        Ok(signed.serial)
    }
);

export!(
    /// How many headers are to be added to those of the request; 0 for RPC version 1.0, which signs in the query.
    ///
    /// NULL: gives 0.
    /// Threads: any.
    fn kmsramcred_signed_header_count(signed: In<Signed>) -> usize {
        Ok(signed.headers.len())
    }
);

export!(
    /// The name of a header to add, in lower case; "" from `kmsramcred_signed_header_count` on.
    ///
    /// NULL: `signed` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `signed` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_signed_header_name(signed: In<Signed>, index: usize, len_out: LengthOut) -> TextAnswer {
        let name = signed.headers.get(index).map(|(name, _)| name.as_c_str());
        lend(name.unwrap_or_default(), &len_out)
    }
);

export!(
    /// The value of a header to add; "" from `kmsramcred_signed_header_count` on. Do not log it.
    ///
    /// NULL: `signed` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `signed` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_signed_header_value(signed: In<Signed>, index: usize, len_out: LengthOut) -> TextAnswer {
        let value = signed.headers.get(index).map(|(_, value)| value.as_c_str());
        lend(value.unwrap_or_default(), &len_out)
    }
);

export!(
    /// The whole query of the signed request, encoded, without the question mark: the request's parameters and what the
    /// signature adds. For RPC version 1.0 it may be sent as a form body instead, with POST to `/`. Send it as it is.
    ///
    /// NULL: `signed` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `signed` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_signed_query(signed: In<Signed>, len_out: LengthOut) -> TextAnswer {
        lend(&signed.query, &len_out)
    }
);

export!(
    /// Path and query as they stand on the request line: what follows the host in a URL. For OSS the host names the bucket
    /// (`bucket.oss-cn-hangzhou.aliyuncs.com`); where it does not, put `/bucket` before it.
    ///
    /// NULL: `signed` NULL gives ""; `len_out` may be NULL.
    /// Returns: a text that lives until `signed` is freed, never NULL.
    /// Threads: any.
    fn kmsramcred_signed_target(signed: In<Signed>, len_out: LengthOut) -> TextAnswer {
        lend(&signed.target, &len_out)
    }
);

fn lend(text: &CStr, length: &LengthOut<'_>) -> Result<TextAnswer, Failure> {
    Ok(TextAnswer::lend(text, length))
}

export!(
    /// Ends a signed request. Its memory is wiped.
    ///
    /// NULL: does nothing.
    /// Threads: any; no other use of `signed` at the same time or later.
    fn kmsramcred_signed_free(signed: Owned<Signed>) {
        drop(signed);
        Ok(())
    }
);
