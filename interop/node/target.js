// What the tests share: the account to talk to and a few short words.
//
// RESLOG_BLOB_ENDPOINT is the path-style URL of the blob service,
// RESLOG_ACCOUNT and RESLOG_KEY are the account's name and key.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";

export const endpoint = env("RESLOG_BLOB_ENDPOINT");
export const account = env("RESLOG_ACCOUNT");
export const credential = new StorageSharedKeyCredential(account, env("RESLOG_KEY"));

// A test wants the first answer, not the last of several tries.
export const options = { retryOptions: { maxTries: 1 } };
export const service = new BlobServiceClient(endpoint, credential, options);

function env(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this by "go test ./interop"`);
  return value;
}

// container makes a container that is deleted when the file's tests are over.
export async function container(createOptions) {
  const c = service.getContainerClient(`node-${randomBytes(6).toString("hex")}`);
  await c.create(createOptions);
  after(() => c.deleteIfExists());
  return c;
}

// refused checks that a promise fails with a status and an error code.
export async function refused(promise, statusCode, code) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.code ?? err.details?.errorCode, code, `${err}`);
    assert.equal(err.statusCode, statusCode);
    return true;
  });
}

// text downloads a blob whole.
export async function text(blob) {
  return (await blob.downloadToBuffer()).toString("utf8");
}

export { all } from "./words.js";

// settle waits while pred, which may ask the server, says not yet.
export async function settle(pred) {
  for (let i = 0; i < 300; i++) {
    if (await pred()) return;
    await new Promise((r) => setTimeout(r, 100));
  }
  assert.fail("waited in vain");
}
