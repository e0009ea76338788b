import { TranslationBundle } from '@jupyterlab/translation';
import { showMoment } from './times';

interface IVersionPairProps {
  versions: readonly { id: string; number: number; created_at: string }[];
  older: number;
  newer: number;
  onOlder: (number: number) => void;
  onNewer: (number: number) => void;
  trans: TranslationBundle;
}

/** Which two versions are compared. */
export function VersionPair(props: IVersionPairProps): JSX.Element {
  const { versions, older, newer, onOlder, onNewer, trans } = props;
  const choice = (label: string, value: number, onChange: (number: number) => void) => (
    <label>
      {label}{' '}
      <select value={value} onChange={event => onChange(Number(event.target.value))}>
        {versions.map(({ id, number, created_at }) => (
          <option key={id} value={number}>
            {trans.__('version %1 · %2', number, showMoment(created_at))}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div className="nby-Bar">
      {choice(trans.__('Changes from'), older, onOlder)}
      {choice(trans.__('to'), newer, onNewer)}
    </div>
  );
}
