// openid-client: all that a web application does in the life of a session.
import * as client from 'openid-client'
import { algorithm, clientId, done, issuer, method, redirectUri, secret, visit } from './browser_link.js'

const proof = { client_secret_basic: client.ClientSecretBasic, client_secret_post: client.ClientSecretPost }
const config = await client.discovery(new URL(issuer), clientId, secret, proof[method](secret), {
  execute: [client.allowInsecureRequests],
  algorithm, // where it looks for the metadata of an issuer with a path
})
const verifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const state = client.randomState()
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid profile email offline_access',
  prompt: 'consent',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  nonce,
  state,
})
const tokens = await client.authorizationCodeGrant(config, await visit(url), {
  pkceCodeVerifier: verifier,
  expectedNonce: nonce,
  expectedState: state,
  idTokenExpected: true,
})
const claims = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token)
const before = await client.tokenIntrospection(config, renewed.refresh_token)
await client.tokenRevocation(config, renewed.refresh_token)
const after = await client.tokenIntrospection(config, renewed.refresh_token)
const signOut = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token })

done({
  username: person.preferred_username,
  sameSubject: renewed.claims() === undefined || renewed.claims().sub === claims.sub,
  before: before.active,
  after: after.active,
  signOut: signOut.href,
})
