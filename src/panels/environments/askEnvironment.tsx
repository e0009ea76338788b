/** A dialog for a new environment; it shows refusals at the fields. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiClient, ApiError } from '../../api/client';
import { Environment } from '../../api/types';
import { FormBody } from '../../forms/FormBody';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { forget } from '../../components/hooks/sessionMemory';
import { dialogOwner, DraftOwner, useDialogDraft } from '../../components/hooks/useDraft';
import { PackagesField } from '../../environments/PackagesField';
import { IRefused, refusedMessages } from '../../environments/texts';
import { withoutSecrets } from '../../environments/usePackagesDraft';

interface INewEnvironment {
  name: string;
  requirements: string;
  /** A kernel whose packages are included; '' for none. */
  capture: string;
}

/** Return the new environment; undefined if the user cancels. */
export async function askEnvironment(
  begun: Omit<INewEnvironment, 'requirements'>,
  trans: TranslationBundle,
  client: Pick<ApiClient, 'call'>
): Promise<Environment | undefined> {
  const environment = { ...begun, requirements: '' };
  const question = () => ({ body: { ...environment, name: environment.name.trim() } });
  const request = () => ({ id: 'environments.create', question: question() }) as const;
  const title = trans.__('New environment');
  const owner = dialogOwner(title, environment);
  let problems: IRefused = { name: '', packages: [] };
  for (;;) {
    const first = problems.packages.length && !problems.name ? 'textarea' : 'input';
    const { button } = await showDialog({
      title,
      body: new FormBody(
        <DraftOwner.Provider value={owner}>
          <Form environment={environment} problems={problems} trans={trans} />
          <ShowAsCommand spelling={{ client, request }} trans={trans} />
        </DraftOwner.Provider>,
        first
      ),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Install') })],
      focusNodeSelector: first
    });
    if (!button.accept) {
      forget(owner);
      return undefined;
    }
    try {
      const created = await client.call('environments.create', question());
      forget(owner);
      return created;
    } catch (error) {
      if (!(error instanceof ApiError && [409, 422].includes(error.status))) {
        throw error;
      }
      problems = refusedMessages(error, trans);
    }
  }
}

interface IFormProps {
  /** Changed while the user types. */
  environment: INewEnvironment;
  problems: IRefused;
  trans: TranslationBundle;
}

function Form({ environment, problems, trans }: IFormProps): JSX.Element {
  const [shown, change] = useDialogDraft(environment, ({ requirements, ...rest }) => ({
    ...rest,
    requirements: withoutSecrets(requirements)
  }));
  return (
    <div className="nby-Form nby-NewEnvironment">
      <div className="nby-Field">
        <label>
          {trans.__('Name')}
          <input
            className="jp-mod-styled"
            type="text"
            spellCheck={false}
            aria-invalid={!!problems.name}
            aria-describedby={problems.name ? 'nby-environment-problem' : undefined}
            value={shown.name}
            onFocus={event => event.target.select()}
            onChange={event => change({ name: event.target.value })}
          />
        </label>
        {problems.name && (
          <div id="nby-environment-problem" className="nby-Field-error" role="alert">
            {problems.name}
          </div>
        )}
      </div>
      {environment.capture && (
        <p className="nby-Note">
          {trans.__(
            'The environment gets the packages of the kernel %1, in the same versions.',
            environment.capture
          )}
        </p>
      )}
      <PackagesField
        label={environment.capture ? trans.__('More packages') : trans.__('Packages')}
        text={shown.requirements}
        problems={problems.packages}
        trans={trans}
        onChange={requirements => change({ requirements })}
      />
    </div>
  );
}
