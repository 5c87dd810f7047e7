//! Tickets with a user name and a password, by the `sspi` crate; the way to the server that gives them is ours.

use std::time::{Duration, Instant};

use sspi::generator::GeneratorState;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, Credentials, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, Kerberos, KerberosConfig, Negotiate, NegotiateConfig,
    SecurityBuffer, SecurityBufferRef, SecurityStatus, Sspi, SspiImpl, Username,
};

use super::kdc::Kdc;
use super::{Context, Wrapping};
use crate::secret::Secret;
use crate::source::visible;

/// The two sides' common secret, as a package of the crate comes to it.
struct WithPassword<P> {
    package: P,
    credentials: Option<CredentialsBuffers>,
    target: String,
    kdc: Kdc,
    until: Instant,
    complete: bool,
}

/// A context for a user with a password.
///
/// # Errors
///
/// A sentence that says what is missing.
pub(super) fn context(
    user: &str,
    password: &Secret,
    wrapping: Wrapping,
    target: &str,
    kdc: Option<&str>,
    left: Duration,
) -> Result<Box<dyn Context>, String> {
    let (account, realm) = principal(user)?;
    let kdc = match kdc {
        Some(given) => parse(given)?,
        None => find(&realm)?,
    };
    // Under the form `REALM\user` the name goes out as an ordinary principal, which every KDC knows.
    let identity = AuthIdentity {
        username: Username::new(&account, Some(&realm))
            .map_err(|_| "the user is neither `user@realm` nor `REALM\\user`".to_owned())?,
        password: password.expose().to_owned().into(),
    };
    let url = format!("tcp://{}:{}", kdc.host, kdc.port);
    let config = KerberosConfig::new_with_kdc_url(&url, CLIENT.to_owned());
    match wrapping {
        Wrapping::Bare => {
            let kerberos =
                Kerberos::new_client_from_config(config).map_err(|error| explained(&error))?;
            begun(kerberos, identity, target, kdc, left)
        }
        Wrapping::Spnego => {
            // Nothing but Kerberos: NTLM has a mechanism of its own.
            let packages = Some("kerberos,!ntlm".to_owned());
            let config = NegotiateConfig::new(Box::new(config), packages, CLIENT.to_owned());
            let negotiate = Negotiate::new_client(config).map_err(|error| explained(&error))?;
            begun(negotiate, identity, target, kdc, left)
        }
    }
}

/// What this machine is called towards the server for tickets, which makes nothing of it.
const CLIENT: &str = "localhost";

fn begun<P>(
    mut package: P,
    identity: AuthIdentity,
    target: &str,
    kdc: Kdc,
    left: Duration,
) -> Result<Box<dyn Context>, String>
where
    P: Package + 'static,
{
    let acquired = package
        .acquire_credentials_handle()
        .with_credential_use(CredentialUse::Outbound)
        .with_auth_data(&Credentials::from(identity))
        .execute(&mut package)
        .map_err(|error| explained(&error))?;
    let now = Instant::now();
    Ok(Box::new(WithPassword {
        package,
        credentials: acquired.credentials_handle,
        target: target.to_owned(),
        kdc,
        until: now.checked_add(left).unwrap_or(now),
        complete: false,
    }))
}

/// Kerberos, or SPNEGO around it.
trait Package:
    Sspi + SspiImpl<CredentialsHandle = Option<CredentialsBuffers>, AuthenticationData = Credentials>
{
}

impl Package for Kerberos {}
impl Package for Negotiate {}

