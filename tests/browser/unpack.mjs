// Unpacks the browser beside its package, once: `make test` calls it, so that tests that run side by side find it there.
import fs from "node:fs";
import { fileURLToPath } from "node:url";

const place = fileURLToPath(new URL("./node_modules/.browser/", import.meta.url));
fs.mkdirSync(place, { recursive: true });
process.env.TMPDIR = place;
const { default: chromium } = await import("@sparticuz/chromium");
console.log(await chromium.executablePath());

// Its list of fonts names the folders of another kind of machine: with none of them no text has a size, and none is seen.
const fonts = place + "fonts";
fs.writeFileSync(
  fonts + "/fonts.conf",
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${fonts}/cache</cachedir></fontconfig>
`,
);
