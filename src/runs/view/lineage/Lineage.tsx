import '../../../../style/lineage.css';
import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../../../components/Button';
import { IYard } from '../../../api/yard';
import type { Lineage as Graph } from '../../../api/types';
import { Waiting } from '../../../components/text/messages';
import { useAnswer } from '../../../api/useAnswer';
import { ILineageStart, leftOut, open, showMenu } from './opening';
import { IPlaced, ILayout, HEIGHT, edgePath, layoutOf, WIDTH } from './places';
import { detailOf, factsOf, nameOf, usedIn } from './texts';

interface ILineageProps {
  services: { yard: IYard; trans: TranslationBundle; commands: CommandRegistry };
  start: ILineageStart;
}

/** What something comes from at the left, and what was made with it at the right. */
export default function Lineage({ services, start }: ILineageProps): JSX.Element {
  const { yard, trans } = services;
  const { kind, key, version } = start;
  const [path, setPath] = useState<readonly ILineageStart[]>([]);
  useEffect(() => setPath([]), [kind, key, version]);
  const question = { query: path.at(-1) ?? start };
  const { answer: graph, problem } = useAnswer(yard.client, 'lineage.get', question);
  const left = (graph?.nodes ?? []).reduce((sum, node) => sum + leftOut(node), 0);
  return (
    <div className="nby-Lineage">
      {!!path.length && (
        <Button onClick={() => setPath(path.slice(0, -1))}>{trans.__('Back')}</Button>
      )}
      {!!left && (
        <p className="nby-Note">
          {trans.__('%1 more are not shown. Open a node with a “+” to continue from it.', left)}
        </p>
      )}
      {(problem || !graph) && (
        <Waiting problem={problem && trans.__('Not shown: %1', problem)}>
          {trans.__('Loading…')}
        </Waiting>
      )}
      {graph && !problem && (
        <Nodes services={services} graph={graph} onStart={next => setPath([...path, next])} />
      )}
    </div>
  );
}

interface INodesProps {
  services: ILineageProps['services'];
  graph: Graph;
  onStart: (start: ILineageStart) => void;
}

/** The nodes as one tab stop; arrow keys follow the connections, and go up and down a column. */
function Nodes({ services, graph, onStart }: INodesProps): JSX.Element {
  const { trans } = services;
  const layout = useMemo(() => layoutOf(graph), [graph]);
  const first = layout.nodes.find(node => node.is_start)?.id;
  const [current, setCurrent] = useState(first);
  useEffect(() => setCurrent(first), [first]);
  const box = useRef<HTMLDivElement>(null);
  const goTo = (node: IPlaced | undefined) => {
    if (node) {
      setCurrent(node.id);
      box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(node.id)}"]`)?.focus();
    }
  };
  useEffect(() => {
    // a start that is far to the right is not hidden
    box.current
      ?.querySelector('[aria-current]')
      ?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [layout]);
  const onKey = (event: KeyboardEvent, node: IPlaced) => {
    const next = neighbour(layout, node, event.key);
    if (next !== null) {
      event.preventDefault();
      goTo(next);
    }
  };
  const sides = useMemo(
    () => [layout.before, layout.after].map(next => reachedFrom(current, next)),
    [layout, current]
  );
  /** Whether one side of the current node has all of these. */
  const isOnPath = (...nodes: IPlaced[]) =>
    sides.some(side => nodes.every(({ id }) => side.has(id)));
  const chosen = layout.nodes.find(({ id }) => id === current);
  const names = (nodes: readonly IPlaced[] = []) =>
    nodes.map(node => nameOf(node, trans)).join(', ');
  const labelOf = (node: IPlaced) =>
    [
      nameOf(node, trans),
      detailOf(node, trans),
      usedIn(node, trans),
      layout.before.has(node.id) && trans.__('from %1', names(layout.before.get(node.id))),
      layout.after.has(node.id) && trans.__('used for %1', names(layout.after.get(node.id)))
    ]
      .filter(Boolean)
      .join(', ');
  return (
    <div className="nby-Lineage-whole">
      <div className="nby-Lineage-box" ref={box}>
        <div
          className="nby-Lineage-graph"
          role="group"
          aria-label={trans.__('Lineage')}
          style={{ width: layout.width, height: layout.height }}
        >
          <svg width={layout.width} height={layout.height} aria-hidden="true">
            {layout.nodes.flatMap(node =>
              (layout.after.get(node.id) ?? []).map(other => (
                <path
                  key={`${node.id} ${other.id}`}
                  className={isOnPath(node, other) ? 'nby-mod-near' : ''}
                  d={edgePath(node, other)}
                />
              ))
            )}
          </svg>
          {layout.nodes.map(node => (
            <button
              key={node.id}
              type="button"
              data-id={node.id}
              className={`nby-Lineage-node nby-mod-${node.kind} nby-mod-${node.state} ${isOnPath(node) ? 'nby-mod-near' : ''}`}
              style={{ left: node.x, top: node.y, width: WIDTH, height: HEIGHT }}
              title={`${nameOf(node, trans)}\n${detailOf(node, trans)}`}
              aria-label={labelOf(node)}
              aria-current={node.is_start || undefined}
              tabIndex={node.id === current ? 0 : -1}
              disabled={node.is_visible === false}
              onFocus={() => setCurrent(node.id)}
              onKeyDown={event => onKey(event, node)}
              // a key opens the node, and so does a double click
              onClick={({ detail }) =>
                detail ? setCurrent(node.id) : open(services, node, onStart)
              }
              onDoubleClick={() => open(services, node, onStart)}
              onContextMenu={event => showMenu(services, node, onStart, event)}
            >
              <span>{nameOf(node, trans)}</span>
              <small>{detailOf(node, trans)}</small>
              <small>{usedIn(node, trans)}</small>
              {!!leftOut(node) && <b>+{leftOut(node)}</b>}
            </button>
          ))}
        </div>
      </div>
      {chosen && (
        <div
          className="nby-Lineage-facts"
          role="region"
          aria-label={trans.__('Details')}
          tabIndex={0} // it scrolls
        >
          {factsOf(chosen, trans)}
        </div>
      )}
    </div>
  );
}

/** Return a node with all that follow it in one direction. */
function reachedFrom(
  id: string | undefined,
  next: ReadonlyMap<string, readonly IPlaced[]>
): ReadonlySet<string> {
  const ids = new Set(id ? [id] : []);
  for (const at of ids) {
    next.get(at)?.forEach(other => ids.add(other.id)); // a set yields what is added meanwhile
  }
  return ids;
}

/** Return the node that an arrow key leads to; null if the key leads nowhere. */
function neighbour(layout: ILayout, node: IPlaced, key: string): IPlaced | undefined | null {
  const column = layout.nodes.filter(({ x, is_visible: seen }) => x === node.x && seen !== false);
  const at = column.indexOf(node);
  const seen = (nodes: readonly IPlaced[] = []) =>
    nodes.find(candidate => candidate.is_visible !== false);
  switch (key) {
    case 'ArrowUp':
      return column[at - 1];
    case 'ArrowDown':
      return column[at + 1];
    case 'ArrowLeft':
      return seen(layout.before.get(node.id));
    case 'ArrowRight':
      return seen(layout.after.get(node.id));
    default:
      return null;
  }
}
