// The same for hooks that run in a thread of their own.
import { createRequire } from "node:module";

const { withLastLine } = createRequire(import.meta.url)("./last_line.cjs");
let wanted = [];

export async function initialize(data) {
  wanted = data.wanted;
}

export async function load(url, context, next) {
  return withLastLine(url, await next(url, context), wanted);
}
