import { TranslationBundle } from '@jupyterlab/translation';
import { addressOf } from '../../../api/addresses';
import { PORTION } from '../../../components/Portion';
import { showMoment } from '../../../components/format/times';
import { Table } from '../../../components/table/Table';
import { Facts } from '../../../components/text/Facts';
import { taskTitle } from '../../model/names';
import { commitText, originText } from '../../model/origins';
import { useServices } from '../context/hooks';
import { Record } from './Record';
import { UndeclaredFiles } from './UndeclaredFiles';
import { TaskChoice } from '../context/TaskChoice';
import { ITaskProps } from '../context/taskProps';

// The maximum length of a value here; the record of the run has all of it.
const MOST_LETTERS = 2000;

/** The inputs and parameters of the run and its tasks, and what they ran on. */
export function Parameters(props: ITaskProps): JSX.Element {
  const { model, detail, step } = props;
  const { trans, yard } = useServices();
  const { run } = detail;
  const many = detail.tasks.length > PORTION;
  const tasks = many ? detail.tasks.filter(({ node }) => node === step) : detail.tasks;
  const facts: [string, string][] = [
    [trans.__('File'), run.path],
    [trans.__('Runtime'), run.runtime],
    [trans.__('Priority'), String(run.priority || '')],
    [trans.__('Started by'), originText(run.origin, trans)],
    [trans.__('Person'), run.origin.person ?? ''],
    [trans.__('Commit'), commitText(run, trans)],
    [trans.__('Created'), showMoment(run.created_at)],
    [trans.__('Started'), showMoment(run.started_at)],
    [trans.__('Finished'), showMoment(run.finished_at)],
    [trans.__('Run'), run.id]
  ];
  return (
    <div className="nby-Parameters">
      <Facts facts={facts.map(([name, value]) => [name, value || '–'])} />
      <Values caption={trans.__('Parameters of the run')} values={run.parameters} />
      {tasks.map(task => (
        <Values
          key={task.node}
          caption={trans.__('Parameters of “%1”', taskTitle(task, detail.tasks))}
          values={{ ...task.inputs, ...task.arguments }}
          href={name =>
            name in (task.inputs ?? {})
              ? addressOf(yard.client, 'runs.content', {
                  path: { run: run.id, node: task.node, name }
                })
              : undefined
          }
        />
      ))}
      <section aria-label={trans.__('Record')}>
        <h3>{trans.__('Platform of the run')}</h3>
        <div className="nby-Bar">
          <TaskChoice {...props} />
        </div>
        {step !== undefined && (
          <UndeclaredFiles
            key={step}
            run={run.id}
            node={step}
            state={tasks.find(task => task.node === step)?.state}
          />
        )}
        {step !== undefined && (
          <Record model={model} detail={detail} node={step} attempt={props.attempt} />
        )}
      </section>
    </div>
  );
}

interface IValuesProps {
  caption: string;
  values: Readonly<Record<string, unknown>>;
  /** Returns the address of a value's bytes. */
  href?: (name: string) => string | undefined;
}

function Values({ caption, values, href }: IValuesProps): JSX.Element | null {
  const { trans } = useServices();
  const entries = Object.entries(values);
  if (!entries.length) {
    return null;
  }
  return (
    <Table caption={caption} heads={[trans.__('Name'), trans.__('Value')]}>
      {entries.map(([name, value]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td className="nby-Code">
            {shortened(bindingText(value), trans)}{' '}
            {href?.(name) && (
              <a className="nby-Link" download href={href(name)}>
                {trans.__('Download')}
              </a>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Return the beginning of a long text, and its length. */
function shortened(text: string, trans: TranslationBundle): string {
  return text.length > MOST_LETTERS
    ? trans.__('%1… (%2 characters)', text.slice(0, MOST_LETTERS), text.length.toLocaleString())
    : text;
}

/** Return a plain value, or where bytes come from. */
function bindingText(value: unknown): string {
  if (value && typeof value === 'object' && 'kind' in value) {
    const binding = value as Record<string, unknown>;
    switch (binding.kind) {
      case 'value':
        return JSON.stringify(binding.value);
      case 'bytes':
        return [binding.filename, binding.origin].filter(Boolean).join(' · ');
      case 'result':
        return `${binding.node}.${binding.output}`;
    }
  }
  return JSON.stringify(value);
}
