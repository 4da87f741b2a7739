//! Bodies that do not arrive the way a healthy server sends them.

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::{Either, Full};
use std::fmt;
use std::time::Duration;

/// The body of every answer.
pub(super) type WireBody = Either<Full<Bytes>, Channel<Bytes, Cut>>;

/// Ends a connection in the middle of things.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("cut on order")
    }
}

impl std::error::Error for Cut {}

const HUGE_CHUNK: usize = 1 << 20;
const HUGE_CHUNKS: usize = 64;
/// Long enough for what was written to leave before the connection is cut.
const FLUSH: Duration = Duration::from_millis(50);

pub(super) fn whole(bytes: Bytes) -> WireBody {
    Either::Left(Full::new(bytes))
}

fn written_by<F: Future<Output = ()> + Send + 'static>(write: impl FnOnce(Sender<Bytes, Cut>) -> F) -> WireBody {
    let (sender, body) = Channel::new(1);
    tokio::spawn(write(sender));
    Either::Right(body)
}

/// The first half of `bytes`, then the end of the connection.
pub(super) fn truncated(bytes: Bytes) -> WireBody {
    written_by(|mut sender| async move {
        if sender.send_data(bytes.slice(..bytes.len() / 2)).await.is_ok() {
            tokio::time::sleep(FLUSH).await;
            sender.abort(Cut);
        }
    })
}

/// One byte at a time.
pub(super) fn dripping(bytes: Bytes, pause: Duration) -> WireBody {
    written_by(move |mut sender| async move {
        for index in 0..bytes.len() {
            tokio::time::sleep(pause).await;
            if sender.send_data(bytes.slice(index..=index)).await.is_err() {
                return;
            }
        }
    })
}

/// 64 MiB in chunks, which begin like an answer of KMS.
pub(super) fn huge() -> WireBody {
    written_by(|mut sender| async move {
        let mut next = Bytes::from_static(b"{\"SecretData\":\"");
        let filler = Bytes::from(vec![b'A'; HUGE_CHUNK]);
        for _ in 0..=HUGE_CHUNKS {
            if sender.send_data(next).await.is_err() {
                return;
            }
            next = filler.clone();
        }
        let _ = sender.send_data(Bytes::from_static(b"\"}")).await;
    })
}
