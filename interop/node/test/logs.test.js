// Runs against our own nodes only: others write no logs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, container, service, settle, text } from "../target.js";

test("logs", { skip: process.env.RESLOG_FOREIGN === "1" }, async () => {
  await service.setProperties({
    blobAnalyticsLogging: { version: "2.0", read: true, write: true, deleteProperty: true, retentionPolicy: { enabled: true, days: 3 } },
  });
  const stored = (await service.getProperties()).blobAnalyticsLogging;
  assert.deepEqual(stored, { version: "2.0", read: true, write: true, deleteProperty: true, retentionPolicy: { enabled: true, days: 3 } });
  const c = await container();
  const b = c.getBlockBlobClient("logged");
  const { requestId } = await b.upload("content", 7);
  const logs = service.getContainerClient("$logs");
  let line;
  await settle(async () => {
    for (const item of await all(logs.listBlobsFlat({ prefix: "blob/", includeMetadata: true }))) {
      const content = await text(logs.getBlobClient(item.name));
      line = content.split("\n").find((l) => l.includes(requestId));
      if (line) {
        assert.equal(item.metadata.LogVersion, "2.0");
        return true;
      }
    }
    return false;
  });
  const fields = line.split(";");
  assert.equal(fields[0], "2.0");
  assert.equal(fields[2], "PutBlob");
  assert.equal(fields[3], "Success");
  assert.equal(fields[4], "201");
  assert.equal(fields[13], requestId);
  assert.equal(fields[18], "7");
});
