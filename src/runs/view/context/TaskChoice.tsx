import { PORTION, usePortion } from '../../../components/Portion';
import { stateText } from '../../../components/StateMark';
import { taskTitle } from '../../model/names';
import { useServices } from './hooks';
import { ITaskProps } from './taskProps';

const nodeOf = ({ node }: { node: string }): string => node;

/** Chooses the task of a tab, and its attempt if there are several. */
export function TaskChoice(props: ITaskProps): JSX.Element {
  const { detail, step, onStep, attempt, onAttempt } = props;
  const { trans } = useServices();
  const { items } = usePortion(detail.tasks, nodeOf, step);
  const attempts = detail.tasks.find(task => task.node === step)?.attempts ?? [];
  return (
    <>
      <label className="nby-TaskChoice">
        {trans.__('Task')}{' '}
        <select value={step ?? ''} onChange={event => onStep(event.target.value)}>
          {items.map(task => (
            <option key={task.node} value={task.node}>
              {taskTitle(task, detail.tasks)} (
              {stateText(task.cached ? 'cached' : task.state, trans)})
            </option>
          ))}
          {detail.tasks.length > PORTION && (
            <option disabled>{trans.__('the others are listed under Tasks')}</option>
          )}
        </select>
      </label>
      {attempts.length > 1 && (
        <label className="nby-TaskChoice">
          {trans.__('Attempt')}{' '}
          <select value={attempt} onChange={event => onAttempt(Number(event.target.value))}>
            <option value={0}>{trans.__('newest')}</option>
            {attempts.map(({ number, state }) => (
              <option key={number} value={number}>
                {number} ({stateText(state, trans)})
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
