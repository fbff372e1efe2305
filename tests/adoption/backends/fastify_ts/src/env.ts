import "dotenv/config";
import { z } from "zod";

const schema = z.object({
  CLERK_SECRET_KEY: z.string().startsWith("sk_"),
  CLERK_PUBLISHABLE_KEY: z.string().startsWith("pk_"),
  WEB_ORIGIN: z.string().url().default("http://localhost:5173"),
  PORT: z.coerce.number().default(4000),
});

export const env = schema.parse(process.env);
