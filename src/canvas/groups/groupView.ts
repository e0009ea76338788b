/** What the card or the frame of a group shows. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useMemo } from 'react';
import { useSignal } from '../../components/hooks/useSignal';
import { stateText } from '../../components/StateMark';
import { portName } from '../../document/maps/map';
import { CanvasController } from '../model/controller';
import { groupPorts } from '../model/diagram/groupPorts';
import { IPortView } from '../model/nodeViews';
import { useCanvas } from '../model/hooks';
import { STATE_ORDER } from '../model/texts';
import { TaskState } from '../model/tokens';

/** A port of a node in the group, and its name on the card. */
export interface IGroupPort extends IPortView {
  node: string;
  handle: string;
}

export interface IGroupView {
  title: string;
  color: string;
  /** For example "4 nodes". */
  count: string;
  /** For example "2 of 4 done"; empty without a run. */
  progress: string;
  state?: TaskState;
  problems: string;
  inputs: IGroupPort[];
  outputs: IGroupPort[];
}

/** The colours of groups with their names; the first one is the default. */
export function colorsOf(trans: TranslationBundle): [string, string][] {
  return [
    ['', trans.__('Grey')],
    ['blue', trans.__('Blue')],
    ['green', trans.__('Green')],
    ['orange', trans.__('Orange')],
    ['red', trans.__('Red')],
    ['cyan', trans.__('Cyan')]
  ];
}

export function titleOf({ doc, trans }: CanvasController, id: string): string {
  return String(doc.groups.get(id)?.get('title') || trans.__('Group'));
}

export function groupView(canvas: CanvasController, id: string): IGroupView {
  const { checker, doc, store, trans, views } = canvas;
  const nodes = store.tree.leaves(id).filter(node => doc.nodes.has(node));
  const problems = nodes.reduce((sum, node) => sum + checker.problemsOf(node).length, 0);
  const [inputs, outputs] = store.tree.isFolded(id) ? groupPorts(store.tree, views, id) : [[], []];
  return {
    title: titleOf(canvas, id),
    color: String(doc.groups.get(id)?.get('color') ?? ''),
    count: trans._n('%1 node', '%1 nodes', nodes.length),
    problems: problems ? trans._n('%1 problem', '%1 problems', problems) : '',
    ...stateOf(canvas, nodes),
    inputs: named(inputs, trans),
    outputs: named(outputs, trans)
  };
}

/** Return the state of all nodes together: a failure first, then what still runs or waits. */
function stateOf(canvas: CanvasController, nodes: readonly string[]) {
  const { doc, runs, trans } = canvas;
  const tasks = nodes.filter(node => doc.nodes.get(node)?.get('type') !== 'dataset');
  const states = tasks.flatMap(node => runs?.stateOf(node) ?? []);
  const count = (state: TaskState) => states.filter(other => other === state).length;
  const done = count('succeeded');
  const first = STATE_ORDER.find(state => state !== 'succeeded' && states.includes(state));
  const parts = states.length ? [trans.__('%1 of %2 done', done, tasks.length)] : [];
  if (first === 'failed' || first === 'running') {
    parts.unshift(`${count(first)} ${stateText(first, trans)}`);
  }
  const isDone = done > 0 && done === tasks.length;
  return { state: first ?? (isDone ? 'succeeded' : undefined), progress: parts.join(', ') };
}

/** Return the ports under names that are unique at their side. */
function named(ports: IGroupPort[], trans: TranslationBundle): IGroupPort[] {
  return ports.map(port => {
    const isAlone = ports.every(({ handle, name }) => name !== port.name || handle === port.handle);
    const name = portName(port.name, trans);
    return { ...port, name: isAlone ? name : `${port.node}.${name}` };
  });
}

/** Return the view of a group, as a new object after each change. */
export function useGroup(id: string): IGroupView {
  const canvas = useCanvas();
  const text = useSignal(canvas.views.changed, () => JSON.stringify(groupView(canvas, id)));
  return useMemo(() => JSON.parse(text) as IGroupView, [text]);
}

/** Return the text that a screen reader reads for a focused group. */
export function groupLabel(view: IGroupView, trans: TranslationBundle): string {
  const { count, problems, progress, state, title } = view;
  const word = state && stateText(state, trans);
  const parts = [trans.__('Group: %1', title), count, word, progress, problems];
  return parts.filter(Boolean).join(', ');
}
