// Clients whose hubs are in an application server, see TestDefault: bob is closed by it,
// alice loses it, and carol, who comes when it is back, leaves by herself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { env } from "../words.js";
import { ask, builder, call, clientToken, connect, happens, hubOf, rest, ways } from "./target.js";

const application = env("RESLOG_SIGNALR_APPLICATION");

for (const [name, way] of Object.entries(ways)) {
  test(`${name}: the hub of an application server`, async () => {
    const hub = hubOf(name);
    const alice = await connect(hub, `alice-${name}`, way);
    const bob = await connect(hub, `bob-${name}`, way);
    const sent = { text: "ü", list: [1, "2", null] };
    assert.deepEqual(await alice.invoke("echo", sent), sent);
    assert.match(await alice.invoke("whoami"), new RegExp(`nameid: alice-${name}`));
    await assert.rejects(alice.invoke("unknown"), /there is no method unknown/);

    await alice.invoke("broadcast", "all", 1);
    assert.deepEqual(await alice.inbox.next(), ["all", 1]);
    assert.deepEqual(await bob.inbox.next(), ["all", 1]);
    await bob.invoke("others", "others");
    assert.deepEqual(await alice.inbox.next(), ["others"]);
    await alice.invoke("join", "g");
    await bob.invoke("toGroup", "g");
    assert.deepEqual(await alice.inbox.next(), ["g"]);
    await alice.invoke("leave", "g");
    await bob.invoke("toGroup", "g");
    await bob.invoke("toUser", `alice-${name}`);
    assert.deepEqual(await alice.inbox.next(), [`alice-${name}`]);
    await rest("POST", `/v1/hubs/${hub}`, call("from outside"), 202);
    assert.deepEqual(await alice.inbox.next(), ["from outside"]);
    assert.deepEqual(await bob.inbox.next(), ["from outside"]);

    const closed = happens(bob, "onclose");
    await bob.send("abort", "enough");
    await closed;

    const lost = happens(alice, "onclose");
    await ask(`/crash?hub=${hub}`, application);
    assert.ok(await lost, "the end has an error");

    const carol = await connect(hub, `carol-${name}`, way);
    assert.equal(await carol.invoke("echo", "again"), "again");
    await carol.stop();
  });
}

test("a hub without an application server", async () => {
  await assert.rejects(builder("nobody", () => clientToken("nobody", "nobody")).build().start(), /app servers are not connected/);
});
