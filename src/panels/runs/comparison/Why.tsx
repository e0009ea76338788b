import { ReactNode, useCallback, useState } from 'react';
import { Button, LinkButton } from '../../../components/Button';
import { Cause, RunComparison } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';
import { Bisect, canBisect } from './Bisect';
import { goTo, Place, rowId } from './compared';

/** A metric or output with its values in the order of the runs. */
interface IResult {
  kind: 'metric' | 'output';
  node: string;
  name: string;
  values: readonly unknown[];
  differs: boolean;
}

type Ask = (result: IResult) => { action?: ReactNode; below?: ReactNode };

/** Return a function that adds *Why?* to the row of a result, and its answer below the row. */
export function useWhy(services: IPanelServices, comparison: RunComparison): Ask {
  const { trans } = services;
  const [asked, setAsked] = useState('');
  return useCallback(
    (result: IResult) => {
      if (!result.differs) {
        return {};
      }
      const key = `${result.kind} ${result.node} ${result.name}`;
      const isOpen = asked === key;
      return {
        action: (
          <Button
            aria-expanded={isOpen}
            aria-label={trans.__('Why does %1 differ?', result.name)}
            onClick={() => setAsked(isOpen ? '' : key)}
          >
            {trans.__('Why?')}
          </Button>
        ),
        below: isOpen && <Why services={services} comparison={comparison} result={result} />
      };
    },
    [asked, services, comparison, trans]
  );
}

interface IWhyProps {
  services: IPanelServices;
  comparison: RunComparison;
  result: IResult;
}

/** The causes of a difference, nearest first, each with a link to its place. */
function Why({ services, comparison, result }: IWhyProps): JSX.Element {
  const { yard, trans } = services;
  const { kind, node, name, values } = result;
  // of several runs, the first two beside each other that differ
  const at = Math.max(
    1,
    values.findIndex((value, index) => index > 0 && value !== values[index - 1])
  );
  const pair = comparison.runs.slice(at - 1, at + 1);
  const [old, now] = pair;
  const question = { path: { run: now.id }, query: { other: old.id, node, [kind]: name } };
  const { answer, problem } = useAnswer(yard.client, 'runs.why', question);
  if (!answer) {
    return <p role={problem ? 'alert' : 'status'}>{problem || trans.__('Looking for causes…')}</p>;
  }
  return (
    <div className="nby-Why">
      <h4>{trans.__('Why run %1 differs from run %2', now.number, old.number)}</h4>
      <ul>
        {answer.causes.map((cause, index) => (
          <li key={index}>
            <CauseLine services={services} comparison={comparison} cause={cause} />
          </li>
        ))}
      </ul>
      {kind === 'metric' && canBisect(pair) && (
        <Bisect
          {...{ services, labels: comparison.labels }}
          runs={pair}
          metric={`${node}.${name}`}
        />
      )}
    </div>
  );
}

/** The sections that show the causes of a kind. */
const PLACES: Partial<Record<Cause['kind'], Place>> = {
  parameter: 'parameter',
  data: 'input',
  file: 'input',
  code: 'code',
  package: 'package'
};

interface ICauseLineProps {
  services: IPanelServices;
  comparison: RunComparison;
  cause: Cause;
}

function CauseLine({ services, comparison, cause }: ICauseLineProps): JSX.Element {
  const { trans, commands } = services;
  const { node, label, kind, name, dataset, code = [], before, after } = cause;
  const place = PLACES[kind];
  const text = `${label || node}: ${reasonText(cause.reason, trans)}`;
  const open = () => {
    if (dataset) {
      return commands.execute('nbyard:open-dataset', { id: dataset.id, tab: 'versions' });
    }
    const go = (to: Place, item: string) => goTo(rowId(comparison, to, node, item));
    if (kind === 'code') {
      return go('code', '');
    }
    // A module beside the code has no row of its own.
    return place && (go(place, name) || (kind === 'file' && go('code', '')));
  };
  const hasPlace = !!dataset || !!place;
  return (
    <>
      {hasPlace ? <LinkButton onClick={() => void open()}>{text}</LinkButton> : <span>{text}</span>}
      {!!code.length && <span className="nby-Dim"> {name}</span>}
      {kind === 'code' && (before || after) && (
        <div className="nby-Why-sides">
          {before && (
            <pre className="nby-mod-removed">
              <span className="nby-Sr">{trans.__('before')}: </span>
              {before}
            </pre>
          )}
          {after && (
            <pre className="nby-mod-added">
              <span className="nby-Sr">{trans.__('after')}: </span>
              {after}
            </pre>
          )}
        </div>
      )}
    </>
  );
}
