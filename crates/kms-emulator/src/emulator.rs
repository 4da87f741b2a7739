//! A running emulator inside this process.

use crate::control;
use crate::gateway::Gateway;
use crate::identifier;
use crate::options::{Caller, Options};
use crate::ready::Ready;
use crate::service::Mood;
use crate::stage::{Place, Stage};
use crate::state_dir::StateDir;
use crate::wire::{self, Authority};
use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;
use tower::ServiceExt;

/// How long a drop waits for connections to be closed.
const STOP_TIME: Duration = Duration::from_secs(2);

/// An emulator on threads of its own; dropping it closes every port.
pub struct Emulator {
    ready: Ready,
    router: Router,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _state_dir: StateDir,
}

impl Emulator {
    /// Starts an emulator for a test.
    ///
    /// # Panics
    /// When it cannot start; [`Emulator::try_start`] returns the reason instead.
    pub fn start(options: Options) -> Self {
        Self::try_start(options).unwrap_or_else(|error| panic!("the emulator did not start: {error}"))
    }

    /// Starts an emulator.
    ///
    /// # Errors
    /// When the address is not a loopback address, or a port or the state directory cannot be used.
    pub fn try_start(options: Options) -> io::Result<Self> {
        let state_dir = StateDir::open(options.state_dir.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("kms-emulator")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (report, reported) = mpsc::sync_channel(1);
        let opening = open(options, state_dir);
        let thread = std::thread::Builder::new().name("kms-emulator".to_owned()).spawn(move || {
            run(&runtime, opening, &report, stopped);
            runtime.shutdown_timeout(STOP_TIME);
        })?;
        let opened = reported.recv().unwrap_or_else(|_| Err(io::Error::other("its thread ended early")));
        let (ready, router, state_dir) = opened?;
        Ok(Self { ready, router, handle, stop: Some(stop), thread: Some(thread), _state_dir: state_dir })
    }

    /// Where everything is.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Carries out a request of the control API without a socket, such as
    /// `control("POST", "/secrets", json!({"name": "n"}))`. An order that fails answers `{"error": ...}`.
    ///
    /// # Panics
    /// When `method` or `path` cannot be part of an HTTP request.
    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).body(body);
        let request = request.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let router = self.router.clone();
        let (answer, answered) = mpsc::sync_channel(1);
        self.handle.spawn(async move {
            let Ok(response) = router.oneshot(request).await;
            let bytes = response.into_body().collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
            let _ = answer.send(serde_json::from_slice(&bytes).unwrap_or(Value::Null));
        });
        answered.recv().unwrap_or(Value::Null)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Opened = (Ready, Router, StateDir);

fn run(
    runtime: &Runtime,
    opening: impl Future<Output = io::Result<Opened>>,
    report: &mpsc::SyncSender<io::Result<Opened>>,
    stopped: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let opened = opening.await;
        let failed = opened.is_err();
        if report.send(opened).is_ok() && !failed {
            let _ = stopped.await;
        }
    });
}

/// Opens every port. The listeners run on the runtime that drives this future.
async fn open(options: Options, state_dir: StateDir) -> io::Result<Opened> {
    // Whoever checks a certificate goes by the machine's clock, not by the one of a test.
    let authority = Authority::generate(Timestamp::now())?;
    let instance_authority = Authority::of_instances(Timestamp::now())?;
    let ca_path = state_dir.write_ca("ca.pem", &authority.pem)?;
    let dedicated_ca_path = state_dir.write_ca("dedicated-ca.pem", &instance_authority.pem)?;
    let acceptors = (authority.acceptor, instance_authority.acceptor);
    let stage = Arc::new(Stage::new(options.clock.clone(), options.listen, acceptors.0, acceptors.1));
    let callers = if options.callers.is_empty() { vec![made_up_caller()] } else { options.callers };
    callers.iter().for_each(|caller| control::caller::admit(&stage, caller));
    stage.world().metadata.role = options.role;
    let listener = wire::bind(options.listen, options.control_port).await?;
    let control = listener.local_addr()?;
    let router = control::router(stage.clone());
    let served = axum::serve(listener, router.clone());
    tokio::spawn(async move { served.await });
    let kms = wire::open(&stage, Place::Kms(Gateway::Shared), true).await?;
    let kms_plain = wire::open(&stage, Place::Kms(Gateway::Shared), false).await?;
    let dedicated = wire::open(&stage, Place::Kms(Gateway::Dedicated), true).await?;
    let metadata = wire::open(&stage, Place::Metadata, false).await?;
    let sts = wire::open(&stage, Place::Sts, true).await?;
    let sts_plain = wire::open(&stage, Place::Sts, false).await?;
    let uri = wire::open(&stage, Place::CredentialsUri, false).await?;
    let oss = wire::open(&stage, Place::Oss, false).await?;
    let oss_tls = wire::open(&stage, Place::Oss, true).await?;
    let service = control::service::start(&stage, "default", Mood::default()).await?;
    let Caller { access_key_id, access_key_secret, .. } = callers[0].clone();
    let named = |address: std::net::SocketAddr| BTreeMap::from([("default".to_owned(), address.to_string())]);
    let ready = Ready {
        control: format!("http://{control}"),
        kms: format!("https://{kms}"),
        kms_host: kms.to_string(),
        kms_plain_host: kms_plain.to_string(),
        dedicated_host: dedicated.to_string(),
        metadata: format!("http://{metadata}"),
        sts_host: sts.to_string(),
        sts_plain_host: sts_plain.to_string(),
        credentials_uri: format!("http://{uri}{}", crate::credentials_uri::PATH),
        oss_host: oss.to_string(),
        oss_tls_host: oss_tls.to_string(),
        services: named(service.plain),
        services_tls: named(service.secure),
        ca_path,
        dedicated_ca_path,
        access_key_id,
        access_key_secret,
        pid: std::process::id(),
    };
    Ok((ready, router, state_dir))
}

fn made_up_caller() -> Caller {
    Caller::new(identifier::access_key_id(), identifier::access_key_secret())
}
