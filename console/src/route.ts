/** What the address says to look at: `#/live/<camera>` or `#/recorded/<camera>/<from us>/<to us>`, with `?purpose=&case=`. */
export interface Route {
  kind: "live" | "recorded";
  camera: string;
  fromUs?: number;
  toUs?: number;
  purpose: string;
  case: string;
}

export function readRoute(hash: string): Route | null {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [kind, camera, from, to] = path.split("/").map(decodeURIComponent);
  if ((kind !== "live" && kind !== "recorded") || !camera) return null;
  const wishes = new URLSearchParams(query);
  const route: Route = { kind, camera, purpose: wishes.get("purpose") ?? "", case: wishes.get("case") ?? "" };
  if (kind === "live") return route;
  const [fromUs, toUs] = [Number(from), Number(to)];
  if (!Number.isSafeInteger(fromUs) || !Number.isSafeInteger(toUs) || fromUs >= toUs) return null;
  return { ...route, fromUs, toUs };
}

/** UTC microseconds as a datetime-local field shows them, and back. */
export function fieldTime(us: number): string {
  return new Date(us / 1000).toISOString().slice(0, 19);
}

export function fieldMicros(value: string): number {
  return Date.parse(`${value}Z`) * 1000;
}
