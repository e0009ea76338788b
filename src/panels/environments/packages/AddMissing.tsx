import '../../../../style/libraries.css';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { useEffect, useState } from 'react';
import { IYard } from '../../../api/yard';
import { Environment, Missing, Resolution } from '../../../api/types';
import { Changes } from './Changes';
import { PackagesField } from './PackagesField';
import { whenInstalled } from '../state/whenInstalled';
import { refused } from '../state/texts';

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
  const [text, setText] = useState(missing.packages.join('\n'));
  const [name, setName] = useState(missing.environment);
  const [found, setFound] = useState<Resolution>();
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [status, setStatus] = useState('');
  const libraries = useLibraries(yard, isOpen && !missing.environment);
  const known = !name && libraries.length ? libraries[0].name : name;
  const change = (set: () => void) => {
    set();
    setFound(undefined);
    setProblems([]);
  };
  const packages = missing.packages.join(', ');
  const question = { path: { environment: known }, body: { add: text } };
  const attempt = async (words: string, work: () => Promise<unknown>) => {
    setStatus(words);
    setProblems([]);
    try {
      await work();
    } catch (error) {
      setProblems(refused(error, trans).packages);
    }
    setStatus('');
  };
  const preview = () =>
    attempt(trans.__('Finding out what that would change…'), async () =>
      setFound(await yard.client.call('environments.preview', question))
    );
  const install = () =>
    attempt(trans.__('Installing…'), async () => {
      if (found?.changes.length) {
        const made = await yard.client.call('environments.change', question);
        await whenInstalled(yard.environments, made, trans);
        setFound({ ...found, changes: [] }); // a refused retry must not install twice
      }
      const query = { environment: known };
      const next = await yard.client.call('runs.retry', { path: { run }, query });
      yard.runs.put(next);
      await commands.execute('nbyard:show-run', { id: next.id });
    });
  return (
    <div className="nby-AddMissing">
      <button
        type="button"
        className="nby-Button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {missing.environment
          ? trans.__('Add %1 to %2 and Retry', packages, missing.environment)
          : trans.__('Add %1 to a Library and Retry', packages)}
      </button>
      {isOpen && (
        <fieldset className="nby-Form" disabled={!!status}>
          {!missing.environment && (
            <div className="nby-Field">
              <label>
                {trans.__('Library')}
                <select
                  className="jp-mod-styled"
                  value={known}
                  onChange={event => change(() => setName(event.target.value))}
                >
                  {libraries.map(one => (
                    <option key={one.id}>{one.name}</option>
                  ))}
                </select>
              </label>
              {!libraries.length && (
                <button
                  type="button"
                  className="nby-Button"
                  onClick={() => void commands.execute('nbyard:create-environment')}
                >
                  {trans.__('New Library…')}
                </button>
              )}
            </div>
          )}
          <PackagesField
            label={trans.__('Packages')}
            text={text}
            problems={problems}
            trans={trans}
            onChange={next => change(() => setText(next))}
            onEnter={() => void preview()}
          />
          <button
            type="button"
            className="nby-Button nby-mod-primary"
            disabled={!known || !text.trim()}
            onClick={() => void (found ? install() : preview())}
          >
            {!found
              ? trans.__('Preview')
              : found.changes.length
                ? trans.__('Install and Retry')
                : trans.__('Retry')}
          </button>
          {found && (
            <Changes
              changes={found.changes}
              none={trans.__('That would change nothing.')}
              label={trans.__('What would change')}
              trans={trans}
            />
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
function useLibraries({ environments }: IYard, isWanted: boolean): readonly Environment[] {
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
