import { LinkButton } from '../../../components/Button';
import { addressOf } from '../../../api/addresses';
import { ApiError } from '../../../api/client';
import { RunDetail, ServedModel, Task } from '../../../api/types';
import { Fact } from '../../../components/text/Facts';
import { useAnswer } from '../../../api/useAnswer';
import { taskTitle } from '../../../runs/model/names';
import { IPanelServices } from '../../frame/services';

const MANY = 500;

interface ILineageProps {
  services: IPanelServices;
  model: ServedModel;
}

/** The origin of a model: run, node, data and code, each as a link. */
export function Lineage({ services, model }: ILineageProps): JSX.Element | null {
  const { trans, commands } = services;
  const { source } = model;
  const detail = useRun(services, source?.run_id);
  if (!source) {
    return null;
  }
  const { run_id: id, run_title, run_number, node, output } = source;
  const title = trans.__('%1, run %2', run_title, run_number);
  const task = detail?.tasks.find(candidate => candidate.node === node);
  if (!detail || !task) {
    const gone = detail === null ? trans.__('%1 (deleted)', title) : title;
    return <Fact name={trans.__('Created by')}>{`${output}, ${node}, ${gone}`}</Fact>;
  }
  const { path } = detail.run;
  return (
    <>
      <Fact name={trans.__('Run')}>
        <Way text={title} onGo={() => commands.execute('nbyard:show-run', { id })} />
      </Fact>
      <Fact name={trans.__('Task')}>
        <Way
          text={`${taskTitle(task, detail.tasks)} → ${output}`}
          onGo={() => commands.execute('nbyard:show-run', { id, path, node })}
        />
      </Fact>
      <Fact name={trans.__('Data')}>
        <Data services={services} run={id} tasks={withDependencies(node, detail.tasks)} />
      </Fact>
      <Fact name={trans.__('Code')}>
        <Way
          text={task.label || node}
          onGo={() => commands.execute('nbyard:open-executable', { id: task.executable_id! })}
        />
      </Fact>
    </>
  );
}

function Way({ text, onGo }: { text: string; onGo: () => unknown }): JSX.Element {
  return <LinkButton onClick={() => void onGo()}>{text}</LinkButton>;
}

/** Data that these nodes read from outside: datasets, else the bytes as they were. */
function Data(props: {
  services: IPanelServices;
  run: string;
  tasks: readonly Task[];
}): JSX.Element {
  const { services, run, tasks } = props;
  const { yard, commands } = services;
  const inputs = tasks.flatMap(({ node, inputs }) =>
    Object.entries(inputs ?? {}).map(([name, bytes]) => ({ ...bytes, node, name }))
  );
  const once = new Map(inputs.map(input => [`${input.digest} ${input.origin}`, input]));
  const show = async (origin: string, address: string) => {
    const dataset = origin.replace(/ v\d+$/, '');
    const item = await yard.client
      .call('datasets.get', { path: { dataset } })
      .catch(() => undefined); // it was not a dataset, or was deleted
    if (item) {
      await commands.execute('nbyard:open-dataset', { id: item.id });
    } else {
      window.open(address, '_blank', 'noopener,noreferrer');
    }
  };
  return (
    <>
      {[...once.values()].map(({ node, name, origin, filename }) => (
        <div key={`${node}.${name}`}>
          <Way
            text={origin || filename}
            onGo={() =>
              show(
                origin ?? '',
                addressOf(yard.client, 'runs.content', { path: { run, node, name } })
              )
            }
          />
        </div>
      ))}
    </>
  );
}

/** Return a node and all its dependencies. */
export function withDependencies(node: string, tasks: readonly Task[]): Task[] {
  const names = new Set<string>();
  const look = (name: string) => {
    const task = tasks.find(candidate => candidate.node === name);
    if (task && !names.has(name)) {
      names.add(name);
      task.needs?.forEach(look);
    }
  };
  look(node);
  return tasks.filter(task => names.has(task.node));
}

/** Return the run with its tasks; null if it was deleted. */
export function useRun(
  { yard }: IPanelServices,
  id: string | undefined
): RunDetail | null | undefined {
  const question = id === undefined ? id : { path: { run: id }, query: { limit: MANY } };
  const { answer, error } = useAnswer(yard.client, 'runs.tasks', question);
  const isGone = error instanceof ApiError && error.status === 404;
  return isGone ? null : answer && { run: answer.run, tasks: answer.items };
}
