//! `dtsx/probe@1`

use std::collections::BTreeMap;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::mail::deliver::{Certificate, Offer, ProbeFault, Probed, Trust};

use super::common;

/// What mail servers offer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Probes {
    /// `dtsx/probe@1`
    pub schema: &'static str,
    /// The servers, in the order in which they were named.
    pub servers: Vec<ServerJson>,
    /// Connection managers of the report whose server is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutJson>,
    /// How many there are.
    pub summary: ProbeSummary,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/probe@1";

/// A mail server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServerJson {
    /// Its name, as it was given.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How many connection managers of the report lead there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// Its greeting, code first; null where none came.
    pub banner: Option<String>,
    /// `starttls`, `implicit`, or `none` where no TLS is offered; null where it did not come to that.
    pub tls: Option<&'static str>,
    /// What it offers before TLS.
    pub in_clear: Option<OfferJson>,
    /// What it offers under TLS.
    pub under_tls: Option<OfferJson>,
    /// Versions of TLS, and whether it takes them.
    pub tls_versions: BTreeMap<&'static str, bool>,
    /// Its certificate; null where none was seen.
    pub certificate: Option<CertificateJson>,
    /// What went wrong.
    pub faults: Vec<FaultJson>,
}

/// What a server offers in its reply to EHLO.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfferJson {
    /// Its lines.
    pub extensions: Vec<String>,
    /// The mechanisms of `AUTH`.
    pub auth: Vec<String>,
}

/// A certificate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateJson {
    /// The names that it is for.
    pub names: Vec<String>,
    /// Whom it is for.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// From when it is valid.
    pub not_before: String,
    /// Until when.
    pub not_after: String,
    /// Whole days until then; below zero where it has expired.
    pub expires_in_days: i64,
    /// Whether a delivery would go on with it.
    pub trusted: bool,
    /// Why it would not.
    pub problem: Option<String>,
}

/// A step that went wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FaultJson {
    /// What was being done.
    pub step: String,
    /// Why it went wrong.
    pub reason: String,
}

/// A connection manager whose server is not known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeftOutJson {
    /// The file.
    pub file: String,
    /// The connection manager.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// How many servers there are.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct ProbeSummary {
    /// Servers that were asked.
    pub servers: usize,
    /// Those of which something went wrong, or whose certificate is not to be trusted.
    pub faulty: usize,
}

/// A server, what it said, and how many connection managers lead there.
#[derive(Clone, Debug)]
pub struct ServerProbe {
    /// Its name, as it was given.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Connection managers of a report.
    pub connections: Option<usize>,
    /// What it said.
    pub probed: Probed,
}

impl ServerProbe {
    /// Whether something went wrong, or mail over TLS would not go.
    pub fn is_faulty(&self) -> bool {
        let certificate = self.probed.certificate.as_ref();
        !self.probed.faults.is_empty() || certificate.is_some_and(|it| it.trust != Trust::Trusted)
    }

    /// `starttls`, `implicit` or `none`; `None` where it did not come to that.
    pub fn tls(&self) -> Option<&'static str> {
        let probed = &self.probed;
        match &probed.in_clear {
            _ if probed.is_implicit => probed.certificate.as_ref().map(|_| "implicit"),
            Some(offer) => Some(match offer.has("STARTTLS") {
                true => "starttls",
                false => "none",
            }),
            None => None,
        }
    }
}

impl Offer {
    fn has(&self, keyword: &str) -> bool {
        self.extensions
            .iter()
            .any(|it| it.eq_ignore_ascii_case(keyword))
    }
}

/// Whole days from a moment, in seconds from 1970 on, until a certificate expires.
pub fn days_left(certificate: &Certificate, now: i64) -> i64 {
    const DAY: i64 = 86_400;
    certificate.expires.saturating_sub(now).div_euclid(DAY)
}

/// Writes the report.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(
    out: &mut dyn io::Write,
    servers: &[ServerProbe],
    left_out: &[LeftOutJson],
    now: i64,
) -> io::Result<()> {
    let report = Probes {
        schema: SCHEMA,
        servers: servers.iter().map(|it| server(it, now)).collect(),
        left_out: left_out.to_vec(),
        summary: ProbeSummary {
            servers: servers.len(),
            faulty: servers.iter().filter(|it| it.is_faulty()).count(),
        },
    };
    common::write(out, &report)
}

fn server(server: &ServerProbe, now: i64) -> ServerJson {
    let probed = &server.probed;
    let versions = probed.versions.iter();
    ServerJson {
        host: server.host.clone(),
        port: server.port,
        connections: server.connections,
        banner: probed.banner.clone(),
        tls: server.tls(),
        in_clear: probed.in_clear.as_ref().map(OfferJson::from),
        under_tls: probed.under_tls.as_ref().map(OfferJson::from),
        tls_versions: versions
            .map(|(version, taken)| (version.number(), *taken))
            .collect(),
        certificate: probed.certificate.as_ref().map(|it| certificate(it, now)),
        faults: probed.faults.iter().map(FaultJson::from).collect(),
    }
}

fn certificate(certificate: &Certificate, now: i64) -> CertificateJson {
    CertificateJson {
        names: certificate.names.clone(),
        subject: certificate.subject.clone(),
        issuer: certificate.issuer.clone(),
        not_before: certificate.not_before.clone(),
        not_after: certificate.not_after.clone(),
        expires_in_days: days_left(certificate, now),
        trusted: certificate.trust == Trust::Trusted,
        problem: match &certificate.trust {
            Trust::Trusted => None,
            Trust::Not(why) => Some(why.clone()),
        },
    }
}

impl From<&Offer> for OfferJson {
    fn from(offer: &Offer) -> OfferJson {
        OfferJson {
            extensions: offer.extensions.clone(),
            auth: offer.auth.clone(),
        }
    }
}

impl From<&ProbeFault> for FaultJson {
    fn from(fault: &ProbeFault) -> FaultJson {
        FaultJson {
            step: fault.step.clone(),
            reason: fault.reason.clone(),
        }
    }
}
