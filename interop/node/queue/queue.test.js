import assert from "node:assert/strict";
import { test } from "node:test";
import { QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { all, refused, settle } from "../words.js";
import { connectionString, endpoint, foreign, name, options, queue, service } from "./target.js";

test("queues", async () => {
  const q = service.getQueueClient(name());
  assert.equal(await q.exists(), false);
  const created = await q.create({ metadata: { colour: "blue" } });
  assert.ok(created.requestId && created.version && created.date);
  await q.create({ metadata: { colour: "blue" } }); // the same again
  await refused(q.create({ metadata: { colour: "red" } }), 409, "QueueAlreadyExists");
  assert.equal((await q.createIfNotExists({ metadata: { colour: "blue" } })).succeeded, false);
  assert.equal(await q.exists(), true);
  assert.deepEqual((await q.getProperties()).metadata, { colour: "blue" });
  assert.equal((await q.getProperties()).approximateMessagesCount, 0);
  await q.setMetadata({ shape: "round", size: "1" });
  assert.deepEqual((await q.getProperties()).metadata, { shape: "round", size: "1" });
  await q.setMetadata();
  assert.deepEqual((await q.getProperties()).metadata ?? {}, {});
  assert.equal((await q.deleteIfExists()).succeeded, true);
  assert.equal((await q.deleteIfExists()).succeeded, false);
  await refused(q.getProperties(), 404, "QueueNotFound");
  await refused(service.createQueue("Not A Name"), 400, "InvalidResourceName");
});

test("listing", async () => {
  const prefix = name();
  for (let i = 0; i < 5; i++) await service.createQueue(`${prefix}-${i}`, { metadata: { n: `${i}` } });
  const items = await all(service.listQueues({ prefix, includeMetadata: true }));
  assert.deepEqual(items.map((x) => x.name), [0, 1, 2, 3, 4].map((i) => `${prefix}-${i}`));
  assert.deepEqual(items.map((x) => x.metadata.n), ["0", "1", "2", "3", "4"]);
  const pages = await all(service.listQueues({ prefix }).byPage({ maxPageSize: 2 }));
  assert.deepEqual(pages.map((p) => p.queueItems?.length), [2, 2, 1]);
  const again = await all(service.listQueues({ prefix }).byPage({ maxPageSize: 9, continuationToken: pages[0].continuationToken }));
  assert.deepEqual(again.map((p) => p.queueItems?.length), [3]);
  for (const item of items) await service.deleteQueue(item.name);
});

test("messages", async () => {
  const q = await queue();
  const texts = ["plain", "<text> & \"more\"", "ü 漢字 𝄞", "line\nbreak", "=".repeat(1000)];
  for (const t of texts) {
    const sent = await q.sendMessage(t);
    assert.match(sent.messageId, /^[0-9a-f-]{36}$/);
    assert.ok(sent.popReceipt && sent.insertedOn && sent.expiresOn && sent.nextVisibleOn);
    assert.equal(Math.round((sent.expiresOn - sent.insertedOn) / 86400_000), 7);
  }
  const peeked = (await q.peekMessages({ numberOfMessages: 32 })).peekedMessageItems;
  assert.deepEqual(peeked.map((m) => m.messageText), texts);
  assert.deepEqual(peeked.map((m) => m.dequeueCount), texts.map(() => 0));
  const got = (await q.receiveMessages({ numberOfMessages: 32, visibilityTimeout: 60 })).receivedMessageItems;
  assert.deepEqual(got.map((m) => m.messageText), texts);
  assert.deepEqual(got.map((m) => m.dequeueCount), texts.map(() => 1));
  assert.equal((await q.peekMessages()).peekedMessageItems.length, 0);
  assert.equal((await q.getProperties()).approximateMessagesCount, texts.length);

  const [first, second, third] = got;
  const updated = await q.updateMessage(first.messageId, first.popReceipt, "changed", 0);
  assert.notEqual(updated.popReceipt, first.popReceipt);
  await refused(q.deleteMessage(first.messageId, first.popReceipt), 404, "MessageNotFound");
  const back = (await q.receiveMessages()).receivedMessageItems;
  assert.deepEqual(back.map((m) => [m.messageId, m.messageText, m.dequeueCount]), [[first.messageId, "changed", 2]]);
  await q.deleteMessage(first.messageId, back[0].popReceipt);
  await refused(q.deleteMessage(first.messageId, back[0].popReceipt), 404, "MessageNotFound");
  await q.updateMessage(second.messageId, second.popReceipt, undefined, 0); // the time alone
  assert.equal((await q.receiveMessages()).receivedMessageItems[0].messageText, texts[1]);
  await q.deleteMessage(third.messageId, third.popReceipt);
  await q.clearMessages();
  assert.equal((await q.getProperties()).approximateMessagesCount, 0);
});

test("times", async () => {
  const q = await queue();
  const hidden = await q.sendMessage("later", { visibilityTimeout: 2 });
  assert.equal((await q.receiveMessages()).receivedMessageItems.length, 0);
  const forever = await q.sendMessage("forever", { messageTimeToLive: -1, visibilityTimeout: 600 });
  assert.equal(forever.expiresOn.getUTCFullYear(), 9999);
  let m;
  await settle(async () => ([m] = (await q.receiveMessages({ visibilityTimeout: 1 })).receivedMessageItems).length > 0);
  assert.equal(m.messageId, hidden.messageId);
  await settle(async () => ([m] = (await q.receiveMessages({ visibilityTimeout: 60 })).receivedMessageItems).length > 0);
  assert.equal(m.messageId, hidden.messageId);
  assert.equal(m.dequeueCount, 2);
  for (const [send, code] of [
    [{ visibilityTimeout: 7 * 86400 + 1 }, /OutOfRangeQueryParameterValue/],
    [{ messageTimeToLive: 0 }, /(OutOfRange|Invalid)QueryParameterValue/],
    [{ messageTimeToLive: 5, visibilityTimeout: 6 }, /(OutOfRange|Invalid)QueryParameterValue/],
  ]) await assert.rejects(q.sendMessage("x", send), (err) => code.test(err.code) && err.statusCode === 400);
  await assert.rejects(q.receiveMessages({ numberOfMessages: 33 }), (err) => err.code === "OutOfRangeQueryParameterValue");
  await assert.rejects(q.sendMessage("x".repeat(65537)), (err) => ["RequestBodyTooLarge", "MessageTooLarge"].includes(err.code));
});

test("access policies", async () => {
  const q = await queue();
  const policy = { startsOn: new Date("2026-01-01T00:00:00Z"), expiresOn: new Date("2028-01-01T00:00:00Z"), permissions: "raup" };
  await q.setAccessPolicy([{ id: "one", accessPolicy: policy }, { id: "two", accessPolicy: { ...policy, permissions: "r" } }]);
  const { signedIdentifiers } = await q.getAccessPolicy();
  assert.deepEqual(signedIdentifiers.map((x) => [x.id, x.accessPolicy.permissions]), [["one", "raup"], ["two", "r"]]);
  assert.equal(signedIdentifiers[0].accessPolicy.expiresOn.getTime(), policy.expiresOn.getTime());
  await q.setAccessPolicy([]);
  assert.deepEqual((await q.getAccessPolicy()).signedIdentifiers, []);
});

test("service", async () => {
  const off = { enabled: false };
  await service.setProperties({
    queueAnalyticsLogging: { version: "1.0", read: true, write: false, deleteProperty: true, retentionPolicy: { enabled: true, days: 3 } },
    hourMetrics: { version: "1.0", enabled: true, includeAPIs: true, retentionPolicy: off },
    minuteMetrics: { version: "1.0", enabled: false, retentionPolicy: off },
    cors: [{ allowedOrigins: "*", allowedMethods: "GET", allowedHeaders: "*", exposedHeaders: "*", maxAgeInSeconds: 7 }],
  });
  const p = await service.getProperties();
  assert.deepEqual(p.queueAnalyticsLogging, { version: "1.0", read: true, write: false, deleteProperty: true, retentionPolicy: { enabled: true, days: 3 } });
  assert.equal(p.hourMetrics.includeAPIs, true);
  assert.equal(p.minuteMetrics.enabled, false);
  assert.deepEqual(p.cors, [{ allowedOrigins: "*", allowedMethods: "GET", allowedHeaders: "*", exposedHeaders: "*", maxAgeInSeconds: 7 }]);
  const secondary = new QueueServiceClient(`${endpoint}-secondary`, service.credential, options);
  // This version of the SDK looks for a root element of another name than the service sends.
  assert.match((await secondary.getStatistics())._response.bodyAsText, /<StorageServiceStats><GeoReplication><Status>live</);
});

test("connection strings", async () => {
  const q = new QueueClient(connectionString, name());
  await q.create();
  await q.sendMessage("by connection string");
  // The word that every SDK knows leads to port 10001; here by way of a proxy, which the service is itself.
  if (!foreign) {
    const at = new URL(endpoint);
    const dev = QueueServiceClient.fromConnectionString("UseDevelopmentStorage=true", { proxyOptions: { host: at.origin.replace(/:\d+$/, ""), port: Number(at.port) } });
    const [m] = (await dev.getQueueClient(q.name).receiveMessages()).receivedMessageItems;
    assert.equal(m.messageText, "by connection string");
  }
  await q.delete();
});
