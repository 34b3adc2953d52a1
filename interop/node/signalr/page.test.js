// The client in a page of another origin, in Chromium; see TestPage.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { env } from "../words.js";
import { audience, call, clientToken, rest } from "./target.js";

const script = await readFile(new URL("../node_modules/@microsoft/signalr/dist/browser/signalr.min.js", import.meta.url));

test("a page of another origin", async (t) => {
  const web = createServer((request, response) => {
    if (request.url === "/signalr.js") {
      response.setHeader("content-type", "text/javascript").end(script);
    } else {
      response.setHeader("content-type", "text/html").end('<!doctype html><link rel="icon" href="data:,"><script src="/signalr.js"></script>');
    }
  });
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  t.after(() => web.close());
  const browser = await chromium.launch({ executablePath: env("RESLOG_CHROMIUM"), args: ["--no-sandbox", "--disable-dev-shm-usage"], timeout: 180_000 });
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  const complaints = [];
  page.on("pageerror", (err) => complaints.push(`${err}`));
  await page.goto(`http://127.0.0.1:${web.address().port}/`);

  for (const [way, transport] of Object.entries({ websockets: "WebSockets", events: "ServerSentEvents", polling: "LongPolling" })) {
    const user = `page-${way}`;
    const sum = await page.evaluate(
      async ([url, token, transport]) => {
        const { HttpTransportType, HubConnectionBuilder, LogLevel } = window.signalR;
        const c = new HubConnectionBuilder().withUrl(url, { accessTokenFactory: () => token, transport: HttpTransportType[transport] }).configureLogging(LogLevel.None).build();
        window.connection = c;
        window.got = new Promise((r) => c.on("message", (...args) => r(args)));
        await c.start();
        return c.invoke("add", 40, 2);
      },
      [audience("page"), clientToken("page", user), transport],
    );
    assert.equal(sum, 42);
    await rest("POST", `/v1/hubs/page/users/${user}`, call("hello", { page: way }), 202);
    assert.deepEqual(await page.evaluate(() => window.got), ["hello", { page: way }]);
    await page.evaluate(() => window.connection.stop());
  }
  assert.deepEqual(complaints, []);
});
