import assert from "node:assert/strict";
import { test } from "node:test";
import { screen } from "./_screen.ts";

test("a screen shows lines, and the cursor after the last", () => {
  assert.deepEqual(screen("one\r\ntwo\r\n", 10), {
    lines: ["one", "two", ""],
    breaks: 0,
    cursor: { row: 2, column: 0, visible: true },
  });
});

test("what is drawn over, erased or taken away below is gone", () => {
  assert.deepEqual(screen("12345\r\x1b[2Kab\x1b[Gc", 10).lines, ["cb"]);
  assert.deepEqual(screen("one\r\ntwo\r\n\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[G!", 10).lines, ["!"]);
  assert.deepEqual(screen("one\r\ntwo\x1b[1A\r\x1b[J", 10).lines, [""]);
});

test("a line that is too long is broken", () => {
  const { lines, breaks } = screen("12345", 4);
  assert.deepEqual({ lines, breaks }, { lines: ["1234", "5"], breaks: 1 });
});

test("the cursor is hidden and shown", () => {
  assert.equal(screen("\x1b[?25l", 10).cursor.visible, false);
  assert.equal(screen("\x1b[?25l\x1b[?25h", 10).cursor.visible, true);
});
