import { TranslationBundle } from '@jupyterlab/translation';
import { DeployedAs } from '../../../api/types';
import { stateText } from '../../../components/StateMark';
import { IField } from '../../../forms/schema/field';
import { titleAmong } from '../state/texts';

/** Return the field that makes a deployed model a revision of one of its deployments. */
export function deployAsField(deployed: readonly DeployedAs[], trans: TranslationBundle): IField {
  const revisions = deployed.map(deployment => {
    const { id, state, runs } = deployment;
    const label = trans.__('New revision of “%1”', titleAmong(deployment, deployed));
    return [id, runs ? label : `${label} (${stateText(state, trans)})`];
  });
  const helps = deployed.map(({ id, runs }) => [
    id,
    runs
      ? trans.__('Other settings stay. The new revision takes over once it responds.')
      : trans.__('Other settings stay. The deployment starts with the new revision.')
  ]);
  return {
    name: 'revise',
    kind: 'choice',
    label: trans.__('Deploy as'),
    labels: { ...Object.fromEntries(revisions), '': trans.__('New deployment') },
    helps: Object.fromEntries(helps)
  };
}
