// Fastify: its routes as plugins of any depth register them, and the hooks before their handlers.
"use strict";
const { changed, frameworks, original, STOPPED, traceOf, wrap } = require("./probe.cjs");
const { templates } = require("./paths.cjs");
const { caller, moduleOf } = require("./sources.cjs");
const nest = require("./nest.cjs");

const BEFORE = ["onRequest", "preParsing", "preValidation", "preHandler"];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const found = []; // { root, instance, options, source }

const rawOf = (request) => (request && request.raw) || request;
const settled = (result, then) => (result && typeof result.then === "function" ? result.then(then, () => {}) : undefined);

// A hook lets the request on by calling `done` without an error, or by ending without an answer of its own.
function hook(fn) {
  return wrap(fn, (target, self, given) => {
    const [request, reply] = given;
    const trace = traceOf(rawOf(request));
    if (!trace) return Reflect.apply(target, self, given);
    const entry = trace.begin(fn);
    const passes = (error) => void (entry.good = !error && !(reply && reply.sent));
    const args = given.map((each, at) => {
      if (at < given.length - 1 || typeof each !== "function") return each;
      return function (error) {
        passes(error);
        return each.apply(this, arguments);
      };
    });
    const result = Reflect.apply(target, self, args);
    settled(result, () => passes(null));
    return result;
  });
}

function handler(fn) {
  return wrap(fn, (target, self, given) => {
    const [request, reply] = given;
    const trace = traceOf(rawOf(request));
    if (!trace) return Reflect.apply(target, self, given);
    if (trace.enter(fn)) return void reply.code(STOPPED).send("");
    const result = Reflect.apply(target, self, given);
    settled(result, () => trace.leave(fn, reply.statusCode < 300));
    return result;
  });
}

// A key's functions, wherever later hooks on routes put them: they are watched when Fastify reads them.
function watchHooks(options) {
  for (const name of BEFORE) {
    let value = options[name];
    const get = () => {
      if (Array.isArray(value)) value.forEach((fn, at) => void (typeof fn === "function" && (value[at] = hook(fn))));
      else if (typeof value === "function") value = hook(value);
      return value;
    };
    Object.defineProperty(options, name, { configurable: true, enumerable: true, get, set: (other) => void (value = other) });
  }
}

function watch(root) {
  const { addHook } = root;
  root.addHook = function (name, fn) {
    return addHook.call(this, name, BEFORE.includes(name) && typeof fn === "function" ? hook(fn) : fn);
  };
  addHook.call(root, "onRoute", function (options) {
    // Preflights are no handlers of the app's, and websockets' handlers are given something else.
    if (typeof options.handler !== "function" || options.websocket || [options.method].flat().every((name) => name === "OPTIONS")) return;
    const { method, controller } = nest.current() || {}; // Of NestJS, which guards inside of its handler.
    const source = method ? null : caller();
    found.push({ root, instance: this, options, method, controller, handler: method || options.handler, source });
    if (!method) options.handler = handler(options.handler);
    watchHooks(options);
    changed();
  });
  return root;
}

function loaded(fastify) {
  const watched = new Proxy(fastify, { apply: (target, self, given) => watch(Reflect.apply(target, self, given)) });
  for (const name of ["fastify", "default"]) if (fastify[name] === fastify) fastify[name] = watched;
  return watched;
}

// Routes

// The hooks of an instance, its plugins' included. Those of the whole app are no guards of a route: they may look at its path.
function hooksOf(instance, name) {
  for (let at = instance; at; at = Object.getPrototypeOf(at)) {
    const key = Object.getOwnPropertySymbols(at).find((each) => each.description === "fastify.hooks");
    if (key) return at[key][name] || [];
  }
  return [];
}

function guardsOf({ root, instance, options, method }) {
  const inside = method ? nest.guardsOf(method) : [];
  return inside.concat(BEFORE.flatMap((name) => {
    const everywhere = new Set(hooksOf(root, name));
    const around = hooksOf(instance, name).filter((fn) => !everywhere.has(fn));
    return [...around, ...[options[name] || []].flat()];
  }));
}

// What a route's schema says of its body, where it is JSON Schema and no validator's own object.
function bodyOf({ schema }) {
  try {
    const body = schema && schema.body ? JSON.parse(JSON.stringify(schema.body)) : null;
    return body && typeof body.type === "string" ? body : null;
  } catch {
    return null;
  }
}

frameworks.push({
  name: "Fastify",
  served: () => found.length > 0,
  *routes() {
    for (const each of found) {
      const { options, source } = each;
      const methods = [options.method].flat();
      const all = methods.length > METHODS.length + 2;
      for (const method of methods.filter((name) => (all ? METHODS.includes(name) : name !== "HEAD"))) {
        for (const { path, parameters } of templates(options.url, "fastify")) {
          yield {
            method, path, parameters, source, handler: original(each.handler), dependencies: guardsOf(each), anyMethod: all,
            module: each.controller || moduleOf(source), body: bodyOf(options),
          };
        }
      }
    }
  },
});

module.exports.modules = [{ packages: ["fastify"], file: /\/fastify\.js$/, loaded }];
