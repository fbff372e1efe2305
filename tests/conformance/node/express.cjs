// A tiny backend on @clerk/express, unmodified and configured as in production.
"use strict";
const express = require("express");
const { clerkClient, clerkMiddleware, getAuth } = require("@clerk/express");

const app = express();
app.use(clerkMiddleware());
app.get("/open", (request, response) => response.json({ userId: getAuth(request).userId }));
app.get("/me", async (request, response) => {
  const { isAuthenticated, userId, sessionId } = getAuth(request);
  if (!isAuthenticated) return response.status(401).json({ detail: "Not authenticated" });
  const user = await clerkClient.users.getUser(userId);
  return response.json({ userId, sessionId, email: user.primaryEmailAddress?.emailAddress ?? null });
});
app.get("/machine", (request, response) => {
  const auth = getAuth(request, { acceptsToken: ["m2m_token", "api_key", "oauth_token"] });
  if (!auth.isAuthenticated) return response.status(401).json({ detail: "Not authenticated" });
  return response.json({ tokenType: auth.tokenType, subject: auth.subject ?? auth.userId ?? auth.machineId });
});
const server = app.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
