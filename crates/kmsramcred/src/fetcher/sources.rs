//! One source, put together from its settings: its exchange, its signature, its pauses.

use super::{CONNECT, Closing, nonce};
use crate::clock::Clock;
use crate::config::{self, Config, Endpoint, Proxy, SourceSettings};
use crate::error::{Error, ErrorKind};
use crate::exchange::{Exchange, Question};
use crate::fork;
use crate::sign::{Call, Scheme, openapi_request};
use crate::source::{
    AssumeRole, Chain, ChainLink, ClientKey, CredentialsUri, EcsRamRole, EcsRamRoleSettings, External, FixedSource,
    OidcRole, Pause, Run, Source, StsPlace, UriPlace,
};
use crate::transport::TlsTrust;
use std::sync::Arc;
use std::time::Duration;

/// The longest time for each step with the metadata service.
const METADATA_STEP: Duration = Duration::from_secs(1);
/// The longest time for the metadata service as a link of the default chain: outside the cloud nobody answers there.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);
/// The longest time for any other link of the default chain.
const LINK_PATIENCE: Duration = Duration::from_secs(3);
/// The longest time for a link that runs a program, which may ask somebody in turn.
const PROGRAM_PATIENCE: Duration = Duration::from_secs(10);
/// The longest time in which STS has to begin its answer.
const STS_ANSWER: Duration = Duration::from_secs(5);

/// Makes a way to the network: trust, proxy, time to connect, time for an answer.
pub(super) type MakeExchange<'a> =
    dyn FnMut(TlsTrust, Option<&Proxy>, Duration, Option<Duration>) -> Result<Arc<dyn Exchange>, Error> + 'a;

/// What all sources of one client are put together with.
pub(super) struct Workshop<'a> {
    pub(super) config: &'a Config,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) closing: &'a Arc<Closing>,
    pub(super) user_agent: &'a str,
    /// The key of a source of the type `client_key`.
    pub(super) client_key: Option<&'a Arc<ClientKey>>,
    pub(super) exchange: &'a mut MakeExchange<'a>,
}

impl Workshop<'_> {
    /// Opens nothing.
    pub(super) fn source(&mut self, settings: SourceSettings) -> Result<Arc<dyn Source>, Error> {
        Ok(match settings {
            SourceSettings::AccessKey { id, secret, token } => Arc::new(FixedSource::access_key(id, secret, token)),
            SourceSettings::EcsRamRole { role_name, metadata_endpoint, imdsv1_disabled } => {
                let authority = metadata_endpoint.authority;
                let settings = EcsRamRoleSettings { role_name, authority, imdsv1_disabled };
                let exchange = (self.exchange)(TlsTrust::System, None, METADATA_STEP, Some(METADATA_STEP))?;
                Arc::new(EcsRamRole::new(exchange, Arc::clone(self.clock), settings, self.pause()))
            }
            SourceSettings::AssumeRole { asker, role, external_id, sts_endpoint } => {
                let asker = self.source(*asker)?;
                let user_agent = self.user_agent.to_owned();
                let sign = move |question: &Question<'_>, identity: &_, unix_ms| {
                    let call = Call::of(question, None, &user_agent);
                    openapi_request(Scheme::RpcV1, &call, identity, unix_ms, &nonce())
                };
                let place = self.sts(sts_endpoint)?;
                Arc::new(AssumeRole::new(place, asker, role, external_id, Box::new(sign), self.pause()))
            }
            SourceSettings::OidcRole { role, provider_arn, token_file, sts_endpoint } => {
                let place = self.sts(sts_endpoint)?;
                let user_agent = self.user_agent.to_owned();
                Arc::new(OidcRole::new(place, role, provider_arn, token_file, user_agent, self.pause()))
            }
            SourceSettings::ClientKey(_) => {
                let key = self
                    .client_key
                    .ok_or_else(|| Error::new(ErrorKind::Internal, "The ClientKey of the source was not prepared."))?;
                Arc::new(FixedSource::client_key(Arc::clone(key)))
            }
            SourceSettings::CredentialsUri { endpoint, target } => {
                let trust = self.trust();
                let exchange = (self.exchange)(trust, self.config.proxies.of(&endpoint), CONNECT, Some(STS_ANSWER))?;
                let Endpoint { authority, tls } = endpoint;
                let place = UriPlace { authority, tls, target, exchange, clock: Arc::clone(self.clock) };
                Arc::new(CredentialsUri::new(place, self.pause()))
            }
            SourceSettings::External { words, place } => {
                let closing = Arc::clone(self.closing);
                let run = Box::new(move |program: &Run<'_>| fork::run_program(program, &|| closing.is_open()));
                Arc::new(External::new(words, place, run, Arc::clone(self.clock), self.pause()))
            }
            SourceSettings::Chain { links } => {
                let mut made = Vec::new();
                for link in links {
                    let patience = patience(&link);
                    let source = match link.source {
                        Ok(settings) => Ok(self.source(*settings)?),
                        Err(reason) => Err(reason),
                    };
                    made.push(ChainLink { name: link.name, source, patience });
                }
                Arc::new(Chain::new(made, Arc::clone(self.clock)))
            }
        })
    }

    fn sts(&mut self, endpoint: Endpoint) -> Result<StsPlace, Error> {
        let trust = self.trust();
        let exchange = (self.exchange)(trust, self.config.proxies.of(&endpoint), CONNECT, Some(STS_ANSWER))?;
        Ok(StsPlace { authority: endpoint.authority, tls: endpoint.tls, exchange, clock: Arc::clone(self.clock) })
    }

    fn trust(&self) -> TlsTrust {
        if self.config.trusts_its_caller { TlsTrust::System } else { TlsTrust::UsualSystem }
    }

    fn pause(&self) -> Box<Pause> {
        let pausing = Arc::clone(self.closing);
        Box::new(move |least, most| pausing.pause(least, most))
    }
}

/// The longest time for the first identity of a link of the default chain.
fn patience(link: &config::ChainLink) -> Duration {
    match &link.source {
        Ok(settings) if settings.runs_a_program() => PROGRAM_PATIENCE,
        _ if link.name == "ecs_ram_role" => METADATA_PATIENCE,
        _ => LINK_PATIENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_more_time_than_other_links_and_the_metadata_service_less() {
        let source = |settings| Ok(Box::new(settings));
        let key = SourceSettings::AccessKey { id: "i".to_owned(), secret: "s".into(), token: None };
        let program = SourceSettings::External { words: vec!["tool".into()], place: "the program".to_owned() };
        for (name, source, seconds) in [
            ("cli_profile", source(program), 10),
            ("cli_profile", source(key.clone()), 3),
            ("cli_profile", Err("not there".to_owned()), 3),
            ("ecs_ram_role", source(key), 1),
        ] {
            assert_eq!(patience(&config::ChainLink { name, source }), Duration::from_secs(seconds), "{name}");
        }
    }
}
