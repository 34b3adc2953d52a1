// redis, the client that the vendor has for JavaScript: 12 connections, half of them
// with RESP3. Those of alice are 10; the others are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "redis";
import { settle } from "../words.js";
import { host, password, port, secured, username } from "./target.js";

function client(RESP, more = {}) {
  const c = createClient({ username, password, RESP, socket: { host, port, tls: secured, reconnectStrategy: false, connectTimeout: 60_000 }, ...more });
  c.on("error", () => {}); // that of connect is what counts
  return c;
}

for (const RESP of [2, 3]) {
  test(`commands, RESP${RESP}`, async () => {
    const c = await client(RESP).connect();
    assert.equal(await c.sendCommand(["ACL", "WHOAMI"]), "alice");
    const big = "ü".repeat(1 << 20);
    await c.set("big", big);
    assert.equal(await c.get("big"), big);
    await c.del("n");
    // Commands of one turn of the event loop are one pipeline.
    const answers = await Promise.all(Array.from({ length: 5000 }, () => c.incr("n")));
    assert.deepEqual(answers, Array.from({ length: 5000 }, (_, i) => i + 1));
    assert.deepEqual(await c.multi().set("a", "1").incr("a").get("a").exec(), ["OK", 2, "2"]);
    await c.hSet("h", { a: "1", b: "2" });
    assert.deepEqual({ ...(await c.hGetAll("h")) }, { a: "1", b: "2" });
    await c.close();
  });

  test(`publishing, RESP${RESP}`, async () => {
    const [subscriber, publisher] = [await client(RESP).connect(), await client(RESP).connect()];
    const got = [];
    await subscriber.subscribe(`redis-${RESP}`, (message) => got.push(message));
    await subscriber.pSubscribe(`redis-*-${RESP}`, (message) => got.push(message));
    await Promise.all(Array.from({ length: 500 }, (_, i) => publisher.publish(i % 2 ? `redis-${RESP}` : `redis-x-${RESP}`, `${i}`)));
    await settle(() => got.length === 500);
    assert.equal(got[499], "499");
    subscriber.destroy();
    await publisher.close();
  });

  test(`blocking, RESP${RESP}`, async () => {
    const [waits, pushes] = [await client(RESP).connect(), await client(RESP).connect()];
    const popped = waits.blPop(`redis-queue-${RESP}`, 60);
    await pushes.rPush(`redis-queue-${RESP}`, "x");
    assert.deepEqual({ ...(await popped) }, { key: `redis-queue-${RESP}`, element: "x" });
    waits.destroy();
    pushes.destroy();
  });

  test(`a wrong password, RESP${RESP}`, async () => {
    await assert.rejects(client(RESP, { password: "wrong" }).connect(), /WRONGPASS/);
  });
}
