// Express in another style: guards in lists, handlers in wrappers that verify, handlers that are given `next`, one page for
// whatever else is asked for, and an app behind a function of its own.
import http from "node:http";
import guards from "./guards.cjs";

const { default: express } = await import(process.env.EXPRESS || "express");
const { claimsOf, requireSession } = guards;
const app = express();

const protect = (handler) => async (request, response, next) => {
  const claims = claimsOf(request.headers.authorization);
  if (!claims) return response.status(401).json({ detail: "Not authenticated" });
  request.userId = claims.sub;
  return handler(request, response, next);
};
const everyone = (request, response) => response.json({ by: request.userId || null });

const users = express.Router();
users.get(["/:id", "/by-id/:id"], [requireSession, [(request, response, next) => next()]], async (request, response, next) => {
  try {
    response.json({ id: request.params.id });
  } catch (error) {
    next(error);
  }
});
users.post("/:id/notes", protect(everyone));
app.get("/api/v1/health", everyone);
app.use("/api/v1/users", users);
app.get("/admin/reports/:year", requireSession);
app.get("/admin/reports/:year", everyone);
const inner = express();
inner.get("/export", everyone);
app.use("/hidden", (request, response, next) => requireSession(request, response, next), inner);
app.get("/inside", protect(everyone));
app.get(process.env.EXPRESS === "express-4" ? "/pages/*" : "/pages/*rest", everyone);
app.get(process.env.EXPRESS === "express-4" ? "*" : "/{*any}", (request, response) => response.status(404).end());
http.createServer((request, response) => app(request, response)).listen(Number(process.env.PORT), "127.0.0.1");
