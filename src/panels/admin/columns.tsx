import { TranslationBundle } from '@jupyterlab/translation';
import { Answer } from '../../api/operations';
import { StateMark } from '../../components/StateMark';
import { IRowColumn } from '../../components/table/RowTable';
import { showBytes, showMemory } from '../../components/format/bytes';
import { showMoment } from '../../components/format/times';
import { declaredFields } from '../../forms/schema/fields';
import { Reason, reasonText } from '../../reasons';

export type ListId =
  'admin.runs' | 'admin.queue' | 'admin.deployments' | 'quotas.list' | 'audit.list';
export type Row<Id extends ListId> =
  Answer<Id> extends { items: (infer Item)[] } ? Item & { id: string } : never;

type Columns = { [Id in ListId]: (trans: TranslationBundle) => IRowColumn<Row<Id>>[] };

/** The width of a column with a date and a time, also with AM or PM. */
const MOMENT = 190;

/** A column with text, which the pointer shows whole. */
function text<T>(
  key: string,
  label: string,
  width: number | undefined,
  textOf: (row: T) => string
): IRowColumn<T> {
  return { key, label, width, isUnsorted: true, render: textOf, title: textOf };
}

function state<T extends { state: string }>(trans: TranslationBundle): IRowColumn<T> {
  return {
    ...{ key: 'state', label: trans.__('State'), width: 110, isUnsorted: true },
    render: row => <StateMark state={row.state} trans={trans} />
  };
}

const owner = <T extends { owner: string }>(trans: TranslationBundle) =>
  text<T>('owner', trans.__('User'), 120, row => row.owner);

const waits = <T extends { waits: unknown }>(trans: TranslationBundle) =>
  text<T>(
    'waits',
    trans.__('Why it waits'),
    undefined,
    row => reasonText(row.waits as Reason | null, trans) ?? ''
  );

type Quota = Row<'quotas.list'>;
type Limit = Exclude<keyof Quota, 'id' | 'kind' | 'name' | 'updated_at'>;

/** Return the fields of a quota's limits. */
const LIMITS = (trans: TranslationBundle) => declaredFields('QuotaLimits', trans);

/** Return whom a quota limits. */
export function quotaOf(kind: Quota['kind'], name: string, trans: TranslationBundle): string {
  const kinds = kindLabels(trans);
  return name ? `${kinds[kind]} ${name}` : kinds[kind];
}

export function kindLabels(trans: TranslationBundle): Record<Quota['kind'], string> {
  return {
    everyone: trans.__('Everyone'),
    user: trans.__('User'),
    group: trans.__('Group'),
    project: trans.__('Project')
  };
}

function showLimit(name: Limit, quota: Quota, trans: TranslationBundle): string {
  const limit = quota[name];
  return limit === null
    ? '–'
    : name === 'deployment_days'
      ? trans._n('%1 day', '%1 days', limit)
      : name.endsWith('_bytes')
        ? showBytes(limit)
        : String(limit);
}

/** The columns of each list. */
export const COLUMNS: Columns = {
  'admin.runs': trans => [
    state(trans),
    text('number', trans.__('Run'), 66, ({ number }) => String(number)),
    owner(trans),
    text('title', trans.__('Name'), undefined, ({ name, title }) => name || title),
    text('created', trans.__('Created'), MOMENT, run => showMoment(run.created_at)),
    text('ended', trans.__('Finished'), MOMENT, run => showMoment(run.finished_at))
  ],
  'admin.queue': trans => [
    text('run', trans.__('Run'), 66, ({ run }) => String(run)),
    owner(trans),
    text('node', trans.__('Node'), 140, ({ node }) => node),
    text('queued', trans.__('Queued'), MOMENT, task => showMoment(task.queued_at)),
    text('requests', trans.__('Requests'), 170, ({ gpu, cpu, memory_bytes }) =>
      [
        gpu && trans._n('%1 GPU', '%1 GPUs', gpu),
        cpu && trans._n('%1 CPU', '%1 CPUs', cpu),
        memory_bytes && showMemory(memory_bytes)
      ]
        .filter(Boolean)
        .join(', ')
    ),
    waits(trans)
  ],
  'admin.deployments': trans => [
    state(trans),
    text('name', trans.__('Name'), 180, ({ name }) => name),
    owner(trans),
    text('gpus', trans.__('GPUs'), 66, ({ gpus }) => String(gpus || '')),
    text('created', trans.__('Created'), MOMENT, each => showMoment(each.created_at)),
    waits(trans)
  ],
  'quotas.list': trans => [
    text('of', trans.__('Quota of'), undefined, ({ kind, name }) => quotaOf(kind, name, trans)),
    ...LIMITS(trans).map(({ name, label }) =>
      text<Quota>(name, label, Math.max(86, 9 * label.length + 16), quota =>
        showLimit(name as Limit, quota, trans)
      )
    )
  ],
  'audit.list': trans => [
    text('at', trans.__('Time'), MOMENT, ({ at }) => showMoment(at)),
    text('user', trans.__('User'), 120, ({ user, person }) => person || user),
    text('operation', trans.__('Operation'), 170, ({ operation }) => operation),
    text('subject', trans.__('Object'), undefined, ({ subject }) => subject),
    text('owner', trans.__('Owner'), 130, each => each.owner),
    text('status', trans.__('Result'), 90, ({ status }) =>
      status === 403 ? trans.__('refused') : trans.__('done')
    )
  ]
};
