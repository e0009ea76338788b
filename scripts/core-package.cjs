// Describes JupyterLab's packages to its builder. The builder asks pages for the packages of the
// JupyterLab that it belongs to. Ours run with all versions that package.json allows.
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');

/** Write the description, and return its path. */
function corePackageFile() {
  const known = require.resolve('@jupyterlab/core-meta/core.package.json', { paths: [ROOT] });
  const core = JSON.parse(readFileSync(known));
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json')));
  const shared = { ...core.dependencies, ...core.resolutions };
  const ours = Object.entries(dependencies).filter(([name]) => name in shared);
  core.resolutions = { ...core.resolutions, ...Object.fromEntries(ours) };
  const target = path.join(ROOT, 'build/core.package.json');
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, JSON.stringify(core, null, 2));
  return target;
}

module.exports = corePackageFile;
if (require.main === module) {
  corePackageFile();
}
