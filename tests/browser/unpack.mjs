// Unpacks the browser beside its package, once: `make test` calls it, so that tests that run side by side find it there.
import fs from "node:fs";
import { fileURLToPath } from "node:url";

const place = fileURLToPath(new URL("./node_modules/.browser/", import.meta.url));
fs.mkdirSync(place, { recursive: true });
process.env.TMPDIR = place;
const { default: chromium } = await import("@sparticuz/chromium");
console.log(await chromium.executablePath());
