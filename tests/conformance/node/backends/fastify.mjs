// Fastify: plugins with prefixes, guards as hooks of a plugin, of a route, and from a hook on routes. FLAW: what is wrong with it.
import fastify from "fastify";
import guards from "./guards.cjs";

const { claimsOf } = guards;
const flaw = process.env.FLAW || "";
const app = fastify();
const verifies = async (request, reply) => {
  if (!claimsOf(request.headers.authorization)) return reply.code(401).send({ detail: "Not authenticated" });
};
const anyToken = (request, reply, done) => {
  if (request.headers.authorization) return done();
  reply.code(401).send({ detail: "Not authenticated" });
};

const users = async (scope) => {
  if (flaw !== "mounted without") scope.addHook("onRequest", flaw === "verifies nothing" ? anyToken : verifies);
  scope.get("/:id", async (request) => ({ id: request.params.id }));
  scope.post("/:id/notes", (request, reply) => reply.code(201).send({ by: request.params.id }));
};
app.addHook("onRoute", (route) => {
  if (route.config?.signedIn) route.preHandler = [...(route.preHandler ?? []), verifies];
});
app.register(
  async (scope) => {
    scope.get("/health", async () => ({ ok: true }));
    scope.register(users, { prefix: "/users" });
  },
  { prefix: "/api/v1" },
);
app.route({ method: "GET", url: "/admin/reports/:year", config: { signedIn: true }, handler: async () => ({}) });
app.get("/hidden/export", { preHandler: flaw === "open" ? [] : [verifies], schema: { hide: true } }, async () => ({}));
app.get("/inside", async (request, reply) => {
  const { authorization } = request.headers;
  if (flaw === "inside" ? authorization : claimsOf(authorization)) return { fine: true };
  return reply.code(401).send({ detail: "Not authenticated" });
});
app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
