//! Ports: opening them and accepting connections.

use super::connection::{Connection, ResetOrder};
use super::endpoint;
use crate::gateway::Gateway;
use crate::stage::{Place, Stage};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Binds a port on the loopback interface; the emulator must not be reachable from anywhere else.
pub(crate) async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    if !address.is_loopback() {
        let message = format!("{address} is not a loopback address: the emulator listens on 127.0.0.1 or ::1 only");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let bound = TcpListener::bind((address, port)).await;
    bound.map_err(|error| io::Error::new(error.kind(), format!("listening on {address}, port {port}: {error}")))
}

/// Opens an endpoint on a port of its own and serves it until the runtime ends.
pub(crate) async fn open(stage: &Arc<Stage>, place: Place, secure: bool) -> io::Result<SocketAddr> {
    let listener = bind(stage.listen, 0).await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener, stage.clone(), place, secure));
    Ok(address)
}

async fn accept(listener: TcpListener, stage: Arc<Stage>, place: Place, secure: bool) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        if stage.world().is_down(&place) {
            let _ = stream.set_zero_linger();
            continue;
        }
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, stage.clone(), place.clone(), secure));
    }
}

async fn serve(stream: TcpStream, stage: Arc<Stage>, place: Place, secure: bool) {
    let (connection, order) = Connection::new(stream);
    if !secure {
        return converse(connection, order, stage, place).await;
    }
    let acceptor = if place == Place::Kms(Gateway::Dedicated) { &stage.instance_tls } else { &stage.tls };
    if let Ok(stream) = acceptor.clone().accept(connection).await {
        converse(stream, order, stage, place).await;
    }
}

async fn converse<S>(stream: S, order: ResetOrder, stage: Arc<Stage>, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let (stage, place, order) = (stage.clone(), place.clone(), order.clone());
        async move { endpoint::respond(&stage, &place, &order, request).await }
    });
    // How a connection ends is the client's business, or was ordered.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
}
