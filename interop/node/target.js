// What the tests share: the account to talk to and a few short words.
//
// RESLOG_BLOB_ENDPOINT is the path-style URL of the blob service,
// RESLOG_ACCOUNT and RESLOG_KEY are the account's name and key.
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { env } from "./words.js";

export { all, refused, settle } from "./words.js";

export const endpoint = env("RESLOG_BLOB_ENDPOINT");
export const account = env("RESLOG_ACCOUNT");
export const credential = new StorageSharedKeyCredential(account, env("RESLOG_KEY"));

// A test wants the first answer, not the last of several tries.
export const options = { retryOptions: { maxTries: 1 } };
export const service = new BlobServiceClient(endpoint, credential, options);

// container makes a container that is deleted when the file's tests are over.
export async function container(createOptions) {
  const c = service.getContainerClient(`node-${randomBytes(6).toString("hex")}`);
  await c.create(createOptions);
  after(() => c.deleteIfExists());
  return c;
}

// text downloads a blob whole.
export async function text(blob) {
  return (await blob.downloadToBuffer()).toString("utf8");
}
