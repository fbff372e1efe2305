// Adds to ES modules of known frameworks a last line, by which the module hands over what it exports.
"use strict";
const { fileURLToPath } = require("url");

function withLastLine(url, loaded, wanted) {
  const isWanted = url.startsWith("file:") && url.includes("/node_modules/") && wanted.some((each) => new RegExp(each).test(url));
  if (!isWanted || loaded.format !== "module" || !loaded.source) return loaded;
  const itself = `import * as __clerkHarness from ${JSON.stringify(url)};`;
  const handed = `globalThis[Symbol.for("clerk-harness.loaded")]?.(${JSON.stringify(fileURLToPath(url))}, __clerkHarness);`;
  const text = typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source).toString("utf8");
  return { ...loaded, source: `${text}\n;${itself}${handed}\n` };
}

module.exports = { withLastLine };
