//! A request of the program that is to be signed, as C describes it.

use crate::boundary::{Argument, Failure};
use crate::slice::Text;
use kmsramcred::Attempt;
use kmsramcred::sign::request::{Family, Request as Described};
use std::ffi::c_char;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// RPC-style APIs, signature version 1.0: signs the parameters. Needs `Action` and `Version` among them.
pub const KMSRAMCRED_FAMILY_RPC_V1: i32 = 1;
/// RPC- and ROA-style APIs, ACS3-HMAC-SHA256: signs path, parameters, headers and body. Needs the headers `host`,
/// `x-acs-action` and `x-acs-version`.
pub const KMSRAMCRED_FAMILY_ACS3: i32 = 2;
/// OSS, signature version 1: signs bucket, key, the headers `content-md5`, `content-type` and `x-oss-...`, and of the parameters
/// those that version 1 knows.
pub const KMSRAMCRED_FAMILY_OSS_V1: i32 = 3;
/// OSS, signature version 4: the same headers, and all parameters. Needs the region.
pub const KMSRAMCRED_FAMILY_OSS_V4: i32 = 4;

/// A name with its value, neither of them encoded. Texts are UTF-8 and need no NUL; NULL is allowed with length 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The name.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_len: usize,
    /// The value.
    pub value: *const c_char,
    /// Its length in bytes.
    pub value_len: usize,
}

/// A request to be signed. Set everything to 0, then `struct_size`, `family`, `method` and what the family signs; what it does
/// not sign must stay 0. The library reads it, and what it points to, during the call only. A later version may append fields,
/// never move them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// `sizeof(kmsramcred_request)`.
    pub struct_size: usize,
    /// One of `KMSRAMCRED_FAMILY_...`.
    pub family: i32,
    /// The method, in upper case.
    pub method: *const c_char,
    /// Its length in bytes.
    pub method_len: usize,
    /// ACS3: the path as it stands on the request line, encoded; none for `/`.
    pub path: *const c_char,
    /// Its length in bytes.
    pub path_len: usize,
    /// The parameters of the query, each name once; for RPC version 1.0 with those of a form body.
    pub parameters: *const Pair,
    /// How many they are.
    pub parameter_count: usize,
    /// ACS3 and OSS: headers of the request, each name once. ACS3 signs all that are here, so leave out those that a proxy may
    /// change; OSS passes over those that it does not sign.
    pub headers: *const Pair,
    /// How many they are.
    pub header_count: usize,
    /// ACS3: the body; any bytes.
    pub body: *const u8,
    /// Its length in bytes.
    pub body_len: usize,
    /// OSS: the bucket; none for calls that are about no bucket.
    pub bucket: *const c_char,
    /// Its length in bytes.
    pub bucket_len: usize,
    /// OSS: the key of the object, not encoded; none for calls that are about no object.
    pub key: *const c_char,
    /// Its length in bytes.
    pub key_len: usize,
    /// OSS version 4: the region, such as `cn-hangzhou`.
    pub region: *const c_char,
    /// Its length in bytes.
    pub region_len: usize,
    /// When the request is signed, in milliseconds since 1970; 0 for now, which is what programs want.
    pub unix_ms: i64,
    /// RPC and ACS3: a text that no other request has; none for a random one, which is what programs want.
    pub nonce: *const c_char,
    /// Its length in bytes.
    pub nonce_len: usize,
}

/// No request that anybody means has more parameters or headers.
const MOST_PAIRS: usize = 4096;

/// A `kmsramcred_request` that C shows for the time of the call.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Shown<'a, T>(Option<NonNull<T>>, PhantomData<&'a T>);

impl<'a> Argument for Shown<'a, Request> {
    type Inside = Reading<'a>;
    fn accept(self, name: &'static str) -> Result<Reading<'a>, Failure> {
        let at = self.0.ok_or(Failure::NullArgument(name))?;
        let (known, mut copy) = (size_of::<Request>(), MaybeUninit::<Request>::zeroed());
        // SAFETY: the header asks for `struct_size` readable bytes, the first of which say how many they are. No more than a
        // whole `Request` is copied, for which any bytes will do.
        let (size, request) = unsafe {
            let size = at.cast::<usize>().read();
            if size < known {
                let wanted = format!("request->struct_size is {size}; at least {known} is needed");
                return Err(Failure::InvalidArgument(wanted));
            }
            copy.as_mut_ptr().copy_from_nonoverlapping(at.as_ptr(), 1);
            (size, copy.assume_init())
        };
        if size > MOST_BYTES {
            let limit = format!("request->struct_size is {size}; at most {MOST_BYTES} are allowed");
            return Err(Failure::InvalidArgument(limit));
        }
        // SAFETY: as above: between what this version knows and `struct_size`.
        let appended = unsafe { std::slice::from_raw_parts(at.as_ptr().cast::<u8>().add(known), size - known) };
        if appended.iter().any(|byte| *byte != 0) {
            let newer = "request has a field that this version of the library does not know";
            return Err(Failure::InvalidArgument(newer.to_owned()));
        }
        Ok(Reading { request, lives: PhantomData })
    }
}

/// No version of the struct is longer.
const MOST_BYTES: usize = 4096;

/// The fields of a request, not looked at yet.
pub struct Reading<'a> {
    request: Request,
    lives: PhantomData<&'a [u8]>,
}

