import { createHash, timingSafeEqual } from "node:crypto";

/** The people who may sign in. A password is compared in a time that says nothing of it. */
export class Accounts {
  #byName;

  /** `entries`: [{ name, password, roles }] */
  constructor(entries) {
    this.#byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Whether there is such an account and this is its password. */
  accepts(name, password) {
    const account = this.#byName.get(name);
    const right = timingSafeEqual(digest(password), digest(account?.password ?? ""));
    return right && account !== undefined;
  }

  rolesOf(name) {
    return this.#byName.get(name)?.roles ?? [];
  }

  has(name) {
    return this.#byName.has(name);
  }
}

function digest(text) {
  return createHash("sha256").update(text).digest();
}
