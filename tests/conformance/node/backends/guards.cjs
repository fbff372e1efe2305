// A verifier with nothing but Node's own modules, and guards in the forms of several frameworks.
"use strict";
const crypto = require("crypto");

const issuer = "https://" + process.env.CLERK_DOMAIN;
const pem = process.env.CLERK_JWT_KEY;
const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));

// The claims of a session token, or null.
function claimsOf(field) {
  const match = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/i.exec(field || "");
  if (!match) return null;
  try {
    const [, head, body, signature] = match;
    const signed = crypto.verify("sha256", Buffer.from(head + "." + body), pem, Buffer.from(signature, "base64url"));
    const claims = read(body), now = Date.now() / 1000;
    const fits = claims.iss === issuer && typeof claims.sub === "string" && claims.exp > now && claims.nbf < now + 5;
    return signed && read(head).alg === "RS256" && fits ? claims : null;
  } catch {
    return null;
  }
}

function requireSession(request, response, next) {
  const claims = claimsOf(request.headers.authorization);
  if (!claims) return response.status(401).json({ detail: "Not authenticated" });
  request.userId = claims.sub;
  return next();
}

// The name of a guard, and nothing behind it: whoever has any token gets in.
function requireNothing(request, response, next) {
  if (!request.headers.authorization) return response.status(401).json({ detail: "Not authenticated" });
  return next();
}

module.exports = { claimsOf, requireNothing, requireSession };
