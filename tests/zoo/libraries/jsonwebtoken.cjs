// jsonwebtoken as people use it: a function finds the key; it finds none for an id that is not known. argv: port, package.
"use strict";
const { createPublicKey } = require("node:crypto");
const http = require("node:http");
const path = require("node:path");
const { createRequire } = require("node:module");
const jwt = createRequire(path.join(__dirname, "../../conformance/node/"))(process.argv[3]);

const issuer = `https://${process.env.CLERK_DOMAIN}`;
const keys = new Map();
const published = async () => {
  if (!keys.size) for (const key of (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()).keys) keys.set(key.kid, createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
  return keys;
};
const verified = (token) => new Promise((resolve) => {
  jwt.verify(token, (header, done) => published().then((known) => done(null, known.get(header.kid))), { issuer }, (error, claims) => resolve(error ? null : claims));
});
http.createServer(async (request, response) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  const claims = scheme === "Bearer" && token ? await verified(token).catch(() => null) : null;
  const good = claims && typeof claims === "object" && typeof claims.exp === "number";
  response.writeHead(good ? 200 : 401, { "content-type": "application/json" });
  response.end(JSON.stringify(good ? { user: claims.sub } : { detail: "Not authenticated" }));
}).listen(Number(process.argv[2]), "127.0.0.1");
