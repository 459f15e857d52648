// Opens pages of the built site in headless Chromium, as a desk (1280 x 900) and a phone (390 x 844) show them.
//
//   npm install --prefix docs/_build/browser --no-save puppeteer-core@25 axe-core@4
//   node docs/check_in_browser.mjs docs/_build/html [--pictures FOLDER] [PAGE ...]
//
// A page must not be wider than the window. No block of code may be cut without a bar to scroll it. Every picture
// must load. Contrast of text and links is that of WCAG AA, light and dark, and headings go down by one level at a
// time (both by axe-core). What a page loads besides pictures weighs less than 1 MB. In all pages of the site, not
// only in those that are opened, links within the site lead to a file, and to an id in it, that is there.
// A new check is a function of a page that answers with a list of complaints, and a line in `look`.

import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL, fileURLToPath } from "node:url";

const WINDOWS = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const MOST_BYTES = 1e6;
const CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const PAGES = [
  "index.html", "start/install.html", "start/first_classifier.html", "start/first_forecast.html",
  "start/choosing.html", "guide/index.html", "guide/data.html", "guide/tbptt.html", "guide/mistakes.html",
  "cookbook/index.html", "guide/comparison.html", "guide/derivations/lstm.html", "guide/inspection.html", "gallery/index.html",
  "gallery/looking_inside.html", "api.html", "generated/skrnn.LSTMClassifier.html",
  "generated/skrnn.Forecaster.html",
];

const arguments_ = process.argv.slice(2);
const root = path.resolve(arguments_.shift());
const pictures = arguments_[0] === "--pictures" ? arguments_.splice(0, 2)[1] : null;
const pages = arguments_.length ? arguments_ : PAGES.filter((page) => fs.existsSync(path.join(root, page)));
const modules = createRequire(path.join(path.dirname(root), "browser", "package.json"));
const axe = fs.readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const { default: puppeteer } = await import(pathToFileURL(modules.resolve("puppeteer-core")));

function wider(room) {
  const said = document.documentElement.scrollWidth > room ? [`is ${document.documentElement.scrollWidth} wide in ${room}`] : [];
  const scrolls = (box) => box && box.tagName !== "ARTICLE" && (["auto", "scroll"].includes(getComputedStyle(box).overflowX) || scrolls(box.parentElement));
  for (const one of document.querySelectorAll("main article *")) {
    const box = one.getBoundingClientRect();
    if (box.width > 1 && box.right > room + 1 && !scrolls(one.parentElement))
      said.push(`<${one.tagName.toLowerCase()} class="${one.className}"> ends at ${Math.round(box.right)} of ${room}: ${one.textContent.trim().slice(0, 40)}`);
  }
  return said;
}

function cut_code() {
  const scrolls = (box) => box && (["auto", "scroll"].includes(getComputedStyle(box).overflowX) || scrolls(box.parentElement));
  return [...document.querySelectorAll("main pre")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && !scrolls(one))
    .map((one) => `cuts code: ${one.textContent.slice(0, 60)}`);
}

function broken_pictures() {
  return [...document.images]
    .filter((one) => one.offsetParent !== null && one.complete && one.naturalWidth === 0)
    .map((one) => `lacks the picture ${one.getAttribute("src")}`);
}

function narrow_tables() {
  return [...document.querySelectorAll("main td, main dd, main th")]
    .filter((one) => one.offsetParent !== null && one.textContent.trim().length > 40 && one.clientWidth < 90)
    .map((one) => `has a column of ${one.clientWidth} pixels: ${one.textContent.trim().slice(0, 40)}`);
}

