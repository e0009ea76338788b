import { TranslationBundle } from '@jupyterlab/translation';
import { stateText } from '../../../components/StateMark';
import { BoxesField } from '../../frame/dialogs/PlainFields';

const STATES = ['succeeded', 'failed', 'cancelled'];

interface IStatesFieldProps {
  states: readonly string[];
  trans: TranslationBundle;
  onChange: (states: string[]) => void;
}

/** The states of the runs that a rule deletes. */
export function StatesField({ states, trans, onChange }: IStatesFieldProps): JSX.Element {
  return (
    <BoxesField
      label={trans.__('Only these states (none: all)')}
      values={states}
      options={STATES.map(state => [state, stateText(state, trans)])}
      onChange={onChange}
    />
  );
}
