// Hands the modules of known frameworks to whoever watches them, however they are loaded: by require, or by import.
"use strict";
const fs = require("fs");
const Module = require("module");
const path = require("path");
const { pathToFileURL } = require("url");

const watchers = ["./express.cjs", "./fastify.cjs", "./hono.cjs", "./koa.cjs", "./nest.cjs"].flatMap((name) => require(name).modules);

// A file's package, by the nearest package.json that has a name: an alias in node_modules is no other package.
const packages = new Map();
function packageOf(file) {
  const folder = path.dirname(file);
  if (!packages.has(folder)) {
    let found = null;
    try {
      const { name, version, type } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
      if (name) found = { name, version: version || "", folder, type };
    } catch {}
    packages.set(folder, found || (path.dirname(folder) === folder ? null : packageOf(folder)));
  }
  return packages.get(folder);
}

function watchersOf(file) {
  if (!/[\\/]node_modules[\\/]/.test(file)) return [];
  const candidates = watchers.filter((each) => each.file.test(file.replace(/\\/g, "/")));
  const found = candidates.length ? packageOf(file) : null;
  return found ? candidates.filter((each) => each.packages.includes(found.name)) : [];
}

// ES modules that are loaded by require() pass no hook but for the first: the others are asked for, once the first has them all.
const required = new Set();
function handRequired(file) {
  const found = /[\\/]node_modules[\\/]/.test(file) ? packageOf(file) : null;
  if (!found || found.type !== "module" || required.has(found.folder)) return;
  required.add(found.folder);
  const own = Module.createRequire(file);
  for (const each of watchers.filter((watcher) => watcher.packages.includes(found.name) && watcher.inner)) {
    try {
      hand(path.join(found.folder, each.inner), own(path.join(found.folder, each.inner)));
    } catch {}
  }
}

// What a watcher throws is its own affair: the app must go on as without it.
const handed = new WeakMap();
function hand(file, exports) {
  let result = exports;
  for (const each of watchersOf(file)) {
    try {
      if (exports && handed.get(exports) === each) continue; // Loaded both ways.
      if (exports && typeof exports === "object") handed.set(exports, each);
      const other = each.loaded(result);
      if (other !== undefined) result = other;
    } catch {}
  }
  return result;
}

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename) {
  const result = compile.apply(this, arguments);
  if (watchersOf(String(filename)).length) this.exports = hand(String(filename), this.exports);
  handRequired(String(filename));
  return result;
};

// An ES module imports itself in a last line, and hands over what it exports: its classes can be changed, its bindings not.
globalThis[Symbol.for("clerk-harness.loaded")] = (file, namespace) => void hand(file, namespace);
const wanted = watchers.map((each) => each.file.source);
// In Node 22 `registerHooks` takes imported CommonJS past `_compile`, and breaks some of it: it comes second.
if (Module.register) {
  Module.register(pathToFileURL(path.join(__dirname, "last_line.mjs")).href, { data: { wanted } });
} else if (Module.registerHooks) {
  const { withLastLine } = require("./last_line.cjs");
  Module.registerHooks({ load: (url, context, next) => withLastLine(url, next(url, context), wanted) });
}
