import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { all, container, refused, settle, text } from "../target.js";

const id = (n) => Buffer.from(String(n).padStart(6, "0")).toString("base64");
const md5 = (b) => createHash("md5").update(b).digest();

test("block blob", async () => {
  const c = await container();
  const b = c.getBlockBlobClient("dir/a blob ü.txt");
  const up = await b.upload("content", 7, {
    metadata: { k: "v" }, tags: { t: "1" }, blobHTTPHeaders: { blobContentType: "text/plain", blobCacheControl: "no-store" },
  });
  assert.deepEqual(Buffer.from(up.contentMD5), md5("content"));
  assert.equal(await text(b), "content");
  const p = await b.getProperties();
  assert.equal(p.contentLength, 7);
  assert.equal(p.contentType, "text/plain");
  assert.equal(p.cacheControl, "no-store");
  assert.equal(p.blobType, "BlockBlob");
  assert.equal(p.accessTier, "Hot");
  assert.equal(p.tagCount, 1);
  assert.deepEqual(p.metadata, { k: "v" });
  assert.equal((await b.downloadToBuffer(2, 3)).toString(), "nte");
  await refused(b.upload("x", 1, { conditions: { ifNoneMatch: "*" } }), 409, "BlobAlreadyExists");
  await refused(b.upload("x", 1, { conditions: { ifMatch: '"0x1"' } }), 412, "ConditionNotMet");
  await b.setHTTPHeaders({ blobContentType: "text/html" });
  await b.setMetadata({ x: "y" });
  const q = await b.getProperties();
  assert.equal(q.contentType, "text/html");
  assert.deepEqual(q.metadata, { x: "y" });
  assert.equal((await b.deleteIfExists()).succeeded, true);
  assert.equal((await b.deleteIfExists()).succeeded, false);
  assert.equal(await b.exists(), false);
  await refused(b.download(), 404, "BlobNotFound");
});

test("blocks", async () => {
  const b = (await container()).getBlockBlobClient("b");
  for (const [n, s] of ["one ", "two ", "three "].entries()) await b.stageBlock(id(n), s, s.length);
  assert.equal((await b.getBlockList("uncommitted")).uncommittedBlocks.length, 3);
  await b.commitBlockList([id(2), id(0)]);
  assert.equal(await text(b), "three one ");
  const list = await b.getBlockList("all");
  assert.deepEqual(list.committedBlocks.map((x) => x.name), [id(2), id(0)]);
  assert.equal(list.uncommittedBlocks?.length ?? 0, 0);
  await refused(b.commitBlockList([id(9)]), 400, "InvalidBlockList");
});

test("large blob, streamed and in parallel", async () => {
  const b = (await container()).getBlockBlobClient("large");
  const content = randomBytes(24 << 20);
  await b.uploadStream(Readable.from(chunks(content, 1 << 20)), 4 << 20, 3);
  assert.deepEqual(md5(await b.downloadToBuffer(0, undefined, { blockSize: 5 << 20, concurrency: 3 })), md5(content));
  await b.uploadData(content, { blockSize: 8 << 20, maxSingleShotSize: 1 << 20, concurrency: 3 });
  const parts = [];
  for await (const part of (await b.download()).readableStreamBody) parts.push(part);
  assert.deepEqual(md5(Buffer.concat(parts)), md5(content));
});

function* chunks(buffer, size) {
  for (let i = 0; i < buffer.length; i += size) yield buffer.subarray(i, i + size);
}

test("append blob", async () => {
  const b = (await container()).getAppendBlobClient("log");
  await b.create();
  assert.equal((await b.createIfNotExists()).succeeded, false);
  await b.appendBlock("one\n", 4);
  const r = await b.appendBlock("two\n", 4, { conditions: { appendPosition: 4, maxSize: 8 } });
  assert.equal(r.blobAppendOffset, "4");
  assert.equal(r.blobCommittedBlockCount, 2);
  await refused(b.appendBlock("x", 1, { conditions: { appendPosition: 4 } }), 412, "AppendPositionConditionNotMet");
  await refused(b.appendBlock("x", 1, { conditions: { maxSize: 8 } }), 412, "MaxBlobSizeConditionNotMet");
  assert.equal(await text(b), "one\ntwo\n");
  await b.seal();
  await refused(b.appendBlock("x", 1), 409, "BlobIsSealed");
});

test("page blob", async () => {
  const b = (await container()).getPageBlobClient("disk");
  await b.create(4096);
  await b.uploadPages(Buffer.alloc(1024, "a"), 512, 1024);
  await b.uploadPages(Buffer.alloc(512, "b"), 3072, 512);
  const ranges = await all(b.listPageRanges());
  assert.deepEqual(ranges.map((r) => [r.start, r.end]), [[512, 1535], [3072, 3583]]);
  assert.equal((await b.getPageRanges(0, 1024)).pageRange.length, 1);
  await b.clearPages(512, 512);
  const left = await all(b.listPageRanges());
  assert.deepEqual(left.map((r) => [r.start, r.end]), [[1024, 1535], [3072, 3583]]);
  await b.resize(2048);
  assert.equal((await b.getProperties()).contentLength, 2048);
  assert.equal((await b.updateSequenceNumber("update", 7)).blobSequenceNumber, 7);
  assert.equal((await b.downloadToBuffer(1024, 4)).toString(), "aaaa");
});

