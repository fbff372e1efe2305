import { getAuth } from "@clerk/express";
import { query } from "./db.js";

async function userOf(clerkId) {
  await query("INSERT INTO users (clerk_id) VALUES ($1) ON CONFLICT (clerk_id) DO NOTHING", [clerkId]);
  const { rows } = await query("SELECT * FROM users WHERE clerk_id = $1", [clerkId]);
  return rows[0];
}

export async function requireUser(req, res, next) {
  const { userId, sessionStatus } = getAuth(req);
  if (!userId || sessionStatus === "pending") return res.status(401).json({ error: "Unauthenticated" });
  req.user = await userOf(userId);
  next();
}

// Old tokens look like base64("email:id:timestamp"). The desktop app still uses them for downloads.
export async function requireUserOrOldToken(req, res, next) {
  const token = (req.headers.authorization || "").replace("Bearer ", "");
  const [email, id] = Buffer.from(token, "base64").toString("utf8").split(":");
  if (email && /^\d+$/.test(id || "")) {
    req.user = { id: Number(id), email };
    return next();
  }
  return requireUser(req, res, next);
}
