// Express 4 and 5: routes of routers and apps at any depth, and the middleware before them. Their layers are watched.
"use strict";
const { changed, frameworks, original, STOPPED, traceOf } = require("./probe.cjs");
const { below, nothing, templates } = require("./paths.cjs");
const { caller, moduleOf } = require("./sources.cjs");
const nest = require("./nest.cjs");

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const layers = new WeakMap(); // Layer -> { path, source }: what it was made of.
const mounted = new WeakMap(); // Layer -> the app behind its function.
const roles = new WeakMap(); // Layer -> { ends }, of a route's last function: whether nothing can come after it.
const apps = new Set();
const routers = new Set();
const placed = new Set();
const lost = new Set();
const BEHIND = "is not seen (files, a proxy, a router that is loaded when it is first asked for); declare its routes";
let bare = []; // Paths of functions behind which no route is known: { path, matches }.

// What is made

function layerMade(layer, path) {
  if (layer && typeof layer === "object" && !layers.has(layer)) layers.set(layer, { path, source: caller(), ...nest.current() });
  changed();
  return layer;
}

function watchLayer(Layer) {
  const name = Layer.prototype.handleRequest ? "handleRequest" : "handle_request";
  const real = Layer.prototype[name];
  Layer.prototype[name] = function (request, response, next) {
    const trace = traceOf(request);
    const fn = this.handle;
    if (!trace || this.route || isMount(this) || fn.length > 3) return real.apply(this, arguments);
    if ((layers.get(this) || {}).method) return real.apply(this, arguments); // Of NestJS, which guards inside of it.
    const role = roles.get(this);
    return role ? handler(trace, this, role, real, arguments) : middleware(trace, this, real, arguments);
  };
  return new Proxy(Layer, {
    construct: (target, args, to) => layerMade(Reflect.construct(target, args, to), args[0]),
    apply: (target, self, args) => layerMade(Reflect.apply(target, self, args), args[0]),
  });
}

function watchApplication(app) {
  const { init, use } = app;
  app.init = function () {
    apps.add(this);
    changed();
    return init.apply(this, arguments);
  };
  app.use = function (...given) {
    const stack = () => (stackOf(this) || []);
    const before = stack().length;
    const result = use.apply(this, given);
    const inner = given.flat(Infinity).filter((each) => each && each.handle && each.set);
    // Without a router before the first use, what it makes for itself comes first.
    for (const layer of stack().slice(before).filter((each) => each.handle.name === "mounted_app")) {
      mounted.set(layer, inner.shift());
    }
    return result;
  };
}

function watchRouter(Router) {
  const proxy = new Proxy(Router, {
    construct: (target, args, to) => made(Reflect.construct(target, args, to)),
    apply: (target, self, args) => made(Reflect.apply(target, self, args)),
  });
  const made = (router) => {
    routers.add(router);
    return router;
  };
  return proxy;
}

const stackOf = (app) => {
  if (app && Array.isArray(app.stack)) return app.stack;
  // Express 4 makes its router when it is first needed, and throws where the older name is asked for.
  const router = app && (app._router || (app.lazyrouter || !app.settings ? null : app.router));
  return router && Array.isArray(router.stack) ? router.stack : null;
};
const isMount = (layer) => mounted.has(layer) || Array.isArray(layer.handle.stack);

// What runs

function middleware(trace, layer, real, [request, response, next]) {
  const entry = trace.begin(layer.handle);
  return real.call(layer, request, response, function (error) {
    if (!error || error === "route" || error === "router") entry.good = true;
    return next.apply(this, arguments);
  });
}

