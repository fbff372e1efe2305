// Paths as frameworks write them, as templates (/users/{id}), each with a sample that it matches.
//
// Dialects: "express" (path-to-regexp of every version: Express, Koa), "fastify" (find-my-way), "hono".
"use strict";
const NAME = /^[\p{ID_Start}_$][\p{ID_Continue}_$]*/u;

// The text between brackets that begins at `at`, and where it ends.
function bracketed(text, at) {
  const [open, close] = text[at] === "(" ? "()" : "{}";
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === open) depth += 1;
    else if (text[end] === close && (depth -= 1) === 0) return { inner: text.slice(at + 1, end), end: end + 1 };
  }
  return { inner: text.slice(at + 1), end: text.length };
}

const UUID = "00000000-0000-4000-8000-000000000000";
function sampleFor(pattern) {
  if (!pattern) return "1";
  try {
    const whole = new RegExp(`^(?:${pattern})$`);
    const words = pattern.split("|").map((word) => word.replace(/[()?:]/g, ""));
    const repeated = [2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32].flatMap((times) => ["1".repeat(times), "a".repeat(times)]);
    return ["1", "a", UUID, "a1", "2024-01-01", ...words, ...repeated].find((text) => whole.test(text)) || "1";
  } catch {
    return "1";
  }
}

const both = (some, others) => some.flatMap((one) => others.map((other) => join(one, other)));
const join = (one, other) => ({
  path: one.path + other.path,
  sample: one.sample + other.sample,
  parameters: { ...one.parameters, ...other.parameters },
});
const literal = (text) => ({ path: text, sample: text, parameters: {} });
const nothing = literal("");
const parameter = (name, pattern) => {
  const sample = sampleFor(pattern);
  return { path: `{${name}}`, sample, parameters: pattern && sample !== "1" ? { [name]: sample } : {} };
};

function named(text, at, dialect) {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text.slice(at));
  const name = quoted ? quoted[1] : (NAME.exec(text.slice(at)) || [""])[0];
  let end = at + (quoted ? quoted[0].length : name.length);
  let pattern = "";
  if (text[end] === "(" || (dialect === "hono" && text[end] === "{")) ({ inner: pattern, end } = bracketed(text, end));
  return { name, pattern, end };
}

// Optional parts give two templates: with them, and without.
function alternatives(text, dialect) {
  let found = [nothing];
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    let part = [literal(char)];
    let end = at + 1;
    if (char === "\\" && dialect === "express") {
      part = [literal(text[at + 1] || "")];
      end = at + 2;
    } else if (char === ":" && text[at + 1] === ":" && dialect === "fastify") {
      part = [literal(":")];
      end = at + 2;
    } else if (char === ":" && named(text, at + 1, dialect).name) {
      const { name, pattern, end: after } = named(text, at + 1, dialect);
      part = [parameter(name, pattern)];
      end = after;
    } else if (char === "*") {
      const { name, end: after } = dialect === "express" ? named(text, at + 1, dialect) : { name: "", end: at + 1 };
      part = [parameter(name || "wildcard")];
      end = after;
    } else if (char === "{" && dialect === "express") {
      const group = bracketed(text, at);
      // A wildcard matches nothing as well: one template is enough.
      part = group.inner.startsWith("*") ? alternatives(group.inner, dialect) : [...alternatives(group.inner, dialect), nothing];
      end = group.end;
    } else if (char === "(" && dialect === "express") {
      const group = bracketed(text, at);
      part = [parameter("group", group.inner)];
      end = group.end;
    }
    if ("?*+".includes(text[end] || " ") && dialect !== "fastify" && (text[end] === "?" || "({:".includes(char))) {
      if (text[end] !== "+") part = [...part, nothing];
      end += 1;
    }
    found = both(found, part);
    at = end;
  }
  return found;
}

const single = (text) => text.replace(/\/{2,}/g, "/") || "/";
// Express and Koa take a path with a slash at its end for the same.
const clean = (text) => single(text).replace(/(.)\/$/, "$1");

// The templates of one path: a text, or several; null for a regular expression, which has none.
function templates(path, dialect) {
  if (path instanceof RegExp) return null;
  if (Array.isArray(path)) {
    const each = path.flat(Infinity).map((one) => templates(one, dialect));
    return each.includes(null) ? null : each.flat();
  }
  const text = String(path);
  const tidy = dialect !== "express" && text.endsWith("/") ? single : clean;
  const every = alternatives(text && !text.startsWith("/") && !text.startsWith("{/") ? `/${text}` : text, dialect).map((one) => ({ ...one, path: tidy(one.path), sample: tidy(one.sample) }));
  return every.filter((one, at) => every.findIndex((other) => other.path === one.path) === at);
}

// A template below another.
const below = (prefix, other) => {
  const whole = join(prefix, other);
  return { ...whole, path: clean(whole.path), sample: clean(whole.sample) };
};

module.exports = { below, nothing, templates };
