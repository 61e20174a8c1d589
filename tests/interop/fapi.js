// openid-client as a FAPI 2.0 client: a pushed request, private_key_jwt, tokens bound by DPoP. With
// Message Signing the request is signed, the answer is a JWT, and so is that of an introspection.
import * as client from 'openid-client'
import { clientId, done, issuer, privateJwk, redirectUri, signs, visit } from './browser_link.js'

const key = await crypto.subtle.importKey(
  'jwk', privateJwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
)
const signingKey = { key, kid: privateJwk.kid }
const expected = {
  authorization_signed_response_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  ...(signs ? { introspection_signed_response_alg: 'ES256' } : {}),
}
const config = await client.discovery(
  new URL(issuer), clientId, expected, client.PrivateKeyJwt(signingKey),
  { execute: [client.allowInsecureRequests, ...(signs ? [client.useJwtResponseMode] : [])] },
)
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const verifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const state = client.randomState()
let asked = {
  redirect_uri: redirectUri,
  scope: 'openid profile',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  nonce,
  state,
}
if (signs) asked = (await client.buildAuthorizationUrlWithJAR(config, asked, signingKey)).searchParams
const url = await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP })
const back = await visit(url)
const tokens = await client.authorizationCodeGrant(
  config,
  back,
  { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true },
  undefined,
  { DPoP },
)
const claims = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const told = await client.tokenIntrospection(config, renewed.access_token)

done({
  username: person.preferred_username,
  tokenType: tokens.token_type,
  answer: [...back.searchParams.keys()].sort(),
  asked: [...url.searchParams.keys()].sort(),
  active: told.active,
  kept: (renewed.refresh_token ?? tokens.refresh_token) === tokens.refresh_token,
})
