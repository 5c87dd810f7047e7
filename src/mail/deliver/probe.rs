//! `dtsx probe`: what a server offers, asked without signing in and without a mail.
//!
//! The certificate is looked at whether it is trusted or not: nothing that is a secret goes over the connection. What
//! goes wrong is a line of the report, and the rest is asked all the same.

mod certificate;

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ProtocolVersion, SupportedProtocolVersion};

use super::capabilities::Capabilities;
use super::fault::{Fault, FaultKind, Step};
use super::reply::Reply;
use super::tls;
use super::wire::{Deadline, Wire};
use certificate::Seen;

pub use certificate::{Certificate, Trust};

/// A server that is to be asked.
#[derive(Clone, Debug)]
pub struct Probe {
    /// A name or an address.
    pub host: String,
    /// The port; with 465 TLS begins with the first byte.
    pub port: u16,
    /// How this machine introduces itself, see [`hello_name`](super::hello_name).
    pub hello: String,
    /// The name that the certificate should be for, when it is not `host`.
    pub tls_name: Option<String>,
    /// Certificates of authorities in PEM form that are trusted besides the system's.
    pub extra_ca: Option<Vec<u8>>,
    /// How long everything may take.
    pub timeout: Duration,
}

/// What a server said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// Its greeting on one line.
    pub banner: Option<String>,
    /// Whether TLS begins with the first byte.
    pub is_implicit: bool,
    /// What it offers before TLS.
    pub in_clear: Option<Offer>,
    /// What it offers under TLS.
    pub under_tls: Option<Offer>,
    /// Its certificate.
    pub certificate: Option<Certificate>,
    /// Which versions of TLS it takes, those that were asked for.
    pub versions: Vec<(TlsVersion, bool)>,
    /// What went wrong, in the order in which it was asked.
    pub faults: Vec<ProbeFault>,
}

/// What a server offers in its reply to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The lines but the first, with control characters made visible.
    pub extensions: Vec<String>,
    /// The mechanisms of `AUTH`.
    pub auth: Vec<String>,
}

/// A version of TLS that mail is sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246
    V1_2,
    /// RFC 8446
    V1_3,
}

impl TlsVersion {
    /// The number.
    pub fn number(self) -> &'static str {
        match self {
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        }
    }

    fn of(version: ProtocolVersion) -> Option<TlsVersion> {
        match version {
            ProtocolVersion::TLSv1_2 => Some(TlsVersion::V1_2),
            ProtocolVersion::TLSv1_3 => Some(TlsVersion::V1_3),
            _ => None,
        }
    }

    fn supported(self) -> &'static SupportedProtocolVersion {
        match self {
            TlsVersion::V1_2 => &rustls::version::TLS12,
            TlsVersion::V1_3 => &rustls::version::TLS13,
        }
    }
}

/// A step that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFault {
    /// What was being done.
    pub step: String,
    /// Why it went wrong.
    pub reason: String,
}

impl From<Fault> for ProbeFault {
    fn from(fault: Fault) -> ProbeFault {
        ProbeFault {
            step: fault.step.to_string(),
            reason: match fault.kind {
                FaultKind::Timeout(whole) => format!(
                    "no answer within the {} s of the whole probe",
                    whole.as_secs()
                ),
                kind => kind.to_string(),
            },
        }
    }
}

/// The usual port of TLS from the first byte.
const IMPLICIT: u16 = 465;
const BOTH: [TlsVersion; 2] = [TlsVersion::V1_3, TlsVersion::V1_2];

impl Probe {
    /// Asks the server. Two connections are made at most, three where TLS fails on the first.
    pub fn ask(&self) -> Probed {
        let mut probed = Probed {
            is_implicit: self.port == IMPLICIT,
            ..Probed::default()
        };
        let mut asking = Asking {
            probe: self,
            deadline: Deadline::after(self.timeout),
            seen: Seen::default(),
        };
        let first = asking.first(&mut probed);
        let tls = match first {
            Ok(tls) => tls,
            Err(fault) => {
                let in_tls = fault.step == Step::Handshake;
                probed.faults.push(fault.into());
                match in_tls {
                    true => Tls::Failed,
                    false => Tls::None,
                }
            }
        };
        probed.certificate = asking.seen.take();
        let known = match tls {
            Tls::None => return probed,
            Tls::Agreed(version) => version,
            Tls::Failed => None,
        };
        for version in BOTH {
            let taken = known == Some(version) || asking.takes(version, probed.is_implicit);
            probed.versions.push((version, taken));
        }
        if probed.certificate.is_none() {
            probed.certificate = asking.seen.take();
        }
        probed
    }
}

