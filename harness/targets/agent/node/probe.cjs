// The probe in a Node process of a started command: was the handler entered, did it come to its end, which middleware ran?
//
// It speaks to the harness alone, over a socket in the file system, and knows the harness's requests by a secret of the run,
// which it takes out of them before the app sees it. What stops at a handler's door is answered with a server error.
"use strict";
const { AsyncLocalStorage } = require("async_hooks");
const crypto = require("crypto");
const http = require("http");
const https = require("https");
const net = require("net");
const { isMainThread } = require("worker_threads");

const MARK = "x-clerk-harness";
const MOST_TRACES = 1000;
const STOPPED = 503; // A failure: where the trace is lost, it is no admission.
const secret = process.env.CLERK_HARNESS_PROBE_SECRET || "";
const storage = new AsyncLocalStorage();
const traces = new Map(); // Number of a request -> its trace.
const byRequest = new WeakMap();
const frameworks = []; // Each: { name, served(), routes(listeners) }.
const listeners = new Set(); // What listens for requests: servers' first functions.

// Names: two functions of one name are told apart, or one would be taken for the other's proof.
const names = new WeakMap();
const taken = new Map();
function nameOf(fn) {
  if (!names.has(fn)) {
    const own = typeof fn === "function" ? fn.name : fn.constructor.name; // An object that guards has its class's name.
    const plain = own && own !== "anonymous" ? own.replace(/^bound /, "") : "(anonymous)";
    const number = (taken.get(plain) || 0) + 1;
    taken.set(plain, number);
    names.set(fn, `middleware:${plain}${number > 1 ? `#${number}` : ""}`);
  }
  return names.get(fn);
}

// Wrapped functions keep name, length and properties, by which frameworks tell what they are.
const originals = new WeakMap();
const original = (fn) => originals.get(fn) || fn;
function wrap(fn, apply) {
  if (originals.has(fn)) return fn;
  const wrapped = new Proxy(fn, { apply });
  originals.set(wrapped, fn);
  return wrapped;
}

class Trace {
  constructor(stop, key) {
    this.stop = stop;
    this.key = key;
    this.own = new Set();
    this.known = false; // Whether the hook knows the route.
    this.entered = this.elsewhere = this.stopped = this.finished = this.ended = false;
    this.open = 0;
    this.router = null; // The first router that was asked.
    this.ran = [];
    this.answer = null;
    this.unsure = null; // { own }: it is with a function that may be a guard or the handler itself.
  }

  get phase() {
    return this.open ? 1 : this.ended ? 2 : 0;
  }

  // A function before the handler begins; it consents by letting the request on.
  begin(fn) {
    const entry = { name: nameOf(original(fn)), good: false, phase: this.phase };
    this.ran.push(entry);
    return entry;
  }

  // A handler begins; returns whether it must not run. CWE-696: what it does then cannot be taken back by the refusal.
  enter(fn, mayStop = true) {
    const own = this.own.has(original(fn));
    this.entered = this.entered || own;
    this.elsewhere = !this.entered;
    // A guard has answered, and let the request on all the same: whatever this handler says, it is not what decided.
    if (own && this.answer && this.answer.writableEnded) this.finished = true;
    if (this.stop && mayStop) {
      this.stopped = this.ended = true;
      return true;
    }
    this.open += 1;
    return false;
  }

  // It has ended; `good`: by itself, and with no refusal.
  leave(fn, good) {
    this.open = Math.max(0, this.open - 1);
    this.ended = true;
    if (good && this.own.has(original(fn))) this.finished = true;
  }

  // What the harness is told; null where the hook cannot say whether the handler was entered.
  told() {
    if (!this.known) return null;
    if (this.unsure && answered(this.answer)) {
      this.entered = this.entered || this.unsure.own;
      this.elsewhere = !this.entered;
    } else if (this.unsure && this.unsure.own) return null;
    const { entered, elsewhere, stopped } = this;
    const finished = this.finished || (entered && !stopped && answered(this.answer));
    return { entered, elsewhere, stopped, finished, ran: this.ran.map((each) => [each.name, each.good, each.phase]) };
  }
}

const answered = (response) => Boolean(response && response.writableEnded && response.statusCode < 300);

// The trace of the request on whose behalf code runs; none for the app's own doings, and for requests that nobody marked.
const traceOf = (request) => (request && byRequest.get(request)) || storage.getStore() || null;

// Routes

let table = new Map();
let seen = -1;
let generation = 0; // Registrations so far: more of them, and the table is made anew.
const changed = () => void (generation += 1);

function lookedUp() {
  if (seen !== generation) {
    seen = generation;
    table = new Map();
    for (const framework of frameworks) {
      for (const route of framework.routes(listeners)) {
        const key = `${route.method} ${route.path}`;
        route.dependencies.forEach((fn) => nameOf(original(fn))); // In an order that is the same in each process.
        const known = table.get(key);
        // Of two routes of one name the first answers; the second one's handler is entered where the first lets it.
        if (known) known.handlers.push(route.handler);
        else table.set(key, { ...route, framework: framework.name, handlers: [route.handler] });
      }
    }
  }
  return table;
}

function described() {
  const routes = [...lookedUp().values()].map(({ handler, handlers, dependencies, ...rest }) => ({
    ...rest,
    name: original(handler).name || "(anonymous)",
    dependencies: [...new Set(dependencies.map((fn) => nameOf(original(fn))))],
  }));
  const found = frameworks.filter((each) => each.served()).map((each) => each.name);
  return { routes, frameworks: found, notes: [...new Set(frameworks.flatMap((each) => (each.notes ? each.notes() : [])))] };
}

// Requests

function isSecret(given) {
  const [one, other] = [Buffer.from(String(given)), Buffer.from(secret)];
  return secret.length >= 32 && one.length === other.length && crypto.timingSafeEqual(one, other);
}

function takeMark(request) {
  const raw = request.rawHeaders;
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at].toLowerCase() !== MARK) continue;
    const [given, number, stop, key = ""] = raw[at + 1].split(" ");
    if (!isSecret(given)) continue;
    // Node makes both of the raw headers when they are first read, and counts these before.
    const { headers, headersDistinct } = request;
    raw.splice(at, 2);
    const others = raw.filter((_, number) => number % 2 && raw[number - 1].toLowerCase() === MARK);
    for (const made of [headers, headersDistinct]) if (made) delete made[MARK];
    if (others.length) {
      headers[MARK] = others.join(", ");
      if (headersDistinct) headersDistinct[MARK] = others;
    }
    return { number: Number(number), stop: stop === "1", key: Buffer.from(key, "base64url").toString() };
  }
  return null;
}

