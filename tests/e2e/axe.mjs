// What axe-core finds in pages, wide and narrow, light and dark: one JSON list.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { openChromium, SCHEMES, show } from "./chromium.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await openChromium();
const page = await browser.newPage();
const found = [];
for (const file of process.argv.slice(2)) {
  for (const width of [320, 1000]) {
    for (const scheme of SCHEMES) {
      await show(page, pathToFileURL(resolve(file)).href, width, scheme);
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate("axe.run()");
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      const rules = violations.map((one) => `${one.id}: ${one.nodes[0].html}`);
      found.push({ file, width, scheme, rules, passed: passes.map((one) => one.id), wide });
    }
  }
}
await browser.close();
console.log(JSON.stringify(found));
