/**
 * The local stack's OpenID provider: `node server.mjs CONFIG.json`.
 *
 * The provider itself is oidc-provider, which is certified; here are only its configuration, a sign-in page that really
 * checks a password, and an end within a second of SIGTERM. Everything is in memory: keys and sessions live as long as
 * the process.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import Provider from "oidc-provider";

import { Accounts } from "./accounts.mjs";
import { providerConfiguration } from "./configuration.mjs";
import { SIGN_IN, signIn } from "./sign-in.mjs";

const [, , file] = process.argv;
if (file === undefined) {
  console.error("give the path of the configuration: node server.mjs CONFIG.json");
  process.exit(64);
}

const config = JSON.parse(readFileSync(file, "utf8"));
const accounts = new Accounts(config.accounts);
const provider = new Provider(config.issuer, providerConfiguration(config, accounts));
const answer = provider.callback();

const server = createServer((request, response) => {
  if (request.url.startsWith(SIGN_IN)) signIn(provider, accounts, config.console.origin, request, response);
  else answer(request, response);
});
provider.on("server_error", (_ctx, error) => console.error(error));

const { hostname, port } = new URL(config.issuer);
server.on("error", (error) => {
  console.error(`cannot listen on ${hostname}:${port}: ${error.message}`);
  process.exit(69);
});
server.listen(Number(port), hostname, () => console.error(`listens at ${config.issuer}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    server.closeAllConnections();
    server.close(() => process.exit(0));
  });
}
