// An ESLint plugin for the folders of src: which may import which, circles of imports among files and
// among folders, and how many modules a folder has.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;
const MODULES = 15;

/** Return the file of a relative import; undefined for styles and other files. */
function fileOf(importer, name) {
  const target = path.resolve(path.dirname(importer), name);
  return [`${target}.ts`, `${target}.tsx`].find(existsSync);
}

function modulesOf(folder) {
  const names = readdirSync(folder, { recursive: true });
  return names
    .filter(name => /\.tsx?$/.test(name) && !name.includes('__tests__'))
    .map(name => path.join(folder, name));
}

/** Return the members of a circle by member, for each that can be reached from itself. */
export function circles(edges) {
  const reached = new Map();
  for (const start of edges.keys()) {
    const seen = new Set();
    const waiting = [...edges.get(start)];
    while (waiting.length) {
      const next = waiting.pop();
      if (!seen.has(next)) {
        seen.add(next);
        waiting.push(...(edges.get(next) ?? []));
      }
    }
    reached.set(start, seen);
  }
  const found = new Map();
  for (const [start, seen] of reached) {
    if (seen.has(start)) {
      found.set(start, new Set([...seen].filter(other => reached.get(other)?.has(start))));
    }
  }
  return found;
}

/** Return the circles of files and those of folders; imports of types and late ones count. */
export function circlesIn(root) {
  const files = new Map();
  const folders = new Map();
  for (const file of modulesOf(root)) {
    const names = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, name]) => name);
    const targets = names.map(name => fileOf(file, name)).filter(Boolean);
    const folder = path.dirname(file);
    const others = targets.map(target => path.dirname(target)).filter(other => other !== folder);
    files.set(file, new Set(targets));
    folders.set(folder, new Set([...(folders.get(folder) ?? []), ...others]));
  }
  return { files: circles(files), folders: circles(folders) };
}

// Read once: an editor that keeps ESLint running sees a new circle after its restart.
let known;

function circleOf(importer, target, root) {
  known ??= circlesIn(root);
  const [from, to] = [path.dirname(importer), path.dirname(target)];
  const ring =
    (known.files.get(importer)?.has(target) && known.files.get(importer)) ||
    (from !== to && known.folders.get(from)?.has(to) && known.folders.get(from));
  return ring && [...ring].map(member => path.relative(root, member)).sort();
}

/** Return a visitor that calls `check` for each relative import, with its path without suffix. */
function relativeImports(context, check) {
  const visit = ({ source }) => {
    const name = source?.value;
    if (typeof name === 'string' && name.startsWith('.')) {
      check(source, path.resolve(path.dirname(context.filename), name));
    }
  };
  return {
    ImportDeclaration: visit,
    ImportExpression: visit,
    ExportAllDeclaration: visit,
    ExportNamedDeclaration: visit
  };
}

const noCircles = {
  create(context) {
    const root = path.join(context.cwd, 'src');
    return relativeImports(context, node => {
      const target = fileOf(context.filename, node.value);
      const ring = target && circleOf(context.filename, target, root);
      if (ring) {
        context.report({ node, message: `A circle of imports: ${ring.join(', ')}` });
      }
    });
  }
};

// Its option: for folders of src, the start of what they may not import, as an expression.
const layers = {
  meta: { schema: [{ type: 'object', additionalProperties: { type: 'string' } }] },
  create(context) {
    const root = path.join(context.cwd, 'src');
    const inside = path.relative(root, context.filename);
    const rules = Object.entries(context.options[0])
      .filter(([folder]) => inside.startsWith(`${folder}/`))
      .map(([, hidden]) => new RegExp(`^(?:${hidden})`));
    return relativeImports(context, (node, place) => {
      if (rules.some(rule => rule.test(path.relative(root, place)))) {
        context.report({ node, message: 'This folder lies below that one.' });
      }
    });
  }
};

const smallFolders = {
  create(context) {
    return {
      Program(node) {
        const folder = path.dirname(context.filename);
        const modules = readdirSync(folder)
          .filter(name => /\.tsx?$/.test(name))
          .sort();
        const isFirst = modules[0] === path.basename(context.filename);
        if (isFirst && modules.length > MODULES) {
          const message = `${folder} has ${modules.length} modules, above ${MODULES}`;
          context.report({ node, message });
        }
      }
    };
  }
};

export default {
  rules: { layers, 'no-circles': noCircles, 'small-folders': smallFolders }
};
