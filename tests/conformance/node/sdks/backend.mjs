// @clerk/backend: authenticateRequest of a Fetch API request. With "state" the state's own isAuthenticated is asked, as in the
// example of Clerk's page on it; that is true of a pending session as well, which toAuth() treats as signed out.
import { createClerkClient } from "@clerk/backend";
import { createRequestListener } from "./fetch.mjs";

const [port, asked] = process.argv.slice(2);
const clerk = createClerkClient({ secretKey: process.env.CLERK_SECRET_KEY, publishableKey: process.env.CLERK_PUBLISHABLE_KEY });
const routes = new Set(["GET /me", "POST /notes"]);

createRequestListener(async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ alive: true });
  const state = await clerk.authenticateRequest(request, { authorizedParties: ["http://localhost:3000"] });
  const auth = state.toAuth();
  const isAuthenticated = asked === "state" ? state.isAuthenticated : auth?.isAuthenticated;
  if (!isAuthenticated) return Response.json({ detail: "Not authenticated" }, { status: 401 });
  if (!routes.has(`${request.method} ${pathname}`)) return Response.json({ detail: "Not found" }, { status: 404 });
  return Response.json({ userId: auth.userId });
}).listen(Number(port), "127.0.0.1");
