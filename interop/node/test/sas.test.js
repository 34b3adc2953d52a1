import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AccountSASPermissions, AccountSASResourceTypes, AccountSASServices, AnonymousCredential, BlobSASPermissions, BlobServiceClient,
  BlockBlobClient, ContainerClient, ContainerSASPermissions, SASProtocol, generateAccountSASQueryParameters, generateBlobSASQueryParameters,
} from "@azure/storage-blob";
import { all, container, credential, endpoint, options, refused, text } from "../target.js";

const soon = () => new Date(Date.now() + 3600_000);

test("blob SAS", async () => {
  const c = await container();
  const b = c.getBlockBlobClient("dir/b c");
  await b.upload("content", 7);
  const url = await b.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: soon(), contentType: "text/x-sas" });
  const s = new BlockBlobClient(url, new AnonymousCredential(), options);
  assert.equal(await text(s), "content");
  assert.equal((await s.getProperties()).contentType, "text/x-sas");
  await refused(s.upload("x", 1), 403, "AuthorizationPermissionMismatch");
  const expired = await b.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: new Date(Date.now() - 60_000) });
  await refused(new BlockBlobClient(expired, new AnonymousCredential(), options).download(), 403, "AuthenticationFailed");
  const https = await b.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: soon(), protocol: SASProtocol.Https });
  await refused(new BlockBlobClient(https, new AnonymousCredential(), options).download(), 403, "AuthorizationProtocolMismatch");
});

test("container SAS and stored policy", async () => {
  const c = await container();
  const url = await c.generateSasUrl({ permissions: ContainerSASPermissions.parse("racwl"), expiresOn: soon() });
  const s = new ContainerClient(url, new AnonymousCredential(), options);
  await s.getBlockBlobClient("b").upload("x", 1);
  assert.equal((await all(s.listBlobsFlat())).length, 1);
  await refused(s.getBlockBlobClient("b").delete(), 403, "AuthorizationPermissionMismatch");

  await c.setAccessPolicy(undefined, [{ id: "readers", accessPolicy: { permissions: "r", startsOn: new Date(Date.now() - 60_000), expiresOn: soon() } }]);
  const q = generateBlobSASQueryParameters({ containerName: c.containerName, identifier: "readers" }, credential);
  const p = new ContainerClient(`${c.url}?${q}`, new AnonymousCredential(), options);
  assert.equal(await text(p.getBlobClient("b")), "x");
  await refused(p.getBlockBlobClient("b").upload("y", 1), 403, "AuthorizationPermissionMismatch");
});

test("account SAS", async () => {
  const q = generateAccountSASQueryParameters({
    services: AccountSASServices.parse("b").toString(), resourceTypes: AccountSASResourceTypes.parse("sc").toString(),
    permissions: AccountSASPermissions.parse("rl"), expiresOn: soon(),
  }, credential);
  const s = new BlobServiceClient(`${endpoint}?${q}`, new AnonymousCredential(), options);
  assert.ok(await s.getProperties());
  await all(s.listContainers());
  const c = await container();
  await refused(s.getContainerClient(c.containerName).getBlobClient("b").download(), 403, "AuthorizationResourceTypeMismatch");
});
