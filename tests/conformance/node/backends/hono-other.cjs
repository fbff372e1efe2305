// Hono in another style: CommonJS, middleware that throws, lists of methods, handlers that are given `next`, wrappers.
"use strict";
const { serve } = require("@hono/node-server");
const { Hono } = require("hono");
const { HTTPException } = require("hono/http-exception");
const { createMiddleware } = require("hono/factory");
const { claimsOf } = require("./guards.cjs");

const verify = createMiddleware(async (c, next) => {
  if (!claimsOf(c.req.header("authorization"))) throw new HTTPException(401, { message: "Not authenticated" });
  await next();
});
const protect = (handler) => async (c, next) =>
  claimsOf(c.req.header("authorization")) ? handler(c, next) : c.json({ detail: "Not authenticated" }, 401);
const everyone = async (c) => c.json({ fine: true });

const app = new Hono({ strict: false });
app.on(["GET"], ["/api/v1/health"], everyone);
const users = new Hono().use(verify).get("/by-id/:id", everyone).get("/:id{[0-9]+}", everyone).post("/:id/notes", protect(everyone));
app.route("/api/v1/users", users);
app.get("/admin/reports/:year", verify);
app.get("/admin/reports/:year", everyone);
app.use("/hidden/export", verify).get(everyone);
app.get("/inside", protect(everyone));
app.all("/pages/*", everyone);
app.notFound((c) => c.json({ detail: "not found" }, 404));
serve({ fetch: (request, env) => app.fetch(request, env), port: Number(process.env.PORT), hostname: "127.0.0.1" });
