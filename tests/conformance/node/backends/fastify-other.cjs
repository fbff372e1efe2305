// Fastify in another style: CommonJS, callbacks, decorated guards, handlers in wrappers, routes for every method.
"use strict";
const { fastify } = require("fastify");
const { claimsOf } = require("./guards.cjs");

const app = fastify({ exposeHeadRoutes: false });
app.decorate("verify", function (request, reply, done) {
  if (!claimsOf(request.headers.authorization)) return void reply.code(401).send({ detail: "Not authenticated" });
  done();
});
const protect = (handler) => async (request, reply) =>
  claimsOf(request.headers.authorization) ? handler(request, reply) : reply.code(401).send({ detail: "Not authenticated" });
const everyone = async () => ({ fine: true });

app.after(() => {
  app.get("/api/v1/health", (request, reply) => void reply.send({ ok: true }));
  app.get("/api/v1/users/:id(^\\d+$)", { onRequest: app.verify }, everyone);
  app.get("/api/v1/users/by-id/:id", { preValidation: [app.verify] }, everyone);
  app.post("/api/v1/users/:id/notes", { handler: protect(everyone), preHandler: (request, reply, done) => done() });
});
app.register((scope, options, done) => {
  scope.addHook("preHandler", (request, reply, next) => {
    if (claimsOf(request.headers.authorization)) next();
    else next(Object.assign(new Error("Not authenticated"), { statusCode: 401 }));
  });
  scope.route({ method: "GET", url: "/admin/reports/:year", handler: everyone });
  scope.register((inner, _, end) => (inner.get("/hidden/export", everyone), end()));
  done();
});
app.get("/inside", protect(everyone));
app.all("/pages/*", everyone);
app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
