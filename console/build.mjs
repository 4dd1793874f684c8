// Bundles the console into dist/ (or, with --tests, its unit tests into dist-test/).
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const tests = process.argv.includes("--tests");
const out = tests ? "dist-test" : "dist";
await rm(out, { recursive: true, force: true });
await mkdir(out);
if (tests) {
  const files = (await readdir("tests")).filter((name) => name.endsWith(".test.ts"));
  const entryPoints = files.map((name) => `tests/${name}`);
  await build({ entryPoints, outdir: out, bundle: true, format: "esm", platform: "node", outExtension: { ".js": ".mjs" } });
} else {
  await build({ entryPoints: ["src/main.ts"], outdir: out, bundle: true, format: "esm", minify: true, target: "es2022" });
  for (const name of ["index.html", "style.css"]) await cp(`src/${name}`, `${out}/${name}`);
}
