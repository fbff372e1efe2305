// Koa with koa-router or @koa/router: the routes of routers at any depth, and the middleware before them.
"use strict";
const { changed, frameworks, original, pass, STOPPED, traceOf, wrap } = require("./probe.cjs");
const { templates } = require("./paths.cjs");
const { caller, moduleOf } = require("./sources.cjs");

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const apps = new Map(); // An app -> what its servers were given.
const routers = new Set();
const placed = new Set();
const lost = new Set();
const sources = new WeakMap(); // A route's functions -> where they were given to a router.
const roles = new WeakMap(); // A function of a route -> { ends, maybe }; none for middleware.

function watched(fn) {
  return wrap(fn, (target, self, given) => {
    const [context] = given;
    const trace = context && context.req ? traceOf(context.req) : null;
    if (!trace) return Reflect.apply(target, self, given);
    const role = roles.get(fn);
    return role && role.ends ? handle(trace, fn, target, self, given) : pass(trace, fn, role, target, self, given);
  });
}

function handle(trace, fn, target, self, given) {
  const [context] = given;
  if (trace.enter(fn)) {
    context.status = STOPPED;
    context.body = "";
    return undefined;
  }
  const result = Reflect.apply(target, self, given);
  if (result && typeof result.then === "function") {
    result.then(() => trace.leave(fn, context.status < 300), () => trace.leave(fn, false));
  } else trace.leave(fn, context.status < 300); // One that throws at once has not come to its end.
  return result;
}

// What is made

function watchApplication(Koa) {
  const { use, callback } = Koa.prototype;
  Koa.prototype.use = function (fn, ...rest) {
    if (!apps.has(this)) apps.set(this, new Set());
    changed();
    return use.call(this, typeof fn === "function" && !fn.router ? watched(fn) : fn, ...rest);
  };
  Koa.prototype.callback = function () {
    const made = callback.apply(this, arguments);
    if (!apps.has(this)) apps.set(this, new Set());
    apps.get(this).add(made);
    return made;
  };
}

function watchRouter(exports) {
  const Router = exports.Router || exports.default || exports;
  if (typeof Router !== "function" || !Router.prototype.register || !Router.prototype.match) return;
  const { register, use } = Router.prototype;
  Router.prototype.register = function () {
    routers.add(this);
    const result = register.apply(this, arguments);
    if (result && result.stack) {
      const place = caller();
      sources.set(result.stack, place);
      const last = original(result.stack[result.stack.length - 1]); // A nested router's layers are copied, not its functions.
      if (!sources.has(last)) sources.set(last, place);
    }
    changed();
    return result;
  };
  Router.prototype.use = function (...given) {
    for (const { router } of given.filter((each) => each && each.router)) placed.add(router);
    changed();
    return use.apply(this, given);
  };
}

// Routes

const takesNext = (fn) => original(fn).length !== 1;
const fits = (layer, sample) => {
  try {
    return Boolean(layer.match(sample));
  } catch {
    return true;
  }
};
const has = (layer, method) => layer.methods.includes(method);

function place(layer) {
  const found = templates(layer.path, "express");
  if (!found) lost.add(String(layer.path));
  return found || [];
}

function* routesOf(router) {
  const stack = router.stack.map((layer) => ({ layer, paths: layer.methods.length ? place(layer) : [] }));
  const before = [];
  // What stands before any handler is a guard, though it is the last one elsewhere.
  const guards = new Set(router.stack.flatMap((layer) => (layer.methods.length ? layer.stack.slice(0, -1) : layer.stack)).map(original));
  for (const [at, { layer, paths }] of stack.entries()) {
    layer.stack.forEach((fn, number) => void (layer.stack[number] = watched(fn)));
    const functions = layer.stack.map(original);
    if (!layer.methods.length) {
      const everywhere = fits(layer, "/clerk-harness/asks/for/nothing");
      before.push({ layer, functions: everywhere ? [] : functions });
      continue;
    }
    if (layer.methods.every((name) => name === "OPTIONS")) continue; // Preflights are no handlers of the app's.
    const later = stack.slice(at + 1).filter((each) => each.layer.methods.length);
    const leads = (each) => each.paths.some(({ sample }) => fits(layer, sample));
    const last = functions[functions.length - 1];
    const all = layer.methods.length > METHODS.length + 2;
    for (const method of layer.methods.filter((name) => (all ? METHODS.includes(name) : name !== "HEAD"))) {
      const others = later.filter((each) => has(each.layer, method));
      const followed = others.some((each) => leads(each) || paths.some(({ sample }) => fits(each.layer, sample)));
      const known = roles.get(last);
      roles.set(last, { ends: !(takesNext(last) && (followed || guards.has(last))) && (!known || known.ends) });
    }
    const isGuard = all && takesNext(last) && later.some(leads) && paths.some(({ path }) => path.includes("{"));
    if (!isGuard) yield* described({ layer, paths, functions, all }, before);
    if (takesNext(last)) before.push({ layer, functions });
  }
}

function* described({ layer, paths, functions, all }, before) {
  const source = sources.get(layer.stack) || sources.get(functions[functions.length - 1]) || null;
  for (const { path, sample, parameters } of paths) {
    for (const method of layer.methods.filter((name) => (all ? METHODS.includes(name) : name !== "HEAD"))) {
      const around = before.filter((each) => !each.layer.methods.length || has(each.layer, method));
      yield {
        method, path, parameters, source, handler: functions[functions.length - 1], anyMethod: all, module: moduleOf(source),
        dependencies: [
          ...around.filter((each) => fits(each.layer, sample)).flatMap((each) => each.functions),
          ...functions.slice(0, -1),
        ],
      };
    }
  }
}

function roots(listeners) {
  const given = [...apps.keys()].filter((app) => [...apps.get(app)].some((each) => listeners.has(each)));
  return given.length ? given : [...apps.keys()];
}

frameworks.push({
  name: "Koa",
  served: () => apps.size > 0,
  routes(listeners) {
    lost.clear();
    const own = new Set(roots(listeners).flatMap((app) => app.middleware.map((fn) => fn.router).filter(Boolean)));
    own.forEach((router) => placed.add(router));
    return [...own].flatMap((router) => [...routesOf(router)]);
  },
  notes() {
    const away = [...routers].filter((router) => !placed.has(router));
    return [
      ...[...lost].map((path) => `Koa: routes at ${path} are not tried, for no path is known that it matches`),
      ...(away.length ? [`Koa: ${away.length} router(s) are mounted where the probe cannot see it; declare their routes`] : []),
    ];
  },
});

module.exports.modules = [
  { packages: ["koa"], file: /\/lib\/application\.js$/, loaded: watchApplication },
  { packages: ["koa-router", "@koa/router"], file: /\/(lib\/router|dist\/index)\.m?js$/, loaded: watchRouter },
];