impl<P: Package> Context for WithPassword<P> {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, String> {
        let mut input = [SecurityBuffer::new(
            token.unwrap_or_default().to_vec(),
            BufferType::Token,
        )];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut builder = self
            .package
            .initialize_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(
                ClientRequestFlags::MUTUAL_AUTH
                    | ClientRequestFlags::INTEGRITY
                    | ClientRequestFlags::CONFIDENTIALITY,
            )
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&self.target)
            .with_input(&mut input)
            .with_output(&mut output);
        let mut generator = self
            .package
            .initialize_security_context_impl(&mut builder)
            .map_err(|error| explained(&error))?;
        let mut state = generator.start();
        let result = loop {
            match state {
                GeneratorState::Suspended(request) => {
                    let answer = self.kdc.ask(&request.data, self.until)?;
                    state = generator.resume(Ok(answer));
                }
                GeneratorState::Completed(result) => break result,
            }
        };
        let status = result.map_err(|error| explained(&error))?.status;
        drop(generator);
        self.complete = status == SecurityStatus::Ok;
        let [output] = output;
        Ok(output.buffer)
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
        let mut data = wrapped.to_vec();
        let mut message = [SecurityBufferRef::data_buf(&mut data)];
        self.package
            .decrypt_message(&mut message)
            .map_err(|error| explained(&error))?;
        let [message] = message;
        Ok(message.data().to_vec())
    }

    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        let trailer = self
            .package
            .query_context_sizes()
            .map_err(|error| explained(&error))?
            .security_trailer;
        let mut token = vec![0; usize::try_from(trailer).unwrap_or_default()];
        let mut data = plain.to_vec();
        let mut message = [
            SecurityBufferRef::token_buf(&mut token),
            SecurityBufferRef::data_buf(&mut data),
        ];
        self.package
            .encrypt_message(EncryptionFlags::empty(), &mut message)
            .map_err(|error| explained(&error))?;
        let [token, data] = message;
        Ok([token.data(), data.data()].concat())
    }
}

/// The account and its realm.
fn principal(user: &str) -> Result<(String, String), String> {
    let (account, realm) = match (user.split_once('\\'), user.rsplit_once('@')) {
        (Some((realm, account)), _) => (account, realm),
        (None, Some((account, realm))) => (account, realm),
        (None, None) => {
            return Err(
                "a password is given without the realm of its user: `--mail-user` takes `user@REALM` or `REALM\\user`"
                    .to_owned(),
            );
        }
    };
    if account.is_empty() || realm.is_empty() {
        return Err("the user is neither `user@realm` nor `REALM\\user`".to_owned());
    }
    // Realms are in capitals, and users write them as the domain they know.
    Ok((account.to_owned(), realm.to_uppercase()))
}

fn find(realm: &str) -> Result<Kdc, String> {
    let url = sspi::detect_kdc_url(realm).ok_or_else(|| {
        format!(
            "no server that gives tickets for `{}` is known: `--kdc` names it, or `krb5.conf`, or SSPI_KDC_URL",
            visible(realm)
        )
    })?;
    match (url.scheme(), url.host_str()) {
        ("tcp", Some(host)) => Ok(Kdc {
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: url.port().unwrap_or(88),
        }),
        _ => Err(format!(
            "the server that gives tickets is asked over TCP, and not as `{}` says: `--kdc HOST[:PORT]` names one",
            visible(url.as_str())
        )),
    }
}

/// `HOST[:PORT]`, an IPv6 address in brackets.
fn parse(text: &str) -> Result<Kdc, String> {
    let wrong = || {
        format!(
            "`--kdc` is not of the form `HOST[:PORT]`: `{}`",
            visible(text)
        )
    };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
            (
                host,
                rest.strip_prefix(':').or((!rest.is_empty()).then_some("")),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|&it| it > 0).ok_or_else(wrong)?,
        None => 88,
    };
    if host.is_empty() {
        return Err(wrong());
    }
    Ok(Kdc {
        host: host.to_owned(),
        port,
    })
}

/// What the crate says, without the name of its error kind.
fn explained(error: &sspi::Error) -> String {
    let text = &error.description;
    if text.is_empty() {
        error.to_string()
    } else {
        visible(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_realm() {
        let of = |account: &str, realm: &str| Ok((account.to_owned(), realm.to_owned()));
        assert_eq!(principal("anna@corp.example"), of("anna", "CORP.EXAMPLE"));
        assert_eq!(principal("CORP\\anna"), of("anna", "CORP"));
        for wrong in ["anna", "@corp", "anna@", "CORP\\", "\\anna"] {
            assert!(principal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_kdc_is_a_host_and_perhaps_a_port() {
        let kdc = |host: &str, port| {
            Ok(Kdc {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(parse("dc1.corp.example"), kdc("dc1.corp.example", 88));
        assert_eq!(parse("127.0.0.1:8888"), kdc("127.0.0.1", 8888));
        assert_eq!(parse("[::1]:88"), kdc("::1", 88));
        assert_eq!(parse("[::1]"), kdc("::1", 88));
        for wrong in ["", ":88", "dc1:", "dc1:0", "dc1:x", "[::1", "[::1]88"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
