import { TranslationBundle } from '@jupyterlab/translation';
import { ProjectResource } from '../../api/types';

export type Kind = ProjectResource['kind'];

/** Return the kinds of resources that a project links, with their labels. */
export function kindsOf(trans: TranslationBundle): readonly (readonly [Kind, string])[] {
  return [
    ['dataset', trans.__('Datasets')],
    ['executable', trans.__('Notebooks, scripts and programs')],
    ['workflow', trans.__('Workflows')],
    ['run', trans.__('Runs')],
    ['model', trans.__('Models')],
    ['deployment', trans.__('Deployments')],
    ['environment', trans.__('Environments')],
    ['automation', trans.__('Automations')],
    ['credential', trans.__('Credentials')]
  ];
}

/** Return the kind of a row of the sidebar; undefined if it cannot be linked. */
export function kindOfRow(noun: string, trans: TranslationBundle): Kind | undefined {
  // an artifact is the outputs of a run
  const wanted = noun === 'artifact' ? 'run' : noun;
  return kindsOf(trans).find(([kind]) => kind === wanted)?.[0];
}
