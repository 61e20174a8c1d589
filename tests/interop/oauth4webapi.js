// oauth4webapi: the strictest setting. The request is pushed, the client proves itself by
// private_key_jwt, and tokens are bound to a key by DPoP. jose then verifies the tokens.
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import { api, clientId, done, issuer, privateJwk, redirectUri, visit } from './browser_link.js'

const insecure = { [oauth.allowInsecureRequests]: true }
const at = new URL(issuer)
const as = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, insecure))
const client = { client_id: clientId }
const key = await crypto.subtle.importKey(
  'jwk', privateJwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
)
const proof = oauth.PrivateKeyJwt({ key, kid: privateJwk.kid })
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const verifier = oauth.generateRandomCodeVerifier()
const nonce = oauth.generateRandomNonce()
const state = oauth.generateRandomState()

// A server may ask for its nonce in the proof; the client then asks once more (RFC 9449 §8).
async function withNonce(attempt) {
  try {
    return await attempt()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return attempt()
  }
}

const pushed = await withNonce(async () =>
  oauth.processPushedAuthorizationResponse(
    as,
    client,
    await oauth.pushedAuthorizationRequest(
      as,
      client,
      proof,
      {
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid profile',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        nonce,
        state,
        resource: api,
      },
      { ...insecure, DPoP },
    ),
  ),
)
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({ client_id: clientId, request_uri: pushed.request_uri })
const back = oauth.validateAuthResponse(as, client, await visit(url), state)

async function redeem() {
  const options = { ...insecure, DPoP, additionalParameters: { resource: api } }
  return oauth.authorizationCodeGrantRequest(
    as, client, proof, back, redirectUri, verifier, options,
  )
}
const expected = { expectedNonce: nonce, requireIdToken: true }
const tokens = await withNonce(async () =>
  oauth.processAuthorizationCodeResponse(as, client, await redeem(), expected),
)

const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri))
const identity = await jose.jwtVerify(tokens.id_token, keys, { issuer, audience: clientId })
const access = await jose.jwtVerify(tokens.access_token, keys, {
  issuer,
  audience: api,
  typ: 'at+jwt',
})
done({
  tokenType: tokens.token_type,
  sameSubject: identity.payload.sub === access.payload.sub,
  bound: access.payload.cnf.jkt === (await DPoP.calculateThumbprint()),
})
