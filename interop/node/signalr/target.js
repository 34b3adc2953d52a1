// Where the service is, and short words for clients and callers of it. Tokens are signed
// here, by the rules of the service's documentation.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { env } from "../words.js";

export const url = env("RESLOG_SIGNALR");
export const key = env("RESLOG_SIGNALR_KEY");
export const secondary = env("RESLOG_SIGNALR_SECONDARY");
const control = env("RESLOG_SIGNALR_CONTROL");

// ways are the transports and protocols; the names are also in ../../signalr.
export const ways = {
  "websockets-json": { transport: HttpTransportType.WebSockets, binary: false },
  "websockets-messagepack": { transport: HttpTransportType.WebSockets, binary: true },
  "events-json": { transport: HttpTransportType.ServerSentEvents, binary: false },
  "polling-json": { transport: HttpTransportType.LongPolling, binary: false },
  "polling-messagepack": { transport: HttpTransportType.LongPolling, binary: true },
};

// hubOf is the hub of a way: names of hubs have no hyphens.
export const hubOf = (way) => way.replace("-", "_");

// sign makes a token with HS256.
export function sign(claims, secret = key) {
  const part = (v) => Buffer.from(JSON.stringify(v)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

// hours from now, in seconds since 1970.
export const hours = (n) => Math.floor(Date.now() / 1000) + n * 3600;

export const audience = (hub) => `${url}/client/?hub=${hub}`;

// clientToken is one of a user; claims are more, or others.
export const clientToken = (hub, user, claims = {}, secret = key) =>
  sign({ aud: audience(hub), exp: hours(1), nameid: user, ...claims }, secret);

// builder begins a connection.
export function builder(hub, accessTokenFactory, way = ways["websockets-json"], options = {}) {
  const b = new HubConnectionBuilder()
    .withUrl(audience(hub), { transport: way.transport, accessTokenFactory, ...options })
    .configureLogging(LogLevel.None);
  return way.binary ? b.withHubProtocol(new MessagePackHubProtocol()) : b;
}

// connect starts a connection of a user, whose calls of "message" go to its inbox.
export async function connect(hub, user, way, adapt = (b) => b) {
  const c = adapt(builder(hub, () => clientToken(hub, user), way)).build();
  c.inbox = inbox(c);
  await c.start();
  return c;
}

// inbox keeps the arguments of each call of "message"; next waits for one.
export function inbox(connection) {
  const come = [];
  const waiting = [];
  connection.on("message", (...args) => {
    const w = waiting.shift();
    if (w) w(args);
    else come.push(args);
  });
  return { next: () => (come.length ? Promise.resolve(come.shift()) : within(new Promise((r) => waiting.push(r)), "a message")) };
}

// within fails if a promise takes too long.
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), 120_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// happens waits until a connection calls back: "onclose", "onreconnected" and so on.
export const happens = (connection, event) => within(new Promise((r) => connection[event]((v) => r(v))), event);

// rest asks the REST API, and returns its body. Paths are below /api.
export async function rest(method, path, body, status, where = url) {
  const target = `${where}/api${path}`;
  const bearer = sign({ aud: target.split("?")[0], exp: hours(10) });
  const headers = { authorization: `Bearer ${bearer}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(target, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path}: ${text}`);
  return text;
}

// call is a message as the REST API takes it.
export const call = (...args) => ({ target: "message", arguments: args });

// ask does something to the service, see controls in ../../signalr/service_test.go.
export async function ask(path, where = control) {
  const answer = await fetch(where + path, { method: "POST" });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${text}`);
  return text;
}
