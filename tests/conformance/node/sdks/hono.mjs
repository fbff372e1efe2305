// @clerk/hono as its documentation shows it: clerkMiddleware, and getAuth in the handler.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { clerkMiddleware, getAuth } from "@clerk/hono";

const app = new Hono();
const protectedHandler = (c) => {
  const { isAuthenticated, userId } = getAuth(c);
  return isAuthenticated ? c.json({ userId }) : c.json({ detail: "Not authenticated" }, 401);
};
app.get("/health", (c) => c.json({ alive: true }));
app.use("*", clerkMiddleware({ authorizedParties: ["http://localhost:3000"] }));
app.get("/me", protectedHandler);
app.post("/notes", protectedHandler);
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: "127.0.0.1" });