/// How far TLS came.
enum Tls {
    None,
    Agreed(Option<TlsVersion>),
    Failed,
}

struct Asking<'p> {
    probe: &'p Probe,
    deadline: Deadline,
    seen: Seen,
}

impl Asking<'_> {
    fn first(&mut self, probed: &mut Probed) -> Result<Tls, Fault> {
        let mut wire = self.connect()?;
        let mut tls = Tls::None;
        if probed.is_implicit {
            wire = wire.handshake(self.name()?, self.config(&BOTH)?)?;
            tls = Tls::Agreed(wire.tls_version().and_then(TlsVersion::of));
        }
        probed.banner = Some(wire.greeting()?.to_string());
        let (offer, starttls) = self.hello(&mut wire)?;
        if probed.is_implicit {
            probed.under_tls = Some(offer);
        } else {
            probed.in_clear = Some(offer);
            if starttls {
                wire = wire.starttls(self.name()?, self.config(&BOTH)?)?;
                tls = Tls::Agreed(wire.tls_version().and_then(TlsVersion::of));
                match self.hello(&mut wire) {
                    Ok((offer, _)) => probed.under_tls = Some(offer),
                    Err(fault) => probed.faults.push(fault.into()),
                }
            }
        }
        // Nothing depends on the farewell.
        let _ = wire.command(Step::Quit, "QUIT", &[221]);
        Ok(tls)
    }

    /// Whether it shakes hands with one version alone.
    fn takes(&mut self, version: TlsVersion, is_implicit: bool) -> bool {
        let shake = || -> Result<Wire, Fault> {
            let mut wire = self.connect()?;
            let (name, config) = (self.name()?, self.config(&[version])?);
            if is_implicit {
                return wire.handshake(name, config);
            }
            wire.greeting()?;
            self.hello(&mut wire)?;
            wire.starttls(name, config)
        };
        match shake() {
            Ok(mut wire) => {
                let _ = wire.command(Step::Quit, "QUIT", &[221]);
                true
            }
            Err(_) => false,
        }
    }

    fn connect(&self) -> Result<Wire, Fault> {
        Wire::connect(&self.probe.host, self.probe.port, self.deadline)
    }

    fn hello(&self, wire: &mut Wire) -> Result<(Offer, bool), Fault> {
        let hello = &self.probe.hello;
        let reply = match wire.command(Step::Ehlo, &format!("EHLO {hello}"), &[250]) {
            Err(Fault {
                kind: FaultKind::Refused(reply),
                ..
            }) if matches!(reply.code, 500..=504) => {
                wire.command(Step::Helo, &format!("HELO {hello}"), &[250])?;
                return Ok((Offer::default(), false));
            }
            reply => reply?,
        };
        let offered = Capabilities::parse(&reply);
        let offer = Offer {
            extensions: extensions(&reply),
            auth: offered.auth,
        };
        Ok((offer, offered.starttls))
    }

    fn name(&self) -> Result<rustls::pki_types::ServerName<'static>, Fault> {
        let name = self.probe.tls_name.as_ref().unwrap_or(&self.probe.host);
        tls::server_name(name).map_err(|text| FaultKind::Tls(text).at(Step::Handshake))
    }

    fn config(&self, versions: &[TlsVersion]) -> Result<Arc<ClientConfig>, Fault> {
        let versions: Vec<_> = versions.iter().map(|version| version.supported()).collect();
        certificate::looking(self.probe.extra_ca.as_deref(), &versions, &self.seen)
            .map_err(|text| FaultKind::Tls(text).at(Step::Handshake))
    }
}

fn extensions(reply: &Reply) -> Vec<String> {
    let lines = reply.lines.iter().skip(1);
    lines
        .map(|line| crate::source::visible(line.trim()).into_owned())
        .collect()
}
