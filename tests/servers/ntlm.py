"""An SMTP server whose AUTH NTLM is pyspnego's: NTLMv2 with target information, a timestamp and the check of the code
over the three messages (MIC). STARTTLS on the first port, implicit TLS on the second. No root needed.

    ntlm.py PORT TLS_PORT MAILDIR CERTIFICATE KEY USERS

USERS has lines `DOMAIN:user:password`.
"""

import base64
import os
import signal
import ssl
import sys

PORT, TLS_PORT = int(sys.argv[1]), int(sys.argv[2])
MAILDIR, CERTIFICATE, KEY, USERS = sys.argv[3:7]
os.environ["NTLM_USER_FILE"] = USERS

import spnego
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import MISSING, SMTP, AuthResult


class Handler(Mailbox):
    async def auth_NTLM(self, server, args):
        context = spnego.server(
            protocol="ntlm",
            hostname="mail.corp.example",
            service="SMTPSVC",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        if len(args) > 1:
            token = base64.b64decode(args[1])
        else:
            token = await server.challenge_auth("")
        try:
            while token is not MISSING:
                answer = context.step(token)
                if context.complete:
                    print("accepted", context.client_principal, flush=True)
                    return AuthResult(success=True, auth_data=context.client_principal)
                token = await server.challenge_auth(answer, encode_to_b64=True)
        except Exception as error:
            print("refused", type(error).__name__, error, flush=True)
        return AuthResult(success=False, handled=False)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(CERTIFICATE, KEY)


class StartTls(Controller):
    def factory(self):
        return SMTP(self.handler, tls_context=context, auth_require_tls=False, enable_SMTPUTF8=True)


class Implicit(Controller):
    def factory(self):
        return SMTP(self.handler, auth_require_tls=False, enable_SMTPUTF8=True)


handler = Handler(MAILDIR)
StartTls(handler, hostname="127.0.0.1", port=PORT).start()
Implicit(handler, hostname="127.0.0.1", port=TLS_PORT, ssl_context=context).start()
print("ready", flush=True)
signal.pause()
