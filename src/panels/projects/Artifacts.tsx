import { useEffect, useState } from 'react';
import { ProjectArtifact, ProjectResource } from '../../api/types';
import { LinkButton } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { showMoment } from '../../components/format/times';
import { IPanelServices } from '../frame/services';

/** While the user types, the server is not asked. */
const PAUSE_MS = 200;
const SHOWN = 50;

interface IArtifactsProps {
  services: IPanelServices;
  project: string;
  kind: ProjectArtifact['kind'];
  /** Another number asks the server again. */
  turn: number;
}

/** The data or models of a project: linked ones, and the newest results of its runs. */
export function Artifacts({ services, project, kind, turn }: IArtifactsProps): JSX.Element {
  const { trans } = services;
  const [text, setText] = useState('');
  const { linked, results, more, problem } = useArtifacts(services, project, kind, text, turn);
  const isData = kind === 'data';
  return (
    <>
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={trans.__('Search')}
        placeholder={trans.__('Search')}
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      {problem && (
        <p className="nby-Field-error" role="alert">
          {problem}
        </p>
      )}
      <h3>{isData ? trans.__('Linked datasets') : trans.__('Linked models')}</h3>
      {linked && !linked.length && <p className="nby-Note">{trans.__('Nothing is linked.')}</p>}
      <ul>
        {linked?.map(item => (
          <li key={item.id}>
            <Linked services={services} item={item} />
          </li>
        ))}
      </ul>
      <h3>{trans.__('Results of runs')}</h3>
      {results && !results.length && (
        <p className="nby-Note">
          {isData
            ? trans.__('The runs of the project have no such results yet.')
            : trans.__('The runs of the project have saved no model yet.')}
        </p>
      )}
      {!!results?.length && <Results services={services} items={results} />}
      {more && <p className="nby-Note">{trans.__('Older results: search for them.')}</p>}
    </>
  );
}

function Linked({ services, item }: { services: IPanelServices; item: ProjectResource }) {
  const { commands } = services;
  const { kind, id, name } = item;
  return kind === 'dataset' ? (
    <LinkButton onClick={() => void commands.execute('nbyard:open-dataset', { id })}>
      {name}
    </LinkButton>
  ) : (
    <>{name}</>
  );
}

interface IResultsProps {
  services: IPanelServices;
  items: readonly ProjectArtifact[];
}

function Results({ services, items }: IResultsProps): JSX.Element {
  const { trans, commands } = services;
  return (
    <table className="nby-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('File')}</th>
          <th scope="col">{trans.__('Output')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Run')}</th>
          <th scope="col">{trans.__('Created')}</th>
          {items[0].kind === 'model' && <th scope="col">{trans.__('Action')}</th>}
        </tr>
      </thead>
      <tbody>
        {items.map(({ id, kind, filename, node, label, name, size_bytes, created_at, ...run }) => (
          <tr key={id}>
            <th scope="row">{filename}</th>
            <td className="nby-Code">{`${label || node} → ${name}`}</td>
            <td>{showBytes(size_bytes)}</td>
            <td>
              <LinkButton
                onClick={() => void commands.execute('nbyard:show-run', { id: run.run_id })}
              >
                {`#${run.number} ${run.title}`}
              </LinkButton>
            </td>
            <td>{showMoment(created_at)}</td>
            {kind === 'model' && (
              <td>
                <LinkButton
                  onClick={() =>
                    void commands.execute('nbyard:deploy-output', {
                      run: run.run_id,
                      output: `${node}.${name}`
                    })
                  }
                >
                  {trans.__('Deploy…')}
                </LinkButton>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface IFound {
  linked?: readonly ProjectResource[];
  results?: readonly ProjectArtifact[];
  more?: boolean;
  problem?: string;
}

function useArtifacts(
  { yard }: IPanelServices,
  project: string,
  kind: ProjectArtifact['kind'],
  search: string,
  turn: number
): IFound {
  const [listed, setListed] = useState<IFound>({});
  useEffect(() => {
    const control = new AbortController();
    const same = { path: { project }, signal: control.signal };
    const query = { search, limit: SHOWN };
    const of = kind === 'data' ? 'dataset' : 'model';
    const timer = setTimeout(() => {
      Promise.all([
        yard.client.call('projects.links', { ...same, query: { ...query, kind: of } }),
        yard.client.call('projects.artifacts', { ...same, query: { ...query, kind } })
      ])
        .then(([linked, { items, next }]) =>
          setListed({ linked: linked.items, results: items, more: !!next })
        )
        .catch((error: Error) => !control.signal.aborted && setListed({ problem: error.message }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [yard, project, kind, search, turn]);
  return listed;
}
