// The free tier takes 20 connections; see TestLimit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { builder, clientToken, connect, ways } from "./target.js";

test("one client too many", async () => {
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => connect("chat", `user-${i}`, Object.values(ways)[i % 5])));
  const beyond = () => builder("chat", () => clientToken("chat", "beyond")).build();
  await assert.rejects(beyond().start(), /Too Many Requests|429/);
  await all[0].stop();
  // There is room again.
  let c;
  for (let i = 0; i < 100 && !c; i++) {
    const next = beyond();
    c = await next.start().then(() => next, () => new Promise((r) => setTimeout(r, 200)));
  }
  assert.ok(c, "there is no room");
  await Promise.all([...all.slice(1), c].map((x) => x.stop()));
});
