// Hono: apps within apps, guards by path and beside handlers. FLAW: what is wrong with it.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import guards from "./guards.cjs";

const { claimsOf } = guards;
const flaw = process.env.FLAW || "";
const app = new Hono();
const verifies = async (c, next) => {
  if (!claimsOf(c.req.header("authorization"))) return c.json({ detail: "Not authenticated" }, 401);
  return next();
};
const anyToken = async (c, next) => (c.req.header("authorization") ? next() : c.json({ detail: "Not authenticated" }, 401));

const users = new Hono();
users.onError((error, c) => c.json({ error: String(error) }, 500));
users.get("/:id", (c) => c.json({ id: c.req.param("id") }));
users.post("/:id/notes", async (c) => c.json({ by: c.req.param("id") }, 201));

app.use("*", async (c, next) => {
  await next();
  c.header("x-served-by", "hono");
});
const api = new Hono().basePath("/api");
api.get("/v1/health", (c) => c.json({ ok: true }));
if (flaw !== "mounted without") api.use("/v1/users/*", flaw === "verifies nothing" ? anyToken : verifies);
api.route("/v1/users", users);
app.route("/", api);
app.use("/admin/*", verifies);
app.get("/admin/reports/:year", (c) => c.json({ year: c.req.param("year") }));
if (flaw === "open") app.get("/hidden/export", (c) => c.json({}));
else app.get("/hidden/export", verifies, (c) => c.json({}));
app.get("/inside", (c) => {
  const field = c.req.header("authorization");
  return (flaw === "inside" ? field : claimsOf(field)) ? c.json({}) : c.json({ detail: "Not authenticated" }, 401);
});
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: "127.0.0.1" });
