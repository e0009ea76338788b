// Builds the browser bundle for ./dev: once, and again after each change. tsc checks the types.
// Usage: node dev_bundle.cjs PACKAGE_FOLDER, in the root of the checkout. Ends when stdin closes.
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const corePackageFile = require('../scripts/core-package.cjs');

const fromCheckout = createRequire(path.resolve('package.json'));
const generateConfig = fromCheckout('@jupyter/builder/lib/extensionConfig').default;
const { rspack } = fromCheckout('@rspack/core');

function swc(test, tsx) {
  const jsc = {
    parser: { syntax: 'typescript', tsx },
    transform: { react: { runtime: 'automatic' } },
    target: 'es2022'
  };
  return { test, exclude: /node_modules/, loader: 'builtin:swc-loader', options: { jsc } };
}

const [config] = generateConfig({
  packagePath: path.resolve(process.argv[2]),
  corePackageFile: corePackageFile(),
  mode: 'development'
});
config.bail = false;
config.devtool = 'cheap-module-source-map';
config.module.rules.push(swc(/\.ts$/, false), swc(/\.tsx$/, true));
config.optimization = { emitOnErrors: false };
config.resolve.extensions = ['.ts', '.tsx', '.js', '.json'];
// it would record the entry of a build that failed
config.plugins = config.plugins.filter(plugin => plugin.constructor.name !== 'CleanupPlugin');

/** Name the entry file in the package.json that JupyterLab reads. Remove older ones. */
function record(compilation) {
  const [entry] = Object.keys(compilation.assets).filter(name =>
    /^remoteEntry\..*\.js$/.test(name)
  );
  const described = path.join(config.output.path, '../package.json');
  const data = JSON.parse(fs.readFileSync(described));
  data.jupyterlab._build = { load: `static/${entry}`, extension: './extension' };
  fs.writeFileSync(`${described}.new`, JSON.stringify(data, null, 2));
  fs.renameSync(`${described}.new`, described);
  for (const name of fs.readdirSync(config.output.path)) {
    if (name.startsWith('remoteEntry.') && !name.startsWith(entry)) {
      fs.unlinkSync(path.join(config.output.path, name));
    }
  }
}

rspack(config).watch({ aggregateTimeout: 20 }, (error, stats) => {
  if (error) {
    throw error;
  }
  if (stats.hasErrors() || stats.hasWarnings()) {
    console.log(stats.toString({ preset: 'errors-warnings', colors: process.stdout.isTTY }));
  }
  if (stats.hasErrors()) {
    console.log('Build failed. Pages keep the last bundle.');
    return;
  }
  record(stats.compilation);
  const { time } = stats.toJson({ all: false, timings: true });
  console.log(`Built in ${time} ms.`);
});

process.stdin.resume().once('end', () => process.exit(0));
