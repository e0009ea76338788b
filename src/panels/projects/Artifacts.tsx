import { useState } from 'react';
import { ProjectArtifact, ProjectResource } from '../../api/types';
import { LinkButton } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { showMoment } from '../../components/format/times';
import { Table } from '../../components/table/Table';
import { Refusal } from '../../components/text/messages';
import { useAnswer } from '../../api/useAnswer';
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
  const { client } = services.yard;
  const path = { project };
  const query = { search: text, limit: SHOWN };
  const isData = kind === 'data';
  const of = isData ? ('dataset' as const) : ('model' as const);
  const when = { turn, pause: PAUSE_MS };
  const links = useAnswer(client, 'projects.links', { path, query: { ...query, kind: of } }, when);
  const found = useAnswer(client, 'projects.artifacts', { path, query: { ...query, kind } }, when);
  const linked = links.answer?.items;
  const results = found.answer?.items;
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
      <Refusal>{links.problem ?? found.problem}</Refusal>
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
      {found.answer?.next && (
        <p className="nby-Note">{trans.__('Older results: search for them.')}</p>
      )}
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
    <Table
      heads={[
        trans.__('File'),
        trans.__('Output'),
        trans.__('Size'),
        trans.__('Run'),
        trans.__('Created'),
        ...(items[0].kind === 'model' ? [trans.__('Action')] : [])
      ]}
    >
      {items.map(({ id, kind, filename, node, label, name, size_bytes, created_at, ...run }) => (
        <tr key={id}>
          <th scope="row">{filename}</th>
          <td>{`${label || node} → ${name}`}</td>
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
    </Table>
  );
}
