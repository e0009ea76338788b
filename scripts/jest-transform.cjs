// Translates TypeScript and ES modules for Jest. `npm run types` checks the types of the tests.
const { transform } = require('sucrase');

exports.process = (source, path) => {
  const transforms = ['imports', 'jest'];
  if (/\.tsx?$/.test(path)) {
    transforms.push('typescript');
  }
  if (/x$/.test(path)) {
    transforms.push('jsx');
  }
  return transform(source, {
    transforms,
    filePath: path,
    disableESTransforms: true,
    jsxRuntime: 'automatic',
    production: true
  });
};
