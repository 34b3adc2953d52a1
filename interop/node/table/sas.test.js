import assert from "node:assert/strict";
import { test } from "node:test";
import { AzureSASCredential, TableClient, TableServiceClient, generateAccountSas, generateTableSas } from "@azure/data-tables";
import { all, refused, soon } from "../words.js";
import { credential, endpoint, name, options, table } from "./target.js";

const bare = (t, sas) => new TableClient(endpoint, t.tableName, new AzureSASCredential(sas), options);

test("table SAS", async () => {
  const t = await table();
  const grant = (permissions, more) => bare(t, generateTableSas(t.tableName, credential, { permissions, expiresOn: soon(), ...more }));
  const key = { partitionKey: "p", rowKey: "r" };
  await grant({ add: true }).createEntity(key);
  await grant({ query: true }).getEntity("p", "r");
  await grant({ update: true }).updateEntity({ ...key, a: 1 }, "Merge");
  await grant({ add: true, update: true }).upsertEntity({ ...key, a: 2 });
  await grant({ add: true, update: true }).submitTransaction([["upsert", { ...key, a: 3 }], ["create", { ...key, rowKey: "s" }]]);
  assert.equal((await grant({ query: true }).getEntity("p", "r")).a, 3);
  await refused(grant({ query: true }).createEntity({ ...key, rowKey: "x" }), 403, "AuthorizationPermissionMismatch");
  await refused(grant({ add: true }).getEntity("p", "r"), 403, "AuthorizationPermissionMismatch");
  await refused(grant({ add: true }).updateEntity({ ...key, a: 1 }), 403, "AuthorizationPermissionMismatch");
  await refused(grant({ update: true }).deleteEntity("p", "r"), 403, "AuthorizationPermissionMismatch");
  await grant({ delete: true }).deleteEntity("p", "s");
  await refused(grant({ query: true }, { expiresOn: new Date(Date.now() - 60_000) }).getEntity("p", "r"), 403, "AuthenticationFailed");
  await refused(grant({ query: true }, { protocol: "https" }).getEntity("p", "r"), 403, "AuthorizationProtocolMismatch");
});

test("a range of keys", async () => {
  const t = await table();
  for (const p of ["a", "b", "c"]) for (const r of ["1", "2"]) await t.createEntity({ partitionKey: p, rowKey: r });
  const s = bare(t, generateTableSas(t.tableName, credential, {
    permissions: { query: true, add: true, update: true }, expiresOn: soon(), startPartitionKey: "a", startRowKey: "2", endPartitionKey: "b", endRowKey: "2",
  }));
  assert.deepEqual((await all(s.listEntities())).map((e) => e.partitionKey + e.rowKey), ["a2", "b1", "b2"]);
  await s.getEntity("b", "1");
  await s.upsertEntity({ partitionKey: "a", rowKey: "2", n: 1 });
  await assert.rejects(s.getEntity("a", "1"), (err) => [403, 404].includes(err.statusCode));
  await assert.rejects(s.upsertEntity({ partitionKey: "c", rowKey: "1", n: 1 }), (err) => err.statusCode === 403);
  await assert.rejects(s.submitTransaction([["upsert", { partitionKey: "c", rowKey: "2", n: 1 }]]), (err) => err.statusCode === 403);
  assert.equal((await t.getEntity("c", "2")).n, undefined);
});

test("stored policy", async () => {
  const t = await table();
  const policy = (permission) => t.setAccessPolicy([{ id: "p", accessPolicy: { start: new Date(Date.now() - 60_000), expiry: soon(), permission } }]);
  await policy("a");
  // An undefined permission means "read" to the SDK, unless they are all said to be off.
  const s = bare(t, generateTableSas(t.tableName, credential, { identifier: "p", permissions: {} }));
  await s.createEntity({ partitionKey: "p", rowKey: "r" });
  await refused(s.getEntity("p", "r"), 403, "AuthorizationPermissionMismatch");
  await policy("ra");
  await s.getEntity("p", "r");
  await t.setAccessPolicy([]);
  await refused(s.getEntity("p", "r"), 403, "AuthenticationFailed");
});

test("account SAS", async () => {
  const sas = (more) => new AzureSASCredential(generateAccountSas(credential, { expiresOn: soon(), ...more }));
  const s = new TableServiceClient(endpoint, sas({ permissions: { query: true, list: true, write: true, add: true } }), options);
  const n = name();
  await s.createTable(n);
  const t = new TableClient(endpoint, n, sas({ permissions: { query: true, add: true, delete: true } }), options);
  await t.createEntity({ partitionKey: "p", rowKey: "r" });
  assert.equal((await all(t.listEntities())).length, 1);
  await refused(s.deleteTable(n), 403, "AuthorizationPermissionMismatch");
  const objects = new TableServiceClient(endpoint, sas({ permissions: { query: true, list: true }, resourceTypes: "o" }), options);
  await refused(objects.getProperties(), 403, "AuthorizationResourceTypeMismatch");
  await t.deleteTable();
});
