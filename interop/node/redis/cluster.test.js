// ioredis and redis with a cluster, whose servers announce the node's listeners.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { host, password, port, ports, username } from "./target.js";

const keys = Array.from({ length: 500 }, (_, i) => `node-${i}`);

test("ioredis", async () => {
  // It would ask each server for INFO, by which "go test" knows what the node asked.
  const c = new Cluster([{ host, port }], {
    redisOptions: { username, password, enableReadyCheck: false, connectTimeout: 60_000 }, enableReadyCheck: false, slotsRefreshTimeout: 60_000,
  });
  await Promise.all(keys.map((k) => c.set(k, `value of ${k}`)));
  assert.deepEqual(await Promise.all(keys.map((k) => c.get(k))), keys.map((k) => `value of ${k}`));
  const seen = new Set(c.nodes("master").map((n) => n.options.port));
  assert.deepEqual([...seen].sort(), [...ports].sort());
  await c.quit();
});

test("redis", async () => {
  const c = createCluster({ rootNodes: [{ socket: { host, port } }], defaults: { username, password, socket: { connectTimeout: 60_000 } } });
  c.on("error", (err) => assert.fail(err));
  await c.connect();
  await Promise.all(keys.map((k) => c.set(k, `value of ${k}`)));
  assert.deepEqual(await Promise.all(keys.map((k) => c.get(k))), keys.map((k) => `value of ${k}`));
  assert.deepEqual(c.masters.map((n) => n.port).sort(), [...ports].sort());
  await c.close();
});
