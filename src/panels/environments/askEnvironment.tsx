/** The dialog for a new environment. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiClient } from '../../api/client';
import { Environment, NewEnvironment } from '../../api/types';
import { PackagesField } from '../../environments/PackagesField';
import { inLine } from '../../environments/texts';
import { withoutSecrets } from '../../environments/usePackagesDraft';
import { declaredFields } from '../../forms/schema/fields';
import { IWidget } from '../../forms/schema/SchemaForm';
import { askFields } from '../frame/dialogs/askFields';

interface INewEnvironment {
  name: string;
  /** A kernel whose packages are included; '' for none. */
  capture: string;
}

/** Return the new environment; undefined if the user cancels. */
export function askEnvironment(
  { name, capture }: INewEnvironment,
  trans: TranslationBundle,
  client: Pick<ApiClient, 'call'>
): Promise<Environment | undefined> {
  const [nameField, packages] = declaredFields('NewEnvironment', trans);
  const label = capture ? trans.__('More packages') : packages.label;
  const note = capture && (
    <p className="nby-Note">
      {trans.__(
        'The environment gets the packages of the kernel %1, in the same versions.',
        capture
      )}
    </p>
  );
  const draw = ({ field, value, problems, onChange }: IWidget) => (
    <PackagesField
      label={field.label}
      text={String(value)}
      problems={Object.entries(problems)
        .filter(([path]) => path.startsWith(field.name))
        .map(([path, message]) => inLine({ path, message }, trans))}
      trans={trans}
      onChange={onChange}
    />
  );
  return askFields<Environment, NewEnvironment>(
    { trans, yard: { client } },
    {
      title: trans.__('New environment'),
      ok: trans.__('Install'),
      fields: [
        { ...nameField, isReplaced: true },
        { ...packages, label }
      ],
      start: { name },
      widgets: { packages: draw },
      below: () => ({ name: note }),
      stored: values => ({ ...values, requirements: withoutSecrets(String(values.requirements)) }),
      request: body => ({ id: 'environments.create', question: { body: { ...body, capture } } })
    }
  );
}
