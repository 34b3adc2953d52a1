// The SDKs for querying and posting logs, signed in with @azure/identity.
//
// RESLOG_CONTROL is the address of the node's control listener, whose authority
// NODE_EXTRA_CA_CERTS names; RESLOG_TENANT, RESLOG_APP and RESLOG_SECRET are who
// signs in; RESLOG_WORKSPACE is the customer ID of a workspace, RESLOG_RULE the
// immutable id of a data collection rule whose stream Custom-Events becomes rows of
// Events_CL there; RESLOG_RESOURCE is a blob service that sends its logs there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSecretCredential } from "@azure/identity";
import { isAggregateLogsUploadError, LogsIngestionClient } from "@azure/monitor-ingestion";
import * as classic from "@azure/monitor-query";
import * as current from "@azure/monitor-query-logs";

const env = (name) => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this by "go test ./interop"`);
  return value;
};

const control = env("RESLOG_CONTROL");
const workspace = env("RESLOG_WORKSPACE");
const rule = env("RESLOG_RULE");
const resource = env("RESLOG_RESOURCE");
const once = { retryOptions: { maxRetries: 0 } };

const credential = new ClientSecretCredential(env("RESLOG_TENANT"), env("RESLOG_APP"), env("RESLOG_SECRET"), {
  authorityHost: control,
  disableInstanceDiscovery: true,
  ...once,
});
const ingestion = new LogsIngestionClient(control, credential, once);
const hour = { duration: "PT1H" };

test("@azure/monitor-ingestion", async () => {
  const events = Array.from({ length: 3 }, (_, i) => ({ TimeGenerated: new Date().toISOString(), Text: `event ${i}`, N: i, D: { i } }));
  await ingestion.upload(rule, "Custom-Events", events);
  // More than a request may hold is sent in several.
  const large = Array.from({ length: 40 }, (_, i) => ({ TimeGenerated: new Date(), Text: "x".repeat(50_000), N: 1000 + i }));
  await ingestion.upload(rule, "Custom-Events", large);
  await assert.rejects(ingestion.upload(rule, "Custom-Other", events), (err) => {
    assert.ok(isAggregateLogsUploadError(err), `${err}`);
    assert.equal(err.errors[0].cause.statusCode, 400);
    assert.equal(err.errors[0].cause.code, "InvalidStream");
    return true;
  });
});

// The later client calls a query of a batch that was refused a partial failure.
for (const [name, sdk, client, refusedInBatch] of [
  ["@azure/monitor-query-logs", current, new current.LogsQueryClient(credential, { endpoint: `${control}/v1`, ...once }), "PartialFailure"],
  ["@azure/monitor-query", classic, new classic.LogsQueryClient(credential, { endpoint: control, ...once }), "Failure"],
]) {
  test(`${name}: a query`, async () => {
    const query = "Events_CL | where N < 1000 | order by N asc | project TimeGenerated, Text, N, D, none = real(null) | render table";
    const r = await client.queryWorkspace(workspace, query, hour, {
      includeQueryStatistics: true,
      includeVisualization: true,
      serverTimeoutInSeconds: 60,
    });
    assert.equal(r.status, sdk.LogsQueryResultStatus.Success);
    const [table] = r.tables;
    assert.equal(table.name, "PrimaryResult");
    assert.deepEqual(table.columnDescriptors.map((c) => `${c.name}:${c.type}`), ["TimeGenerated:datetime", "Text:string", "N:long", "D:dynamic", "none:real"]);
    assert.equal(table.rows.length, 3);
    const [at, text, n, d, none] = table.rows[2];
    assert.ok(Math.abs(new Date(at) - Date.now()) < 300_000, `${at}`);
    assert.deepEqual([text, n, none], ["event 2", 2, null]);
    assert.deepEqual(typeof d === "string" ? JSON.parse(d) : d, { i: 2 });
    assert.equal(r.visualization.visualization, "table");
    assert.ok(r.statistics.query.executionTime > 0);
  });

  test(`${name}: the large rows`, async () => {
    const r = await client.queryWorkspace(workspace, "Events_CL | where N >= 1000 | summarize count(), min(strlen(Text))", hour);
    assert.deepEqual(r.tables[0].rows, [[40, 50_000]]);
  });

  test(`${name}: rows of a resource`, async () => {
    const r = await client.queryResource(resource, "StorageBlobLogs | summarize n = count() by _ResourceId", hour);
    assert.equal(r.status, sdk.LogsQueryResultStatus.Success);
    assert.deepEqual(r.tables[0].rows.map((row) => row[0]), [resource.toLowerCase()]);
  });

  test(`${name}: an error`, async () => {
    await assert.rejects(client.queryWorkspace(workspace, "Events_CL | wher N == 1", hour), (err) => {
      assert.equal(err.statusCode, 400, `${err}`);
      assert.equal(err.code, "BadArgumentError");
      let inner = err.details.error;
      while (inner.innererror ?? inner.innerError) inner = inner.innererror ?? inner.innerError;
      assert.equal(inner.code, "SYN0002");
      assert.match(inner.message, /wher.*line 1, position 13/);
      return true;
    });
  });

  test(`${name}: a part of the rows`, async () => {
    const r = await client.queryWorkspace(workspace, "range x from 1 to 500001 step 1", hour);
    assert.equal(r.status, sdk.LogsQueryResultStatus.PartialFailure);
    assert.equal(r.partialTables[0].rows.length, 500_000);
    assert.equal(r.partialError.code, "PartialError");
  });

  test(`${name}: a batch`, async () => {
    const ask = (query) => ({ workspaceId: workspace, query, timespan: hour });
    const results = await client.queryBatch([ask("Events_CL | where N < 1000 | count"), ask("Events_CL | nosuch"), ask("print 1")]);
    assert.deepEqual(results.map((r) => r.status), ["Success", refusedInBatch, "Success"]);
    assert.deepEqual(results[0].tables[0].rows, [[3]]);
    assert.equal(results[1].code ?? results[1].partialError.code, "BadArgumentError");
    assert.deepEqual(results[2].tables[0].rows, [[1]]);
  });
}
