/**
 * Sign-in by authorization code with PKCE (RFC 7636). Tokens stay in memory; only the verifier and the place to come
 * back to cross the redirect, in session storage, and are removed on return.
 */
import { Problem } from "./problem";

export interface Config {
  issuer: string;
  client_id: string;
  audience: string;
  cell_id: string;
}

interface Provider {
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
}

interface Tokens {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  expires_in: number;
}

const CROSSING = "vantage.sign-in";
const EARLY_MS = 30_000;

export class Session {
  private tokens: Tokens | null = null;
  private until = 0;
  private renewal: Promise<void> | null = null;

  private constructor(
    private readonly config: Config,
    private readonly provider: Provider,
  ) {}

  /** A signed-in session, or null while the browser is on its way to the sign-in page. */
  static async begin(config: Config): Promise<Session | null> {
    const answer = await fetch(`${config.issuer}/.well-known/openid-configuration`);
    if (!answer.ok) throw new Problem(`The sign-in service at ${config.issuer} answered ${answer.status}.`);
    const session = new Session(config, (await answer.json()) as Provider);
    const back = new URLSearchParams(location.search);
    if (back.has("error")) throw new Problem(`Sign-in failed: ${back.get("error_description") ?? back.get("error")}`);
    const code = back.get("code");
    if (code !== null && (await session.finish(code, back.get("state")))) return session;
    await session.leave();
    return null;
  }

  /** A token that is still good for some seconds. */
  async token(): Promise<string> {
    if (Date.now() > this.until - EARLY_MS) {
      this.renewal ??= this.renew().finally(() => (this.renewal = null));
      await this.renewal;
    }
    if (this.tokens === null) throw new Problem("You are not signed in. Reload the page to sign in.");
    return this.tokens.access_token;
  }

  /** End the session here and at the provider. */
  signOut(): void {
    const hint = this.tokens?.id_token;
    this.tokens = null;
    const end = this.provider.end_session_endpoint;
    location.assign(end && hint ? `${end}?${new URLSearchParams({ id_token_hint: hint })}` : "/");
  }

  private async leave(): Promise<void> {
    const verifier = random();
    const state = random();
    sessionStorage.setItem(CROSSING, JSON.stringify({ verifier, state, hash: location.hash }));
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.config.client_id,
      redirect_uri: `${location.origin}/`,
      scope: "openid",
      resource: this.config.audience,
      state,
      code_challenge: await challenge(verifier),
      code_challenge_method: "S256",
    });
    location.assign(`${this.provider.authorization_endpoint}?${query}`);
  }

  private async finish(code: string, state: string | null): Promise<boolean> {
    const kept = sessionStorage.getItem(CROSSING);
    sessionStorage.removeItem(CROSSING);
    const crossing = kept === null ? null : (JSON.parse(kept) as { verifier: string; state: string; hash: string });
    history.replaceState(null, "", `/${crossing?.hash ?? ""}`);
    if (crossing === null || crossing.state !== state) return false;
    await this.exchange({
      grant_type: "authorization_code",
      code,
      redirect_uri: `${location.origin}/`,
      code_verifier: crossing.verifier,
    });
    return true;
  }

  private async renew(): Promise<void> {
    const refresh = this.tokens?.refresh_token;
    if (refresh === undefined) return this.leave();
    await this.exchange({ grant_type: "refresh_token", refresh_token: refresh });
  }

  private async exchange(grant: Record<string, string>): Promise<void> {
    const body = new URLSearchParams({ ...grant, client_id: this.config.client_id, resource: this.config.audience });
    const answer = await fetch(this.provider.token_endpoint, { method: "POST", body });
    if (!answer.ok) throw new Problem("The sign-in has ended. Reload the page to sign in again.");
    const tokens = (await answer.json()) as Tokens;
    this.tokens = { ...this.tokens, ...tokens };
    this.until = Date.now() + tokens.expires_in * 1000;
  }
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challenge(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
