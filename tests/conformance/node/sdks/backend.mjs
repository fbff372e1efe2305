// @clerk/backend as its documentation shows it: authenticateRequest of a Fetch API request.
import { createClerkClient } from "@clerk/backend";
import { createRequestListener } from "./fetch.mjs";

const clerk = createClerkClient({ secretKey: process.env.CLERK_SECRET_KEY, publishableKey: process.env.CLERK_PUBLISHABLE_KEY });

createRequestListener(async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ alive: true });
  const state = await clerk.authenticateRequest(request, { authorizedParties: ["http://localhost:3000"] });
  // The state's own isAuthenticated is true of a pending session as well.
  const { isAuthenticated, userId } = state.toAuth() ?? {};
  if (!isAuthenticated) return Response.json({ detail: "Not authenticated" }, { status: 401 });
  return pathname === "/me" ? Response.json({ userId }) : Response.json({ detail: "Not found" }, { status: 404 });
}).listen(Number(process.argv[2]), "127.0.0.1");
