import assert from "node:assert/strict";
import { test } from "node:test";
import { BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import { account, all, container, credential, endpoint, options, refused, service } from "../target.js";

test("connection string", async () => {
  const key = process.env.RESLOG_KEY;
  const c = BlobServiceClient.fromConnectionString(
    `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`);
  assert.equal(c.accountName, account);
  assert.ok(await c.getAccountInfo());
});

test("account information", async () => {
  const info = await service.getAccountInfo();
  assert.ok(info.skuName);
  assert.ok(info.accountKind);
  assert.equal(info.isHierarchicalNamespaceEnabled, false);
});

test("service properties", async () => {
  const cors = [{ allowedOrigins: "http://example.com", allowedMethods: "GET", allowedHeaders: "x-ms-meta-*", exposedHeaders: "*", maxAgeInSeconds: 9 }];
  await service.setProperties({ cors, hourMetrics: { version: "1.0", enabled: true, includeAPIs: true, retentionPolicy: { enabled: true, days: 3 } } });
  const p = await service.getProperties();
  assert.deepEqual(p.cors, cors);
  assert.equal(p.hourMetrics.retentionPolicy.days, 3);
  await service.setProperties({ cors: [] });
  assert.equal((await service.getProperties()).cors?.length ?? 0, 0);
  await refused(service.setProperties({ logging: { version: "1.0", read: true, write: true, deleteProperty: true, retentionPolicy: { enabled: true, days: 400 } } }),
    400, "InvalidXmlDocument");
});

test("list containers", async () => {
  const c = await container({ metadata: { colour: "blue" } });
  const found = await all(service.listContainers({ prefix: c.containerName, includeMetadata: true }));
  assert.equal(found.length, 1);
  assert.deepEqual(found[0].metadata, { colour: "blue" });
  assert.ok(found[0].properties.etag);
  for (let i = 0; i < 4; i++) await container();
  const pages = await all(service.listContainers({ prefix: "node-" }).byPage({ maxPageSize: 2 }));
  assert.ok(pages.length > 1);
  assert.ok(pages.every((p) => p.containerItems.length <= 2));
});

test("container", async () => {
  const c = await container({ access: "container", metadata: { a: "1" } });
  await refused(c.create(), 409, "ContainerAlreadyExists");
  assert.equal((await c.createIfNotExists()).succeeded, false);
  assert.equal(await c.exists(), true);
  const p = await c.getProperties();
  assert.equal(p.blobPublicAccess, "container");
  assert.deepEqual(p.metadata, { a: "1" });
  assert.equal(p.leaseState, "available");
  await c.setMetadata({ b: "2" });
  assert.deepEqual((await c.getProperties()).metadata, { b: "2" });

  const startsOn = new Date("2026-01-01T00:00:00Z");
  const expiresOn = new Date("2027-01-01T00:00:00Z");
  await c.setAccessPolicy("blob", [{ id: "p", accessPolicy: { startsOn, expiresOn, permissions: "rl" } }]);
  const policy = await c.getAccessPolicy();
  assert.equal(policy.blobPublicAccess, "blob");
  assert.equal(policy.signedIdentifiers[0].id, "p");
  assert.equal(policy.signedIdentifiers[0].accessPolicy.permissions, "rl");
  assert.deepEqual(policy.signedIdentifiers[0].accessPolicy.expiresOn, expiresOn);

  await c.delete();
  assert.equal(await c.exists(), false);
  await refused(c.getProperties(), 404, "ContainerNotFound");
  const missing = new ContainerClient(`${endpoint}/nothing-here`, credential, options);
  await refused(missing.listBlobsFlat().next(), 404, "ContainerNotFound");
});
