import { useEffect, useRef, useState } from 'react';
import { Button } from '../../../components/Button';
import { useForgetDraft } from '../../../components/hooks/useDraft';
import { Environment } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { PackagesDraft } from '../../../environments/PackagesDraft';
import { usePackagesDraft } from '../../../environments/usePackagesDraft';
import { isUnderWay } from '../../../environments/texts';
import { followInstallation } from '../../../environments/whenInstalled';

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
  const packages = installed ? '' : current.requirements.join('\n');
  const draft = usePackagesDraft(yard.client, trans, packages);
  const { text, setText } = draft;
  const forgetDraft = useForgetDraft();
  const [asking, setAsking] = useState<'preview' | 'install'>();
  const sent = useRef<{ number: number; text: string }>();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (wanted) {
      field.current?.focus();
    }
  }, [wanted]);
  useEffect(() => {
    if (sent.current?.number === current.number && current.state === 'ready') {
      const { text: done } = sent.current;
      setText(now => (now === done ? '' : now)); // a failed text stays, to be corrected
    }
  }, [current, setText]);
  const change = (next: string) => {
    draft.change(next);
    setAsking(undefined);
  };
  const isBusy = isUnderWay(current);
  const question = () => ({
    path: { environment: id },
    body: installed ? { add: text } : { requirements: text }
  });
  const request = () => ({ id: 'environments.change', question: question() }) as const;
  const send = async (what: 'preview' | 'install') => {
    if (!text.trim() || asking === 'install' || (what === 'install' && isBusy)) {
      return;
    }
    setAsking(what);
    draft.discard();
    const asked = question();
    const install = async () => {
      const made = await yard.client.call('environments.change', asked);
      sent.current = { number: made.current.number, text };
      forgetDraft('packages');
      followInstallation(services, made);
      onInstall();
    };
    const outcome = await (what === 'preview'
      ? draft.preview(id, asked.body)
      : draft.attempt(install));
    if (outcome === 'refused') {
      field.current?.focus();
    }
    if (outcome !== 'aborted') {
      setAsking(undefined);
    }
  };
  const label = installed ? trans.__('Add packages') : trans.__('Packages of the environment');
  return (
    <section className="nby-AddPackages" aria-label={label}>
      <PackagesDraft
        field={field}
        label={label}
        draft={draft}
        trans={trans}
        onChange={change}
        onEnter={() => void send('install')}
      >
        <div className="nby-AddPackages-bar">
          <Button
            className="nby-mod-primary"
            disabled={!text.trim() || isBusy}
            title={
              isBusy
                ? trans.__('Version %1 is being built', current.number)
                : installed
                  ? trans.__('Create a new version; the current one stays in use until it is ready')
                  : trans.__('Install these packages')
            }
            onClick={() => void send('install')}
          >
            {current.state === 'failed' && !installed ? trans.__('Try Again') : trans.__('Install')}
          </Button>
          <Button
            disabled={!text.trim()}
            title={trans.__('Show what would change, without installing')}
            onClick={() => void send('preview')}
          >
            {trans.__('Preview')}
          </Button>
          <span className="nby-Dim" role="status">
            {asking === 'preview' && trans.__('Checking what would change…')}
          </span>
        </div>
        {!!text.trim() && (
          <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
        )}
      </PackagesDraft>
    </section>
  );
}
