/** A loader that marks wrapped components as pure, so that those of a library that nothing uses are left out. */
module.exports = source =>
  source.replace(/^const (\w+) = (memo|forwardRef)\(/gm, 'const $1 = /*#__PURE__*/ $2(');
