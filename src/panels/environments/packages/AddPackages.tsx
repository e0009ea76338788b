import { useEffect, useRef, useState } from 'react';
import { Environment, Resolution } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { Changes } from './Changes';
import { PackagesField } from './PackagesField';
import { isUnderWay, refused } from '../state/texts';

interface IAddPackagesProps {
  services: IPanelServices;
  environment: Environment;
  /** Changes when the field should take the focus. */
  wanted: unknown;
  /** Called when the next version is being installed. */
  onInstall: () => void;
}

/**
 * The field for more packages; for an environment that was never installed, for all of them. It
 * shows the changes before an installation.
 */
export function AddPackages(props: IAddPackagesProps): JSX.Element {
  const { services, environment, wanted, onInstall } = props;
  const { yard, trans } = services;
  const { id, current, installed } = environment;
  const [text, setText] = useState(() => (installed ? '' : current.requirements.join('\n')));
  const [asking, setAsking] = useState<'preview' | 'install'>();
  const [found, setFound] = useState<Resolution>();
  const [problems, setProblems] = useState<readonly string[]>([]);
  const sent = useRef<{ number: number; text: string }>();
  const control = useRef<AbortController>();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (wanted) {
      field.current?.focus();
    }
  }, [wanted]);
  useEffect(() => () => control.current?.abort(), []);
  useEffect(() => {
    if (sent.current?.number === current.number && current.state === 'ready') {
      const { text: done } = sent.current;
      setText(now => (now === done ? '' : now)); // a failed text stays, to be corrected
    }
  }, [current]);
  const change = (next: string) => {
    control.current?.abort();
    setText(next);
    setFound(undefined);
    setProblems([]);
    setAsking(undefined);
  };
  const isBusy = isUnderWay(current);
  const send = async (what: 'preview' | 'install') => {
    if (!text.trim() || asking === 'install' || (what === 'install' && isBusy)) {
      return;
    }
    control.current?.abort();
    const { signal } = (control.current = new AbortController());
    setAsking(what);
    setProblems([]);
    setFound(undefined);
    const body = installed ? { add: text } : { requirements: text };
    const question = { path: { environment: id }, body };
    try {
      if (what === 'preview') {
        setFound(await yard.client.call('environments.preview', { ...question, signal }));
      } else {
        const made = await yard.client.call('environments.change', question);
        sent.current = { number: made.current.number, text };
        yard.environments.put(made);
        onInstall();
      }
    } catch (error) {
      if (!signal.aborted) {
        setProblems(refused(error, trans).packages);
        field.current?.focus();
      }
    }
    if (!signal.aborted) {
      setAsking(undefined);
    }
  };
  const label = installed ? trans.__('Add packages') : trans.__('Packages of the library');
  return (
    <section className="nby-AddPackages" aria-label={label}>
      <PackagesField
        ref={field}
        label={label}
        text={text}
        problems={problems}
        trans={trans}
        onChange={change}
        onEnter={() => void send('install')}
      />
      <div className="nby-AddPackages-bar">
        <button
          type="button"
          className="nby-Button nby-mod-primary"
          disabled={!text.trim() || isBusy}
          title={
            isBusy
              ? trans.__('Version %1 is being built', current.number)
              : installed
                ? trans.__('Make the next version; until it is there, this one is used')
                : trans.__('Install these packages')
          }
          onClick={() => void send('install')}
        >
          {current.state === 'failed' && !installed ? trans.__('Try Again') : trans.__('Install')}
        </button>
        <button
          type="button"
          className="nby-Button"
          disabled={!text.trim()}
          title={trans.__('See what that would change; nothing is installed')}
          onClick={() => void send('preview')}
        >
          {trans.__('Preview')}
        </button>
        <span className="nby-Dim" role="status">
          {asking === 'preview' && trans.__('Finding out what that would change…')}
        </span>
      </div>
      {found && (
        <Changes
          changes={found.changes}
          none={trans.__('That would change nothing.')}
          label={trans.__('What would change')}
          trans={trans}
        />
      )}
    </section>
  );
}
