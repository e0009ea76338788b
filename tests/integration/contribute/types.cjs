// Prints the type errors of some files: `node types.cjs FILE…` in a folder with tsconfig.test.json.
// tsc would check every file that they import as well, which takes twice as long.
const ts = require(require.resolve('typescript', { paths: [process.cwd()] }));

const { config } = ts.readConfigFile('tsconfig.test.json', ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
const files = process.argv.slice(2);
const program = ts.createProgram(files, options);
const errors = files.flatMap(file => [
  ...ts.getPreEmitDiagnostics(program, program.getSourceFile(file))
]);
const host = {
  getCanonicalFileName: file => file,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n'
};
console.log(ts.formatDiagnostics(errors, host));
process.exit(errors.length ? 1 : 0);
