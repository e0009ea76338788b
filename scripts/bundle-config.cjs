// What the bundle has besides JupyterLab's usual configuration. Code that several views use is in the
// bundle once, styles are minified, and the entry, which each page load reads, names files briefly.
const BROWSERS = ['chrome 100', 'firefox 100', 'safari 15'];
const OURS = /[\\/](lib|style)[\\/]/;
const APART = /[\\/](node_modules|reasons)[\\/]/;

/** One file for our modules that several files need: few requests, and nothing twice. */
const shared = {
  name: 'shared',
  test: module => {
    const name = module.nameForCondition() ?? '';
    return OURS.test(name) && !APART.test(name);
  },
  priority: 10,
  minChunks: 2,
  enforce: true
};

const NO_TRANSITIONS = require.resolve('./no-transitions.mjs');

module.exports = {
  resolve: { alias: { 'd3-transition': NO_TRANSITIONS, 'd3-interpolate': NO_TRANSITIONS } },
  output: { hashDigestLength: 8 },
  optimization: {
    chunkIds: 'natural',
    moduleIds: 'natural',
    splitChunks: { chunks: 'async', minSize: 12000, cacheGroups: { shared } }
  },
  module: {
    rules: [
      {
        test: /@xyflow[\\/]react[\\/]dist[\\/]esm[\\/]index\.m?js$/,
        loader: require.resolve('./pure-calls.cjs')
      },
      {
        test: /\.css$/,
        enforce: 'pre',
        loader: 'builtin:lightningcss-loader',
        options: { minify: true, targets: BROWSERS }
      }
    ]
  }
};
