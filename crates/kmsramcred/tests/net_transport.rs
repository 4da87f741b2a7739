//! The transport over real sockets: TLS, proxies, broken servers, DNS.

#[path = "net_transport/dns.rs"]
mod dns;
#[path = "net_transport/environment.rs"]
mod environment;
#[path = "net_transport/http.rs"]
mod http;
#[path = "net_transport/instance.rs"]
mod instance;
#[path = "net_transport/proxy.rs"]
mod proxy;
#[path = "net_transport/server.rs"]
mod server;
#[path = "net_transport/tls.rs"]
mod tls;
mod vector_file;
