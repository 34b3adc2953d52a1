// Short words that all tests use.
import assert from "node:assert/strict";

// env is a variable that must be set.
export function env(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run this by "go test ./interop/..."`);
  return value;
}

export async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

// refused checks that a promise fails with a status and an error code, which each
// SDK puts somewhere else.
export async function refused(promise, statusCode, code) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.code ?? err.details?.errorCode ?? err.details?.odataError?.code, code, `${err}`);
    assert.equal(err.statusCode, statusCode);
    return true;
  });
}

// settle waits while pred, which may ask the server, says not yet.
export async function settle(pred) {
  for (let i = 0; i < 1200; i++) {
    if (await pred()) return;
    await new Promise((r) => setTimeout(r, 100));
  }
  assert.fail("waited in vain");
}

// soon is an hour from now: long enough for a signature.
export const soon = () => new Date(Date.now() + 3600_000);
