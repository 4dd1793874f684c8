import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, backOff, follow, type ServerEvent } from "../src/events";

const WHOLE = ": beat\n\nid: 7\nevent: raised\ndata: {\"a\":1}\n\nid: 8\r\ndata: x\r\ndata: y\r\n\r\n";

test("events come out whole however the bytes are cut", () => {
  for (let cut = 0; cut <= WHOLE.length; cut++) {
    const parser = new EventParser();
    const events = [...parser.feed(WHOLE.slice(0, cut)), ...parser.feed(WHOLE.slice(cut))];
    assert.deepEqual(events, [
      { id: "7", event: "raised", data: '{"a":1}' },
      { id: "8", event: "message", data: "x\ny" },
    ]);
  }
});

test("a comment alone is no event", () => {
  assert.deepEqual(new EventParser().feed(": beat\n\n"), []);
});

test("the wait grows, stays bounded, and is never the same for all", () => {
  assert.ok(backOff(0, () => 0) < backOff(3, () => 0));
  assert.ok(backOff(50, () => 1) <= 10_000);
  assert.notEqual(backOff(2, () => 0), backOff(2, () => 1));
});

test("after a break the stream is asked for what came after the last event", async () => {
  const asked: string[] = [];
  const taken: ServerEvent[] = [];
  const enough = new AbortController();
  const connect = (lastId: string): Promise<Response> => {
    asked.push(lastId);
    if (asked.length === 2) enough.abort();
    return Promise.resolve(new Response(asked.length === 1 ? "id: 41\ndata: x\n\nid: 42\ndata: cut o" : ""));
  };
  await follow(connect, (event) => taken.push(event), () => undefined, () => undefined, enough.signal);
  assert.deepEqual(asked, ["", "41"]);
  assert.deepEqual(taken.map((event) => event.id), ["41"]);
});
