// Clients of a node as people start it, joined with another one: the REST API of the
// other node sends to them. What they did is in the workspace of theirs afterwards, see
// TestNodeSignalR.
import assert from "node:assert/strict";
import { test } from "node:test";
import { env } from "../words.js";
import { audience, builder, call, clientToken, connect, hours, hubOf, rest, sign, ways } from "./target.js";

const other = env("RESLOG_SIGNALR_OTHER");
const v = "?api-version=2024-12-01";

for (const [name, way] of Object.entries(ways)) {
  test(`${name}: what another node sends`, async () => {
    const root = `/hubs/${hubOf(name)}`;
    const c = await connect(hubOf(name), `user-${name}`, way);
    await rest("PUT", `${root}/groups/g/connections/${c.connectionId}${v}`, undefined, 200, other);
    await rest("HEAD", `${root}/users/user-${name}${v}`, undefined, 200, other);
    await rest("HEAD", `${root}/users/nobody${v}`, undefined, 404, other);
    for (const [path, word] of [["/groups/g", "group"], [`/users/user-${name}`, "user"], ["", "all"]]) {
      await rest("POST", `${root}${path}/:send${v}`, call(word), 202, other);
      assert.deepEqual(await c.inbox.next(), [word]);
    }
    await c.stop();
  });
}

test("who is not let in", async () => {
  const refused = (token) => assert.rejects(builder("closed", () => token).build().start(), /Unauthorized|401/);
  await refused(clientToken("closed", "mallory", {}, "another key, which is not one of the service"));
  await refused(sign({ aud: audience("other"), exp: hours(1), nameid: "mallory" }));
});
