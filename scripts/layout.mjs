// An ESLint plugin for what a single file does not show: circles of imports, among files and among
// folders, and how many modules a folder has.
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

const noCircles = {
  create(context) {
    const root = path.join(context.cwd, 'src');
    const check = ({ source }) => {
      const name = source?.value;
      const target = typeof name === 'string' && fileOf(context.filename, name);
      const ring = name?.startsWith?.('.') && target && circleOf(context.filename, target, root);
      if (ring) {
        context.report({ node: source, message: `A circle of imports: ${ring.join(', ')}` });
      }
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check
    };
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

export default { rules: { 'no-circles': noCircles, 'small-folders': smallFolders } };
