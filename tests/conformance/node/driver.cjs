// Calls Clerk's official JavaScript clients as told: one JSON document a line in, one a line out. The clients are
// unmodified and configured as in production; where their requests lead is decided outside (node --require).
"use strict";
const readline = require("readline");
const backend = require("@clerk/backend");
const { Webhook } = require("svix");
const { verifyWebhook } = require("@clerk/backend/webhooks");

const secretKey = process.env.CLERK_SECRET_KEY;
const publishableKey = process.env.CLERK_PUBLISHABLE_KEY;
const clients = {};
const client = (key = secretKey) => (clients[key] ??= backend.createClerkClient({ secretKey: key, publishableKey }));

const calls = {
  // verifyToken throws a TokenVerificationError with a reason.
  async verifyToken({ token, options }) {
    const claims = await backend.verifyToken(token, { secretKey, ...options });
    return { claims };
  },
  async authenticateRequest({ url, headers, options }) {
    const state = await client().authenticateRequest(new Request(url, { headers }), options);
    const auth = state.status === "handshake" ? null : state.toAuth();
    return {
      status: state.status,
      reason: state.reason,
      tokenType: state.tokenType,
      headers: [...state.headers.entries()],
      userId: auth?.userId ?? null,
      sessionId: auth?.sessionId ?? null,
      orgRole: auth?.orgRole ?? null,
      machineId: auth?.machineId ?? null,
      has: auth?.has ? auth.has({ role: "org:admin" }) : null,
    };
  },
  // A method of the Backend API's client, by its path: users.getUserList.
  async call({ method, args, key }) {
    const [resource, name] = method.split(".");
    const result = await client(key)[resource][name](...args);
    return { result: JSON.parse(JSON.stringify(result ?? null)) };
  },
  async webhook({ body, headers, secret }) {
    new Webhook(secret).verify(body, headers);
    const request = new Request("https://backend.example/webhook", { method: "POST", body, headers });
    return { event: await verifyWebhook(request, { signingSecret: secret }) };
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { call, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = await calls[call](given);
  } catch (error) {
    answer = {
      error: error.message,
      reason: error.reason ?? null,
      code: error.code ?? null,
      status: error.status ?? null,
      errors: error.errors ?? null,
      retryAfter: error.retryAfter ?? null,
    };
  }
  process.stdout.write("=> " + JSON.stringify(answer) + "\n");  // The clients print notices of their own.
});
