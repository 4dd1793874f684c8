/** What went wrong, in words for the person who looks at the page. */
export class Problem extends Error {}

/** The gateway's own words (RFC 9457 `detail`) where it gave some, else its status. */
export async function problemOf(answer: Response): Promise<Problem> {
  const fallback = `The gateway answered ${answer.status}. Try again; if it stays so, tell the control room's support.`;
  try {
    const body = (await answer.json()) as { detail?: unknown };
    return new Problem(typeof body.detail === "string" ? body.detail : fallback);
  } catch {
    return new Problem(fallback);
  }
}