function traced(request, response) {
  const mark = takeMark(request);
  if (!mark) return null;
  const trace = new Trace(mark.stop, mark.key);
  const route = lookedUp().get(mark.key);
  trace.known = Boolean(route);
  for (const handler of route ? route.handlers : []) trace.own.add(original(handler));
  trace.answer = response;
  if (mark.number) traces.set(mark.number, trace);
  if (traces.size > MOST_TRACES) traces.delete(traces.keys().next().value);
  byRequest.set(request, trace);
  return trace;
}

for (const Server of [http.Server, https.Server]) {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (event, request, response) {
    if (event === "listening") for (const each of this.listeners("request")) listeners.add(each);
    if (event !== "request" && event !== "checkContinue") return emit.apply(this, arguments);
    let trace = null;
    try {
      trace = traced(request, response);
    } catch {} // What the hook cannot do is no affair of the app's.
    return trace ? storage.run(trace, () => emit.apply(this, arguments)) : emit.apply(this, arguments);
  };
}

// The channel

function listen() {
  const channel = net.connect({ path: process.env.CLERK_HARNESS_PROBE });
  const say = (message) => channel.writable && channel.write(JSON.stringify(message) + "\n");
  let rest = "";
  channel.on("error", () => {}); // The harness is gone: the app goes on.
  channel.setEncoding("utf8");
  channel.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) answerTo(JSON.parse(line), say);
  });
  channel.unref();
  say({ secret, pid: process.pid, node: process.versions.node });
}

function answerTo(question, say) {
  if (question.ask === "routes") {
    let found;
    try {
      found = described();
    } catch (error) {
      found = { routes: [], frameworks: [], notes: [`the probe failed in Node ${process.versions.node}: ${error}`] };
    }
    return say({ id: question.id, ...found });
  }
  const trace = traces.get(question.number);
  traces.delete(question.number);
  return say({ id: question.id, trace: trace ? trace.told() : null });
}

// Calls a middleware of the form (context, next), and notes whether it went on. `maybe`: with another route behind it that fits as
// well, the last function of a route may be that route's guard.
function pass(trace, fn, maybe, target, self, [context, next, ...rest]) {
  const ran = trace.begin(fn);
  const unsure = maybe ? { own: trace.own.has(original(fn)) } : null;
  if (unsure) trace.unsure = unsure;
  const onwards = () => {
    ran.good = true;
    if (trace.unsure === unsure) trace.unsure = null;
    return next();
  };
  return Reflect.apply(target, self, [context, onwards, ...rest]);
}

module.exports = { STOPPED, changed, frameworks, lookedUp, nameOf, original, pass, traceOf, wrap };
// Not in threads: the one in which Node runs hooks on modules loads this as well.
if (process.env.CLERK_HARNESS_PROBE && secret && isMainThread) {
  require("./loading.cjs");
  listen();
}