impl<'a> Reading<'a> {
    /// Hands the request to `sign`, as the core describes it.
    ///
    /// # Safety
    /// What the fields point to is readable, as long as the lengths beside them say, and stays unchanged during the call.
    pub(crate) unsafe fn with<R>(
        &self,
        sign: impl FnOnce(&Described<'_>, &Attempt<'_>) -> Result<R, kmsramcred::Error>,
    ) -> Result<R, Failure> {
        let Request { parameters, parameter_count, headers, header_count, body, body_len, .. } = self.request;
        // SAFETY: passed on.
        let (parameters, headers, body, nonce) = unsafe {
            (
                pairs(parameters, parameter_count, ["request->parameters", "request->parameter_count"])?,
                pairs(headers, header_count, ["request->headers", "request->header_count"])?,
                bytes(body, body_len)?,
                self.text(|r| (r.nonce, r.nonce_len), "request->nonce")?,
            )
        };
        let (unix_ms, family) = (self.request.unix_ms, self.family()?);
        if unix_ms < 0 {
            let found = format!("request->unix_ms is {unix_ms}; 0 (now) or milliseconds since 1970 are allowed");
            return Err(Failure::InvalidArgument(found));
        }
        // SAFETY: passed on.
        let described = unsafe {
            Described {
                family,
                method: self.text(|r| (r.method, r.method_len), "request->method")?,
                path: self.text(|r| (r.path, r.path_len), "request->path")?,
                parameters: &parameters,
                headers: &headers,
                body,
                bucket: self.text(|r| (r.bucket, r.bucket_len), "request->bucket")?,
                key: self.text(|r| (r.key, r.key_len), "request->key")?,
                region: self.text(|r| (r.region, r.region_len), "request->region")?,
            }
        };
        let attempt = Attempt {
            unix_ms: Some(unix_ms).filter(|given| *given != 0),
            nonce: Some(nonce).filter(|given| !given.is_empty()),
        };
        Ok(sign(&described, &attempt)?)
    }

    fn family(&self) -> Result<Family, Failure> {
        match self.request.family {
            KMSRAMCRED_FAMILY_RPC_V1 => Ok(Family::RpcV1),
            KMSRAMCRED_FAMILY_ACS3 => Ok(Family::Acs3),
            KMSRAMCRED_FAMILY_OSS_V1 => Ok(Family::OssV1),
            KMSRAMCRED_FAMILY_OSS_V4 => Ok(Family::OssV4),
            other => Err(Failure::InvalidArgument(format!(
                "request->family is {other}; one of KMSRAMCRED_FAMILY_... (1 to 4) is needed"
            ))),
        }
    }

    /// # Safety
    /// As [`Reading::with`].
    unsafe fn text(
        &self,
        field: impl FnOnce(&Request) -> (*const c_char, usize),
        name: &'static str,
    ) -> Result<&'a str, Failure> {
        let (text, length) = field(&self.request);
        // SAFETY: passed on.
        unsafe { Text::at(text).utf8(length, name) }
    }
}

/// # Safety
/// As [`Reading::with`].
unsafe fn pairs<'a>(
    first: *const Pair,
    count: usize,
    names: [&'static str; 2],
) -> Result<Vec<(&'a str, &'a str)>, Failure> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if first.is_null() {
        return Err(Failure::NullArgument(names[0]));
    }
    if count > MOST_PAIRS {
        return Err(Failure::InvalidArgument(format!("{} is {count}; at most {MOST_PAIRS} are allowed", names[1])));
    }
    // SAFETY: not NULL, and the caller of this function vouches for the pairs and for what they point to.
    let pairs = unsafe { std::slice::from_raw_parts(first, count) };
    let read = |pair: &Pair| unsafe {
        // SAFETY: passed on.
        Ok((Text::at(pair.name).utf8(pair.name_len, names[0])?, Text::at(pair.value).utf8(pair.value_len, names[0])?))
    };
    pairs.iter().map(read).collect()
}

/// # Safety
/// As [`Reading::with`].
unsafe fn bytes<'a>(first: *const u8, length: usize) -> Result<&'a [u8], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    if first.is_null() {
        return Err(Failure::NullArgument("request->body"));
    }
    if length > isize::MAX as usize {
        return Err(Failure::InvalidArgument(format!("request->body_len is {length}; no memory is as large")));
    }
    // SAFETY: not NULL, and the caller of this function vouches for the bytes.
    Ok(unsafe { std::slice::from_raw_parts(first, length) })
}
