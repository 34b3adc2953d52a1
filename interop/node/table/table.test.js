import assert from "node:assert/strict";
import { test } from "node:test";
import { TableClient, TableServiceClient, TableTransaction, odata } from "@azure/data-tables";
import { all, refused } from "../words.js";
import { connectionString, credential, endpoint, foreign, name, options, service, table } from "./target.js";

test("tables", async () => {
  const t = new TableClient(endpoint, name(), credential, options);
  await refused(t.getEntity("p", "r"), 404, "TableNotFound");
  await t.createTable();
  await t.createTable(); // the SDK takes one that is there for no mistake
  await t.createEntity({ partitionKey: "p", rowKey: "r" });
  const names = Array.from({ length: 5 }, (_, i) => `${t.tableName}x${i}`);
  for (const n of names) await service.createTable(n);
  const filter = odata`TableName ge ${t.tableName} and TableName lt ${`${t.tableName}y`}`;
  assert.deepEqual((await all(service.listTables({ queryOptions: { filter } }))).map((x) => x.name).sort(), [t.tableName, ...names].sort());
  const pages = await all(service.listTables({ queryOptions: { filter } }).byPage({ maxPageSize: 4 }));
  assert.deepEqual(pages.map((p) => p.length), [4, 2]);
  for (const n of names) await service.deleteTable(n);
  await t.deleteTable();
  await t.deleteTable(); // nor one that is gone
  await refused(t.getEntity("p", "r"), 404, "TableNotFound");
  await assert.rejects(service.createTable("not-a-name"), (err) => err.statusCode === 400);
});

const everything = {
  partitionKey: "p", rowKey: "all",
  text: "ü 漢字 \"quoted\" <tag>", empty: "", yes: true, no: false, int: 42, negative: -1, double: 2.5,
  long: 9007199254740993n, when: new Date("2026-03-04T05:06:07.123Z"), bytes: new Uint8Array([0, 1, 254, 255]),
  guid: { type: "Guid", value: "4185404a-5818-48c3-b9be-f217df0dba6f" },
};

test("types", async () => {
  const t = await table();
  const inserted = await t.createEntity(everything);
  const e = await t.getEntity("p", "all");
  assert.equal(e.etag, inserted.etag);
  assert.ok(Math.abs(new Date(e.timestamp) - Date.now()) < 300_000);
  for (const key of ["text", "empty", "yes", "no", "int", "negative", "double", "long"]) assert.equal(e[key], everything[key], key);
  assert.equal(e.when.getTime(), everything.when.getTime());
  assert.deepEqual(Buffer.from(e.bytes), Buffer.from(everything.bytes));
  assert.deepEqual(e.guid, everything.guid);
  const raw = await t.getEntity("p", "all", { disableTypeConversion: true });
  assert.deepEqual(raw.long, { type: "Int64", value: "9007199254740993" });
  assert.deepEqual(raw.when, { type: "DateTime", value: "2026-03-04T05:06:07.123Z" });
  assert.deepEqual(raw.int, { type: "Int32", value: "42" });
  await t.createEntity({ partitionKey: "p", rowKey: "exact", whole: { type: "Double", value: 3 }, fine: { type: "DateTime", value: "2026-03-04T05:06:07.1234567Z" } });
  const exact = await t.getEntity("p", "exact", { disableTypeConversion: true });
  assert.equal(exact.fine.value, "2026-03-04T05:06:07.1234567Z");
});

