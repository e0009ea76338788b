/** Describes deployments in the words of the interface. */
import { URLExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Deployment, Link, Revision, RevisionSpec } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { isOwner, mayChange } from '../../../components/format/roles';
import { showMoment } from '../../../components/format/times';

const RESTS: ReadonlySet<string> = new Set(['stopped', 'completed', 'failed']);

/** Return the title, with the name if another deployment has the same title. */
export function titleAmong<T extends { id: string; title: string; name: string }>(
  { id, title, name }: T,
  others: readonly T[]
): string {
  const isShared = others.some(other => other.id !== id && other.title === title);
  return isShared && title && title !== name ? `${title} (${name})` : title || name;
}

/** Return whether the deployment has stopped and has no start ahead. */
export function isAtRest({ state }: { state: string }): boolean {
  return RESTS.has(state);
}

/** Return the state to show: a deployment that is queued for its image is *building*. */
export function shownState({ state, reason }: Pick<Deployment, 'state' | 'reason'>): string {
  return reason?.code === 'waits-for-build' ? 'building' : state;
}

/** Return whether it is changing its state. */
export function isUnderWay({ state }: { state: string }): boolean {
  return ['queued', 'starting', 'stopping'].includes(state);
}

/** Return the names of the commands that apply to it. */
export function actionsOf(deployment: Deployment): string[] {
  if (!mayChange(deployment)) {
    return [];
  }
  const turn = isAtRest(deployment) || deployment.state === 'stopping' ? 'start' : 'stop';
  const older = deployment.revision > 1 ? ['roll-back'] : [];
  const end = isOwner(deployment) ? ['delete'] : [];
  const soon = deployment.expires_soon ? ['extend'] : [];
  return [...soon, turn, 'edit', ...older, ...end].map(name => `nbyard:${name}-deployment`);
}

export function addressOf({ client }: IYard, { path }: Link): string {
  return URLExt.join(client.settings.baseUrl, path);
}

/** "4 CPUs · 8 GB · 1 GPU". */
export function hardwareOf(
  { cpu, memory_gb, gpu }: Pick<RevisionSpec, 'cpu' | 'memory_gb' | 'gpu'>,
  trans: TranslationBundle
): string {
  return [
    trans._n('%1 CPU', '%1 CPUs', cpu),
    trans.__('%1 GB', memory_gb),
    !!gpu && trans._n('%1 GPU', '%1 GPUs', gpu)
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Return when it stops, once its owner is reminded of it; empty before. */
export function stopText(
  { expires_at, expires_soon }: Deployment,
  trans: TranslationBundle
): string {
  return expires_soon ? trans.__('stops at %1', showMoment(expires_at)) : '';
}

export function serviceText(service: string, trans: TranslationBundle): string {
  const labels: Record<string, string> = {
    api: trans.__('Model API'),
    jupyterlab: trans.__('JupyterLab'),
    'code-server': trans.__('VS Code'),
    own: trans.__('Own command')
  };
  return labels[service] ?? service;
}

/** Return one value of a specification as text. */
export function showPart(value: unknown): string {
  if (Array.isArray(value)) {
    return value
      .map(part => (typeof part === 'string' ? part : `${part.name}:${part.port}${part.path}`))
      .join(' ');
  }
  if (value !== null && typeof value === 'object') {
    return Object.entries(value)
      .map(pair => pair.join('='))
      .join(' ');
  }
  return String(value);
}

export interface IPartChange {
  name: keyof RevisionSpec;
  old: string;
  now: string;
}

/** Return the differences between a revision and its predecessor. */
export function changesOf(revision: Revision, before: Revision | undefined): IPartChange[] {
  if (!before) {
    return [];
  }
  const names = Object.keys(revision.spec) as (keyof RevisionSpec)[];
  return names
    .map(name => ({
      name,
      old: JSON.stringify(before.spec[name]),
      now: JSON.stringify(revision.spec[name])
    }))
    .filter(({ old, now }) => old !== now)
    .map(({ name }) => ({
      name,
      old: showPart(before.spec[name]),
      now: showPart(revision.spec[name])
    }));
}
