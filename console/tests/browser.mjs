// Uses the console as a person would, in a real browser: sign in, see an alert, look at a camera, leave nothing behind.
// Told by its environment; prints what it saw as one JSON object.
import { chromium } from "playwright-core";

const { ORIGIN, ACCOUNT, PASSWORD, ADDRESS, PICTURE, BROWSER } = process.env;
const PATIENCE = 60_000;

const browser = await chromium.launch({
  executablePath: BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(PATIENCE);
const errors = [];
page.on("pageerror", (error) => errors.push(String(error)));
page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
try {
  await page.goto(`${ORIGIN}/${ADDRESS}`);
  await page.fill("#account", ACCOUNT);
  await page.fill("#password", PASSWORD);
  await page.click("form button");
  await page.waitForSelector("#alerts li");
  await page.click("#view button[type=submit]");
  await page.waitForFunction(() => document.getElementById("video").currentTime > 2);
  const seen = await page.evaluate(() => ({
    alert: document.querySelector("#alerts li strong").textContent,
    link: document.getElementById("link").textContent,
    shown: document.getElementById("shown").textContent,
    address: location.href,
    video: { width: document.getElementById("video").videoWidth, height: document.getElementById("video").videoHeight },
    kept: { session: sessionStorage.length, local: localStorage.length, cookies: document.cookie },
  }));
  console.log(JSON.stringify({ ...seen, errors }));
} catch (error) {
  console.log(JSON.stringify({ failed: String(error), address: page.url(), errors, text: await page.innerText("body") }));
  process.exitCode = 1;
} finally {
  if (PICTURE) await page.screenshot({ path: PICTURE });
  await browser.close();
}
