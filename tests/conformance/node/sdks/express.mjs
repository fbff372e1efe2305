// @clerk/express as its documentation shows it: clerkMiddleware, and getAuth in the handler.
import express from "express";
import { clerkMiddleware, getAuth } from "@clerk/express";

const app = express();
const protectedHandler = (request, response) => {
  const { isAuthenticated, userId } = getAuth(request);
  return isAuthenticated ? response.json({ userId }) : response.status(401).json({ detail: "Not authenticated" });
};
app.get("/health", (request, response) => response.json({ alive: true }));
app.use(clerkMiddleware({ authorizedParties: ["http://localhost:3000"] }));
app.get("/me", protectedHandler);
app.post("/notes", protectedHandler);
app.listen(Number(process.argv[2]), "127.0.0.1");
