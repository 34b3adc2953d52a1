// ioredis: 6 connections. Those of alice are 5; the last is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import { settle } from "../words.js";
import { host, password, port, secured, username } from "./target.js";

// It asks for INFO when it has connected, and speaks RESP2.
const options = { host, port, username, password, retryStrategy: () => null, lazyConnect: true, connectTimeout: 60_000, tls: secured ? {} : undefined };

async function client(more = {}) {
  const c = new Redis({ ...options, ...more });
  c.on("error", () => {}); // that of connect is what counts
  await c.connect();
  return c;
}

test("commands", async () => {
  const c = await client();
  assert.equal(await c.call("ACL", "WHOAMI"), "alice");
  const big = "ü".repeat(1 << 20);
  await c.set("big", big);
  assert.equal(await c.get("big"), big);
  const bytes = Buffer.from([0, 13, 10, 255, 42]);
  await c.set("bytes", bytes);
  assert.deepEqual(await c.getBuffer("bytes"), bytes);

  const pipeline = c.pipeline().del("n");
  for (let i = 0; i < 5000; i++) pipeline.incr("n");
  const results = await pipeline.exec();
  assert.deepEqual(results.slice(1).map(([, n]) => n), Array.from({ length: 5000 }, (_, i) => i + 1));

  const multi = await c.multi().set("a", "1").incr("a").get("a").exec();
  assert.deepEqual(multi, [[null, "OK"], [null, 2], [null, "2"]]);
  assert.deepEqual((await Promise.all(Array.from({ length: 1000 }, (_, i) => c.echo(`${i}`)))).map(Number), Array.from({ length: 1000 }, (_, i) => i));
  await c.quit();
});

test("publishing", async () => {
  const [subscriber, publisher] = [await client(), await client()];
  const got = [];
  subscriber.on("message", (channel, message) => got.push(`${channel} ${message}`));
  await subscriber.subscribe("ioredis-a", "ioredis-b");
  for (let i = 0; i < 500; i++) publisher.publish(i % 2 ? "ioredis-b" : "ioredis-a", `${i}`);
  await settle(() => got.length === 500);
  assert.equal(got[499], "ioredis-b 499");
  subscriber.disconnect();
  publisher.disconnect();
});

test("blocking", async () => {
  const [waits, pushes] = [await client(), await client()];
  const popped = waits.blpop("ioredis-queue", 60);
  await pushes.rpush("ioredis-queue", "x");
  assert.deepEqual(await popped, ["ioredis-queue", "x"]);
  assert.equal(await waits.blpop("ioredis-queue", 0.1), null);
  waits.disconnect();
  pushes.disconnect();
});

test("a wrong password", async () => {
  const c = new Redis({ ...options, password: "wrong" });
  let said;
  c.on("error", (err) => (said = err));
  await assert.rejects(c.connect());
  await settle(() => said);
  assert.match(`${said}`, /WRONGPASS/);
  c.disconnect();
});
