import { getAuth } from "@clerk/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { polls } from "../store.js";

async function signedIn(request: FastifyRequest, reply: FastifyReply) {
  const auth = getAuth(request);
  if (!auth.userId || (auth as { sessionStatus?: string }).sessionStatus === "pending") {
    return reply.code(401).send({ message: "Sign in first" });
  }
}

type Id = { Params: { id: string } };

export default async function routes(app: FastifyInstance) {
  app.get("/", async () => [...polls.values()].map(({ id, question }) => ({ id, question })));

  app.register(async (guarded) => {
    guarded.addHook("preHandler", signedIn);

    guarded.post<{ Body: { question: string } }>(
      "/",
      { schema: { body: { type: "object", required: ["question"], properties: { question: { type: "string" } } } } },
      async (request, reply) => {
        const id = polls.size + 1;
        polls.set(id, { id, owner: getAuth(request).userId!, question: request.body.question, votes: new Map() });
        return reply.code(201).send({ id });
      },
    );

    guarded.get<Id>("/:id", async (request, reply) => {
      const poll = polls.get(Number(request.params.id));
      if (!poll) return reply.code(404).send({ message: "No such poll" });
      return { id: poll.id, question: poll.question, votes: poll.votes.size };
    });

    guarded.post<Id & { Body: { answer?: "yes" | "no" } }>("/:id/votes", async (request, reply) => {
      const poll = polls.get(Number(request.params.id));
      if (!poll) return reply.code(404).send({ message: "No such poll" });
      poll.votes.set(getAuth(request).userId!, request.body?.answer ?? "yes");
      return reply.code(204).send();
    });
  });
}
