/** What the sections of a comparison share: their properties, and rows that a cause links to. */
import { RunComparison } from '../../../api/types';
import { IPanelServices } from '../../frame/services';

export interface IComparedProps {
  services: IPanelServices;
  comparison: RunComparison;
}

/** Return the title of a node, also of the node in `NODE.NAME`. */
export function titleOf(key: string, labels: RunComparison['labels'] = {}): string {
  const [node, ...name] = key.split('.');
  return labels[key] ?? [labels[node] ?? node, ...name].join('.');
}

export type Place = 'parameter' | 'input' | 'code' | 'package';

/** Return the element ID of a row; a package belongs to no node. */
export function rowId(comparison: RunComparison, place: Place, node: string, name: string): string {
  const runs = comparison.runs.map(({ number }) => number).join('-');
  return ['nby', runs, place, place === 'package' ? '' : node, name].join(' ').replace(/\s/g, '_');
}

/** Bring a row into view, open its differences and focus it; return whether the page has it. */
export function goTo(id: string): boolean {
  const row = document.getElementById(id);
  row?.querySelector<HTMLElement>('[aria-expanded="false"]')?.click();
  row?.scrollIntoView({ block: 'center' });
  row?.focus({ preventScroll: true });
  return !!row;
}
