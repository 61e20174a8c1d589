// The MCP SDK: connects to a server that answers 401, and lets the SDK do the rest.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { api, done, redirectUri, visit } from './browser_link.js'

const kept = {}
let back
const authProvider = {
  redirectUrl: redirectUri,
  clientMetadata: {
    client_name: 'An assistant',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  redirectToAuthorization: async (url) => {
    back = await visit(url)
  },
}
const connection = () => new StreamableHTTPClientTransport(new URL(api), { authProvider })
const client = () => new Client({ name: 'assistant', version: '1.0.0' })

const first = connection()
try {
  await client().connect(first)
  throw new Error('the server asked for no token')
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error
}
await first.finishAuth(back.searchParams.get('code'))
const connected = client()
await connected.connect(connection())
const answer = await connected.callTool({ name: 'add', arguments: { a: 2, b: 3 } })
done({ sum: answer.content[0].text })
