import { getAuth } from "@clerk/fastify";
import type { FastifyInstance } from "fastify";

export default async function routes(app: FastifyInstance) {
  app.get("/me", async (request, reply) => {
    const { userId } = getAuth(request);
    if (!userId) return reply.code(401).send({ message: "Sign in first" });
    return { userId };
  });
}
