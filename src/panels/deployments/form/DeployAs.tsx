import { TranslationBundle } from '@jupyterlab/translation';
import { DeployedAs } from '../../../api/types';
import { stateText } from '../../../components/StateMark';
import { ChoiceField } from '../../frame/dialogs/PlainFields';
import { titleAmong } from '../state/texts';

interface IDeployAsProps {
  deployed: readonly DeployedAs[];
  /** The deployment that gets the new revision; "" for none. */
  chosen: string;
  trans: TranslationBundle;
  onChange: (id: string) => void;
}

/** Chooses whether a deployed model becomes a revision of its deployment. */
export function DeployAs({ deployed, chosen, trans, onChange }: IDeployAsProps): JSX.Element {
  const into = deployed.find(({ id }) => id === chosen);
  const revisions = deployed.map(deployment => {
    const { id, state, runs } = deployment;
    const label = trans.__('New revision of “%1”', titleAmong(deployment, deployed));
    return [id, runs ? label : `${label} (${stateText(state, trans)})`] as const;
  });
  const help = into?.runs
    ? trans.__('Other settings stay. The new revision takes over once it responds.')
    : trans.__('Other settings stay. The deployment starts with the new revision.');
  return (
    <ChoiceField
      label={trans.__('Deploy as')}
      help={into && help}
      value={chosen}
      options={[...revisions, ['', trans.__('New deployment')]]}
      trans={trans}
      onChange={onChange}
    />
  );
}
