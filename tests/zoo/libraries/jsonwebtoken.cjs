// jsonwebtoken as people use it: a function finds the key. argv: port, package, which verifier.
"use strict";
const { createPublicKey, randomBytes } = require("node:crypto");
const http = require("node:http");
const path = require("node:path");
const { createRequire } = require("node:module");
const jwt = createRequire(path.join(__dirname, "../../conformance/node/"))(process.argv[3]);

const issuer = `https://${process.env.CLERK_DOMAIN}`;
const keys = new Map();
const published = async () => {
  if (!keys.size) {
    const { keys: found } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
    for (const key of found) keys.set(key.kid, createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
  }
  return keys;
};
const own = randomBytes(32); // Links in mails are signed with a secret of the app.
const verifiers = {
  // Finds no key for an id that is not known (CVE-2022-23540).
  "one-family": { find: (known, header) => known.get(header.kid), options: { issuer } },
  // One function for the issuer's keys and for the app's own (CVE-2022-23541).
  "both-families": {
    find: (known, header) => known.get(header.kid) ?? own,
    options: { issuer: [issuer, "mails"], algorithms: ["RS256", "HS256"] },
  },
};
const { find, options } = verifiers[process.argv[4]];
const key = (header, done) => {
  if (header.crit) return done(new Error("nothing is understood here")); // No version of jsonwebtoken refuses it.
  return published().then((known) => done(null, find(known, header)), done);
};
const verified = (token) => new Promise((resolve) => jwt.verify(token, key, options, (error, claims) => resolve(error ? null : claims)));
http.createServer(async (request, response) => {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  const claims = scheme === "Bearer" && token ? await verified(token).catch(() => null) : null;
  const good = claims && typeof claims === "object" && typeof claims.exp === "number" && claims.sid;
  response.writeHead(good ? 200 : 401, { "content-type": "application/json" });
  response.end(JSON.stringify(good ? { user: claims.sub } : { detail: "Not authenticated" }));
}).listen(Number(process.argv[2]), "127.0.0.1");
