// Opens pages in Chromium as told: one JSON document a line in, one a line out. Nothing of a page is replaced.
import fs from "node:fs";
import readline from "node:readline";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const unpacked = fileURLToPath(new URL("./node_modules/.browser/", import.meta.url));
process.env.FONTCONFIG_PATH ??= unpacked + "fonts"; // The browser's own, where the machine has none.
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: unpacked + "chromium", args: ["--no-sandbox"], headless: true });
let page = null, told = [];

const calls = {
  // `told`: what the console and the page have to complain of; `asked`: every address that was asked for.
  async open({ file, hash = "", width = 1440, height = 900, scheme = "light", without = null }) {
    await page?.close();
    told = [];
    page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
    page.setDefaultTimeout(10_000);
    page.on("console", message => told.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", error => told.push(`error: ${error.stack}`));
    page.on("request", request => request.url().startsWith("file:") || request.url().startsWith("data:") || told.push(`asked: ${request.url()}`));
    if (without) await page.addInitScript(`delete globalThis.${without}`);
    await page.goto("file://" + file + hash);
    return {};
  },
  async view({ width, height = 900, scheme = "light" }) { await page.setViewportSize({ width, height }); await page.emulateMedia({ colorScheme: scheme }); return true; },
  async told() { return told; },
  async ask({ script }) { return await page.evaluate(script); },
  // Playwright's own waitForFunction evaluates text within the page, which the page's policy forbids from the second time on.
  async wait({ script }) {
    const end = Date.now() + 10_000;
    while (!(await page.evaluate(script))) {
      if (Date.now() > end) throw new Error(`in vain for ten seconds: ${script}`);
      await page.evaluate("new Promise(done => setTimeout(done, 20))");
    }
    return true;
  },
  async choose({ field, value }) { await page.locator(`form [name=${field}]`).selectOption(value); return true; },
  async type({ field, value }) { await page.locator(`form [name=${field}]`).fill(value); return true; },
  async click({ selector }) { await page.locator(selector).first().click(); return true; },
  async press({ key }) { await page.keyboard.press(key); return true; },
  async axe({ rules = null }) {
    if (!(await page.evaluate("Boolean(window.axe)"))) await page.evaluate(axe);
    return await page.evaluate(async only => (await window.axe.run(only ? { runOnly: only } : {})).violations.map(found => `${found.id}: ${found.nodes.map(node => node.html).slice(0, 3).join(" ")}`), rules);
  },
  // As printed: the number of bytes of the PDF, for the browser calls `beforeprint` by itself.
  async print() { return (await page.pdf({ format: "A4" })).length; },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { call, ...given } = JSON.parse(line);
  let answer;
  try { answer = { value: await calls[call](given) }; } catch (error) { answer = { error: String(error) }; }
  process.stdout.write("=> " + JSON.stringify(answer) + "\n");
}
await browser.close();