// A last function that is given `next`, with another route behind it that fits as well, may be that route's guard. It is run.
function handler(trace, layer, role, real, args) {
  const [request, response, next] = args;
  const own = trace.own.has(original(layer.handle));
  if (role.ends) {
    if (trace.enter(layer.handle)) return stop(response);
    return real.call(layer, request, response, function (error) {
      trace.leave(layer.handle, false);
      return next.apply(this, arguments);
    });
  }
  const entry = trace.begin(layer.handle);
  trace.unsure = { own };
  return real.call(layer, request, response, function (error) {
    trace.unsure = null;
    if (!error || error === "route") entry.good = true;
    return next.apply(this, arguments);
  });
}

function stop(response) {
  response.statusCode = STOPPED;
  response.end();
}

// What is there

function templatesOf(layer) {
  const known = layers.get(layer);
  const path = layer.route ? layer.route.path : known ? known.path : "/";
  return templates(path === undefined ? "/" : path, "express");
}

function fits(layer, sample) {
  try {
    return Boolean(layer.match(sample));
  } catch {
    return true;
  }
}

const takesNext = (fn) => fn.length >= 3 || original(fn).length === 0;

// Every route below a stack, in the order in which they are asked. `before`: what runs before this stack.
function* walk(stack, prefix, before, seen) {
  let earlier = before;
  const inside = (layer) => (sample) => fits(layer, sample.slice(prefix.sample === "/" ? 0 : prefix.sample.length) || "/");
  for (const layer of stack) {
    const inner = mounted.get(layer) || layer.handle;
    if (layer.route) {
      const paths = templatesOf(layer);
      for (const template of paths || []) yield { layer, template: below(prefix, template), earlier, matches: inside(layer) };
      if (!paths) lost.add(`${layer.route.path}`);
      continue;
    }
    const deeper = stackOf(inner);
    const paths = templatesOf(layer);
    if (!deeper) {
      const known = layers.get(layer);
      const everywhere = prefix.path === "" && (!known || known.path === "/" || known.path === undefined);
      earlier = [...earlier, { fn: layer.handle, matches: inside(layer), everywhere }];
      if (layer.handle.length === 3 && !everywhere) {
        for (const template of paths || []) bare.push({ path: below(prefix, template).path, matches: inside(layer) });
      }
      if (layer.handle.length === 2 && !everywhere && paths) {
        for (const template of paths) yield { layer, any: true, template: below(prefix, template), earlier: earlier.slice(0, -1) };
      }
      continue;
    }
    placed.add(inner);
    if (!paths) lost.add(`${(layers.get(layer) || {}).path}`);
    if (seen.includes(inner)) continue;
    for (const template of paths || []) yield* walk(deeper, below(prefix, template), earlier, [...seen, inner]);
  }
}

const BUILT_IN = new Set(["query", "expressInit"]);
function describe(found, method, ending, fns, passing) {
  const { layer, template, earlier } = found;
  const around = [...earlier, ...passing].filter((each) => !each.everywhere && each.matches(template.sample));
  const inner = layer.route ? layer.route.stack.find((each) => each.handle === ending) : layer;
  const known = (inner && layers.get(inner)) || layers.get(layer) || {};
  const source = known.method ? null : known.source || null; // NestJS registers all of them where it starts.
  const guards = known.method ? nest.guardsOf(known.method) : [];
  return {
    method,
    path: template.path,
    handler: known.method || ending,
    dependencies: [...around.map((each) => each.fn), ...fns, ...guards].filter((fn) => !BUILT_IN.has(fn.name)),
    anyMethod: Boolean(found.any || answersAll(layer.route)),
    parameters: template.parameters,
    source,
    module: known.method ? known.controller : moduleOf(source),
  };
}

const MOST_METHODS = 20; // app.all() registers a function for each method that Node knows.
const explicit = (route) => Object.keys(route.methods).filter((each) => each !== "_all").map((each) => each.toUpperCase());
const answersAll = (route) => Boolean(route.methods._all) || explicit(route).length > MOST_METHODS;
const handles = (layer, method) => Boolean(layer.route && (layer.route.methods._all || layer.route.methods[method.toLowerCase()]));

