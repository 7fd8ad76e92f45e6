// Debian's chromium without a window, for whoever opens pages in it.
import { launch } from "puppeteer-core";

export const openChromium = () =>
  launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--hide-scrollbars"],
  });

export const SCHEMES = ["light", "dark"];
export const WIDTHS = [320, 600, 1000];

/** `page` showing the file at `url` as wide and in the scheme that is asked for. */
export async function show(page, url, width, scheme) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 800 });
  await page.goto(url, { waitUntil: "load" });
}
