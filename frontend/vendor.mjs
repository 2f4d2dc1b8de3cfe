// Copies the browser files of the pinned npm packages into static/vendor, in the form pages load:
// ES modules without source map comments, because hashed static storage refuses references to absent files.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "..", "node_modules");
const destination = join(here, "static", "vendor");

const withoutSourceMap = (text) => text.replace(/^\/\/[#@] sourceMappingURL=.*$/gm, "").trimEnd() + "\n";

// The package ships no bundled ES module. Its UMD wrapper takes the CommonJS branch when it sees `module`.
const umdAsModule = (text, names) =>
  `const module = { exports: {} };\nconst exports = module.exports;\n${text}` +
  `export const { ${names.join(", ")} } = module.exports;\n`;

const files = [
  { from: "uplot/dist/uPlot.esm.js", to: "uplot.js" },
  { from: "uplot/dist/uPlot.min.css", to: "uplot.css" },
  { from: "uplot/LICENSE", to: "uplot.LICENSE.txt" },
  {
    from: "tus-js-client/dist/tus.min.js",
    to: "tus.js",
    change: (text) => umdAsModule(text, ["Upload", "isSupported", "defaultOptions"]),
  },
  { from: "tus-js-client/LICENSE", to: "tus.LICENSE.txt" },
];

await mkdir(destination, { recursive: true });
for (const { from, to, change = (text) => text } of files) {
  const text = await readFile(join(packages, from), "utf8");
  await writeFile(join(destination, to), change(withoutSourceMap(text)));
}
