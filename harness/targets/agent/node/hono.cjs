// Hono: the routes of an app, those of apps that it mounts by route() included, and the middleware before them.
"use strict";
const { changed, frameworks, original, pass, STOPPED, traceOf } = require("./probe.cjs");
const { templates } = require("./paths.cjs");
const { caller, moduleOf } = require("./sources.cjs");

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const routers = new Map(); // A router -> its entries in their order: { method, path, fn, source, ends }.
const entries = new WeakMap(); // What a router was given, (function, route) -> its entry.
const sources = new WeakMap(); // A function -> where it was given to an app first.
const outer = new WeakMap(); // A router that another one uses -> that other.
const served = new Set(); // Routers of which a request has shown that a server asks them first.

// The function behind the one by which a mounted app's own errors are handled.
const plain = (fn) => {
  const mounted = original(fn);
  return typeof mounted.__COMPOSED_HANDLER === "function" ? plain(mounted.__COMPOSED_HANDLER) : mounted;
};

function watched(entry) {
  return new Proxy(entry.outer, {
    apply(target, self, given) {
      const trace = traceOf(null);
      if (!trace) return Reflect.apply(target, self, given);
      return entry.ends ? handle(trace, entry, target, self, given) : pass(trace, entry.fn, entry.maybe, target, self, given);
    },
  });
}

function handle(trace, entry, target, self, given) {
  if (trace.enter(entry.fn)) return new Response(null, { status: STOPPED });
  const ended = (response) => {
    trace.leave(entry.fn, Boolean(response) && response.status < 300);
    return response;
  };
  const result = Reflect.apply(target, self, given);
  return result && typeof result.then === "function" ? result.then(ended) : ended(result);
}

// What is made

function watch(Router) {
  if (typeof Router !== "function" || !Router.prototype || !Router.prototype.add || !Router.prototype.match) return;
  const { add, match } = Router.prototype;
  Router.prototype.add = function (method, path, given) {
    if (Array.isArray(given) && typeof given[0] === "function") {
      if (entries.has(given)) outer.set(this, entries.get(given));
      else {
        if (!routers.has(this)) routers.set(this, []);
        const entry = { method, path, outer: given[0], fn: plain(given[0]) };
        if (!sources.has(entry.fn)) sources.set(entry.fn, caller());
        entry.source = sources.get(entry.fn);
        routers.get(this).push(entry);
        given[0] = watched(entry);
        entries.set(given, this);
        changed();
      }
    }
    return add.call(this, method, path, given);
  };
  Router.prototype.match = function () {
    const trace = traceOf(null);
    if (trace && !trace.router) {
      trace.router = outer.get(this) || this;
      served.add(trace.router);
    }
    return match.apply(this, arguments);
  };
}

// Routes

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
function matcher(path) {
  let text = "^";
  for (const part of path.split("/").slice(1)) {
    const named = /^:([^{?]+)(?:\{(.+)\})?(\?)?$/.exec(part);
    if (part === "*") text += "(?:/.*)?";
    else if (named) text += named[3] ? `(?:/${named[2] || "[^/]+"})?` : `/${named[2] || "[^/]+"}`;
    else text += `/${escaped(part)}`;
  }
  const whole = new RegExp(`${text}/?$`);
  return (sample) => whole.test(sample);
}

function prepare(entry) {
  if (entry.paths) return;
  entry.paths = templates(entry.path, "hono");
  entry.matches = matcher(entry.path.startsWith("/") ? entry.path : `/${entry.path}`);
}

const overlap = (one, other) =>
  (one.method === other.method || one.method === "ALL" || other.method === "ALL") &&
  (one.paths.some(({ sample }) => other.matches(sample)) || other.paths.some(({ sample }) => one.matches(sample)));

function* routesOf(list) {
  list.forEach(prepare);
  for (const [at, entry] of list.entries()) {
    if (entry.method === "OPTIONS") continue; // Preflights are no handlers of the app's.
    const alone = entry.fn.length === 1;
    const followed = !alone && list.slice(at + 1).some((later) => overlap(entry, later));
    entry.ends = alone || (!followed && !(entry.method === "ALL" && entry.path.endsWith("*")));
    entry.maybe = !entry.ends && entry.method !== "ALL";
    const samePath = list.slice(at + 1).some((later) => later.path === entry.path && later.method === entry.method);
    if (!entry.ends && (!entry.maybe || samePath)) continue;
    const before = list.slice(0, at).filter((each) => !each.ends && !/^\/?\*$/.test(each.path));
    for (const { path, sample, parameters } of entry.paths) {
      const dependencies = before.filter((each) => fits(each, entry) && each.matches(sample)).map((each) => each.fn);
      for (const method of entry.method === "ALL" ? METHODS : [entry.method]) {
        yield {
          method, path, parameters, dependencies, handler: entry.fn, anyMethod: entry.method === "ALL", source: entry.source,
          module: moduleOf(entry.source),
        };
      }
    }
  }
}

const fits = (each, entry) => each.method === "ALL" || entry.method === "ALL" || each.method === entry.method;

// Where no request has shown which app is served: those whose functions no other one has as well.
function roots() {
  if (served.size) return [...served].filter((router) => routers.has(router));
  const functions = (router) => routers.get(router).map((each) => each.fn);
  const every = [...routers.keys()];
  return every.filter((router) => {
    const mine = functions(router);
    const held = (other) => other !== router && mine.every((fn) => functions(other).includes(fn));
    return !every.some((other) => held(other) && routers.get(other).length > mine.length);
  });
}

frameworks.push({
  name: "Hono",
  served: () => routers.size > 0,
  routes: () => roots().flatMap((router) => [...routesOf(routers.get(router))]),
});

module.exports.modules = [
  { packages: ["hono"], file: /\/router\/[a-z-]+\/router\.js$/, loaded: (exports) => Object.values(exports).forEach(watch) },
];
