import { addressOf } from '../../api/addresses';
import { Dataset, DatasetVersion } from '../../api/types';
import { LinkButton } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { StateMark } from '../../components/StateMark';
import { showMoment } from '../../components/format/times';
import { Table } from '../../components/table/Table';
import { useAnswer } from '../../api/useAnswer';
import { IPanelServices } from '../frame/services';
import { Compare } from './Compare';
import { reasonText } from '../../reasons';

/** Return all versions, newest first; the current one until they are known. */
export function useVersions(
  { yard }: IPanelServices,
  { id, current }: Dataset
): readonly DatasetVersion[] {
  const question = { path: { dataset: id } };
  const when = { turn: `${current.id} ${current.state}` };
  const { answer } = useAnswer(yard.client, 'datasets.versions', question, when);
  return [current, ...(answer?.items ?? []).filter(version => version.id !== current.id)];
}

interface IVersionsProps {
  dataset: Dataset;
  versions: readonly DatasetVersion[];
  services: IPanelServices;
  shown: number;
  onShow: (number: number) => void;
}

export function Versions(props: IVersionsProps): JSX.Element {
  const { dataset, versions, services, shown, onShow } = props;
  const { trans } = services;
  const ready = versions.filter(({ state }) => state === 'ready');
  return (
    <>
      <Table
        heads={[
          trans.__('Version'),
          trans.__('State'),
          trans.__('Rows × columns'),
          trans.__('Size'),
          trans.__('Created'),
          trans.__('SHA-256'),
          trans.__('Download')
        ]}
      >
        {versions.map(version => (
          <tr key={version.id} aria-current={version.number === shown}>
            <th scope="row">
              <LinkButton onClick={() => onShow(version.number)}>
                {trans.__('version %1', version.number)}
              </LinkButton>
            </th>
            <td>
              <StateMark state={version.state} trans={trans} /> {reasonText(version.reason, trans)}
            </td>
            <td>
              {typeof version.rows === 'number' &&
                `${version.rows.toLocaleString()} × ${version.columns}`}
            </td>
            <td>{typeof version.size_bytes === 'number' && showBytes(version.size_bytes)}</td>
            <td>{showMoment(version.created_at)}</td>
            <td className="nby-Code nby-Digest" title={version.digest}>
              {(version.digest ?? '').replace(/^sha256:/, '').slice(0, 12)}
            </td>
            <td>
              <DownloadLink services={services} version={version} text={version.filename} />
            </td>
          </tr>
        ))}
      </Table>
      {ready.length > 1 && (
        <Compare key={ready[0].id} services={services} dataset={dataset} versions={ready} />
      )}
    </>
  );
}

interface IDownloadLinkProps {
  services: IPanelServices;
  version: DatasetVersion;
  /** The text of a link in a sentence or cell; without it, the link looks like a button. */
  text?: string;
}

/** A link to download one version. */
export function DownloadLink({ services, version, text }: IDownloadLinkProps): JSX.Element {
  const { yard, trans } = services;
  const { dataset_id, number, filename } = version;
  return (
    <a
      className={text ? 'nby-Link' : 'nby-Button'}
      download={filename}
      href={addressOf(yard.client, 'datasets.content', {
        path: { dataset: dataset_id },
        query: { version: number }
      })}
    >
      {text ?? trans.__('Download Version %1', number)}
    </a>
  );
}
