// Koa: routers within routers, guards by path, of a router and beside handlers. FLAW: what is wrong with it; ROUTER: the package.
import Koa from "koa";
import guards from "./guards.cjs";

const { default: Router } = await import(process.env.ROUTER || "@koa/router");
const { claimsOf } = guards;
const flaw = process.env.FLAW || "";
const app = new Koa();
const verifies = async (ctx, next) => {
  if (!claimsOf(ctx.get("authorization"))) ctx.throw(401, "Not authenticated");
  await next();
};
const anyToken = (ctx, next) => (ctx.get("authorization") ? next() : ctx.throw(401));

const users = new Router({ prefix: "/users" });
if (flaw !== "mounted without") users.use(flaw === "verifies nothing" ? anyToken : verifies);
users.get("/:id", (ctx) => void (ctx.body = { id: ctx.params.id }));
users.post("/:id/notes", async (ctx) => {
  ctx.status = 201;
  ctx.body = { by: ctx.params.id };
});
const api = new Router({ prefix: "/api/v1" });
api.get("/health", (ctx) => void (ctx.body = { ok: true }));
api.use(users.routes(), users.allowedMethods());

const router = new Router();
router.use("/admin", verifies);
router.get("/admin/reports/:year", (ctx) => void (ctx.body = { year: ctx.params.year }));
const afterwards = async (ctx, next) => {
  await next();
  if (!claimsOf(ctx.get("authorization"))) ctx.throw(401, "Not authenticated");
};
const before = { open: [], "decides too late": [afterwards] }[flaw] || [verifies];
router.get("/hidden/export", ...before, (ctx) => void (ctx.body = {}));
if (process.env.STYLE === "at once") router.get("/inside", (ctx) => {
  if (claimsOf(ctx.get("authorization"))) ctx.body = {};
  else ctx.status = 401;
});
else router.get("/inside", async (ctx) => {
  const field = ctx.get("authorization");
  if (!(flaw === "inside" ? field : claimsOf(field))) ctx.throw(401, "Not authenticated");
  ctx.body = {};
});
app.silent = true;
app.use(async (ctx, next) => next());
app.use(api.routes()).use(router.routes()).use(router.allowedMethods());
app.listen(Number(process.env.PORT), "127.0.0.1");
