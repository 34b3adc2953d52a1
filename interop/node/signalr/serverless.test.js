// Clients of a hub without an application server: the REST API sends to them, and what
// they invoke an upstream answers. Both of them leave a story in the records, which
// TestServerless knows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { builder, call, clientToken, connect, happens, hubOf, rest, ways } from "./target.js";

const v = "?api-version=2024-12-01";

for (const [name, way] of Object.entries(ways)) {
  test(`${name}: sends, groups and invocations`, async (t) => {
    const hub = hubOf(name);
    const alice = await connect(hub, `alice-${name}`, way);
    const bob = await connect(hub, `bob-${name}`, way);
    const root = `/hubs/${hub}`;

    await t.test("everybody", async () => {
      const args = ["all", { n: 1, list: [1, 2, [3]] }, 1.5, -7, null, true, "ü\u2028", 2 ** 40];
      await rest("POST", `${root}/:send${v}`, call(...args), 202);
      assert.deepEqual(await alice.inbox.next(), args);
      assert.deepEqual(await bob.inbox.next(), args);
      const big = "x".repeat(200_000);
      await rest("POST", `/v1${root}`, call(big), 202);
      assert.deepEqual(await alice.inbox.next(), [big]);
      assert.deepEqual(await bob.inbox.next(), [big]);
    });

    // What only alice gets comes to her before what both get, and to bob does not come.
    const onlyAlice = async (path, ...words) => {
      await rest("POST", path, call(...words), 202);
      await rest("POST", `${root}/:send${v}`, call("both"), 202);
      assert.deepEqual(await alice.inbox.next(), words);
      assert.deepEqual(await alice.inbox.next(), ["both"]);
      assert.deepEqual(await bob.inbox.next(), ["both"]);
    };

    await t.test("one user, one connection, all but one", async () => {
      await onlyAlice(`${root}/users/alice-${name}/:send${v}`, "user");
      await onlyAlice(`/v1${root}/users/alice-${name}`, "user, version 1");
      await onlyAlice(`${root}/connections/${alice.connectionId}/:send${v}`, "connection");
      await onlyAlice(`${root}/:send${v}&excluded=${bob.connectionId}`, "excluded");
    });

    await t.test("groups", async () => {
      await rest("PUT", `${root}/groups/g/connections/${alice.connectionId}${v}`, undefined, 200);
      await rest("HEAD", `${root}/groups/g${v}`, undefined, 200);
      await onlyAlice(`${root}/groups/g/:send${v}`, "group");
      await rest("DELETE", `${root}/groups/g/connections/${alice.connectionId}${v}`, undefined, 200);
      await rest("HEAD", `${root}/groups/g${v}`, undefined, 404);
      await rest("PUT", `/v1${root}/groups/h/users/alice-${name}`, undefined, 202);
      await onlyAlice(`/v1${root}/groups/h`, "group of users");
      await rest("HEAD", `${root}/users/alice-${name}/groups/h${v}`, undefined, 200);
      await rest("HEAD", `${root}/users/bob-${name}/groups/h${v}`, undefined, 404);
    });

    await t.test("who is there", async () => {
      await rest("HEAD", `${root}/connections/${bob.connectionId}${v}`, undefined, 200);
      await rest("HEAD", `${root}/users/bob-${name}${v}`, undefined, 200);
      await rest("HEAD", `${root}/users/carol${v}`, undefined, 404);
    });

    await t.test("the upstream answers", async () => {
      assert.equal(await alice.invoke("add", 2, 3, 4.5), 9.5);
      const sent = { text: "ü", list: [1, "2", null], deep: { b: false } };
      assert.deepEqual(await alice.invoke("echo", sent), sent);
      if (way.binary) assert.deepEqual([...(await alice.invoke("echo", new Uint8Array([0, 30, 255])))], [0, 30, 255]);
      await assert.rejects(alice.invoke("fail"), /Invocation failed, status code 500/);
      await alice.send("note", "nobody waits for this");
      const many = await Promise.all(Array.from({ length: 50 }, (_, i) => alice.invoke("add", i, 1)));
      assert.deepEqual(many, Array.from({ length: 50 }, (_, i) => i + 1));
    });

    await t.test("a client answers", async () => {
      alice.on("multiply", (x, y) => x * y);
      const path = `${root}/connections/${alice.connectionId}/:invoke${v}`;
      assert.match(await rest("POST", path, { target: "multiply", arguments: [6, 7] }, 200), /42/);
      await rest("POST", `${root}/connections/nobody/:invoke${v}`, { target: "multiply", arguments: [] }, 404);
    });

    await t.test("ends", async () => {
      const closed = happens(bob, "onclose");
      await rest("DELETE", `${root}/connections/${bob.connectionId}${v}&reason=bye`, undefined, 200);
      const err = await closed;
      assert.match(`${err}`, /bye/);
      await rest("HEAD", `${root}/users/bob-${name}${v}`, undefined, 404);
      await alice.stop();
    });
  });
}

test("MessagePack is not for server-sent events", async () => {
  const way = { transport: HttpTransportType.ServerSentEvents, binary: true };
  await assert.rejects(builder("events_binary", () => clientToken("events_binary", "nobody"), way).build().start(), /Binary|format/i);
});
