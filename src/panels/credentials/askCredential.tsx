/** The dialog that creates or replaces a credential. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Credential, CredentialKind, NewCredential } from '../../api/types';
import { IField } from '../../forms/schema/field';
import { declaredFields } from '../../forms/schema/fields';
import { askFields, IAsker } from '../frame/dialogs/askFields';

/** Return the stored credential; undefined if the user cancels. Empty secrets keep their values. */
export async function askCredential(
  asker: IAsker,
  known?: Credential,
  into?: { put: (stored: Credential) => void }
): Promise<Credential | undefined> {
  const { yard, trans } = asker;
  const kinds = await yard.client.call('credentials.kinds', {});
  return askFields<Credential, NewCredential>(asker, {
    title: known ? trans.__('Replace “%1”', known.name) : trans.__('New credential'),
    ok: known ? trans.__('Replace') : trans.__('Save'),
    fields: fieldsOf(kinds, known, trans),
    ...{ known, into },
    start: { kind: kinds[0].kind },
    first: known && '[type="password"], textarea',
    below: () =>
      known?.used_by.length
        ? {
            description: (
              <p className="nby-Field-help">{trans.__('Used by %1.', known.used_by.join(', '))}</p>
            )
          }
        : undefined,
    request: body => {
      if (!known) {
        return { id: 'credentials.create', question: { body } };
      }
      const { id, kept, version } = known;
      const given = Object.entries(body.fields).filter(
        ([name, text]) => text || !kept.includes(name)
      );
      const changed = { ...body, version, fields: Object.fromEntries(given) };
      return { id: 'credentials.update', question: { path: { credential: id }, body: changed } };
    }
  });
}

/** Return the fields of all kinds, each shown with its kind. */
function fieldsOf(
  kinds: readonly CredentialKind[],
  known: Credential | undefined,
  trans: TranslationBundle
): IField[] {
  const of = (key: 'label' | 'help') =>
    Object.fromEntries(kinds.map(offered => [offered.kind, offered[key]]));
  const [name, kind, ...others] = declaredFields('NewCredential', trans);
  const values = kinds.flatMap(({ kind, fields }) =>
    fields.map((field): IField => {
      const isKept = !!known?.kept.includes(field.name);
      return {
        name: `fields.${field.name}`,
        kind: field.secret ? 'password' : 'text',
        label: field.label,
        help: isKept ? trans.__('Leave the field empty to keep the current value.') : field.help,
        required: field.required && !isKept,
        isLong: field.several_lines ? field.name === 'text' : undefined,
        when: { kind }
      };
    })
  );
  return [name, { ...kind, labels: of('label'), helps: of('help') }, ...values, ...others];
}
