// Clients that connect again by themselves, see TestReconnect.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, call, connect, happens, hubOf, rest, ways } from "./target.js";

const v = "?api-version=2022-06-01";
const delays = [0, 100, 500, 1000, 5000, 5000];
const again = (b) => b.withAutomaticReconnect(delays);

// gets checks that a user receives what is sent to it.
async function gets(c, hub, user, text) {
  await rest("POST", `/hubs/${hub}/users/${user}/:send${v}`, call(text), 202);
  assert.deepEqual(await c.inbox.next(), [text]);
}

for (const [name, way] of Object.entries(ways)) {
  test(`${name}: the service reloads`, async () => {
    const hub = hubOf(name);
    const c = await connect(hub, `reload-${name}`, way, again);
    const before = c.connectionId;
    const why = happens(c, "onreconnecting");
    const back = happens(c, "onreconnected");
    await ask("/reload");
    assert.match(`${await why}`, /Service reloading, please reconnect/);
    assert.equal(await back, c.connectionId);
    assert.notEqual(c.connectionId, before);
    await gets(c, hub, `reload-${name}`, "after");
    await c.stop();
  });
}

for (const name of ["websockets-json", "websockets-messagepack"]) {
  const protocol = name.split("-")[1];
  test(`stateful reconnect, ${protocol}`, async () => {
    const user = `stateful-${protocol}`;
    const c = await connect("stateful", user, ways[name], (b) => b.withStatefulReconnect());
    let disturbed = false;
    c.onreconnecting(() => (disturbed = true));
    c.onclose(() => (disturbed = true));
    const before = c.connectionId;
    await gets(c, "stateful", user, "before");
    for (let round = 0; round < 3; round++) {
      await ask("/cut");
      // Sent while it is away, or has just come back: each comes once, and in order.
      for (let i = 0; i < 20; i++) await rest("POST", `/hubs/stateful/users/${user}/:send${v}`, call(round, i), 202);
      for (let i = 0; i < 20; i++) assert.deepEqual(await c.inbox.next(), [round, i]);
      await assert.rejects(c.invoke("nothing"), /no upstream is set up/);
    }
    assert.equal(c.connectionId, before);
    assert.equal(disturbed, false);
    await c.stop();
  });
}

test("the network fails", async () => {
  const c = await connect("lost", "lost", ways["websockets-json"], again);
  const back = happens(c, "onreconnected");
  await ask("/cut");
  await back;
  await gets(c, "lost", "lost", "after");
  await c.stop();
});

test("a client is silent", async () => {
  const c = await connect("silent", "silent", ways["websockets-json"], again);
  // The ping that a client begins with has come when this is answered.
  await assert.rejects(c.invoke("nothing"), /no upstream is set up/);
  const why = happens(c, "onreconnecting");
  const back = happens(c, "onreconnected");
  await ask("/forward?seconds=40");
  assert.match(`${await why}`, /Connection ping timeout/);
  await back;
  await gets(c, "silent", "silent", "after");
  await c.stop();
});
