// NestJS, on Express or Fastify: the handler is the controller's method, behind guards, interceptors and pipes.
"use strict";
const { frameworks, original, STOPPED, traceOf, wrap } = require("./probe.cjs");

const guards = new WeakMap(); // A controller's method -> the guards before it, without those of the whole app.
let watching = false;
let registering = null; // { method, controller }: whose route is registered with the server below at this moment.

const current = () => registering;
const guardsOf = (method) => guards.get(method) || [];

function during(prototype, name, methodOf) {
  const real = prototype[name];
  if (typeof real !== "function") return;
  prototype[name] = function (...given) {
    const before = registering;
    const [method, wrapper] = methodOf(given);
    registering = { method: original(method), controller: String((wrapper && wrapper.name) || "").replace(/Controller$/, "") };
    try {
      return real.apply(this, given);
    } finally {
      registering = before;
    }
  };
}

function watchExplorer({ RouterExplorer }) {
  if (!RouterExplorer) return;
  during(RouterExplorer.prototype, "applyCallbackToRouter", ([, definition, wrapper]) => [definition.targetCallback, wrapper]);
  during(RouterExplorer.prototype, "registerResolvedRoute", ([, route]) => [route.targetCallback, route.instanceWrapper]);
}

frameworks.push({ name: "NestJS", served: () => watching, routes: () => [] });

// An error, so that interceptors and what they hold open end as after any other.
const stopped = () => Object.assign(new Error("clerk-harness stops this request at the handler's door"), { statusCode: STOPPED });

function watched(method) {
  const handler = wrap(method, (target, self, given) => {
    const trace = traceOf(null);
    if (!trace) return Reflect.apply(target, self, given);
    if (trace.enter(method)) throw stopped();
    const result = Reflect.apply(target, self, given);
    if (result && typeof result.then === "function") {
      result.then(() => trace.leave(method, false), () => trace.leave(method, false));
    }
    return result;
  });
  for (const key of Reflect.getMetadataKeys ? Reflect.getMetadataKeys(method) : []) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), handler);
  }
  return handler;
}

function watchContext({ RouterExecutionContext }) {
  if (!RouterExecutionContext) return;
  watching = true;
  const { create } = RouterExecutionContext.prototype;
  RouterExecutionContext.prototype.create = function (instance, method, name, module, ...rest) {
    if (!guards.has(original(method))) {
      let found = [];
      try {
        const everywhere = new Set(this.guardsContextCreator.getGlobalMetadata());
        found = this.guardsContextCreator.create(instance, method, module).filter((guard) => !everywhere.has(guard));
      } catch {}
      guards.set(original(method), found);
    }
    return create.call(this, instance, watched(method), name, module, ...rest);
  };
}

// With a prefix of the whole app, NestJS answers 404 below it by a route of its own, which is no handler of anybody's.
function watchResolver({ RoutesResolver }) {
  if (!RoutesResolver || typeof RoutesResolver.prototype.registerNotFoundHandler !== "function") return;
  const { registerNotFoundHandler } = RoutesResolver.prototype;
  RoutesResolver.prototype.registerNotFoundHandler = function (...given) {
    const before = registering;
    registering = { unfound: true };
    try {
      return registerNotFoundHandler.apply(this, given);
    } finally {
      registering = before;
    }
  };
}

function watchGuards({ GuardsConsumer }) {
  if (!GuardsConsumer) return;
  const { tryActivate } = GuardsConsumer.prototype;
  GuardsConsumer.prototype.tryActivate = async function (list, args, ...rest) {
    const trace = traceOf(null);
    if (!trace || !list) return tryActivate.call(this, list, args, ...rest);
    const ran = [];
    const each = list.map((guard) => ({
      canActivate(context) {
        if (ran.length) ran[ran.length - 1].good = true; // The one before has let it on.
        ran.push(trace.begin(guard));
        return guard.canActivate(context);
      },
    }));
    const passed = await tryActivate.call(this, each, args, ...rest);
    if (passed && ran.length) ran[ran.length - 1].good = true;
    return passed;
  };
}

module.exports = { current, guardsOf };
module.exports.modules = [
  { packages: ["@nestjs/core"], file: /\/router\/router-explorer\.js$/, inner: "router/router-explorer.js", loaded: watchExplorer },
  { packages: ["@nestjs/core"], file: /\/router\/router-execution-context\.js$/, inner: "router/router-execution-context.js", loaded: watchContext },
  { packages: ["@nestjs/core"], file: /\/router\/routes-resolver\.js$/, inner: "router/routes-resolver.js", loaded: watchResolver },
  { packages: ["@nestjs/core"], file: /\/guards\/guards-consumer\.js$/, inner: "guards/guards-consumer.js", loaded: watchGuards },
];
