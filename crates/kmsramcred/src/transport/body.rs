//! The body of an answer, read to its end under a cap.

use std::io::Read;
use ureq::Body;
use zeroize::Zeroize;

/// Where reading starts when the answer does not say how long it is.
const FIRST_BUFFER: usize = 16 * 1024;

/// Reads the whole body. Bodies carry secrets, so a buffer that is outgrown is wiped, and the result by its owner.
pub(super) fn read(body: Body, limit: usize) -> Result<Vec<u8>, ureq::Error> {
    let announced = body.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ureq::Error::BodyExceedsLimit(limit as u64));
    }
    let mut reader = body.into_with_config().limit(limit as u64).reader();
    let mut bytes = vec![0; announced.map_or(FIRST_BUFFER.min(limit), |length| length) + 1];
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            let mut larger = vec![0; bytes.len() * 2];
            larger[..filled].copy_from_slice(&bytes);
            bytes.zeroize();
            bytes = larger;
        }
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) => {
                bytes.zeroize();
                return Err(ureq::Error::from(error));
            }
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
