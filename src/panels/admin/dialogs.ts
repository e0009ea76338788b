import { NewQuota } from '../../api/types';
import { IField } from '../../forms/schema/field';
import { declaredFields } from '../../forms/schema/fields';
import { askFields } from '../frame/dialogs/askFields';
import { IPanelServices } from '../frame/services';
import { kindLabels, quotaOf, Row } from './columns';

/** Ask for the reason of a pause, and start it. */
export function askDrain(services: IPanelServices): Promise<unknown> {
  const { trans } = services;
  return askFields<object, { text: string }>(services, {
    title: trans.__('Pause new tasks'),
    ok: trans.__('Pause'),
    fields: [
      {
        ...{ name: 'text', kind: 'text', label: trans.__('Reason'), required: true },
        help: trans.__('Users see it in the queue. Running tasks end.')
      }
    ],
    request: query => ({ id: 'admin.drain', question: { query } })
  });
}

/** Ask for a message to all users, and show it. */
export function askBroadcast(services: IPanelServices): Promise<unknown> {
  const { trans } = services;
  return askFields<object, { text: string; until: string }>(services, {
    title: trans.__('Message to all users'),
    ok: trans.__('Show'),
    fields: [
      { name: 'text', kind: 'text', label: trans.__('Message'), required: true },
      { name: 'until', kind: 'moment', label: trans.__('Until'), required: true }
    ],
    request: query => ({ id: 'admin.broadcast', question: { query } })
  });
}

/** Ask for the limits of a quota, by default of a new one, and set them. */
export function askQuota(services: IPanelServices, known?: Row<'quotas.list'>): Promise<unknown> {
  const { trans } = services;
  const units: Record<string, Partial<IField>> = {
    memory_bytes: { kind: 'gigabytes', label: trans.__('Memory (GB)'), help: '' },
    stored_bytes: { kind: 'gigabytes', label: trans.__('Disk (GB)'), help: '' },
    deployment_days: { label: trans.__('Lifetime of deployments (days)'), help: '' }
  };
  const { everyone, ...named } = kindLabels(trans);
  return askFields<object, NewQuota & { kind: string; name?: string }>(services, {
    title: known
      ? trans.__('Quota of “%1”', quotaOf(known.kind, known.name, trans))
      : trans.__('Set quota'),
    ok: trans.__('Save'),
    fields: [
      {
        ...{ name: 'kind', kind: 'choice', label: trans.__('Quota of'), fixed: true },
        ...{ labels: { ...named, everyone }, first: 'user' },
        helps: {
          project: trans.__('Enter the name of your own project, or the ID of another one.')
        }
      },
      {
        ...{ name: 'name', kind: 'text', label: trans.__('Name'), fixed: true, required: true },
        when: { kind: Object.keys(named) }
      },
      ...declaredFields('QuotaLimits', trans).map(field => ({ ...field, ...units[field.name] })),
      {
        ...{ name: 'preset', kind: 'choice', label: trans.__('Preset') },
        ...{ empty: trans.__('None'), labels: { tutorial: trans.__('Tutorial') } },
        help: trans.__('Its limits apply where a field above is empty.')
      }
    ],
    known,
    request: ({ kind, name, ...body }) => ({
      id: 'quotas.set',
      question: { path: { quota: known?.id ?? [kind, name].filter(Boolean).join(':') }, body }
    })
  });
}
