// The SDK for Resource Manager, signed in with @azure/identity.
//
// RESLOG_CONTROL is the address of the node's Resource Manager, whose authority
// NODE_EXTRA_CA_CERTS names; RESLOG_TENANT, RESLOG_APP and RESLOG_SECRET are who
// signs in; RESLOG_RESOURCE is a blob service and RESLOG_ARCHIVE an account.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitorClient } from "@azure/arm-monitor";
import { ClientSecretCredential } from "@azure/identity";
import { all } from "../words.js";

const env = (name) => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this by "go test ./interop"`);
  return value;
};

const control = env("RESLOG_CONTROL");
const resource = env("RESLOG_RESOURCE");
const archive = env("RESLOG_ARCHIVE");

function credential(secret) {
  return new ClientSecretCredential(env("RESLOG_TENANT"), env("RESLOG_APP"), secret, {
    authorityHost: control,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
}

function client(secret = env("RESLOG_SECRET")) {
  return new MonitorClient(credential(secret), "00000000-0000-0000-0000-000000000000", {
    endpoint: control,
    credentials: { scopes: [`${control}/.default`] },
    retryOptions: { maxRetries: 0 },
  });
}

async function refused(promise, statusCode, code) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.statusCode, statusCode, `${err}`);
    assert.equal(err.code, code, `${err}`);
    return true;
  });
}

const everything = { storageAccountId: archive, logs: [{ categoryGroup: "allLogs", enabled: true }] };

test("diagnostic settings", async () => {
  const { diagnosticSettings } = client();
  const made = await diagnosticSettings.createOrUpdate(resource, "javascript", everything);
  assert.equal(made.name, "javascript");
  assert.equal(made.storageAccountId, archive);
  assert.equal(made.logs[0].categoryGroup, "allLogs");
  assert.equal(made.logs[0].enabled, true);
  const read = await diagnosticSettings.get(resource, "JavaScript");
  assert.equal(read.id, made.id);
  assert.deepEqual((await all(diagnosticSettings.list(resource))).map((s) => s.name), ["javascript"]);
  await refused(diagnosticSettings.createOrUpdate(resource, "bad", { ...everything, logs: [{ category: "AllLogs", enabled: true }] }), 400, "BadRequest");
  await diagnosticSettings.delete(resource, "javascript");
  await refused(diagnosticSettings.get(resource, "javascript"), 404, "ResourceNotFound");
});

test("categories", async () => {
  const { diagnosticSettingsCategory } = client();
  const list = await all(diagnosticSettingsCategory.list(resource));
  assert.deepEqual(list.filter((c) => c.categoryType === "Logs").map((c) => c.name), ["StorageRead", "StorageWrite", "StorageDelete"]);
  const one = await diagnosticSettingsCategory.get(resource, "storagedelete");
  assert.deepEqual(one.categoryGroups, ["audit", "allLogs"]);
});

test("a wrong secret", async () => {
  await assert.rejects(credential("not-the-secret").getToken(`${control}/.default`), /AADSTS7000215/);
});
