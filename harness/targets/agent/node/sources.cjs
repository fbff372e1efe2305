// Where in the app's own files a route was registered.
"use strict";
const path = require("path");
const { fileURLToPath } = require("url");

const HERE = __dirname + path.sep;
const PLACE = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/;

// The nearest place in the app's own code from which this was called: [file, line], or null.
function caller() {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  for (const line of String(stack).split("\n").slice(1)) {
    const match = PLACE.exec(line.trim());
    if (!match) continue;
    const file = match[1].startsWith("file:") ? fileURLToPath(match[1].split("?")[0]) : match[1];
    if (!file.startsWith(HERE) && !/[\\/]node_modules[\\/]/.test(file)) return [file, Number(match[2])];
  }
  return null;
}

const PLAIN = new Set(["index", "app", "server", "main", "route", "routes", "router"]);

// The name of a file among routers: users of routes/users.js and users.controller.ts; empty where it says nothing.
function moduleOf(source) {
  if (!source) return "";
  const inner = path.relative(process.cwd(), source[0]).replace(/\.[cm]?[jt]sx?$/, "");
  const parts = inner.split(path.sep).map((part) => part.replace(/[._-](controller|routes?|router|handler)s?$/i, ""));
  while (parts.length && PLAIN.has(parts[parts.length - 1].toLowerCase())) parts.pop();
  return parts.filter((part) => part !== "..").join(".");
}

module.exports = { caller, moduleOf };
