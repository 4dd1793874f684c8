const STYLE = `
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 4rem auto; padding: 0 1rem; color: #1b1b1b; }
  label { display: block; margin-top: 1rem; }
  input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
  button { margin-top: 1.5rem; }
  [role=alert] { border-left: 4px solid #b00020; padding-left: .75rem; }
`;

/** The form for account and password. `account` and `error` are those of a try that was refused. */
export function signInPage(action, account = "", error = "") {
  return page(
    "Sign in to Vantage",
    `${error && `<p role="alert">${escape(error)}</p>`}
    <form method="post" action="${escape(action)}">
      <label for="account">Account</label>
      <input id="account" name="account" value="${escape(account)}" autocomplete="username" required autofocus>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required>
      <button>Sign in</button>
    </form>
    <p>This is the local stack. Its accounts and passwords are made at each start and told to whoever started it.</p>`,
  );
}

export function messagePage(title, text) {
  return page(title, `<p>${escape(text)}</p>`);
}

/** `form` comes from oidc-provider and carries its own protection against forged requests. */
export function signOutPage(form) {
  return page(
    "Sign out of Vantage?",
    `${form}
    <button type="submit" form="op.logoutForm" value="yes" name="logout" autofocus>Sign out</button>
    <button type="submit" form="op.logoutForm">Stay signed in</button>`,
  );
}

function page(title, content) {
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escape(title)}</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
    <h1>${escape(title)}</h1>
    ${content}
    </main>
  </body>
</html>
`;
}

function escape(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (character) => entities[character]);
}