test("writes", async () => {
  const t = await table();
  const key = { partitionKey: "p", rowKey: "r" };
  const first = await t.createEntity({ ...key, a: 1, b: 1 });
  await refused(t.createEntity({ ...key, a: 2 }), 409, "EntityAlreadyExists");
  const has = async (want) => {
    const { a, b, c } = await t.getEntity("p", "r");
    assert.deepEqual([a, b, c], want);
  };
  await t.updateEntity({ ...key, b: 2 }, "Merge");
  await has([1, 2, undefined]);
  const second = await t.updateEntity({ ...key, c: 3 }, "Replace");
  await has([undefined, undefined, 3]);
  await refused(t.updateEntity({ ...key, a: 4 }, "Merge", { etag: first.etag }), 412, "UpdateConditionNotSatisfied");
  await t.updateEntity({ ...key, a: 4 }, "Merge", { etag: second.etag });
  await has([4, undefined, 3]);
  await t.upsertEntity({ ...key, b: 5 }, "Merge");
  await has([4, 5, 3]);
  await t.upsertEntity({ ...key, b: 6 }, "Replace");
  await has([undefined, 6, undefined]);
  await t.upsertEntity({ ...key, rowKey: "new", a: 1 });
  await refused(t.updateEntity({ ...key, rowKey: "nothing" }, "Replace"), 404, "ResourceNotFound");
  await refused(t.deleteEntity("p", "r", { etag: first.etag }), 412, "UpdateConditionNotSatisfied");
  await t.deleteEntity("p", "r");
  await refused(t.deleteEntity("p", "r"), 404, "ResourceNotFound");
  await refused(t.getEntity("p", "r"), 404, "ResourceNotFound");
});

test("keys", async () => {
  const t = await table();
  for (const k of ["it's", "a b", "ü 漢字", "a+b&c=d", "100%", "%2F", "(x),y", "$a@!", "𝄞"]) {
    await t.createEntity({ partitionKey: k, rowKey: k, n: 1 });
    assert.equal((await t.getEntity(k, k)).rowKey, k);
    const found = await all(t.listEntities({ queryOptions: { filter: odata`PartitionKey eq ${k} and RowKey eq ${k}` } }));
    assert.deepEqual(found.map((e) => e.partitionKey), [k]);
    await t.updateEntity({ partitionKey: k, rowKey: k, n: 2 });
    await t.deleteEntity(k, k);
  }
  for (const k of ["a/b", "a\\b", "a#b", "a?b", "a\tb"]) {
    await assert.rejects(t.createEntity({ partitionKey: k, rowKey: "r" }), (err) => err.statusCode === 400);
  }
});

test("queries", async () => {
  const t = await table();
  for (let i = 0; i < 3; i++) {
    const actions = Array.from({ length: 90 }, (_, n) => ["create", {
      partitionKey: `p${i}`, rowKey: String(n).padStart(3, "0"), n, big: BigInt(n) * 10_000_000_000n, half: n + 0.5, even: n % 2 === 0, at: new Date(Date.UTC(2026, 0, 1 + n)),
    }]);
    await t.submitTransaction(actions);
  }
  const count = async (filter, select) => (await all(t.listEntities({ queryOptions: { filter, select } }))).length;
  assert.equal(await count(), 270);
  assert.equal(await count(odata`PartitionKey eq ${"p1"}`), 90);
  assert.equal(await count(odata`PartitionKey eq ${"p1"} and RowKey ge ${"080"}`), 10);
  assert.equal(await count(odata`n ge ${88}`), 6);
  assert.equal(await count(odata`half gt ${88.2} and half lt ${89.1}`), 3);
  assert.equal(await count("big eq 50000000000L"), 3);
  assert.equal(await count(odata`at lt ${new Date(Date.UTC(2026, 0, 3))}`), 6);
  assert.equal(await count(odata`even eq ${true} and n lt ${10}`), 15);
  assert.equal(await count("not (n lt 80) or n eq 1"), 33);
  const [one] = await all(t.listEntities({ queryOptions: { filter: "PartitionKey eq 'p2' and n eq 7", select: ["n", "RowKey"] } }));
  assert.deepEqual(Object.keys(one).filter((k) => k !== "etag").sort(), ["n", "rowKey"]);
  const pages = await all(t.listEntities().byPage({ maxPageSize: 100 }));
  assert.deepEqual(pages.map((p) => p.length), [100, 100, 70]);
  const rest = await all(t.listEntities().byPage({ maxPageSize: 1000, continuationToken: pages[0].continuationToken }));
  assert.deepEqual(rest.map((p) => p.length), [170]);
  await refused(all(t.listEntities({ queryOptions: { filter: "n eq" } })), 400, "InvalidInput");
});