async function by_axe(rules) {
  const found = await window.axe.run("body", { runOnly: { type: "rule", values: rules } });
  return found.violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target} ${node.any[0]?.message ?? node.html.slice(0, 90)}`),
  );
}

async function look(browser, name, kind, theme) {
  const page = await browser.newPage();
  await page.setViewport({ ...WINDOWS[kind], isMobile: kind === "phone", hasTouch: kind === "phone" });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  const weights = new Map();
  page.on("request", (request) => {
    if (request.url().startsWith("file:") && request.resourceType() !== "image") {
      const file = fileURLToPath(request.url().replace(/[?#].*/, ""));
      weights.set(file, fs.existsSync(file) ? fs.statSync(file).size : 0);
    } else if (request.url().startsWith("http")) outside.push(`${name} fetches ${request.url()}`);
  });
  const outside = [];
  await page.goto(pathToFileURL(path.join(root, name)), { waitUntil: "load" });
  // pictures below the window are loaded when they are scrolled to
  await page.evaluate(() => document.querySelectorAll("img").forEach((one) => (one.loading = "eager")));
  await page.evaluate(() => Promise.all([...document.images].map((one) => one.decode().catch(() => null))));
  const said = [...outside];
  if (theme === "light")
    for (const check of [wider, cut_code, broken_pictures, narrow_tables]) said.push(...(await page.evaluate(check, WINDOWS[kind].width)));
  if (kind === "desk" || theme === "light") {
    await page.evaluate(axe);
    said.push(...(await page.evaluate(by_axe, ["color-contrast", "heading-order", "image-alt", "empty-heading"])));
  }
  const bytes = [...weights.values()].reduce((sum, one) => sum + one, 0);
  const heaviest = [...weights].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([file, size]) => `${path.basename(file)} ${size}`);
  if (bytes > MOST_BYTES) said.push(`weighs ${(bytes / 1e6).toFixed(2)} MB without pictures: ${heaviest.join(", ")}`);
  if (pictures) {
    fs.mkdirSync(pictures, { recursive: true });
    const file = path.join(pictures, `${name.replace(/[/.]/g, "_")}_${kind}_${theme}.png`);
    await page.screenshot({ path: file, clip: { x: 0, y: 0, width: WINDOWS[kind].width, height: 2400 }, captureBeyondViewport: true });
  }
  await page.close();
  return { said, bytes };
}

function html_files(folder) {
  return fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html") && !name.startsWith("_static"));
}

function broken_links() {
  const ids = new Map();
  const ids_of = (file) => {
    if (!ids.has(file)) {
      const text = fs.readFileSync(file, "utf8");
      ids.set(file, new Set([...text.matchAll(/\s(?:id|name)="([^"]+)"/g)].map((one) => one[1])));
    }
    return ids.get(file);
  };
  const said = [];
  for (const name of html_files(root)) {
    const text = fs.readFileSync(path.join(root, name), "utf8");
    for (const [, link] of text.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]+)"/g)) {
      if (/^(?:[a-z]+:|\/\/)/.test(link)) continue;
      const [target, id] = link.replace(/&amp;/g, "&").split("#");
      const file = target.replace(/\?.*/, "") ? path.join(root, path.dirname(name), decodeURI(target.replace(/\?.*/, ""))) : path.join(root, name);
      if (!fs.existsSync(file)) said.push(`${name}: no ${link}`);
      // viewcode knows one public name of a module: of functions with two, its links back miss by the name
      else if (id && !name.startsWith("_modules") && file.endsWith(".html") && !ids_of(file).has(decodeURIComponent(id))) said.push(`${name}: no id ${link}`);
    }
  }
  return [...new Set(said)];
}

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || CHROMIUMS.find((one) => fs.existsSync(one)),
  args: ["--no-sandbox", "--allow-file-access-from-files", "--disable-gpu"],
});
let failed = broken_links();
failed.forEach((one) => console.log(one));
console.log(`${html_files(root).length} pages, ${failed.length} broken links`);
for (const name of pages) {
  for (const [kind, theme] of [["desk", "light"], ["desk", "dark"], ["phone", "light"]]) {
    const { said, bytes } = await look(browser, name, kind, theme);
    failed = failed.concat(said);
    console.log(`${said.length ? "FAILED" : "ok"} ${name} ${kind} ${theme} ${(bytes / 1e3).toFixed(0)} kB`);
    [...new Set(said)].slice(0, 12).forEach((one) => console.log(`    ${one}`));
  }
}
await browser.close();
console.log(`${pages.length} pages opened, ${failed.length} complaints`);
process.exitCode = failed.length ? 1 : 0;
