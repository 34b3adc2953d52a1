// The account that the tests of tables talk to: RESLOG_TABLE_ENDPOINT is the path-style
// URL of the table service, RESLOG_ACCOUNT and RESLOG_KEY are the account's name and
// key, RESLOG_CONNECTION_STRING is all of it.
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { AzureNamedKeyCredential, TableClient, TableServiceClient } from "@azure/data-tables";
import { env } from "../words.js";

export const endpoint = env("RESLOG_TABLE_ENDPOINT");
export const connectionString = env("RESLOG_CONNECTION_STRING");
export const foreign = process.env.RESLOG_FOREIGN === "1";
export const credential = new AzureNamedKeyCredential(env("RESLOG_ACCOUNT"), env("RESLOG_KEY"));

// A test wants the first answer, not the last of several tries.
export const options = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
export const service = new TableServiceClient(endpoint, credential, options);

// name is one that no other test uses.
export const name = () => `node${randomBytes(6).toString("hex")}`;

// table makes a table that is deleted when the file's tests are over.
export async function table() {
  const t = new TableClient(endpoint, name(), credential, options);
  await t.createTable();
  after(() => t.deleteTable());
  return t;
}
