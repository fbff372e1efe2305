// @clerk/react-router as its documentation shows it: clerkMiddleware on the root, and getAuth in a loader and in an action.
import { createRequestListener } from "./fetch.mjs";
import { RouterContextProvider, createStaticHandler } from "react-router";
import { clerkMiddleware, getAuth } from "@clerk/react-router/server";

const protectedHandler = async (args) => {
  const { isAuthenticated, userId } = await getAuth(args);
  return isAuthenticated ? Response.json({ userId }) : Response.json({ detail: "Not authenticated" }, { status: 401 });
};
const routes = [{
  id: "root",
  path: "/",
  middleware: [clerkMiddleware({ authorizedParties: ["http://localhost:3000"] })],
  children: [{ id: "me", path: "me", loader: protectedHandler }, { id: "notes", path: "notes", action: protectedHandler }],
}, { id: "health", path: "/health", loader: () => Response.json({ alive: true }) }];
const handler = createStaticHandler(routes);

createRequestListener(async (request) => {
  try {
    const answer = await handler.queryRoute(request, {
      requestContext: new RouterContextProvider(),
      generateMiddlewareResponse: async (query) => query(request),
    });
    return answer instanceof Response ? answer : Response.json(answer);
  } catch (problem) {
    if (problem instanceof Response) return problem;
    return new Response("not found", { status: problem?.status ?? 500 });
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
