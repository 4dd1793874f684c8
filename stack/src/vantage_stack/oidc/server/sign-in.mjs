import { messagePage, signInPage } from "./pages.mjs";

export const SIGN_IN = "/sign-in/";

const LONGEST_FORM = 4096;

/** Answer the sign-in page: GET shows it, POST checks the password and goes back to where the sign-in began. */
export async function signIn(provider, accounts, consoleOrigin, request, response) {
  const show = (status, html) => {
    response.writeHead(status, headers(consoleOrigin));
    response.end(html);
  };
  try {
    await provider.interactionDetails(request, response);
  } catch {
    return show(400, messagePage("This sign-in has ended", "Go back to the console and sign in again."));
  }
  if (request.method === "GET") return show(200, signInPage(request.url));
  if (request.method !== "POST") return show(405, messagePage("Not possible", "Use the form to sign in."));
  const form = await readForm(request);
  const name = form?.get("account") ?? "";
  if (!accounts.accepts(name, form?.get("password") ?? "")) {
    console.error(`sign-in refused: ${JSON.stringify(name)}`);
    return show(401, signInPage(request.url, name, "The account or the password is wrong. Check both and try again."));
  }
  return provider.interactionFinished(request, response, { login: { accountId: name } });
}

/** The form's fields, or null where it is longer than any sign-in. */
async function readForm(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_FORM) return null;
  }
  return new URLSearchParams(text);
}

/** Chromium holds `form-action` against the redirects after a form, too: hence the console's origin. */
function headers(consoleOrigin) {
  const allowed = `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${consoleOrigin}`;
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `${allowed}; base-uri 'none'; frame-ancestors 'none'`,
    "Cache-Control": "no-store",
  };
}
