/** Server-Sent Events (WHATWG HTML 9.2) over fetch, because EventSource can send no token. */
export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

/** Text in, whole events out; keeps what is not yet whole. */
export class EventParser {
  private rest = "";
  id = "";
  private event = "message";
  private data: string[] = [];

  feed(text: string): ServerEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    return lines.map((line) => this.line(line)).filter((event) => event !== null);
  }

  private line(line: string): ServerEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    if (field === "event") this.event = value;
    if (field === "id") this.id = value;
    return null;
  }

  private dispatch(): ServerEvent | null {
    const whole = this.data.length ? { id: this.id, event: this.event, data: this.data.join("\n") } : null;
    this.data = [];
    this.event = "message";
    return whole;
  }
}

/** How long to wait before the n-th try to come back, milliseconds: growing, bounded, never all at once. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  return Math.min(10_000, 250 * 2 ** attempt) * (0.5 + random() / 2);
}

/** Follow a stream until the signal, resuming after the last event that came; `opened` and `closed` tell how the link is. */
export async function follow(
  connect: (lastId: string) => Promise<Response>,
  take: (event: ServerEvent) => void,
  opened: () => void,
  closed: (why: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  let lastId = "";
  for (let attempt = 0; !signal?.aborted; attempt++) {
    try {
      const answer = await connect(lastId);
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      opened();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        attempt = 0;
        for (const event of parser.feed(chunk.value)) {
          take(event);
          lastId = event.id;
        }
        lastId ||= parser.id; // the gateway says at once where the stream is, before the first event
      }
      closed("the stream ended");
    } catch (error) {
      closed(error instanceof Error ? error.message : String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, backOff(attempt)));
  }
}
