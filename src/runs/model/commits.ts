import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../../api/types';

const SHORT = 10;

/** Return the branch and commit of a run's code, such as `main 1a2b3c4d5e`; empty without one. */
export function commitText({ git }: Pick<Run, 'git'>, trans: TranslationBundle): string {
  if (!git) {
    return '';
  }
  const text = [git.branch, git.commit.slice(0, SHORT)].filter(Boolean).join(' ');
  return git.is_dirty ? trans.__('%1 with uncommitted changes', text) : text;
}
