import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldMicros, fieldTime, readRoute } from "../src/route";

test("a live link names its camera and may suggest a purpose", () => {
  assert.deepEqual(readRoute("#/live/hk1.pier-9?purpose=crowd-management"), {
    kind: "live",
    camera: "hk1.pier-9",
    purpose: "crowd-management",
    case: "",
  });
});

test("a recorded link names its window", () => {
  const route = readRoute("#/recorded/hk1.pier-9/1790000000000000/1790000060000000?case=C%2F1");
  assert.equal(route?.fromUs, 1_790_000_000_000_000);
  assert.equal(route?.toUs, 1_790_000_060_000_000);
  assert.equal(route?.case, "C/1");
});

test("anything else is no link", () => {
  for (const hash of ["", "#/", "#/live", "#/export/hk1.pier-9", "#/recorded/hk1.pier-9/2/1", "#/recorded/hk1.pier-9/a/b"])
    assert.equal(readRoute(hash), null, hash);
});

test("a field's time is UTC and survives the way there and back", () => {
  assert.equal(fieldMicros(fieldTime(1_790_000_012_000_000)), 1_790_000_012_000_000);
});
