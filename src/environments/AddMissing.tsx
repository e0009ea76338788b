import '../../style/environments.css';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { useEffect, useState } from 'react';
import { Button } from '../components/Button';
import { IYard } from '../api/yard';
import { Environment, Missing } from '../api/types';
import { PackagesDraft } from './PackagesDraft';
import { ShowAsCommand } from '../spelling/ShowAsCommand';
import { usePackagesDraft } from './usePackagesDraft';
import { whenInstalled } from './whenInstalled';

interface IAddMissingProps {
  yard: IYard;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** The run that failed. */
  run: string;
  missing: Missing;
}

/** Adds missing packages of a task to its environment, or to a chosen one, and retries the run. */
export default function AddMissing(props: IAddMissingProps): JSX.Element {
  const { yard, commands, trans, run, missing } = props;
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState(missing.environment);
  const [status, setStatus] = useState('');
  const draft = usePackagesDraft(yard.client, trans, missing.packages.join('\n'));
  const { text, resolution } = draft;
  const environments = useEnvironments(yard, isOpen && !missing.environment);
  const known = !name && environments.length ? environments[0].name : name;
  const packages = missing.packages.join(', ');
  const busy = async (message: string, work: () => Promise<unknown>) => {
    setStatus(message);
    await work();
    setStatus('');
  };
  const question = () => ({ path: { environment: known }, body: { add: text } });
  const request = () => ({ id: 'environments.change', question: question() }) as const;
  const preview = () =>
    busy(trans.__('Checking what would change…'), () => draft.preview(known, { add: text }));
  const retry = async () => {
    if (resolution?.changes.length) {
      const made = await yard.client.call('environments.change', question());
      await whenInstalled(yard.environments, made, trans);
      draft.setResolution({ ...resolution, changes: [] }); // a refused retry must not install twice
    }
    const query = { environment: known };
    const next = await yard.client.call('runs.retry', { path: { run }, query });
    yard.runs.put(next);
    await commands.execute('nbyard:show-run', { id: next.id });
  };
  const install = () => busy(trans.__('Installing…'), () => draft.attempt(retry));
  return (
    <div className="nby-AddMissing">
      <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {missing.environment
          ? trans.__('Add %1 to %2 and Retry', packages, missing.environment)
          : trans.__('Add %1 to an Environment and Retry', packages)}
      </Button>
      {isOpen && (
        <fieldset className="nby-Form" disabled={!!status}>
          {!missing.environment && (
            <div className="nby-Field">
              <label>
                {trans.__('Environment')}
                <select
                  className="jp-mod-styled"
                  value={known}
                  onChange={event => {
                    setName(event.target.value);
                    draft.discard();
                  }}
                >
                  {environments.map(environment => (
                    <option key={environment.id}>{environment.name}</option>
                  ))}
                </select>
              </label>
              {!environments.length && (
                <Button onClick={() => void commands.execute('nbyard:create-environment')}>
                  {trans.__('New Environment…')}
                </Button>
              )}
            </div>
          )}
          <PackagesDraft
            label={trans.__('Packages')}
            draft={draft}
            trans={trans}
            onChange={draft.change}
            onEnter={() => void preview()}
          >
            <Button
              className="nby-mod-primary"
              disabled={!known || !text.trim()}
              onClick={() => void (resolution ? install() : preview())}
            >
              {!resolution
                ? trans.__('Preview')
                : resolution.changes.length
                  ? trans.__('Install and Retry')
                  : trans.__('Retry')}
            </Button>
          </PackagesDraft>
          {!!known && !!text.trim() && (
            <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
          )}
        </fieldset>
      )}
      <span className="nby-Dim" role="status">
        {status}
      </span>
    </div>
  );
}

/** Return the installed environments, once they are needed. */
function useEnvironments({ environments }: IYard, isWanted: boolean): readonly Environment[] {
  const [items, setItems] = useState(environments.items);
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    const look = () => setItems(environments.items);
    environments.changed.connect(look);
    void environments.start().then(look);
    return () => {
      environments.changed.disconnect(look);
    };
  }, [environments, isWanted]);
  return items.filter(({ installed }) => installed);
}
