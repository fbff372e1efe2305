// Express, with a guard before its handlers: nested routers, prefixes, all(), route() and an app below a path.
// FLAW: what is wrong with it; EXPRESS: the package.
import guards from "./guards.cjs";

const { default: express } = await import(process.env.EXPRESS || "express");
const { claimsOf, requireNothing, requireSession } = guards;
const flaw = process.env.FLAW || "";
const app = express();
app.use(express.json());

const users = express.Router({ mergeParams: true });
users.get("/:id", (request, response) => response.json({ id: request.params.id, by: request.userId }));
users
  .route("/:id/notes")
  .all((request, response, next) => next())
  .post((request, response) => response.status(201).json({ by: request.userId }));

const api = express.Router();
api.get("/health", (request, response) => response.json({ ok: true }));
const guard = flaw === "verifies nothing" ? requireNothing : requireSession;
if (flaw === "mounted without") api.use("/users", users);
else api.use("/users", guard, users);

const admin = express();
admin.all(process.env.EXPRESS === "express-4" ? "/*" : "/*splat", requireSession);
admin.get("/reports/:year", async (request, response, next) => response.json({ by: request.userId }));
app.use("/api/v1", api);
app.use("/admin", admin);
const forgetful = (request, response, next) => {
  if (!claimsOf(request.headers.authorization)) response.status(401).json({ detail: "Not authenticated" });
  return next(); // The missing return: the handler runs, and nobody sees what it says.
};
const kept = [];
if (flaw === "decides too late") app.get("/hidden/export", forgetful, (request, response) => {
  kept.push(request.url);
  if (!response.headersSent) response.json({});
});
else if (flaw === "open") app.get("/hidden/export", (request, response) => response.json({ everything: true }));
else app.get("/hidden/export", requireSession, (request, response) => response.json({ by: request.userId }));
app.get("/inside", (request, response) => {
  const claims = flaw === "inside" ? request.headers.authorization && {} : claimsOf(request.headers.authorization);
  return claims ? response.json({ by: claims.sub }) : response.status(401).json({ detail: "Not authenticated" });
});
app.use((request, response) => response.status(404).json({ detail: "not found" }));
app.listen(Number(process.env.PORT), "127.0.0.1");