// The routes of one place. `later`: what is asked after it; `passing`: functions of earlier routes that may let requests on.
function* routesOf(found, later, passing) {
  const { layer, template } = found;
  if (found.any) {
    roles.set(layer, { ends: true });
    for (const method of METHODS) yield describe(found, method, layer.handle, [], passing.get(method) || []);
    return;
  }
  const { route } = layer;
  if (route.stack.some((each) => (layers.get(each) || {}).unfound)) return;
  const named = explicit(route);
  const all = answersAll(route);
  // One function before all methods guards whatever comes behind it, by whichever method.
  const leads = all && later.some((each) => each.layer.route && found.matches(each.template.sample));
  // Preflights are answered by whoever shares resources across origins: no handler of the app's.
  if (!all && named.every((each) => each === "OPTIONS")) return;
  const listed = all && named.length <= MOST_METHODS ? [...new Set([...named, ...METHODS])] : named;
  for (const method of listed) {
    const steps = route.stack.filter((each) => !each.method || each.method.toUpperCase() === method);
    const last = steps[steps.length - 1];
    const others = later.filter((each) => each.layer !== layer && each.matches && handles(each.layer, method));
    const goesOn = others.some((each) => found.matches(each.template.sample));
    const mayPass = takesNext(last.handle) && (goesOn || others.some((each) => each.matches(template.sample)));
    const known = roles.get(last);
    roles.set(last, { ends: !mayPass && (!known || known.ends) });
    const before = passing.get(method) || [];
    const isGuard = takesNext(last.handle) && ((leads && template.path.includes("{")) || (!last.method && named.length > 0));
    const wanted = METHODS.includes(method) || (named.length <= MOST_METHODS && named.includes(method));
    if (wanted && !isGuard) yield describe(found, method, last.handle, steps.slice(0, -1).map((each) => each.handle), before);
    if (mayPass) passing.set(method, [...before, ...steps.map((each) => ({ fn: each.handle, matches: found.matches }))]);
  }
}

// The apps that servers were given; where servers were given other functions, those that no app mounts.
function roots(listeners) {
  const given = [...apps].filter((app) => listeners.has(app));
  return given.length ? given : [...apps].filter((app) => !app.parent);
}

frameworks.push({
  name: "Express",
  served: () => apps.size > 0,
  routes(listeners) {
    const every = [];
    lost.clear();
    placed.clear();
    const unseen = [];
    for (const app of roots(listeners)) {
      bare = [];
      const found = [...walk(stackOf(app) || [], nothing, [], [app])];
      unseen.push(...bare.filter((each) => !found.some(({ template }) => each.matches(template.sample))));
      const passing = new Map();
      found.forEach((each, at) => every.push(...routesOf(each, found.slice(at + 1), passing)));
    }
    // A guard of all of these, mounted above them, is not named beside them.
    bare = unseen.filter(({ path }) => path && !unseen.some((other) => other.path.startsWith(`${path}/`)));
    return every;
  },
  notes() {
    const away = [...routers].filter((router) => router.stack.length && !placed.has(router) && ![...apps].some((app) => stackOf(app) === router.stack));
    return [
      ...[...lost].map((path) => `Express: routes at the regular expression ${path} are not tried, for no path is known that it matches`),
      ...(away.length ? [`Express: ${away.length} router(s) are mounted where the probe cannot see it; declare their routes`] : []),
      ...(bare.length ? [`Express: what is behind ${[...new Set(bare.map((each) => each.path))].sort().join(", ")} ${BEHIND}`] : []),
    ];
  },
});

module.exports.modules = [
  { packages: ["express", "router"], file: /\/lib\/(router\/)?layer\.js$/, loaded: watchLayer },
  { packages: ["express"], file: /\/lib\/application\.js$/, loaded: watchApplication },
  { packages: ["express"], file: /\/lib\/router\/index\.js$/, loaded: watchRouter },
  { packages: ["router"], file: /\/router\/index\.js$/, loaded: watchRouter },
];
