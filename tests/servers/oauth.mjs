// The token endpoint of `oauth2-mock-server` on loopback, with the key that Dovecot believes. The package gives a token
// to everybody; here a client must prove itself as RFC 6749 and RFC 7523 say: with the secret, or with an assertion that
// the certificate's key has signed, or with the token of its workload.
//
//   node oauth.mjs NODE_MODULES PORT KEY CLIENT_CERTIFICATE
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, port, keyFile, certificateFile] = process.argv.slice(2);
const entry = path.join(modules, 'oauth2-mock-server', 'dist', 'index.mjs');
const { OAuth2Server } = await import(pathToFileURL(entry));

const SECRET = 'client-secret-of-the-tests';
const WORKLOAD = 'workload-token-of-the-tests';
const certificate = new crypto.X509Certificate(fs.readFileSync(certificateFile));

const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url'));

function proves(body) {
  if (body.client_secret) return body.client_secret === SECRET;
  if (body.client_assertion_type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return false;
  if (body.client_assertion === WORKLOAD) return true;
  const parts = String(body.client_assertion).split('.');
  if (parts.length !== 3) return false;
  const header = decoded(parts[0]);
  const claims = decoded(parts[1]);
  const signature = Buffer.from(parts[2], 'base64url');
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  const thumbprint = (hash) => crypto.createHash(hash).update(certificate.raw).digest('base64url');
  const now = Date.now() / 1000;
  const key =
    header.alg === 'PS256'
      ? { key: certificate.publicKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      : certificate.publicKey;
  return (
    ['RS256', 'PS256'].includes(header.alg) &&
    (header.x5t === thumbprint('sha1') || header['x5t#S256'] === thumbprint('sha256')) &&
    crypto.verify('sha256', signed, key, signature) &&
    claims.iss === body.client_id &&
    claims.sub === body.client_id &&
    claims.aud === `http://127.0.0.1:${port}/token` &&
    claims.nbf <= now + 60 &&
    claims.exp > now &&
    claims.exp <= now + 700 &&
    Boolean(claims.jti)
  );
}

const server = new OAuth2Server();
const jwk = crypto.createPrivateKey(fs.readFileSync(keyFile)).export({ format: 'jwk' });
await server.issuer.keys.add({ ...jwk, kid: 'tests', alg: 'RS256' });
server.service.on('beforeTokenSigning', (token, request) => {
  token.payload.sub = request.body.client_id;
  token.payload.scope = request.body.scope;
});
server.service.on('beforeResponse', (response, request) => {
  const { grant_type, client_id, scope } = request.body;
  if (grant_type !== 'client_credentials' || !client_id || !scope || !proves(request.body)) {
    response.statusCode = 401;
    response.body = { error: 'invalid_client', error_description: 'the client did not prove itself' };
  }
  console.log(response.statusCode ?? 200, client_id, scope);
});
await server.start(Number(port), '127.0.0.1');
console.log('ready');
