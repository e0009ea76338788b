/** What a node of a lineage leads to, and its menu. */
import { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { LineageNode } from '../../../api/types';
import { copyText } from '../../../components/problems';

const SHOW_RUN = 'nbyard:show-run';

/** Where a lineage starts. */
export interface ILineageStart {
  kind: string;
  key: string;
  version?: number;
  node?: string;
}

interface IServices {
  trans: TranslationBundle;
  commands: CommandRegistry;
}

type OnStart = (start: ILineageStart) => void;

/** Return how many neighbours of a node the graph leaves out. */
export function leftOut({ more_before: before = 0, more_after: after = 0 }: LineageNode): number {
  return before + after;
}

/** Open the page of a node. Where there is none, or more to see, the lineage continues from it. */
export function open({ commands }: IServices, node: LineageNode, onStart: OnStart): void {
  const { kind } = node;
  const next = startAt(node);
  const page = pageOf(node);
  if (next && (leftOut(node) || kind === 'image' || kind === 'model')) {
    onStart(next);
  } else if (page) {
    void commands.execute(...page);
  }
}

/** Show what can be done with a node. */
export function showMenu(
  { commands, trans }: IServices,
  node: LineageNode,
  onStart: OnStart,
  event: React.MouseEvent
): void {
  event.preventDefault();
  event.stopPropagation(); // or JupyterLab shows its own menu
  const own = new CommandRegistry();
  const menu = new MenuSvg({ commands: own });
  const add = (label: string, isThere: unknown, execute: () => unknown) => {
    if (isThere) {
      own.addCommand(label, { label, execute, describedBy: {} });
      menu.addItem({ command: label });
    }
  };
  const { kind, subject, digest, file, run } = node;
  const page = pageOf(node);
  const start = startAt(node);
  add(trans.__('Open'), page, () => commands.execute(...page!));
  // the page of most nodes with a run is that run
  add(trans.__('Open Run'), run && page?.[0] !== SHOW_RUN, () =>
    commands.execute(SHOW_RUN, { id: run!.id, node: node.workflow_node })
  );
  add(trans.__('Show Lineage'), start, () => onStart(start!));
  const opening = menu.items.length;
  // other kinds have only the name of a file
  const path = (kind === 'file' || kind === 'code') && file;
  // the digest of an environment is that of its packages
  const sha256 = kind !== 'environment' && digest;
  add(trans.__('Copy ID'), subject, () => copyText(subject!, trans.__('The ID is copied.')));
  add(trans.__('Copy Path'), path, () => copyText(file!, trans.__('The path is copied.')));
  add(trans.__('Copy SHA-256'), sha256, () =>
    copyText(digest!, trans.__('The SHA-256 is copied.'))
  );
  if (!menu.items.length) {
    menu.dispose();
    return;
  }
  if (opening && opening < menu.items.length) {
    menu.insertItem(opening, { type: 'separator' });
  }
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  menu.open(event.clientX, event.clientY);
}

/** The pages of nodes without a run. */
const PAGES: Partial<Record<LineageNode['kind'], string>> = {
  code: 'executable',
  dataset: 'dataset',
  deployment: 'deployment',
  environment: 'environment',
  image: 'environment'
};

/** Return whether a result is a named artifact, whose name begins with that of its run. */
function isNamedArtifact({ kind, name, run }: LineageNode): boolean {
  return kind === 'artifact' && !!run?.name && name.startsWith(`${run.name}.`);
}

/** Return the command that opens the page of a node; undefined if it has none. */
function pageOf(node: LineageNode): [string, Record<string, string | undefined>] | undefined {
  const { kind, subject, run, file, is_deleted: isDeleted } = node;
  if (isDeleted) {
    return undefined;
  }
  if (run && isNamedArtifact(node)) {
    return ['nbyard:open-artifact', { id: run.id }];
  }
  if (run) {
    return [SHOW_RUN, { id: run.id, node: node.workflow_node }];
  }
  if (kind === 'file') {
    return ['docmanager:open', { path: file }];
  }
  return subject && PAGES[kind] ? [`nbyard:open-${PAGES[kind]}`, { id: subject }] : undefined;
}

/** Return the start of the lineage of a node; undefined if none can start there. */
function startAt(node: LineageNode): ILineageStart | undefined {
  const { kind, id, subject, version, run } = node;
  if (node.is_deleted || node.is_start) {
    return undefined;
  }
  switch (kind) {
    case 'image':
      return { kind, key: id.slice('image:'.length) };
    case 'dataset':
      return { kind, key: subject!, version };
    case 'artifact':
    case 'deployment':
    case 'model':
      return { kind, key: subject! };
    case 'task':
      return { kind: 'run', key: run!.id, node: node.workflow_node };
    default:
      return undefined;
  }
}
