import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AccountSASPermissions, AnonymousCredential, QueueClient, QueueSASPermissions, QueueServiceClient, SASProtocol, generateQueueSASQueryParameters,
} from "@azure/storage-queue";
import { all, refused, soon } from "../words.js";
import { credential, name, options, queue, service } from "./target.js";

const bare = (url) => new QueueClient(url, new AnonymousCredential(), options);

test("queue SAS", async () => {
  const q = await queue();
  const grant = (p) => bare(q.generateSasUrl({ permissions: QueueSASPermissions.parse(p), expiresOn: soon() }));
  await grant("a").sendMessage("x");
  assert.equal((await grant("r").peekMessages()).peekedMessageItems.length, 1);
  const [m] = (await grant("p").receiveMessages()).receivedMessageItems;
  const u = await grant("u").updateMessage(m.messageId, m.popReceipt, "y", 30);
  await refused(grant("ra").deleteMessage(m.messageId, u.popReceipt), 403, "AuthorizationPermissionMismatch");
  await refused(grant("r").sendMessage("x"), 403, "AuthorizationPermissionMismatch");
  await grant("p").deleteMessage(m.messageId, u.popReceipt);
  const late = q.generateSasUrl({ permissions: QueueSASPermissions.parse("r"), expiresOn: new Date(Date.now() - 60_000) });
  await refused(bare(late).peekMessages(), 403, "AuthenticationFailed");
  const https = q.generateSasUrl({ permissions: QueueSASPermissions.parse("r"), expiresOn: soon(), protocol: SASProtocol.Https });
  await refused(bare(https).peekMessages(), 403, "AuthorizationProtocolMismatch");
  const other = await queue();
  await refused(bare(`${other.url}?${new URL(grant("r").url).searchParams}`).peekMessages(), 403, "AuthenticationFailed");
});

test("stored policy", async () => {
  const q = await queue();
  const policy = (permissions) => q.setAccessPolicy([{ id: "p", accessPolicy: { startsOn: new Date(Date.now() - 60_000), expiresOn: soon(), permissions } }]);
  await policy("a");
  const s = bare(`${q.url}?${generateQueueSASQueryParameters({ queueName: q.name, identifier: "p" }, credential)}`);
  await s.sendMessage("x");
  await refused(s.peekMessages(), 403, "AuthorizationPermissionMismatch");
  await policy("ar");
  assert.equal((await s.peekMessages()).peekedMessageItems.length, 1);
  await q.setAccessPolicy([]);
  await refused(s.peekMessages(), 403, "AuthenticationFailed");
});

test("account SAS", async () => {
  const url = service.generateAccountSasUrl(soon(), AccountSASPermissions.parse("rwlac"), "sco");
  const s = new QueueServiceClient(url, new AnonymousCredential(), options);
  const q = s.getQueueClient(name());
  await q.create();
  await q.sendMessage("x");
  assert.equal((await all(s.listQueues({ prefix: q.name }))).length, 1);
  assert.ok((await s.getProperties()).queueAnalyticsLogging);
  await refused(q.delete(), 403, "AuthorizationPermissionMismatch");
  await service.deleteQueue(q.name);
  const objects = new QueueServiceClient(service.generateAccountSasUrl(soon(), AccountSASPermissions.parse("rl"), "o"), new AnonymousCredential(), options);
  await refused(objects.getProperties(), 403, "AuthorizationResourceTypeMismatch");
});
