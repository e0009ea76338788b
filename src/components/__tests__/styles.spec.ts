import { readdirSync, readFileSync } from 'fs';
import { extname, join, resolve } from 'path';

/** Return the texts of the files with these endings in a folder, tests left out. */
function read(folder: string, ...endings: string[]): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter(
    name => endings.includes(extname(name)) && !name.includes('__tests__')
  );
  return new Map(files.map(name => [name, readFileSync(join(folder, name), 'utf8')]));
}

const sheets = read(resolve('style'), '.css');
const code = [...read(resolve('src'), '.ts', '.tsx').values()].join('\n');
const style = [...sheets.values()].join('\n').replace(/\/\*.*?\*\//gs, '');

/** Whether the code has the class, or makes it from its beginning, as in `nby-mod-${state}`. */
function isUsed(name: string): boolean {
  const parts = name.split('-');
  const made = parts.slice(2).map((_, count) => `${parts.slice(0, count + 2).join('-')}-\${`);
  return (
    new RegExp(`\\b${name}(?![\\w-])`).test(code) ||
    made.some(beginning => code.includes(beginning))
  );
}

describe('the style sheets', () => {
  it('have no classes that the code does not use', () => {
    const classes = new Set([...style.matchAll(/\.(nby-[\w-]+)/g)].map(([, name]) => name));
    expect(classes.size).toBeGreaterThan(100);
    expect([...classes].filter(name => !isUsed(name))).toEqual([]);
  });

  it('have a colour for each kind of data', () => {
    const rules = [...style.matchAll(/([^{}]+)\{[^{}]*--nby-data: var\((--[\w-]+)\)/g)];
    const kinds = ['any', 'file', 'folder', 'table', 'model'];
    const colour = (kind: string) => rules.find(([, of]) => of.includes(`nby-mod-${kind}`))?.[2];
    expect(kinds.map(colour)).not.toContain(undefined);
    const tokens = sheets.get('tokens.css')!;
    expect(kinds.filter(kind => !tokens.includes(`${colour(kind)}: color-mix`))).toEqual([]);
  });

  it('have no tokens that nobody uses', () => {
    const tokens = new Set([...style.matchAll(/(--nby-[\w-]+):/g)].map(([, name]) => name));
    expect([...tokens].filter(name => !style.includes(`var(${name})`))).toEqual([]);
  });

  it('define each selector in one sheet', () => {
    const places = new Map<string, Set<string>>();
    for (const [sheet, text] of sheets) {
      const flat = text
        .replace(/\/\*.*?\*\//gs, '')
        .replace(/@[^{;]*\{(?:[^{}]*\{[^{}]*\})*\s*\}/g, '');
      for (const [, selectors] of flat.matchAll(/([^{};]+)\{/g)) {
        for (const selector of selectors.split(/,(?![^(]*\))/).map(one => one.trim())) {
          places.set(selector, (places.get(selector) ?? new Set()).add(sheet));
        }
      }
    }
    expect(places.size).toBeGreaterThan(100);
    expect([...places].filter(([, { size }]) => size > 1).map(([selector]) => selector)).toEqual(
      []
    );
  });
});