test("snapshots", async () => {
  const c = await container();
  const b = c.getBlockBlobClient("b");
  await b.upload("old", 3);
  const { snapshot } = await b.createSnapshot();
  await b.upload("new", 3);
  assert.equal(await text(b.withSnapshot(snapshot)), "old");
  const names = await all(c.listBlobsFlat({ includeSnapshots: true }));
  assert.deepEqual(names.map((x) => Boolean(x.snapshot)), [true, false]);
  await refused(b.delete(), 409, "SnapshotsPresent");
  await b.delete({ deleteSnapshots: "include" });
});

test("copies", async () => {
  const c = await container({ access: "blob" });
  const src = c.getBlockBlobClient("source");
  await src.upload("content", 7, { metadata: { a: "1" } });
  const dst = c.getBlockBlobClient("copy");
  const poller = await dst.beginCopyFromURL(src.url);
  const done = await poller.pollUntilDone();
  assert.equal(done.copyStatus, "success");
  assert.equal(await text(dst), "content");
  assert.deepEqual((await dst.getProperties()).metadata, { a: "1" });
  await refused(dst.abortCopyFromURL(done.copyId), 409, "NoPendingCopyOperation");
  assert.equal((await c.getBlobClient("sync").syncCopyFromURL(src.url)).copyStatus, "success");
  await c.getBlockBlobClient("url").syncUploadFromURL(src.url);
  assert.equal(await text(c.getBlobClient("url")), "content");
  const parts = c.getBlockBlobClient("parts");
  await parts.stageBlockFromURL(id(0), src.url, 1, 3);
  await parts.commitBlockList([id(0)]);
  assert.equal(await text(parts), "ont");
});

test("leases", async () => {
  const b = (await container()).getBlockBlobClient("b");
  await b.upload("x", 1);
  const lease = b.getBlobLeaseClient();
  await lease.acquireLease(15);
  await refused(b.upload("y", 1), 412, "LeaseIdMissing");
  await b.upload("y", 1, { conditions: { leaseId: lease.leaseId } });
  await lease.renewLease();
  await lease.changeLease("66666666-7777-4888-9999-aaaaaaaaaaaa");
  const other = b.getBlobLeaseClient();
  await refused(other.acquireLease(15), 409, "LeaseAlreadyPresent");
  await lease.breakLease(0);
  assert.equal((await b.getProperties()).leaseState, "broken");
  await lease.releaseLease();
  assert.equal((await b.getProperties()).leaseState, "available");
});

test("tags and tiers", async () => {
  const c = await container();
  const b = c.getBlockBlobClient("b");
  await b.upload("x", 1);
  await b.setTags({ colour: "red", n: "1 + 2" });
  assert.deepEqual((await b.getTags()).tags, { colour: "red", n: "1 + 2" });
  const found = await all(c.findBlobsByTags(`"colour" = 'red'`));
  assert.deepEqual(found.map((x) => x.name), ["b"]);
  await b.setAccessTier("Cool");
  assert.equal((await b.getProperties()).accessTier, "Cool");
});

test("listing", async () => {
  const c = await container();
  const names = ["a", "d/1", "d/2", "d/e/3", "semi;colon & <tag> \"quote\"", "zü"];
  for (const name of names) await c.getBlockBlobClient(name).upload(name, Buffer.byteLength(name), { metadata: { n: "1" } });
  assert.deepEqual((await all(c.listBlobsFlat({ includeMetadata: true }))).map((x) => x.name), names);
  const pages = await all(c.listBlobsFlat().byPage({ maxPageSize: 4 }));
  assert.deepEqual(pages.map((p) => p.segment.blobItems.length), [4, 2]);
  const top = await all(c.listBlobsByHierarchy("/"));
  assert.deepEqual(top.filter((x) => x.kind === "prefix").map((x) => x.name), ["d/"]);
  const below = await all(c.listBlobsByHierarchy("/", { prefix: "d/" }));
  assert.deepEqual(below.map((x) => `${x.kind} ${x.name}`).sort(), ["blob d/1", "blob d/2", "prefix d/e/"]);
});

test("batch", async () => {
  const c = await container();
  const blobs = [];
  for (let i = 0; i < 5; i++) {
    const b = c.getBlockBlobClient(`b ${i}`);
    await b.upload("x", 1);
    blobs.push(b);
  }
  const batch = c.getBlobBatchClient();
  const tiers = await batch.setBlobsAccessTier(blobs, "Cool");
  assert.equal(tiers.subResponsesSucceededCount, 5);
  const deleted = await batch.deleteBlobs([...blobs, c.getBlockBlobClient("nothing")]);
  assert.equal(deleted.subResponsesSucceededCount, 5);
  assert.equal(deleted.subResponsesFailedCount, 1);
  assert.equal(deleted.subResponses[5].errorCode, "BlobNotFound");
  await settle(async () => (await all(c.listBlobsFlat())).length === 0);
});
