/** A dialog for a new environment; it shows refusals at the fields. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { Environment } from '../../api/types';
import { FormBody } from '../../forms/FormBody';
import { PackagesField } from './packages/PackagesField';
import { IRefused, refused } from './state/texts';

interface ILibrary {
  name: string;
  requirements: string;
  /** A kernel whose packages are included; '' for none. */
  capture: string;
}

/** Return the new environment; undefined if the user cancels. */
export async function askLibrary(
  begun: Omit<ILibrary, 'requirements'>,
  trans: TranslationBundle,
  send: (library: ILibrary) => Promise<Environment>
): Promise<Environment | undefined> {
  const library = { ...begun, requirements: '' };
  let problems: IRefused = { name: '', packages: [] };
  for (;;) {
    const { button } = await showDialog({
      title: trans.__('New environment'),
      body: new FormBody(<Form library={library} problems={problems} trans={trans} />),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Install') })],
      focusNodeSelector: problems.packages.length && !problems.name ? 'textarea' : 'input'
    });
    if (!button.accept) {
      return undefined;
    }
    try {
      return await send({ ...library, name: library.name.trim() });
    } catch (error) {
      if (!(error instanceof ApiError && [409, 422].includes(error.status))) {
        throw error;
      }
      problems = refused(error, trans);
    }
  }
}

interface IFormProps {
  /** Changed while the user types. */
  library: ILibrary;
  problems: IRefused;
  trans: TranslationBundle;
}

function Form({ library, problems, trans }: IFormProps): JSX.Element {
  const [shown, setShown] = useState({ ...library });
  const change = (part: Partial<ILibrary>) => {
    Object.assign(library, part);
    setShown({ ...library });
  };
  return (
    <div className="nby-Form nby-NewLibrary">
      <div className="nby-Field">
        <label>
          {trans.__('Name')}
          <input
            className="jp-mod-styled"
            type="text"
            spellCheck={false}
            aria-invalid={!!problems.name}
            aria-describedby={problems.name ? 'nby-library-problem' : undefined}
            value={shown.name}
            onFocus={event => event.target.select()}
            onChange={event => change({ name: event.target.value })}
          />
        </label>
        {problems.name && (
          <div id="nby-library-problem" className="nby-Field-error" role="alert">
            {problems.name}
          </div>
        )}
      </div>
      {library.capture && (
        <p className="nby-Note">
          {trans.__(
            'The environment gets the packages of the kernel %1, in the same versions.',
            library.capture
          )}
        </p>
      )}
      <PackagesField
        label={library.capture ? trans.__('More packages') : trans.__('Packages')}
        text={shown.requirements}
        problems={problems.packages}
        trans={trans}
        onChange={requirements => change({ requirements })}
      />
    </div>
  );
}
