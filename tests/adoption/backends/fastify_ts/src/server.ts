import { clerkPlugin } from "@clerk/fastify";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import Fastify from "fastify";
import { env } from "./env.js";
import me from "./routes/me.js";
import polls from "./routes/polls.js";

const app = Fastify({ logger: true });

await app.register(helmet);
await app.register(cors, { origin: env.WEB_ORIGIN, credentials: true });
await app.register(clerkPlugin, {
  secretKey: env.CLERK_SECRET_KEY,
  publishableKey: env.CLERK_PUBLISHABLE_KEY,
  authorizedParties: [env.WEB_ORIGIN],
});

app.get("/healthz", async () => ({ ok: true }));
await app.register(polls, { prefix: "/polls" });
await app.register(me);

await app.listen({ port: env.PORT, host: "0.0.0.0" });
