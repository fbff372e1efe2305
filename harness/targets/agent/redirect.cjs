// Runs when a Node process of a started command begins (node --require): Clerk's real names lead to the fake, and nothing
// else leaves the machine. Reaches http, https, http2, fetch (undici) and whatever is built on net, tls or dgram.
"use strict";
const dgram = require("dgram");
const dns = require("dns");
const fs = require("fs");
const net = require("net");
const os = require("os");

const SENTINEL = "127.99.0.1";
const names = (process.env.CLERK_HARNESS_NAMES || "").split(",").filter(Boolean);
const port = Number(process.env.CLERK_HARNESS_PORT);
const report = process.env.CLERK_HARNESS_BLOCKED;
const allowed = (process.env.CLERK_HARNESS_ALLOWED || "").split(",");
const local = new Set(["", "localhost", "ip6-localhost", "0.0.0.0", "::", os.hostname().toLowerCase(), ...allowed]);
const told = new Set();

function refuse(what, code, call) {
  if (!told.has(what)) {
    told.add(what);
    if (report) fs.appendFileSync(report, what + "\n");
  }
  const error = new Error(`clerk-harness: ${what} was asked for, and nothing may leave this machine`);
  return Object.assign(error, { code, syscall: call, hostname: what });
}

const plain = (host) => String(host).toLowerCase().replace(/^\[|\]$/g, "").replace(/\.$/, "");
const isClerk = (host) => names.some((name) => (name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name));
const isLoopback = (host) =>
  /^127\./.test(host) || host === "::1" || host === "0:0:0:0:0:0:0:1" || /^::ffff:(127\.|7f)/.test(host);
// Where to go instead: the sentinel for Clerk, the host itself on this machine, null where it must not go.
function goal(given) {
  const host = plain(given);
  if (isClerk(host)) return SENTINEL;
  if (local.has(host) || host.endsWith(".localhost") || isLoopback(host)) return given;
  return null;
}

// Names

const lookup = dns.lookup;
function answer(options, callback) {
  const all = options && typeof options === "object" && options.all;
  process.nextTick(() => (all ? callback(null, [{ address: SENTINEL, family: 4 }]) : callback(null, SENTINEL, 4)));
}
dns.lookup = function (host, options, callback) {
  const done = typeof options === "function" ? options : callback;
  const found = host ? goal(host) : host;
  if (found === null) return void process.nextTick(() => done(refuse(plain(host), "ENOTFOUND", "getaddrinfo")));
  if (found === SENTINEL) return void answer(typeof options === "function" ? undefined : options, done);
  return lookup.apply(this, arguments);
};
const lookupPromise = dns.promises.lookup;
dns.promises.lookup = async function (host, options) {
  const found = host ? goal(host) : host;
  if (found === null) throw refuse(plain(host), "ENOTFOUND", "getaddrinfo");
  if (found === SENTINEL) {
    const address = { address: SENTINEL, family: 4 };
    return options && options.all ? [address] : address;
  }
  return lookupPromise.apply(this, arguments);
};
for (const kind of ["resolve", "resolve4", "resolve6"]) {
  const real = dns[kind];
  dns[kind] = function (host, ...rest) {
    const found = goal(host);
    const done = rest[rest.length - 1];
    if (found === null) return void process.nextTick(() => done(refuse(plain(host), "ENOTFOUND", "queryA")));
    if (found === SENTINEL) return void process.nextTick(() => done(null, [SENTINEL]));
    return real.call(this, host, ...rest);
  };
  const promise = dns.promises[kind];
  dns.promises[kind] = async function (host, ...rest) {
    const found = goal(host);
    if (found === null) throw refuse(plain(host), "ENOTFOUND", "queryA");
    return found === SENTINEL ? [SENTINEL] : promise.call(this, host, ...rest);
  };
}

// Connections

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // net.connect hands over an array that it normalized before: [options, callback].
  const normalized = Array.isArray(given[0]);
  const list = normalized ? given[0] : net._normalizeArgs ? net._normalizeArgs(given) : given;
  const options = list[0];
  if (options && typeof options === "object" && !options.path && options.host) {
    const found = goal(options.host);
    if (found === null) {
      const what = net.isIP(plain(options.host)) ? `${options.host}:${options.port}` : plain(options.host);
      const error = refuse(what, net.isIP(plain(options.host)) ? "ECONNREFUSED" : "ENOTFOUND", "connect");
      process.nextTick(() => this.destroy(error));
      return this;
    }
    if (found === SENTINEL || plain(options.host) === SENTINEL) {
      list[0] = Object.assign({}, options, { host: "127.0.0.1", port, lookup: undefined, family: undefined });
    }
  }
  return connect.call(this, list);
};

const send = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (...given) {
  const host = given.slice(1).find((part) => typeof part === "string");
  if (host !== undefined && goal(host) === null) {
    const error = refuse(plain(host), "ECONNREFUSED", "send");
    const done = given[given.length - 1];
    return void process.nextTick(() => (typeof done === "function" ? done(error) : this.emit("error", error)));
  }
  return send.apply(this, given);
};

// What a probe sees is asked for where a server is under test, not in what an app starts by itself.
if (process.env.CLERK_HARNESS_PROBE) require("./node/probe.cjs");
