// The account that the tests of queues talk to: RESLOG_QUEUE_ENDPOINT is the path-style
// URL of the queue service, RESLOG_ACCOUNT and RESLOG_KEY are the account's name and
// key, RESLOG_CONNECTION_STRING is all of it.
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { QueueServiceClient, StorageSharedKeyCredential } from "@azure/storage-queue";
import { env } from "../words.js";

export const endpoint = env("RESLOG_QUEUE_ENDPOINT");
export const account = env("RESLOG_ACCOUNT");
export const connectionString = env("RESLOG_CONNECTION_STRING");
export const foreign = process.env.RESLOG_FOREIGN === "1";
export const credential = new StorageSharedKeyCredential(account, env("RESLOG_KEY"));

// A test wants the first answer, not the last of several tries.
export const options = { retryOptions: { maxTries: 1 } };
export const service = new QueueServiceClient(endpoint, credential, options);

// name is one that no other test uses.
export const name = () => `node-${randomBytes(6).toString("hex")}`;

// queue makes a queue that is deleted when the file's tests are over.
export async function queue(createOptions) {
  const q = service.getQueueClient(name());
  await q.create(createOptions);
  after(() => q.deleteIfExists());
  return q;
}
