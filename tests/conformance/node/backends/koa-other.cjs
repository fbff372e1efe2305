// Koa in another style: CommonJS, guards that answer, lists of paths, two functions for one route, handlers in wrappers.
"use strict";
const http = require("http");
const Koa = require("koa");
const Router = require(process.env.ROUTER || "@koa/router");
const { claimsOf } = require("./guards.cjs");

const app = new Koa();
const router = new (Router.Router || Router)();
const verify = (ctx, next) => {
  if (claimsOf(ctx.get("authorization"))) return next();
  ctx.status = 401;
  ctx.body = { detail: "Not authenticated" };
};
const protect = (handler) => async (ctx, next) => {
  if (!claimsOf(ctx.get("authorization"))) return void (ctx.status = 401);
  return handler(ctx, next);
};
const everyone = async (ctx) => void (ctx.body = { fine: true });

router.get("/api/v1/health", everyone);
router.get(["/api/v1/users/by-id/:id", "/api/v1/users/:id"], verify, everyone);
router.post("/api/v1/users/:id/notes", protect(everyone));
router.get("/admin/reports/:year", verify);
router.get("/admin/reports/:year", everyone);
router.all("/hidden/:rest", verify);
router.get("/hidden/export", everyone);
router.get("/inside", protect(everyone));
router.all("/pages/:rest", everyone);
app.use(router.middleware());
http.createServer(app.callback()).listen(Number(process.env.PORT), "127.0.0.1");
