//! What is given about servers, against what packages say of theirs.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::connection_string::{SmtpConnection, SmtpProperty};
use crate::host::Environment;
use crate::source::visible;

use super::auth::{Method, SignIn};
use super::deliver::{Identity, Server, Timeouts, TlsMode, Trace};
use super::resolve::Request;
use super::run::Route;

/// What is given about servers, and wins over the packages.
#[derive(Clone, Default)]
pub struct ServerChoice {
    /// The server, instead of the one that the package names.
    pub host: Option<String>,
    /// Its port; 25, or 465 where TLS is implicit, when it is not given.
    pub port: Option<u16>,
    /// Whether a package may name this machine: it meant the one that SSIS ran on.
    pub local_server: LocalServer,
    /// How connections are protected, instead of what `EnableSsl` says.
    pub tls: Option<TlsMode>,
    /// The name that certificates must be for.
    pub tls_name: Option<String>,
    /// Certificates of authorities in PEM form.
    pub extra_ca: Option<Vec<u8>>,
    /// Who signs in, besides or instead of what `UseWindowsAuthentication` says.
    pub sign_in: SignIn,
    /// How long a delivery may take, instead of `Timeout`.
    pub timeout: Option<Duration>,
    /// How often a delivery is tried again.
    pub retries: u32,
    /// Where the dialogue with servers is shown.
    pub trace: Option<Trace>,
}

/// Whether a package may name this machine as its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalServer {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

impl ServerChoice {
    /// The properties of a connection manager that do not count, with what is given and on this route.
    pub fn unneeded(&self, route: &Route<'_>) -> Vec<SmtpProperty> {
        if let Route::Outbox(..) | Route::Capture(_) = route {
            return SmtpProperty::ALL.to_vec();
        }
        [
            (SmtpProperty::Server, self.host.is_some()),
            (
                SmtpProperty::UseWindowsAuthentication,
                self.sign_in.method != Method::Auto,
            ),
            (SmtpProperty::EnableSsl, self.tls.is_some()),
            (SmtpProperty::Timeout, self.timeout.is_some()),
        ]
        .into_iter()
        .filter_map(|(property, given)| given.then_some(property))
        .collect()
    }

    /// `HOST:PORT` of the server of a task.
    pub fn address_of(&self, request: &Request) -> String {
        address(&self.server(request))
    }

    /// The server of a task: what is given wins over what its connection manager says.
    pub(super) fn server(&self, request: &Request) -> Server {
        let (connection, more) = (&request.connection, &request.server);
        let stored_tls = if more.implicit_tls {
            TlsMode::Implicit
        } else if connection.enable_ssl {
            TlsMode::StartTls
        } else {
            TlsMode::None
        };
        let stored_identity = if connection.use_windows_authentication {
            Identity::WindowsAccount
        } else {
            Identity::Anonymous
        };
        let tls = self.tls.unwrap_or(stored_tls);
        let usual_port = if tls == TlsMode::Implicit { 465 } else { 25 };
        // The port of one server says nothing of another.
        let own_port = more.port.filter(|_| self.host.is_none());
        let host = self.host.as_deref().unwrap_or(&connection.server);
        Server {
            host: host.trim().to_owned(),
            port: self.port.or(own_port).unwrap_or(usual_port),
            tls,
            tls_name: self.tls_name.clone().or_else(|| more.tls_name.clone()),
            extra_ca: self.extra_ca.clone(),
            identity: stored_identity,
            sign_in: self.signs_in(more.sign_in.as_ref()),
        }
    }

    /// Who signs in: the account that was given, or else that of the job, in the way that was given.
    fn signs_in(&self, of_job: Option<&SignIn>) -> SignIn {
        match of_job {
            Some(of_job)
                if !self.sign_in.has_credentials() && self.sign_in.method != Method::Anonymous =>
            {
                SignIn {
                    user: of_job.user.clone(),
                    password: of_job.password.clone(),
                    token: of_job.token.clone(),
                    ..self.sign_in.clone()
                }
            }
            _ => self.sign_in.clone(),
        }
    }

    /// Why nothing is sent to a server that a package names.
    pub(super) fn refuses(&self, server: &Server, environment: &dyn Environment) -> Option<String> {
        let refused = self.host.is_none()
            && self.local_server == LocalServer::Refused
            && is_this_machine(&server.host, environment);
        refused.then(|| {
            format!(
                "the package's server `{}` is this machine, and meant the one that SSIS ran on: `--server` gives \
                 another, `--allow-local-server` takes it",
                visible(&server.host)
            )
        })
    }

    /// How long a delivery may take: what is given, what the connection manager says, or the usual.
    pub(super) fn timeouts(
        &self,
        connection: &SmtpConnection,
        notes: &mut Vec<String>,
    ) -> Timeouts {
        let mut timeouts = Timeouts::default();
        let stored = connection.timeout.and_then(|it| u64::try_from(it).ok());
        match (self.timeout, stored.filter(|&it| it > 0)) {
            (Some(given), _) => timeouts.delivery = given,
            (None, Some(milliseconds)) => {
                timeouts.delivery = Duration::from_millis(milliseconds);
                if milliseconds < 1000 {
                    notes.push(format!(
                        "`Timeout` is {milliseconds}, taken as milliseconds: `--timeout` gives more"
                    ));
                }
            }
            (None, None) => {}
        }
        timeouts
    }
}

/// `HOST:PORT`.
pub(super) fn address(server: &Server) -> String {
    match server.host.parse::<Ipv6Addr>() {
        Ok(host) => format!("[{host}]:{}", server.port),
        Err(_) => format!("{}:{}", server.host, server.port),
    }
}

/// Whether a name stands for the machine that the command runs on.
fn is_this_machine(host: &str, environment: &dyn Environment) -> bool {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    let bare = host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(&host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback() || address.is_unspecified();
    }
    let named = |own: String| {
        let own = own.to_ascii_lowercase();
        let first = own.split('.').next().unwrap_or_default().to_owned();
        host == own || host == first
    };
    matches!(
        host.as_str(),
        "" | "(local)" | "localhost" | "localhost.localdomain"
    ) || host.ends_with(".localhost")
        || environment.host_name().is_some_and(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Etl01;

    impl Environment for Etl01 {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn host_name(&self) -> Option<String> {
            Some("ETL01.corp.example".to_owned())
        }
    }

    #[test]
    fn names_of_this_machine_are_told() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            ".",
            "(local)",
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "mail.localhost",
            "etl01",
            "ETL01.corp.example",
        ] {
            assert!(is_this_machine(host, &Etl01), "{host}");
        }
        for host in [
            "relay.example",
            "10.0.0.1",
            "etl02",
            "etl01.other.example",
            "localhost.example",
        ] {
            assert!(!is_this_machine(host, &Etl01), "{host}");
        }
    }
}
