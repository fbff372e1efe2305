// @clerk/fastify as its documentation shows it: clerkPlugin, and getAuth in the handler.
import Fastify from "fastify";
import { clerkPlugin, getAuth } from "@clerk/fastify";

const fastify = Fastify();
const protectedHandler = async (request, reply) => {
  const { isAuthenticated, userId } = getAuth(request);
  return isAuthenticated ? { userId } : reply.code(401).send({ detail: "Not authenticated" });
};
fastify.register(clerkPlugin, { authorizedParties: ["http://localhost:3000"] });
fastify.get("/health", async () => ({ alive: true }));
fastify.get("/me", protectedHandler);
fastify.post("/notes", protectedHandler);
await fastify.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
