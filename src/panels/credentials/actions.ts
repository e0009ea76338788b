import { confirm } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { IPanelServices } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { askCredential } from './askCredential';
import { credentialsOf } from './collection';

export const credentialActions = {
  createCredential: (services: IPanelServices) =>
    reportFailure(services, services.trans.__('The credential was not stored.'), async () => {
      const made = await askCredential(services, undefined, credentialsOf(services.yard));
      if (made) {
        focusRow('credential', made.id);
      }
    }),

  /** Replace the secret; empty fields keep their values. */
  replaceCredential: (services: IPanelServices, [credential]: string[]) =>
    reportFailure(services, services.trans.__('Not replaced.'), async () => {
      const { client } = services.yard;
      const known = await client.call('credentials.get', { path: { credential } });
      await askCredential(services, known, credentialsOf(services.yard));
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
