import { confirm } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { askCredential, ICredentialDraft } from './askCredential';
import { credentialsOf } from './collection';

export const credentialActions = {
  createCredential: (services: IPanelServices) =>
    reportFailure(services, services.trans.__('The credential was not stored.'), async () => {
      const { yard, trans } = services;
      const kinds = await yard.client.call('credentials.kinds', {});
      const made = await askCredential({
        kinds,
        trans,
        client: yard.client,
        request: body => ({ id: 'credentials.create', question: { body } }),
        send: body => yard.client.call('credentials.create', { body })
      });
      if (made) {
        credentialsOf(yard).put(made);
        focusRow('credential', made.id);
      }
    }),

  /** Replace the secret; empty fields keep their values. */
  replaceCredential: (services: IPanelServices, [credential]: string[]) =>
    reportFailure(services, services.trans.__('Not replaced.'), async () => {
      const { yard, trans } = services;
      const path = { credential };
      const [kinds, known] = await Promise.all([
        yard.client.call('credentials.kinds', {}),
        yard.client.call('credentials.get', { path })
      ]);
      const question = ({ fields, description }: ICredentialDraft) => {
        const given = Object.entries(fields).filter(
          ([name, text]) => text || !known.kept.includes(name)
        );
        const body = { version: known.version, description, fields: Object.fromEntries(given) };
        return { path, body };
      };
      const made = await askCredential({
        kinds,
        known,
        trans,
        client: yard.client,
        request: draft => ({ id: 'credentials.update', question: question(draft) }),
        send: draft => yard.client.call('credentials.update', question(draft))
      });
      if (made) {
        credentialsOf(yard).put(made);
      }
    }),

  deleteCredential: (services: IPanelServices, [credential]: string[]) =>
    reportFailure(services, services.trans.__('Not deleted.'), async () => {
      const { yard, trans } = services;
      const path = { credential };
      const { name, used_by } = await yard.client.call('credentials.get', { path });
      const body = used_by.length
        ? trans.__('%1 uses this credential and fails without it.', used_by.join(', '))
        : trans.__('No node or deployment uses this credential.');
      const question = { path, query: { force: used_by.length > 0 } };
      const request = { id: 'credentials.delete', question } as const;
      if (await confirm(services, trans.__('Delete “%1”?', name), body, request)) {
        await yard.client.call(request.id, question);
        credentialsOf(yard).remove(credential);
      }
    })
};
