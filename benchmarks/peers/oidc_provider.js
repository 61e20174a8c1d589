// node-oidc-provider over Redis, in one process: `node oidc_provider.js SETTINGS`.
//
// As it would run in production but for sign-in: whoever comes without a session is given one, with
// a grant for what the client asks, so that every later authorization request meets both.
import { randomUUID, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { adapterOver } from "./redis_adapter.js";

const settings = JSON.parse(process.argv[2]);
const from = createRequire(pathToFileURL(`${settings.packages}/package.json`));
const { Provider } = await import(pathToFileURL(from.resolve("oidc-provider")));
const { Redis } = await import(pathToFileURL(from.resolve("ioredis")));

const redis = new Redis(settings.redisPort, "127.0.0.1", { enableAutoPipelining: true });
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "1" };

const provider = new Provider(`http://127.0.0.1:${settings.port}`, {
  adapter: adapterOver(redis),
  clients: [{
    client_id: settings.clientId,
    client_secret: settings.secret,
    redirect_uris: [settings.redirectUri],
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    token_endpoint_auth_method: "client_secret_post",
  }],
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  scopes: ["openid", "offline_access", "profile", "email"],
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: 3600, ClientCredentials: 3600, IdToken: 3600, AuthorizationCode: 60,
    Grant: 86400, Session: 86400, RefreshToken: 86400, Interaction: 3600,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => false,
      getResourceServerInfo: () => ({
        scope: "api",
        audience: settings.resource,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

async function signIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = randomUUID();
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  const result = { login: { accountId }, consent: { grantId } };
  await provider.interactionFinished(request, response, result);
}

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return answer(request, response);
  return signIn(request, response).catch((error) => response.destroy(error));
}).listen(settings.port, "127.0.0.1");
