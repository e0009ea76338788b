/** Puts the nodes of a sub-workflow in the place of its card, as a group. */
import { isObject, Json, JsonObject } from '../../document/canonical';
import { IEdge, IFlow, parseFlow, Position } from '../../document/flow';
import { CanvasController } from '../model/controller';
import { HEAD, INSIDE } from '../model/diagram/frames';
import { regroup } from '../model/diagram/groupEdits';
import { IClip, pasteClip, relativePath, resolvePath } from '../model/editing';
import { boxOf, freeNear, IBox } from '../model/placement';

/** What only the card has. Its other settings hold for nodes that do not set them. */
const OWN = ['type', 'path', 'label', 'arguments', 'version', 'pin'];
const PACKAGES = ['environment', 'image', 'requirements', 'kernel'];
const CARD = { width: 232, height: 200 };
const PYTHON = /\.(ipynb|py)$/;

/**
 * Return the nodes, comments and groups of a workflow under ids such as `card.node`, with the
 * connections of the card that stands for them. `moved` returns a path of it, relative to the outer
 * one. The group around them is called `card.`.
 */
export function unpack(
  outer: IFlow,
  card: string,
  inner: IFlow,
  moved: (path: string) => string
): IClip {
  const id = (member: string) => `${card}.${member}`;
  const named = <T>(block: Record<string, T>, change: (value: T) => T = value => value) =>
    Object.fromEntries(Object.entries(block).map(([member, value]) => [id(member), change(value)]));
  const edges = Object.values(outer.edges);
  const inside = Object.values(inner.edges);
  const fed = edges.filter(({ target }) => target === card);
  const isFed = (node: string) => fed.some(({ input }) => input === node);
  const nodes = named(
    Object.fromEntries(Object.entries(inner.nodes).filter(([node]) => !isFed(node))),
    fields => placed(fields, outer.nodes[card], inner.meta, moved)
  );
  const members = ({ nodes: own }: JsonObject) => (Array.isArray(own) ? own.map(String) : []);
  const grouped = new Set(Object.values(inner.groups).flatMap(members));
  const cards = Object.keys({ ...inner.nodes, ...inner.comments, ...inner.groups });
  const title = String(outer.nodes[card].label ?? inner.meta.title ?? card);
  const outermost = cards.filter(member => !grouped.has(member)).map(id);
  return {
    nodes,
    comments: named(inner.comments),
    groups: {
      ...named(inner.groups, group => ({ ...group, nodes: members(group).map(id) })),
      [id('')]: { title, nodes: outermost }
    },
    edges: [
      ...inside
        .filter(({ source }) => !isFed(source))
        .map(edge => ({ ...edge, source: id(edge.source), target: id(edge.target) })),
      ...fed.flatMap(({ source, output, input }) => {
        const places = inside.filter(edge => edge.source === input); // it replaces this dataset
        const ends = places.length ? places : [portOf(input)];
        return ends.map(end => ({ source, output, target: id(end.target), input: end.input }));
      }),
      ...edges
        .filter(({ source }) => source === card)
        .map(edge => {
          const { target: source, input: output } = portOf(edge.output);
          return { ...edge, source: id(source), output };
        })
    ],
    positions: named(inner.positions)
  };
}

/** Return the node and the port of a port such as `node.port`. */
function portOf(name: string): Pick<IEdge, 'target' | 'input'> {
  const dot = name.indexOf('.');
  return { target: name.slice(0, dot), input: name.slice(dot + 1) };
}

/** Return a node with the settings and values that it has in a run of the outer workflow. */
function placed(
  fields: JsonObject,
  card: JsonObject,
  meta: JsonObject,
  moved: (path: string) => string
): JsonObject {
  const paths = (['path', 'requirements'] as const).filter(key => fields[key]);
  const node = {
    ...fields,
    ...Object.fromEntries(paths.map(key => [key, moved(String(fields[key]))]))
  } as JsonObject;
  if (node.type === 'dataset') {
    return node;
  }
  const isDefault = meta.environment && PYTHON.test(String(node.path));
  const isNamed = PACKAGES.some(key => node[key]) || isDefault;
  const left = isNamed ? [...OWN, ...PACKAGES] : OWN;
  const given = Object.entries(card).filter(([key]) => !left.includes(key));
  if (isDefault && !PACKAGES.some(key => node[key])) {
    given.push(['environment', meta.environment]);
  }
  const values = isObject(node.arguments) ? Object.entries(node.arguments) : [];
  const bound = values.flatMap(([name, value]) => {
    const now = boundTo(value, card, meta);
    return now === undefined ? [] : [[name, now] as const];
  });
  return {
    ...Object.fromEntries(given),
    ...node,
    ...(values.length && { arguments: Object.fromEntries(bound) })
  };
}

/** Return the value of a parameter of the sub-workflow, if the argument names one. */
function boundTo(value: Json, card: JsonObject, { parameters }: JsonObject): Json | undefined {
  const name = isObject(value) ? value.parameter : undefined;
  if (typeof name !== 'string') {
    return value;
  }
  if (isObject(card.arguments) && name in card.arguments) {
    return card.arguments[name];
  }
  const parameter = isObject(parameters) ? parameters[name] : undefined;
  return isObject(parameter) && 'default' in parameter ? { value: parameter.default } : undefined;
}

/** Replace the chosen sub-workflow by its nodes, as one undo step; its file stays. */
export async function unpackWorkflow(canvas: CanvasController): Promise<void> {
  const { contents, doc, store, trans } = canvas;
  const card = canvas.step!;
  const file = resolvePath(canvas.path, String(doc.nodes.get(card)?.get('path')));
  try {
    const { content } = await contents.get(file, { type: 'file', format: 'text', content: true });
    const inner = parseFlow(String(content));
    if (!inner) {
      throw new Error(trans.__('%1 is not a workflow.', file));
    }
    const outer = doc.toJSON();
    const clip = unpack(outer, card, inner, path =>
      relativePath(canvas.path, resolvePath(file, path))
    );
    const group = `${card}.`;
    const others = store.nodes.filter(({ id, type }) => type !== 'frame' && id !== card);
    const from = boxAround(Object.values(clip.positions));
    const [x, y] = store.place(card);
    const taken = others.map(({ id }) => boxOf(canvas, id));
    const at = freeNear({ ...from, x: x - INSIDE, y: y - INSIDE - HEAD }, taken);
    for (const [id, place] of Object.entries(clip.positions)) {
      clip.positions[id] = [place[0] - from.x + at[0], place[1] - from.y + at[1]];
    }
    const around = store.tree.parent(card);
    const close = doc.gesture();
    doc.remove([card]);
    const id = pasteClip(canvas, clip).get(group)!;
    doc.edit(() => around && regroup(doc, [id], around));
    close();
    store.select([id]);
    canvas.say(trans.__('Unpacked %1. Its file stays.', file));
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  }
}

/** Return the space of a frame around cards at these places. */
function boxAround(places: readonly Position[]): IBox {
  const [xs, ys] = [0, 1].map(axis => places.map(place => place[axis]));
  const [x, y] = [Math.min(...xs, Infinity), Math.min(...ys, Infinity)].map(least =>
    Number.isFinite(least) ? least : 0
  );
  const [width, height] = [
    Math.max(0, ...xs) - x + CARD.width,
    Math.max(0, ...ys) - y + CARD.height
  ];
  return {
    x: x - INSIDE,
    y: y - INSIDE - HEAD,
    width: width + 2 * INSIDE,
    height: height + 2 * INSIDE + HEAD
  };
}
