import { generateKeyPairSync, randomBytes } from "node:crypto";

import { errors } from "oidc-provider";

import { messagePage, signOutPage } from "./pages.mjs";
import { SIGN_IN } from "./sign-in.mjs";

const ALGORITHM = "ES256";
const HOUR = 60 * 60;

/** What oidc-provider is told: one API, one public client that is our own console, confidential clients, no consent. */
export function providerConfiguration(config, accounts) {
  const { audience, clients, console: own } = config;
  const rolesOfClient = new Map(clients.map((client) => [client.id, client.roles]));
  return {
    clients: [consoleClient(own), ...clients.map(confidentialClient)],
    clientDefaults: { id_token_signed_response_alg: ALGORITHM },
    enabledJWA: { idTokenSigningAlgValues: [ALGORITHM] },
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    scopes: ["openid"],
    responseTypes: ["code"],
    clientAuthMethods: ["client_secret_basic", "none"],
    pkce: { required: () => true },
    clientBasedCORS: (_ctx, origin, client) => client.clientId === own.client_id && origin === own.origin,
    interactions: { url: (_ctx, interaction) => SIGN_IN + interaction.uid },
    findAccount: (_ctx, sub) =>
      accounts.has(sub) ? { accountId: sub, claims: async () => ({ sub }) } : undefined,
    loadExistingGrant: firstPartyGrant(own.client_id),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    extraTokenClaims: (_ctx, token) => ({
      roles: token.accountId ? accounts.rolesOf(token.accountId) : (rolesOfClient.get(token.clientId) ?? []),
    }),
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = messagePage("Sign-in is not possible", out.error_description ?? out.error);
    },
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      ClientCredentials: HOUR,
      Grant: 12 * HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 12 * HOUR,
      Session: 12 * HOUR,
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = messagePage("You are signed out", "This window can be closed.");
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget(`the only API here is ${audience}`);
          return { audience, scope: "", accessTokenFormat: "jwt", jwt: { sign: { alg: ALGORITHM } } };
        },
      },
    },
  };
}

function consoleClient({ client_id, origin }) {
  return {
    client_id,
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: [`${origin}/`],
    post_logout_redirect_uris: [`${origin}/`],
  };
}

function confidentialClient({ id, secret }) {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
  };
}

/** The console is the same authority's as the provider: nobody is asked whether it may know who signed in. */
function firstPartyGrant(clientId) {
  return async ({ oidc }) => {
    if (oidc.client.clientId !== clientId) return undefined;
    const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  };
}

/** Made anew at each start, so that nobody can keep one. */
function signingKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: ALGORITHM, kid: randomBytes(8).toString("hex") };
}
