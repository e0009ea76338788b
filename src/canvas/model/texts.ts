/** Texts of the canvas that depend on a value. */
import { TranslationBundle } from '@jupyterlab/translation';
import { stateText } from '../../components/StateMark';
import { EdgeRefusal, IFitting, IPorts, portsOf } from '../../document/edges';
import { IEdge } from '../../document/flow';
import { portName } from '../../document/maps/map';
import { elementsText, mapText } from './diagram/maps';
import { INodeView } from './nodeViews';
import { INodeRun, Off, TaskState } from './tokens';

export function refusalText(
  refused: EdgeRefusal,
  edge: IEdge,
  ports: (id: string) => IPorts | undefined,
  trans: TranslationBundle
): string {
  switch (refused) {
    case 'unknown-node':
      return trans.__('This node no longer exists.');
    case 'self':
      return trans.__('A node cannot connect to itself.');
    case 'unknown-port':
      return trans.__('The ports of this node are unknown.');
    case 'direction':
      return trans.__('A connection goes from an output to an input.');
    case 'taken':
      return trans.__('“%1” already has a connection. Remove it first.', edge.input);
    case 'cycle':
      return trans.__(
        'This connection would create a cycle: “%1” already leads to this node.',
        edge.target
      );
    case 'format':
      return trans.__(
        'The formats do not match: %1 provides %2, %3 accepts %4.',
        edge.output,
        formatOf(ports(edge.source), edge.output, trans),
        edge.input,
        formatOf(ports(edge.target), edge.input, trans)
      );
  }
}

/** Return the text for an executable without ports, which runs alone. */
export function noPortsText(trans: TranslationBundle): string {
  return trans.__(
    'This node has no named input or output, so it runs alone. Name a parameter input_… or output_…, or run it once: the inspector then lists its files, to declare with one click.'
  );
}

/** Return whether an executable has no port, as far as the server could read it. */
export function isAlone(view: INodeView): boolean {
  const { type, checked, problems, inputs, outputs, suggested } = view;
  const ports = inputs.length + outputs.length + suggested.length;
  return type !== 'dataset' && checked && !problems.length && !ports;
}

/** Return why no port of a whole node fits. */
export function bodyRefusalText(refused: IFitting['refused'], trans: TranslationBundle): string {
  switch (refused) {
    case 'no-input':
      return trans.__(
        'This node has no named input. Name a parameter input_…, or run it once: the inspector then lists the files that it reads, to declare with one click.'
      );
    case 'no-output':
      return trans.__(
        'This node has no named output. Name a parameter output_…, or run it once: the inspector then lists the files that it writes, to declare with one click.'
      );
    case 'unknown-port':
      return trans.__('The ports of this node are unknown.');
    case 'taken':
      return trans.__('Every matching input of this node already has a connection.');
    case 'format':
      return trans.__('No free port of this node accepts this format.');
    case 'cycle':
      return trans.__('This connection would create a cycle.');
    case 'self':
      return trans.__('A node cannot connect to itself.');
    default:
      return trans.__('This node has no matching port.');
  }
}

function formatOf(node: IPorts | undefined, name: string, trans: TranslationBundle): string {
  const port = node && portsOf(node).find(candidate => candidate.name === name);
  return port?.format || trans.__('any file');
}

export function stateWord({ state, cached }: INodeRun, trans: TranslationBundle): string {
  return stateText(state === 'succeeded' && cached ? 'cached' : state, trans);
}

/** The state of several nodes is the first of these that one of them has. */
export const STATE_ORDER: readonly TaskState[] = [
  'failed',
  'running',
  'preparing',
  'queued',
  'waiting',
  'cancelled',
  'skipped',
  'succeeded'
];

export function kindWord(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'dataset':
      return trans.__('dataset');
    case 'notebook':
      return trans.__('notebook');
    case 'command':
      return trans.__('command');
    case 'function':
      return trans.__('function');
    case 'model':
      return trans.__('model');
    case 'container':
      return trans.__('container');
    case 'workflow':
      return trans.__('workflow');
    case 'executable':
      return trans.__('executable');
    default:
      return kind;
  }
}

export function offWord(off: Off, trans: TranslationBundle): string {
  return {
    muted: trans.__('muted'),
    bypassed: trans.__('bypassed'),
    idle: trans.__('not run')
  }[off];
}

export function offText(off: Off, trans: TranslationBundle): string {
  return {
    muted: trans.__('Muted: this node and the nodes that depend on it do not run.'),
    bypassed: trans.__('Bypassed: this node does not run. Its inputs go to the next nodes.'),
    idle: trans.__('This node depends on a muted node, so it does not run.')
  }[off];
}

/** Return the text that a screen reader reads for a focused card. */
export function cardLabel(view: INodeView | undefined, trans: TranslationBundle): string {
  if (!view) {
    return '';
  }
  const parts = [view.title, ...(view.alike ? [view.id] : []), kindWord(view.kind, trans)];
  if (view.map) {
    parts.push(mapText(view.map, trans));
  }
  if (view.off) {
    parts.push(offWord(view.off, trans));
  }
  if (view.run?.checked) {
    parts.push(trans.__('check run'));
  }
  if (view.run) {
    parts.push(stateWord(view.run, trans));
  }
  if (view.when) {
    parts.push(trans.__('runs only if %1', view.when));
  }
  if (view.run?.elements) {
    parts.push(elementsText(view.run.elements, trans));
  }
  if (view.pinnedTo !== undefined) {
    parts.push(trans.__('pinned to the result of run %1', view.pinnedTo));
  }
  if (view.stale) {
    parts.push(trans.__('stale, will run: %1', view.stale));
  }
  parts.push(...view.problems);
  const open = view.inputs.filter(port => port.state === 'missing');
  const missing = open.map(({ name }) => portName(name, trans));
  if (missing.length) {
    parts.push(trans.__('not connected: %1', missing.join(', ')));
  }
  return parts.join(', ');
}

/** Return a duration as `9.5 s`, `42 s` or, in minutes and seconds, `3:05`. */
export function duration(seconds: number, digits = 1): string {
  if (seconds < 10) {
    return `${seconds.toFixed(digits)} s`;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes ? `${minutes}:${String(whole % 60).padStart(2, '0')}` : `${whole} s`;
}
