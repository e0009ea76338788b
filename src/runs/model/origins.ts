import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../../api/types';
import { Reason, reasonText } from '../../reasons';

/** How many characters name a commit. */
const SHORT_COMMIT = 10;

/** Return what started a run, for an automation with the event that fired it. */
export function originText(
  { kind, cause }: Pick<Run['origin'], 'kind' | 'cause'>,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'shell':
      return trans.__('Command line');
    case 'client':
      return trans.__('Python client');
    case 'magic':
      return trans.__('Magic in a notebook');
    case 'notebook':
      return trans.__('Run in Background');
    case 'retry':
      return trans.__('Retry');
    case 'automation':
      return cause
        ? trans.__('Automation: %1', reasonText(causeReason(cause), trans) ?? '')
        : trans.__('Automation');
    case 'backfill':
      return trans.__('Backfill');
    case 'check':
      return trans.__('Check Run');
    case 'bisect':
      return trans.__('Bisection');
    case 'recheck':
      return trans.__('Nightly sample');
    default:
      return trans.__('Manual');
  }
}

type Cause = NonNullable<Run['origin']['cause']>;

/** The number of files that are named. */
const MOST_TOLD = 3;
const CHANGES = { created: 'file-created', modified: 'file-modified', deleted: 'file-deleted' };
const ENDS = { succeeded: 'run-has-succeeded', failed: 'run-has-failed' };

/** Return what fired an automation, with the codes of the command line. */
function causeReason(cause: Cause): Reason {
  const reason = (code: string, params: Record<string, unknown> = {}) => ({ code, params });
  switch (cause.kind) {
    case 'dataset':
      return reason('cause-dataset', { name: cause.dataset, version: cause.version });
    case 'run': {
      const { number, title, state } = cause;
      return reason('cause-run', { number, title, state: reason(ENDS[state]) });
    }
    case 'file': {
      const changes = cause.files
        .slice(0, MOST_TOLD)
        .map(({ path, change }) => reason('cause-file', { path, change: reason(CHANGES[change]) }));
      const count = cause.count - changes.length;
      return count
        ? reason('cause-files', { changes, count })
        : reason('all', { reasons: changes });
    }
    case 'webhook':
      return reason('cause-webhook', { id: cause.webhook_id });
    case 'fire':
      return reason(cause.run_id ? 'cause-run-fired' : 'cause-fired');
  }
}

/** Return the branch and commit of a run's code, such as `main 1a2b3c4d5e`; empty without one. */
export function commitText({ git }: Pick<Run, 'git'>, trans: TranslationBundle): string {
  if (!git) {
    return '';
  }
  const text = [git.branch, git.commit.slice(0, SHORT_COMMIT)].filter(Boolean).join(' ');
  return git.is_dirty ? trans.__('%1 with uncommitted changes', text) : text;
}
