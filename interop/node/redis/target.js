// Where the node's Redis listeners are, and who may log in. The tests in this folder
// make a number of connections that "go test ./interop" knows.
import { env } from "../words.js";

export const host = env("RESLOG_REDIS_HOST");
export const ports = env("RESLOG_REDIS_PORTS").split(",").map(Number); // several are a cluster
export const port = ports[0];
export const secured = process.env.RESLOG_REDIS_TLS === "1"; // NODE_EXTRA_CA_CERTS is the authority
export const username = "alice";
export const password = "wonder";
