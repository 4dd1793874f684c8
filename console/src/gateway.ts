/** The gateway's calls, each with a fresh token. */
import { problemOf } from "./problem";
import type { Session } from "./session";

export const PURPOSES = [
  "crime-prevention",
  "crime-detection",
  "crowd-management",
  "access-request",
  "court",
  "audit",
  "maintenance",
] as const;

export interface Camera {
  camera_id: string;
  name: string;
  state: string;
}

export interface Alert {
  alert_id: string;
  revision: number;
  state: string;
  active?: boolean;
  severity: string;
  title: string;
  camera_id: string;
  raised_at: number;
  evidence: { at: number; count: number };
  place?: { district?: string; address?: string };
  peak?: number;
}

export interface Wanted {
  camera_id: string;
  kind: "live" | "recorded";
  purpose: string;
  case?: string;
  from_us?: number;
  to_us?: number;
}

export interface View {
  view_id: string;
  playlist: string;
  expires_at: string | number;
}

export class Gateway {
  constructor(private readonly session: Session) {}

  async cameras(): Promise<Camera[]> {
    const body = (await (await this.call("/v1/cameras")).json()) as { cameras: Camera[] };
    return body.cameras;
  }

  /** The decision to look is made, and recorded, here; the video itself comes from the view's playlist. */
  async look(wanted: Wanted): Promise<View> {
    const headers = { "Content-Type": "application/json" };
    return (await (await this.call("/v1/views", { method: "POST", headers, body: JSON.stringify(wanted) })).json()) as View;
  }

  alerts(lastId: string): Promise<Response> {
    return this.call("/v1/alerts/stream", { headers: lastId === "" ? {} : { "Last-Event-ID": lastId }, cache: "no-store" });
  }

  token(): Promise<string> {
    return this.session.token();
  }

  private async call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${await this.session.token()}`);
    const answer = await fetch(path, { ...init, headers });
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }
}
