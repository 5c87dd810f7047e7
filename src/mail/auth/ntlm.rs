//! `NTLM` with a user name and a password (MS-NLMP, MS-SMTPNTLM): NTLMv2 with target information and the code over the
//! three messages, by the `sspi` crate.

use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse,
    DataRepresentation, Ntlm as Context, SecurityBuffer, Sspi as _, SspiImpl as _, Username,
};

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct Ntlm {
    context: Context,
    credentials: Option<AuthIdentityBuffers>,
    target: String,
    steps: Steps,
}

/// How far the three messages have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    Begun,
    Asked,
    Proved,
}

impl Ntlm {
    pub(super) fn new(user: &str, password: &Secret, target: String) -> Result<Ntlm, String> {
        let username = match user.split_once('\\') {
            Some((domain, account)) => Username::new(account, Some(domain)),
            None => Username::parse(user),
        };
        let identity = AuthIdentity {
            username: username.map_err(|_| {
                "the user is neither `user`, nor `DOMAIN\\user`, nor `user@realm`".to_owned()
            })?,
            password: password.expose().to_owned().into(),
        };
        let mut context = Context::new();
        let acquired = context
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut context)
            .map_err(|error| error.to_string())?;
        Ok(Ntlm {
            context,
            credentials: acquired.credentials_handle,
            target,
            steps: Steps::Begun,
        })
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Said, String> {
        let mut input = [SecurityBuffer::new(challenge.to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut builder = self
            .context
            .initialize_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(ClientRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&self.target)
            .with_input(&mut input)
            .with_output(&mut output);
        self.context
            .initialize_security_context_impl(&mut builder)
            .and_then(|mut generator| generator.resolve_to_result())
            .map_err(|error| format!("the server's challenge is not one of NTLM: {error}"))?;
        let [output] = output;
        Ok(Said::new(output.buffer))
    }
}

impl Exchange for Ntlm {
    fn first(&mut self) -> Result<Option<Said>, String> {
        self.steps = Steps::Asked;
        self.step(&[]).map(Some)
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String> {
        if self.steps == Steps::Proved {
            return Err("the server asks for more than NTLM has".to_owned());
        }
        self.steps = Steps::Proved;
        self.step(challenge)
    }

    fn end(&self) -> Result<(), String> {
        match self.steps {
            Steps::Proved => Ok(()),
            Steps::Begun | Steps::Asked => {
                Err("the server said yes before it asked for a proof".to_owned())
            }
        }
    }
}
