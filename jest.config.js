const base = require('@jupyterlab/testutils/lib/jest-config')(__dirname);

// Packages that ship modules only: jest has to translate them.
const modules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft',
  '@rjsf',
  '@tanstack',
  '@xyflow',
  'classcat',
  'd3-',
  'exenv-es6',
  'lib0',
  'marked',
  'nanoid',
  'uuid',
  'vscode-',
  'y-protocols',
  'y-websocket',
  'yjs'
];

module.exports = {
  ...base,
  automock: false,
  modulePathIgnorePatterns: ['<rootDir>/lib', '<rootDir>/jupyter_ext', '<rootDir>/build', '<rootDir>/dist'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/ui-tests'],
  testRegex: 'src/.*/__tests__/.*.spec.ts[x]?$',
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')})).+`]
};
