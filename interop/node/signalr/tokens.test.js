// Tokens that are refused, run out, or are signed with a key that is no more; see
// TestTokens. The clock of the service is set forward here: what comes first is first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../words.js";
import { ask, audience, builder, call, clientToken, happens, hours, inbox, key, rest, secondary, sign, url, ways } from "./target.js";

const start = (token, hub = "chat", way) => builder(hub, () => token, way).build().start();
const unauthorized = /Unauthorized|401/;

test("refusals", async () => {
  const bad = {
    audience: sign({ aud: audience("other"), exp: hours(1), nameid: "x" }),
    lifetime: clientToken("chat", "x", { exp: Date.UTC(2020, 0, 1) / 1000 }),
    signature: clientToken("chat", "x", {}, "another key, which is not one of the service"),
    decoded: clientToken("chat", "x", {}, Buffer.from(key, "base64")),
  };
  for (const [what, token] of Object.entries(bad)) {
    await assert.rejects(start(token), unauthorized, what);
  }
  for (const way of Object.values(ways)) {
    await assert.rejects(start(bad.audience, "chat", way), unauthorized);
  }
  await assert.rejects(start(undefined), unauthorized);
  // The body is empty: why is in the log.
  const answer = await fetch(`${url}/client/negotiate?hub=chat&negotiateVersion=1`, { method: "POST", headers: { authorization: `Bearer ${bad.audience}` } });
  assert.equal(answer.status, 401);
  assert.equal(await answer.text(), "");
});

test("the secondary key is as good", async () => {
  const c = builder("chat", () => clientToken("chat", "secondary", {}, secondary)).build();
  await c.start();
  await c.stop();
});

test("a token runs out, and is followed by another", async () => {
  let asked = 0;
  const c = builder("chat", () => {
    asked++;
    return clientToken("chat", "refreshed", { exp: hours(asked === 1 ? 1 : 9) });
  }, ways["polling-json"]).withAutomaticReconnect([0, 100, 500, 1000, 5000]).build();
  c.inbox = inbox(c);
  await c.start();
  assert.equal(asked, 1);
  const why = happens(c, "onreconnecting");
  const back = happens(c, "onreconnected");
  await ask("/forward?seconds=7200");
  // What it sends is refused, and so is its next poll: it connects again, with another.
  await assert.rejects(c.invoke("nothing"), unauthorized);
  await rest("POST", "/v1/hubs/chat", call("before"), 202);
  assert.match(`${await why}`, unauthorized);
  await back;
  assert.ok(asked > 1, "the client asked for another token");
  assert.deepEqual(await c.inbox.next(), ["before"]);
  await rest("POST", "/v1/hubs/chat", call("after"), 202);
  assert.deepEqual(await c.inbox.next(), ["after"]);
  // The old connection, which nobody polls for any more, goes before the new one.
  await settle(async () => JSON.parse(await ask("/connections")).length === 1);
  await c.stop();
});

test("a connection ends with its token if that asks for it", async () => {
  let lifetime = 3; // the service is 2 hours ahead
  const c = builder("chat", () => clientToken("chat", "expiring", { exp: hours(lifetime), "asrs.s.coae": "true" }))
    .withAutomaticReconnect([0, 100, 500, 1000, 5000]).build();
  await c.start();
  const why = happens(c, "onreconnecting");
  const back = happens(c, "onreconnected");
  lifetime = 9;
  await ask("/forward?seconds=7200");
  assert.match(`${await why}`, /The authentication has expired/);
  await back;
  await c.stop();
});

test("a key is made anew", async () => {
  const fresh = "a new key, which was not there before, of 44";
  const token = () => clientToken("chat", "rotated", { exp: hours(9) });
  await ask(`/keys?primary=${encodeURIComponent(fresh)}&secondary=${secondary}`);
  await assert.rejects(start(token()), unauthorized);
  const c = builder("chat", () => clientToken("chat", "rotated", { exp: hours(9) }, fresh)).build();
  await c.start();
  await c.stop();
});
