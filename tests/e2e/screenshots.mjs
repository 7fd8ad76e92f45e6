// Every page of a folder as pictures beside it: phone, tablet, desktop, light and dark.
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { openChromium, SCHEMES, show, WIDTHS } from "./chromium.mjs";

const folder = resolve(process.argv[2]);
const browser = await openChromium();
const page = await browser.newPage();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".html"))) {
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) {
      await show(page, pathToFileURL(join(folder, file)).href, width, scheme);
      const name = `${file.replace(/\.html$/, "")}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(folder, name), fullPage: true });
    }
  }
}

// The top of one of them, for the README: copy it to templates/preview.png when the mail changes.
await show(page, pathToFileURL(join(folder, "showcase.html")).href, 600, "light");
const clip = { x: 0, y: 0, width: 600, height: 1050 };
await page.screenshot({ path: join(folder, "preview.png"), clip });
await browser.close();