test("transactions", async () => {
  const t = await table();
  const key = (rowKey) => ({ partitionKey: "p", rowKey });
  for (const r of ["merge", "replace", "delete"]) await t.createEntity({ ...key(r), a: 1, b: 1 });
  const tx = new TableTransaction();
  tx.createEntity({ ...key("create"), a: 2 });
  tx.updateEntity({ ...key("merge"), a: 2 }, "Merge");
  tx.updateEntity({ ...key("replace"), a: 2 }, "Replace");
  tx.upsertEntity({ ...key("upsert"), a: 2 }, "Merge");
  tx.deleteEntity("p", "delete");
  const done = await t.submitTransaction(tx.actions);
  assert.equal(done.status, 202);
  assert.deepEqual(done.subResponses.map((r) => r.status), [204, 204, 204, 204, 204]);
  assert.ok(done.getResponseForEntity("create").etag);
  const rows = await all(t.listEntities());
  assert.deepEqual(rows.map((e) => [e.rowKey, e.a, e.b]), [["create", 2, undefined], ["merge", 2, 1], ["replace", 2, undefined], ["upsert", 2, undefined]]);

  const fails = async (status, code, ...actions) => {
    await refused(t.submitTransaction([["create", key("never")], ...actions]), status, code);
    await refused(t.getEntity("p", "never"), 404, "ResourceNotFound");
  };
  await fails(409, "EntityAlreadyExists", ["create", key("create")]);
  await fails(404, "ResourceNotFound", ["delete", key("nothing")]);
  await fails(404, "ResourceNotFound", ["update", key("nothing")]);
  await fails(412, "UpdateConditionNotSatisfied", ["update", { ...key("merge"), a: 9 }, "Merge", { etag: "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"" }]);
  await fails(400, "InvalidDuplicateRow", ["upsert", { ...key("never"), a: 9 }]);
});

test("access policies", async () => {
  const t = await table();
  const start = new Date("2026-01-01T00:00:00Z"), expiry = new Date("2028-01-01T00:00:00Z");
  await t.setAccessPolicy([{ id: "one", accessPolicy: { start, expiry, permission: "raud" } }]);
  const [one] = await t.getAccessPolicy();
  assert.equal(one.id, "one");
  assert.equal(one.accessPolicy.permission, "raud");
  assert.equal(new Date(one.accessPolicy.expiry).getTime(), expiry.getTime());
  await t.setAccessPolicy([]);
  assert.equal((await t.getAccessPolicy()).length, 0);
});

test("service", async () => {
  const off = { enabled: false };
  await service.setProperties({
    logging: { version: "1.0", read: true, write: false, delete: true, retentionPolicy: { enabled: true, days: 3 } },
    hourMetrics: { version: "1.0", enabled: true, includeAPIs: true, retentionPolicy: off },
    minuteMetrics: { version: "1.0", enabled: false, retentionPolicy: off },
    cors: [],
  });
  const p = await service.getProperties();
  assert.deepEqual(p.logging, { version: "1.0", read: true, write: false, delete: true, retentionPolicy: { enabled: true, days: 3 } });
  assert.equal(p.hourMetrics.includeAPIs, true);
  assert.equal(p.minuteMetrics.enabled, false);
  const secondary = new TableServiceClient(`${endpoint}-secondary`, credential, options);
  assert.equal((await secondary.getStatistics()).geoReplication.status, "live");
});

test("connection strings", async () => {
  const t = TableClient.fromConnectionString(connectionString, name(), { allowInsecureConnection: true });
  await t.createTable();
  await t.createEntity({ partitionKey: "p", rowKey: "r", a: 1 });
  // The word that every SDK knows leads to port 10002; here by way of a proxy, which the service is itself.
  if (!foreign) {
    const at = new URL(endpoint);
    const dev = TableClient.fromConnectionString("UseDevelopmentStorage=true", t.tableName, { proxyOptions: { host: at.origin.replace(/:\d+$/, ""), port: Number(at.port) } });
    assert.equal((await dev.getEntity("p", "r")).a, 1);
  }
  await t.deleteTable();
});
